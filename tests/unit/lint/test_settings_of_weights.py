"""Settings beside the weights against one another, and against the headers of safetensors and of GGUF."""

from __future__ import annotations

import json
import math
import re
import struct
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.settings import gguf_differences
from tests.unit.lint import assets
from tests.unit.lint.test_across_files import codes, model

BERT = {"model_type": "bert", "architectures": ["BertForTokenClassification"], "vocab_size": 60, "hidden_size": 16}
BERT |= {"num_hidden_layers": 2, "max_position_embeddings": 128, "torch_dtype": "float32", "intermediate_size": 32}
BERT |= {"id2label": {"0": "O", "1": "PER"}}
SHAPES: dict[str, tuple[int, ...]] = {
    "bert.embeddings.word_embeddings.weight": (60, 16),
    "bert.embeddings.position_embeddings.weight": (128, 16),
    "bert.encoder.layer.0.intermediate.dense.weight": (32, 16),
    "bert.encoder.layer.1.intermediate.dense.weight": (32, 16),
    "bert.encoder.layer.1.intermediate.dense.bias": (32,),
    "classifier.weight": (2, 16),
}
LORA = {"peft_type": "LORA", "r": 8, "target_modules": ["q_proj", "v_proj"], "base_model_name_or_path": "a/b"}
OF_LORA: dict[str, tuple[int, ...]] = {
    f"base_model.model.layers.{layer}.self_attn.{module}.lora_A.weight": (8, 64)
    for layer in (0, 1)
    for module in ("q_proj", "v_proj")
}
WHISPER = {"model_type": "whisper", "num_mel_bins": 80, "decoder_start_token_id": 50258, "eos_token_id": 50257}
TOKENS = {"0": {"content": "<s>", "special": True}, "2": {"content": "</s>", "special": True}}
TOKENIZER = {"bos_token": "<s>", "eos_token": "</s>", "added_tokens_decoder": TOKENS}
TURNS = "{% for message in messages %}{{ message['content'] }}"
WORDS = {"model": {"type": "WordPiece", "vocab": {"a": 0, "b": 1, "c": 2}}}


def safetensors(shapes: dict[str, tuple[int, ...]], dtype: str = "F32", width: int = 4) -> bytes:
    """A file of zeros in these shapes."""
    header, end = {}, 0
    for name, shape in shapes.items():
        size = math.prod(shape) * width
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [end, end + size]}
        end += size
    raw = json.dumps(header).encode()
    return len(raw).to_bytes(8, "little") + raw + bytes(end)


def gguf(**keys: int | str | list[str]) -> bytes:
    """A file with one tensor of 32 float32."""

    def text(value: str) -> bytes:
        return struct.pack("<Q", len(value)) + value.encode()

    raw = struct.pack("<4sIQQ", b"GGUF", 3, 1, len(keys))
    for key, value in keys.items():
        raw += text(key.replace("__", "."))
        if isinstance(value, int):
            raw += struct.pack("<II", 4, value)
        elif isinstance(value, str):
            raw += struct.pack("<I", 8) + text(value)
        else:
            raw += struct.pack("<IIQ", 9, 8, len(value)) + b"".join(map(text, value))
    raw += text("output_norm.weight") + struct.pack("<IQIQ", 1, 32, 0, 0)
    return raw + bytes(-len(raw) % 32) + bytes(128)


def findings(root: Path, files: dict[str, Any]) -> list[tuple[str, int]]:
    """Message and line of each finding of MATCH016 in a sound folder with these files."""
    assets.write(root, {**assets.sound(), **files})
    found = assets.run(root).found
    assets.check_findings(root, found)
    return [(one.message, one.location.line) for one in found if one.code == "MATCH016"]


@pytest.mark.parametrize(
    ("files", "wrong"),
    [
        ({"model/config.json": BERT, "components/tokenizer/tokenizer_config.json": {"model_max_length": 1024}}, True),
        ({"model/config.json": BERT, "components/tokenizer/tokenizer_config.json": {"model_max_length": 128}}, False),
        ({"config.json": WHISPER, "preprocessor_config.json": {"feature_size": 128}}, True),
        ({"config.json": WHISPER, "preprocessor_config.json": {"feature_size": 80}}, False),
        (
            {
                "config.json": WHISPER,
                "preprocessor_config.json": {"feature_extractor_type": "Wav2Vec2FeatureExtractor"},
            },
            True,
        ),
        (
            {"config.json": WHISPER, "preprocessor_config.json": {"feature_extractor_type": "WhisperFeatureExtractor"}},
            False,
        ),
        ({"config.json": WHISPER, "generation_config.json": {"decoder_start_token_id": 50257}}, True),
        ({"config.json": WHISPER, "generation_config.json": {"decoder_start_token_id": 50258}}, False),
        ({"generation_config.json": {"do_sample": True, "temperature": 0.0}}, True),
        ({"generation_config.json": {"do_sample": False, "temperature": 0.7}}, True),
        ({"generation_config.json": {"do_sample": True, "temperature": 0.7}}, False),
        ({"generation_config.json": {"temperature": 0.7}}, False),
        ({"tokenizer_config.json": TOKENIZER | {"eos_token": "<|im_end|>"}}, True),
        ({"tokenizer_config.json": TOKENIZER | {"eos_token": {"content": "</s>"}}}, False),
        ({"tokenizer_config.json": {"eos_token": "<|im_end|>"}}, False),
        ({"tokenizer_config.json": TOKENIZER | {"chat_template": TURNS}}, True),
        ({"tokenizer_config.json": TOKENIZER | {"chat_template": TURNS + "{% endfor %}"}}, False),
        ({"tokenizer_config.json": {"chat_template": [{"name": "default", "template": TURNS}]}}, True),
        (
            {
                "tokenizer_config.json": {
                    "chat_template": TURNS
                    + "{%- generation %}a{%- endgeneration -%}{% if a %}{% continue %}{% endif %}{% endfor %}"
                }
            },
            False,
        ),
        ({"adapter_config.json": LORA | {"peft_type": "LORRA"}}, True),
        ({"adapter_config.json": LORA | {"peft_type": "SOMETHING_NEW"}}, False),
        ({"adapter_config.json": LORA | {"base_model_name_or_path": "/home/jane/llama"}}, True),
        ({"adapter_config.json": LORA, "requirements.txt": "transformers==4.44.2\ntorch==2.4.1\n"}, True),
        ({"adapter_config.json": LORA, "requirements.txt": "transformers==4.44.2\npeft==0.12.0\n"}, False),
        ({"adapter_config.json": LORA, "requirements.txt": "transformers==4.44.2\n-r more.txt\n"}, False),
        ({"adapter_config.json": LORA, "requirements.txt": "vllm==0.6.0\ntransformers==4.44.2\n"}, False),
        ({"tokenizer.json": json.dumps(WORDS)[:-9]}, True),
        ({"tokenizer.json": WORDS, "vocab.txt": "a\nb\n"}, True),
        ({"tokenizer.json": WORDS, "vocab.txt": "a\nb\nc\n"}, False),
    ],
)
def test_settings_against_one_another(tmp_path: Path, files: dict[str, Any], wrong: bool) -> None:
    assert bool(findings(tmp_path, files)) is wrong


@pytest.mark.parametrize(
    ("own", "config", "written", "wrong"),
    [
        ("</s>", 2, 7, True),
        ("</s>", 2, [7, 2], False),
        ("</s>", 7, 7, False),
        ("<s>", 2, 2, False),
        ("<unknown>", 2, 7, True),  # whose number nothing says
    ],
)
def test_the_token_that_ends_a_text(tmp_path: Path, own: str, config: int, written: object, wrong: bool) -> None:
    found = findings(
        tmp_path,
        {
            "model/config.json": {"model_type": "llama", "eos_token_id": config},
            "model/generation_config.json": json.dumps({"do_sample": True, "eos_token_id": written}, indent=2),
            "components/tokenizer/tokenizer_config.json": {"eos_token": own, "added_tokens_decoder": TOKENS},
        },
    )
    assert [line for message, line in found if "ends with" in message] == ([3] if wrong else [])


@pytest.mark.parametrize(("paths", "wrong"), [(("", "1_Pooling", "2_Normalize"), False), (("", "2_Pooling"), True)])
def test_modules_that_are_not_there(tmp_path: Path, paths: tuple[str, ...], wrong: bool) -> None:
    modules = [{"path": path, "type": f"sentence_transformers.models.{path[2:] or 'T'}"} for path in paths]
    assert bool(findings(tmp_path, {"m/modules.json": modules, "m/1_Pooling/config.json": {}})) is wrong
    (tmp_path / "assets/little/m/1_Pooling/config.json").unlink()
    assert not findings(tmp_path, {"m/modules.json": modules})  # the weights lie elsewhere


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({}, ""),
        ({"vocab_size": 30522}, "vocab_size"),
        ({"hidden_size": 32}, "hidden_size"),
        ({"intermediate_size": 64}, "intermediate_size"),
        ({"max_position_embeddings": 512}, "max_position_embeddings"),
        ({"num_hidden_layers": 4}, "num_hidden_layers"),
        ({"torch_dtype": "float16"}, "torch_dtype"),
        ({"id2label": {"0": "O", "1": "PER", "2": "LOC"}}, "id2label"),
        ({"vocab_size": 30522, "auto_map": {"AutoModel": "modeling.Own"}}, ""),
        ({"torch_dtype": "float16", "quantization_config": {"bits": 4}}, ""),
        ({"vocab_size": 30522, "model_type": "albert", "architectures": []}, ""),
    ],
)
def test_a_configuration_against_the_tensors(tmp_path: Path, change: dict[str, Any], key: str) -> None:
    found = findings(tmp_path, {"config.json": BERT | change, "model.safetensors": safetensors(SHAPES)})
    assert [message.partition(" ")[0] for message, _ in found] == ([key] if key else [])


@pytest.mark.parametrize(
    ("total", "dtype", "wrong"), [(0, "float32", ["total_size"]), (2048 * 4, "float32", []), (8192, "float16", [])]
)
def test_an_index_against_its_shards(tmp_path: Path, total: int, dtype: str, wrong: list[str]) -> None:
    names = ("a.safetensors", "b.safetensors")
    files: dict[str, Any] = {
        names[0]: safetensors({"x.weight": (32, 32)}),
        names[1]: safetensors({"y.weight": (32, 32)}),
        "config.json": {"model_type": "own", "torch_dtype": dtype},
        "model.safetensors.index.json": {
            "metadata": {"total_size": total or 999},
            "weight_map": dict(zip(("x.weight", "y.weight"), names, strict=True)),
        },
    }
    found = [message.partition(" ")[0] for message, _ in findings(tmp_path, files)]
    assert found == (["torch_dtype"] if dtype == "float16" else wrong)


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        ({}, False),
        ({"r": 16}, True),
        ({"r": 16, "rank_pattern": {"q_proj": 8}}, False),
        ({"target_modules": ["q_proj", "v_proj", "o_proj"]}, True),
        ({"target_modules": ["q_proj", "v_proj", "lm_head"]}, False),
        ({"target_modules": "all-linear"}, False),
        ({"peft_type": "LOHA", "r": 16}, False),
    ],
)
def test_an_adapter_against_its_tensors(tmp_path: Path, change: dict[str, Any], wrong: bool) -> None:
    files = {"adapter_config.json": LORA | change, "adapter_model.safetensors": safetensors(OF_LORA)}
    assert bool(findings(tmp_path, files)) is wrong


WHOLE = gguf(general__architecture="llama", tokenizer__ggml__tokens=["a"] * 20_000, llama__context_length=2048)


@pytest.mark.parametrize(
    ("data", "wrong"),
    [
        (WHOLE, False),
        (WHOLE[:-1], True),
        (WHOLE[:150_000], True),  # within the header
        (gguf(general__architecture="llama"), False),
        (gguf(general__architecture="llama")[:-64], True),
        (b"GGUF\x01" + bytes(60), False),  # of a form that is not known
    ],
)
def test_a_gguf_file_that_was_cut_short(tmp_path: Path, data: bytes, wrong: bool) -> None:
    assert bool(findings(tmp_path, {"a.gguf": data})) is wrong


def test_values_of_any_type_are_let_pass(tmp_path: Path) -> None:
    odd: list[Any] = [[], {}, "a", 1.5, True, None, [{}], 10**400]
    names = {key for data in (BERT, LORA, WHISPER, TOKENIZER) for key in data} | {"chat_template", "temperature"}
    tensors = {"model.safetensors": safetensors(SHAPES), "adapter_model.safetensors": safetensors(OF_LORA)}
    index = {"weight_map": {"classifier.weight": "model.safetensors"}}
    for value in odd:
        strange = dict.fromkeys(names, value)
        for data in (strange, strange | {"peft_type": "LORA"}, strange | {"model_type": "bert"}):
            loaded = ("config", "tokenizer_config", "generation_config", "adapter_config", "tokenizer", "modules")
            files = {f"{name}.json": data for name in loaded} | tensors
            files["model.safetensors.index.json"] = index | {
                "metadata": {"total_size": 10**400 if value is True else value}
            }
            findings(tmp_path, files)  # which looks at the form of each finding
    findings(tmp_path, {"adapter_config.json": LORA | {"target_modules": odd}})


def test_the_parameters_of_a_decoder_with_shared_heads() -> None:
    qwen: dict[str, Any] = {
        "model_type": "qwen2",
        "hidden_size": 3584,
        "intermediate_size": 18944,
        "num_hidden_layers": 28,
    }
    qwen |= {"num_attention_heads": 28, "num_key_value_heads": 4, "vocab_size": 152064, "tie_word_embeddings": False}
    assert codes(replace(model("Text.\n", "Qwen2.5-7B"), config=qwen)) == []
    assert codes(replace(model("Text.\n", "Qwen2.5-14B"), config=qwen)) == ["MATCH009"]


def test_gguf_is_no_type_of_numbers() -> None:
    beside = replace(model("Text.\n", "SmolLM2-1.7B-Instruct-GGUF"), config={"torch_dtype": "bfloat16"})
    assert codes(beside) == []


MLMODEL = (
    "flavors:\n  python_function: {loader_module: mlflow.transformers}\n  transformers: {%s}\nmlflow_version: 2.16.2\n"
)


@pytest.mark.parametrize(
    ("files", "code", "wrong"),
    [
        ({"MLmodel": MLMODEL % "torch_dtype: torch.float16", "model/config.json": BERT}, "MATCH012", True),
        ({"MLmodel": MLMODEL % "torch_dtype: torch.float32", "model/config.json": BERT}, "MATCH012", False),
        (
            {
                "MLmodel": MLMODEL % "image_processor_type: ConvNextImageProcessor",
                "components/image_processor/preprocessor_config.json": {"image_processor_type": "ViTImageProcessor"},
            },
            "MATCH012",
            True,
        ),
        (
            {
                "MLmodel": MLMODEL % "image_processor_type: ViTImageProcessorFast",
                "components/image_processor/preprocessor_config.json": {"image_processor_type": "ViTImageProcessor"},
            },
            "MATCH012",
            False,
        ),
        (
            {
                "MLmodel": MLMODEL % "image_processor_type: AutoImageProcessor",
                "components/image_processor/preprocessor_config.json": {"image_processor_type": "ViTImageProcessor"},
            },
            "MATCH012",
            False,
        ),
        ({"MLmodel": MLMODEL % "", "requirements.txt": "mlflow==1.30.0\n"}, "MATCH012", True),
        ({"MLmodel": MLMODEL % "", "requirements.txt": "mlflow==2.16.2\n"}, "MATCH012", False),
        ({"MLmodel": MLMODEL % "", "requirements.txt": "numpy=1.26.4\n"}, "PKG014", True),
        ({"MLmodel": MLMODEL % "", "requirements.txt": "numpy==1.26.4\nnumpy==1.26.0\n"}, "PKG014", True),
        ({"MLmodel": MLMODEL % "", "requirements.txt": "numpy==1.26.4\n# a=1\n-r b=1.txt\nx<=2\n"}, "PKG014", False),
    ],
)
def test_mlmodel_against_what_lies_beside_it(tmp_path: Path, files: dict[str, Any], code: str, wrong: bool) -> None:
    findings(tmp_path, files)
    assert (code in {one.code for one in assets.run(tmp_path).found}) is wrong


@pytest.mark.parametrize(
    ("line", "code", "wrong"),
    [
        ("path: /home/ci/build", "SPEC015", True),
        ("path: ./", "SPEC015", False),
        ("path: ./\nisArchived: archived", "SPEC010", True),
        ("path: ./\nisArchived: false", "SPEC010", False),
    ],
)
def test_values_of_the_spec_that_nothing_can_use(tmp_path: Path, line: str, code: str, wrong: bool) -> None:
    spec = re.sub(r"^path: .*$", line, assets.sound()["spec.yaml"], flags=re.MULTILINE)
    assert line in spec
    assert (code in {found for found, *_ in assets.lint(tmp_path, spec_yaml=spec)}) is wrong


@pytest.mark.parametrize(
    ("adapter", "tag", "task", "found"),
    [
        ({"base_model_name_or_path": "a/B-7B-Instruct"}, "a/B-7B", "text-generation", ["MATCH004"]),
        ({"base_model_name_or_path": "a/B-7B"}, "a/B-7B", "text-generation", []),
        ({"base_model_name_or_path": "mirror/B-7B-Instruct"}, "a/B-7B", "text-generation", []),
        ({"task_type": "SEQ_CLS"}, "a/B-7B", "text-generation", ["MATCH006"]),
        ({"task_type": "SEQ_CLS"}, "a/B-7B", "text-classification", []),
        ({"task_type": "CAUSAL_LM"}, "a/B-7B", "text-classification", []),
    ],
)
def test_an_adapter_against_the_spec(adapter: dict[str, Any], tag: str, task: str, found: list[str]) -> None:
    described = model("Text.\n", "support-bot", tasks={"inferenceTasks": [task]})
    tags: dict[str, Any] = {"base_model": tag}
    assert codes(replace(described, tags=tags, weights={"adapter_config.json": adapter})) == found


@pytest.mark.parametrize(("window", "licence", "count"), [(4096, "mit", 1), (2048, "mit", 0), (1024, "apache-2.0", 1)])
def test_the_keys_of_gguf_against_the_metadata(tmp_path: Path, window: int, licence: str, count: int) -> None:
    keys: dict[str, Any] = {"general__architecture": "llama", "general__license": "mit", "llama__context_length": 2048}
    (tmp_path / "a.gguf").write_bytes(gguf(**keys))
    files = WeightFiles({"a.gguf": tmp_path / "a.gguf"})
    assert len(list(gguf_differences(files, window, licence))) == count
