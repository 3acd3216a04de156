"""Settings of weights by themselves and against their neighbours: values, words, numbers, indexes, in each layout."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.lint.weights.files import WeightFiles
from azureml_publish.lint.weights.settings import contradictions

LLAMA3: dict[str, Any] = {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}
LLAMA: dict[str, Any] = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 4096,
    "hidden_act": "silu",
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-05,
    "attention_dropout": 0.0,
    "use_cache": True,
    "torch_dtype": "bfloat16",
    "bos_token_id": 128000,
    "eos_token_id": [128001, 128009],
}
MIXTURE: dict[str, Any] = LLAMA | {
    "architectures": ["MixtralForCausalLM"],
    "model_type": "mixtral",
    "vocab_size": 32000,
}
MIXTURE |= {"num_local_experts": 8, "num_experts_per_tok": 2, "bos_token_id": 1, "eos_token_id": 2}
WAVE: dict[str, Any] = {"model_type": "wav2vec2", "conv_dim": [512, 512], "conv_stride": [5, 2], "conv_kernel": [10, 3]}
WAVE |= {"num_feat_extract_layers": 2, "vocab_size": 32, "hidden_size": 768, "num_attention_heads": 12}
NER: dict[str, Any] = {"model_type": "bert", "vocab_size": 28996, "max_position_embeddings": 512, "hidden_size": 768}
GENERATED: dict[str, Any] = {
    "bos_token_id": 128000,
    "eos_token_id": [128001, 128008],
    "max_length": 4096,
    "do_sample": True,
}
TENSORS = ("model.embed_tokens.weight", "model.layers.0.mlp.down_proj.weight", "model.layers.31.mlp.down_proj.weight")
NAMES = ("model-00001-of-00003.safetensors", "model-00002-of-00003.safetensors", "model-00003-of-00003.safetensors")
INDEX: dict[str, Any] = {
    "metadata": {"total_size": 16_060_522_496},
    "weight_map": dict(zip(TENSORS, NAMES, strict=True)),
}
WHISPER = {"model_type": "whisper", "max_target_positions": 448}
ROBERTA = {"model_type": "roberta", "max_position_embeddings": 514, "vocab_size": 50265}
LORA = {"peft_type": "LORA", "r": 16, "lora_alpha": 32, "lora_dropout": 0.05, "bias": "none", "task_type": "CAUSAL_LM"}
OF_GPT2 = LORA | {"base_model_name_or_path": "openai-community/gpt2"}


def found(root: Path, files: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """The messages about a folder that holds these files alone."""
    places = {}
    for name, data in files.items():
        places[name] = root / name
        places[name].parent.mkdir(parents=True, exist_ok=True)
        places[name].write_text(json.dumps(data))
    return [one.message for one in contradictions(WeightFiles(places))]


def without(data: Mapping[str, Any], *keys: str) -> dict[str, Any]:
    """The same without some keys."""
    return {key: value for key, value in data.items() if key not in keys}


@pytest.mark.parametrize("folder", ["", "model/", "data/model/"])
def test_sound_settings_are_let_pass(tmp_path: Path, folder: str) -> None:
    tokenizers = {"": "", "model/": "components/tokenizer/", "data/model/": "data/tokenizer/"}
    files = {
        f"{folder}config.json": LLAMA,
        f"{folder}generation_config.json": GENERATED,
        f"{folder}model.safetensors.index.json": INDEX,
        f"{tokenizers[folder]}tokenizer_config.json": {"model_max_length": 32768, "padding_side": "left"},
    }
    assert found(tmp_path, files) == []


@pytest.mark.parametrize(
    "config",
    [
        LLAMA | {"rope_scaling": LLAMA3 | {"original_max_position_embeddings": 8192}},
        LLAMA | {"torch_dtype": "torch.float16", "num_key_value_heads": None, "pad_token_id": -1},
        LLAMA | {"auto_map": {"AutoModel": "modeling.Model"}, "hidden_act": "swigluu", "architectures": ["LlamaLM"]},
        MIXTURE | {"hidden_size": 4096.0, "transformers_version": "4.40"},
        NER | {"id2label": {"0": "1", "1": "true"}, "label2id": {"1": 0, "true": 1}},
        WAVE,
        {"model_type": "musicgen_decoder", "vocab_size": 2048, "pad_token_id": 2048},
        {"model_type": "mlcd_vision_model", "architectures": ["MLCDVisionModel"]},
        {"model_type": "exaone", "architectures": ["LlamaForCausalLM"]},  # of a later transformers
        {"model_type": "glm4_moe", "hidden_size": 4096, "num_attention_heads": 96, "head_dim": 128},
        {"model_type": "of_its_own", "hidden_size": 1024, "num_attention_heads": 12, "architectures": ["OwnModel"]},
    ],
)  # fmt: skip
def test_sound_configurations_are_let_pass(tmp_path: Path, config: Mapping[str, Any]) -> None:
    assert found(tmp_path, {"config.json": config}) == []


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (LLAMA | {"num_hidden_layers": "32"}, "num_hidden_layers is the text '32'"),
        (LLAMA | {"rms_norm_eps": "1e-05"}, "rms_norm_eps is the text"),
        (LLAMA | {"use_cache": "false"}, "use_cache is the text 'false', which Python takes for true"),
        (LLAMA | {"architectures": "LlamaForCausalLM"}, "transformers takes a list"),
        (LLAMA | {"hidden_size": 4096.5}, "not a whole number"),
        (LLAMA | {"attention_dropout": 10}, "a share from 0 to 1"),
        (LLAMA | {"rms_norm_eps": 1e5}, "it should be a small number"),
        (LLAMA | {"vocab_size": -128256}, "it must be above 0"),
        (LLAMA | {"torch_dtype": "fp16"}, "float16 was meant"),
        (LLAMA | {"torch_dtype": "bflaot16"}, "which is not a known value; bfloat16 was meant"),
        (LLAMA | {"hidden_act": "sillu"}, "silu was meant"),
        (LLAMA | {"quantization_config": {"quant_method": "aqw"}}, "awq was meant"),
        (LLAMA | {"model_type": "lama"}, "LlamaForCausalLM is a class of llama"),
        ({"model_type": "reader", "architectures": ["BertModel"]}, "BertModel is a class of bert"),
        (LLAMA | {"architectures": ["LlamaForCausaLM"]}, "LlamaForCausalLM is"),
        (LLAMA | {"num_key_value_heads": 12}, "does not divide the 32"),
        (
            LLAMA | {"num_attention_heads": 30, "num_key_value_heads": 10},
            "which the 30 of num_attention",
        ),
        (LLAMA | {"pad_token_id": 128256}, "vocab_size gives 128256 entries"),
        (LLAMA | {"rope_scaling": LLAMA3 | {"rope_type": "lama3"}}, "llama3 was meant"),
        (LLAMA | {"rope_scaling": {"type": "dynamik", "factor": 2.0}}, "dynamic was meant"),
        (LLAMA | {"rope_scaling": without(LLAMA3, "low_freq_factor")}, "lacks low_freq_factor"),
        (LLAMA | {"rope_scaling": {"type": "linear", "factor": 0.25}}, "it must be 1 or more"),
        (LLAMA | {"original_max_position_embeddings": 81920}, "above the 8192"),
        (MIXTURE | {"num_experts_per_tok": 16}, "num_local_experts only 8"),
        (WAVE | {"conv_stride": [5]}, "conv_stride has 1 entries"),
        (WAVE | {"num_feat_extract_layers": 7}, "num_feat_extract_layers is 7"),
        (LLAMA | {"layer_types": ["full_attention"] * 31}, "layer_types has 31 entries"),
        (LLAMA | {"quantization_config": {"quant_method": "awq", "bits": 8}}, "awq has 4"),
        (LLAMA | {"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 100}}, "does not divide"),
        (LLAMA | {"quantization_config": {"quant_method": "awq", "version": "gem"}}, "version is gem"),
        (LLAMA | {"rope_scaling": LLAMA3 | {"original_max_position_embeddings": 81920}}, "above the 8192"),
        (NER | {"id2label": {"0": "O", "1": "A", "2": "B", "3": "C", "4": "D", "6": "E"}}, "none has the number 5"),
        (NER | {"id2label": {"0": "O", "1": "A"}, "num_labels": 3}, "num_labels is 3"),
        (NER | {"id2label": {"0": "O", "1": "A"}, "label2id": {"O": 0, "A": 1, "B": 2}}, "id2label 2 labels"),
        ({"model_type": "vit", "image_size": 224, "patch_size": 15}, "does not divide"),
        (LLAMA | {"quantization_config": {"load_in_4bit": True, "load_in_8bit": True}}, "both true"),
    ],
)
def test_configurations_that_cannot_be(tmp_path: Path, config: Mapping[str, Any], message: str) -> None:
    messages = found(tmp_path, {"data/model/config.json": config})
    assert len(messages) == 1
    assert message in messages[0]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("generation_config.json", GENERATED | {"pad_token_id": 128256}, "vocab_size gives 128256 entries"),
        ("generation_config.json", GENERATED | {"suppress_tokens": [1, 200000]}, "suppress_tokens is 200000"),
        (
            "generation_config.json",
            GENERATED | {"eos_token_id": 2},
            "A text ends with token 2, but by config.json",
        ),
        ("generation_config.json", GENERATED | {"bos_token_id": 1}, "A text begins with token 1"),
        ("generation_config.json", GENERATED | {"max_length": 81920}, "the model has 8192 positions"),
        ("generation_config.json", GENERATED | {"min_length": 5000}, "above the 4096 of max_length"),
        ("generation_config.json", GENERATED | {"top_p": 9}, "a share"),
        ("generation_config.json", GENERATED | {"temperature": 70}, "nothing useful"),
        ("tokenizer_config.json", {"model_max_length": 1310720}, "has 8192 positions"),
        ("generation_config.json", GENERATED | {"do_sample": "false"}, "takes for true"),
        ("tokenizer_config.json", {"padding_side": "lft"}, "left was meant"),
        ("tokenizer_config.json", {"tokenizer_class": "LlamaTokeniser"}, "LlamaTokenizer"),
        ("adapter_config.json", LORA | {"r": "16"}, "r is the text '16'"),
        ("adapter_config.json", LORA | {"r": 0}, "it must be above 0"),
        ("adapter_config.json", LORA | {"lora_dropout": 5}, "a share"),
        ("adapter_config.json", LORA | {"task_type": "CASUAL_LM"}, "CAUSAL_LM was meant"),
        ("adapter_config.json", LORA | {"target_modules": ["q_porj", "v_proj"]}, "q_proj was perhaps meant"),
        ("adapter_config.json", LORA | {"target_modules": ["q_proj", "q_proj"]}, "q_proj twice"),
        ("adapter_config.json", LORA | {"target_modules": []}, "changes nothing"),
        ("adapter_config.json", OF_GPT2 | {"target_modules": ["q_proj"]}, "gpt2 do not have"),
        ("tokenizer_config.json", {"bos_token": "<s>"}, "it is <|begin_of_text|>"),
        ("tokenizer_config.json", {"chat_template": "[INST] a <|im_end|>"}, "markers of ChatML and Llama 2"),
    ],
)
def test_a_neighbour_that_does_not_fit(tmp_path: Path, name: str, data: Mapping[str, Any], message: str) -> None:
    messages = found(tmp_path, {"model/config.json": LLAMA, f"model/{name}": data})
    assert len(messages) == 1
    assert message in messages[0]


@pytest.mark.parametrize(
    ("config", "name", "data", "message"),
    [
        (NER, "tokenizer_config.json", {"do_lower_case": True}, "a cased BERT"),
        (NER | {"vocab_size": 30522}, "tokenizer_config.json", {"do_lower_case": False}, "an uncased BERT"),
        (NER, "tokenizer_config.json", {"tokenizer_class": "RobertaTokenizer"}, "tokenizer_class is RobertaTokenizer"),
        (NER, "tokenizer_config.json", {"mask_token": "<mask>"}, "it is [MASK]"),
        (ROBERTA, "tokenizer_config.json", {"model_max_length": 514}, "the model has 514 positions"),
        (ROBERTA, "tokenizer_config.json", {"model_max_length": 512}, None),
        (WAVE, "tokenizer_config.json", {"tokenizer_class": "WhisperTokenizer"}, "not a tokenizer of wav2vec2"),
        ({"model_type": "bart"}, "tokenizer_config.json", {"tokenizer_class": "BertTokenizer"}, None),  # of Chinese
        (
            WHISPER,
            "preprocessor_config.json",
            {"n_samples": 480000, "hop_length": 160, "nb_max_frames": 1500},
            "make 3000",
        ),
        (WHISPER, "generation_config.json", {"max_length": 4480}, "the model has 448 positions"),
        (WHISPER, "generation_config.json", {"max_length": 448}, None),
        ({"model_type": "vit"}, "preprocessor_config.json", {"resample": 9}, "from 0 to 5"),
        ({"model_type": "qwen2"}, "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizerFast"}, None),
        (WAVE, "preprocessor_config.json", {"feature_size": 80}, "the waveform itself"),
        (
            {"model_type": "vit"},
            "preprocessor_config.json",
            {"do_rescale": True, "image_mean": [123.7]},
            "image_mean has",
        ),
        (NER | {"vocab_size": 2}, "vocab.json", {"a": 0, "b": 1, "c": 2}, "vocab.json has 3 words"),
        (WAVE, "preprocessor_config.json", {"sampling_rate": 8000}, "take 16000 samples"),
        ({"model_type": "detr"}, "preprocessor_config.json", {"image_processor_type": "YolosImageProcessor"}, "detr"),
        ({"model_type": "vit"}, "preprocessor_config.json", {"image_processor_type": "DetrImageProcessor"}, "vit"),
        ({"model_type": "vit"}, "preprocessor_config.json", {"image_mean": [0.5], "image_std": [0.5, 0.5]}, "image_"),
        ({"model_type": "vit"}, "preprocessor_config.json", {"rescale_factor": 255}, "rescale_factor is 255"),
        ({"model_type": "swin"}, "preprocessor_config.json", {"image_processor_type": "ViTImageProcessor"}, None),
        *(
            ({"model_type": kind}, "preprocessor_config.json", {"feature_extractor_type": name}, wrong)
            for kind, name, wrong in (
                ("wav2vec2-bert", "SeamlessM4TFeatureExtractor", None),
                ("xclip", "VideoMAEFeatureExtractor", None),
                ("git", "VideoMAEFeatureExtractor", None),
                ("git", "DetrFeatureExtractor", "belongs to other models; those of the type git"),
            )
        ),
        ({"model_type": "swin"}, "preprocessor_config.json", {"image_processor_type": "ConvNextImageProcessor"}, None),
        (NER, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "do_lower_case": False}, None),
    ],
)
def test_what_prepares_texts_images_and_sound(
    tmp_path: Path, config: Mapping[str, Any], name: str, data: Mapping[str, Any], message: str | None
) -> None:
    messages = found(tmp_path, {"model/config.json": config, f"model/{name}": data})
    assert len(messages) == (message is not None)
    assert all(message is not None and message in one for one in messages)


def test_marks_of_a_tokenizer_against_the_files_beside_it(tmp_path: Path) -> None:
    listed = {"2": {"content": "</s>", "special": True}, "40000": {"content": "<pad>", "special": True}}
    files: dict[str, Any] = {
        "config.json": LLAMA | {"vocab_size": 32000, "bos_token_id": 1, "eos_token_id": 2},
        "tokenizer_config.json": {"eos_token": "</s>", "pad_token": "<pad>", "added_tokens_decoder": listed},
        "special_tokens_map.json": {"eos_token": {"content": "<|im_end|>"}},
        "added_tokens.json": {"</s>": 3},
    }
    assert found(tmp_path, files) == [
        "eos_token is </s>, and <|im_end|> in special_tokens_map.json.",
        "pad_token is number 40000 in added_tokens_decoder, and config.json has vocab_size 32000.",
        "</s> is 2, and 3 in added_tokens.json.",
    ]


@pytest.mark.parametrize(
    ("last", "total", "message"),
    [
        ("model-00004-of-00003.safetensors", 16_060_522_496, "number 4 of 3"),
        ("model-00003-of-00004.safetensors", 16_060_522_496, "in files numbered up to 00003"),
        ("pytorch_model-00003-of-00003.bin", 16_060_522_496, "ending in .safetensors"),
        ("weights-00003-of-00003.safetensors", 16_060_522_496, "named model"),
        ("model-00002-of-00003.safetensors", 16_060_522_496, "no tensor in file 3 of 3"),
        (NAMES[2], 8_030_261_248, "it is about 16.1 GB"),
        (NAMES[2], 160_605_224_960, "it is about 16.1 GB"),
        (NAMES[2], "16 GB", "not a number of bytes"),
    ],
)
def test_an_index_without_its_files(tmp_path: Path, last: str, total: object, message: str) -> None:
    index = {"metadata": {"total_size": total}, "weight_map": INDEX["weight_map"] | {TENSORS[2]: last}}
    files = {"data/model/config.json": LLAMA, "data/model/model.safetensors.index.json": index}
    messages = found(tmp_path, files)
    assert message in messages[0]
    files["data/model/config.json"] = LLAMA | {"num_hidden_layers": 16}
    assert any("in layer 31, and config.json has 16 layers" in one for one in found(tmp_path, files))


def test_an_index_of_another_kind_and_beside_other_files(tmp_path: Path) -> None:
    assert "files ending in .bin" in found(tmp_path, {"pytorch_model.bin.index.json": INDEX})[0]
    files = {"model.safetensors.index.json": INDEX, NAMES[0]: {}, "model-00001-of-00002.safetensors": {}}
    messages = found(tmp_path, files)
    assert any("which is missing beside" in one for one in messages)
    assert any("is beside the index" in one for one in messages)


def test_what_an_index_has_and_its_configuration_not(tmp_path: Path) -> None:
    shards = {"model.layers.0.block_sparse_moe.experts.8.w1.weight": NAMES[0], "model.layers.0.q.qweight": NAMES[1]}
    index = {"weight_map": shards | {TENSORS[0]: NAMES[2]}}
    messages = found(tmp_path, {"config.json": MIXTURE, "model.safetensors.index.json": index})
    assert any("belongs to expert 8, and config.json has 8 experts" in one for one in messages)
    assert any("is quantised, and config.json has no quantization_config" in one for one in messages)
    awq = LLAMA | {"quantization_config": {"quant_method": "awq", "bits": 4}}
    assert found(
        tmp_path, {"config.json": awq, "model.safetensors.index.json": {"weight_map": INDEX["weight_map"]}}
    ) == ["No tensor is quantised (.qweight), while config.json says awq."]
    pooling = {"pooling_mode_mean_tokens": False, "pooling_mode_cls_token": False}
    assert "the module gives no vector" in found(tmp_path, {"config.json": NER, "1_Pooling/config.json": pooling})[0]


@pytest.mark.parametrize(
    ("part", "numbers", "message"),
    [
        ("weight", (0, 1, 3, 4), []),  # an activation between two convolutions has no weights
        ("weight", (0, 1, 2, 3, 5, 6), []),
        ("attention.weight", (0, 1, 3, 4), ["weight_map has layers of encoder.stages up to 4, and no 2."]),
    ],
)
def test_what_has_no_weights_is_in_no_index(
    tmp_path: Path, part: str, numbers: tuple[int, ...], message: list[str]
) -> None:
    shards = {f"encoder.stages.{number}.{part}": NAMES[min(2, number)] for number in numbers}
    shards |= {f"layers.{number}.{name}.weight": NAMES[0] for number in range(5) for name in ("q.a", "q.b", "mlp.c")}
    shards |= {f"layers.{number}.attn_norm.weight": NAMES[0] for number in range(1, 5)}
    assert found(tmp_path, {"model.safetensors.index.json": {"weight_map": shards}}) == message
