"""Where the files of a checkpoint go, by what its task and its tokenizer load; what would not load, and its fix."""

from __future__ import annotations

from typing import ClassVar

import pytest

from azureml_publish.content.packaging.mlflow_model import describe, settings_of
from tests.checkpoints import BERT, POINTER, VIT, Files, safetensors
from tests.unit.content.packaging.packaged import codes, package, paths, refusal, required

CODE: Files = {
    **BERT,
    "config.json": {
        "model_type": "bert",
        "architectures": ["TinyForMaskedLM"],
        "auto_map": {
            "AutoConfig": "configuration_tiny.TinyConfig",
            "AutoModelForMaskedLM": "modeling_tiny.TinyForMaskedLM",
        },
    },
    "tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["tokenization_tiny.TinyTokenizer", None]}},
    "vocab.txt": None,
    "tiny.tiktoken": "aGk= 1\n",
    "configuration_tiny.py": "class TinyConfig: ...\n",
    "modeling_tiny.py": "from .configuration_tiny import TinyConfig\nimport torch\n",
    "tokenization_tiny.py": "import os\n",
}
"""A model that brings code for its model and its tokenizer."""


def config(model_type: str, **more: object) -> Files:
    return {"config.json": {"model_type": model_type, **more}, "model.safetensors": safetensors("a")}


class TestPlaces:
    def test_the_model_lies_below_model_and_the_tokenizer_beside_it(self) -> None:
        more: Files = {"generation_config.json": {}, "LICENSE": "MIT", "README.md": "# A model", ".gitattributes": "x"}
        assert paths({**BERT, **more}) == [
            "LICENSE",
            "components/tokenizer/config.json",
            "components/tokenizer/tokenizer_config.json",
            "components/tokenizer/vocab.txt",
            "model/config.json",
            "model/generation_config.json",
            "model/model.safetensors",
        ]

    @pytest.mark.parametrize(
        "name",
        [
            "added_tokens.json",
            "bpe.codes",
            "byte_maps.json",
            "chat_template.jinja",
            "dict.txt",
            "emoji.json",
            "entity_vocab.json",
            "merges.txt",
            "normalizer.json",
            "prophetnet.tokenizer",
            "sentencepiece.bpe.model",
            "source.spm",
            "spiece.model",
            "spm.model",
            "spm_char.model",
            "target.spm",
            "tokenizer.json",
            "tokenizer.model",
            "vocab-src.json",
            "vocab.json",
            "word_shape.json",
            "additional_chat_templates/rag.jinja",
        ],
    )
    def test_what_any_tokenizer_of_transformers_loads_lies_beside_it(self, name: str) -> None:
        placed = paths({**BERT, name: "{}"})
        assert f"components/tokenizer/{name}" in placed
        assert f"model/{name}" not in placed

    def test_an_image_model_has_an_image_processor_and_no_tokenizer(self) -> None:
        assert paths(VIT, "image-classification") == [
            "components/image_processor/preprocessor_config.json",
            "model/config.json",
            "model/model.safetensors",
        ]

    def test_old_settings_that_name_no_class_are_found_by_the_models_type(self) -> None:
        placed = paths({**VIT, "preprocessor_config.json": {"size": 224}}, "image-classification")
        assert "components/image_processor/config.json" in placed

    def test_speech_has_a_feature_extractor_and_a_tokenizer(self) -> None:
        whisper: Files = {
            **config("whisper", architectures=["WhisperForConditionalGeneration"]),
            "preprocessor_config.json": {
                "feature_extractor_type": "WhisperFeatureExtractor",
                "processor_class": "WhisperProcessor",
            },
            "vocab.json": {},
            "merges.txt": "",
            "normalizer.json": {},
        }
        made = package(whisper, "automatic-speech-recognition")
        assert made.refusals == ()
        placed = {file.path for file in made.files}
        assert {
            "components/feature_extractor/preprocessor_config.json",
            "components/tokenizer/normalizer.json",
        } <= placed
        assert made.facts is not None
        flavour = describe("automatic-speech-recognition", settings_of("automatic-speech-recognition"), made.facts)
        assert flavour.model_class == "AutoModelForSpeechSeq2Seq"

    def test_a_processor_is_loaded_whole_for_image_and_text(self) -> None:
        llava: Files = {
            **config("llava"),
            "preprocessor_config.json": {"image_processor_type": "CLIPImageProcessor"},
            "processor_config.json": {"processor_class": "LlavaProcessor"},
            "tokenizer.json": {},
            "chat_template.json": {},
        }
        placed = paths(llava, "image-text-to-text")
        names = (
            "chat_template.json",
            "config.json",
            "preprocessor_config.json",
            "processor_config.json",
            "tokenizer.json",
        )
        assert [path for path in placed if path.startswith("components/")] == [
            f"components/processor/{name}" for name in names
        ]

    @pytest.mark.parametrize(
        "path", ["onnx/model.onnx", "coreml/fill/model.safetensors", "original/params.json", "a.png"]
    )
    def test_the_same_model_for_another_runtime_and_pictures_stay_behind(self, path: str) -> None:
        assert paths({**BERT, path: safetensors("a")}) == paths(BERT)

    def test_another_folder_is_kept_where_it_lies(self) -> None:
        assert "model/lexicon/words.json" in paths({**BERT, "lexicon/words.json": {}})


class TestTokenizers:
    MARIAN: ClassVar[Files] = {
        **config("marian", architectures=["MarianMTModel"]),
        "tokenizer_config.json": {"source_lang": "en"},
        "source.spm": b"s",
        "target.spm": b"t",
        "vocab.json": {},
    }

    def test_a_marian_has_its_three_files_and_the_packages_they_need(self) -> None:
        placed = paths(self.MARIAN, "text-translation")
        assert {f"components/tokenizer/{name}" for name in ("source.spm", "target.spm", "vocab.json")} <= set(placed)
        wanted = required(self.MARIAN, "text-translation")
        assert {"sentencepiece==0.2.1", "sacremoses==0.1.1"} <= set(wanted)

    @pytest.mark.parametrize("name", ["source.spm", "target.spm", "vocab.json"])
    def test_none_of_them_may_be_missing_even_beside_tokenizer_json(self, name: str) -> None:
        both: tuple[Files, ...] = ({}, {"tokenizer.json": {}})
        for more in both:
            found = refusal({**self.MARIAN, name: None, **more}, "text-translation")
            assert found.startswith("PKG008 ")
            assert name in found

    @pytest.mark.parametrize(
        ("files", "task", "missing"),
        [
            ({**BERT, "vocab.txt": None}, "fill-mask", "vocab.txt"),
            ({**config("gpt2"), "vocab.json": {}}, "text-generation", "merges.txt"),
            ({**config("t5")}, "summarization", "spiece.model"),
            ({**config("xlm-roberta")}, "fill-mask", "sentencepiece.bpe.model"),
            ({**config("luke"), "vocab.json": {}, "merges.txt": ""}, "fill-mask", "entity_vocab.json"),
            ({**config("clip")}, "zero-shot-image-classification", "preprocessor_config.json"),
            ({**config("vit")}, "image-classification", "preprocessor_config.json"),
            ({**config("wav2vec2")}, "audio-classification", "preprocessor_config.json"),
        ],
    )
    def test_what_the_task_loads_must_be_there(self, files: Files, task: str, missing: str) -> None:
        found = [one for one in package(files, task).refusals if one.rule.code == "PKG008"]
        assert any(missing in one.message for one in found)
        assert all("Add " in one.hint and "type: custom_model" in one.hint for one in found)

    def test_a_tokenizer_of_bytes_needs_no_file(self) -> None:
        files: Files = {**config("t5"), "tokenizer_config.json": {"tokenizer_class": "ByT5Tokenizer"}}
        assert "components/tokenizer/tokenizer_config.json" in paths(files, "text2text-generation")

    @pytest.mark.parametrize(("more", "needed"), [({}, True), ({"tokenizer.json": {}}, False)])
    def test_sentencepiece_is_required_only_without_a_fast_tokenizer(self, more: Files, needed: bool) -> None:
        files: Files = {**config("xlm-roberta"), "sentencepiece.bpe.model": b"s", **more}
        assert any(line.startswith("sentencepiece==") for line in required(files, "fill-mask")) == needed


class TestCode:
    def test_code_lies_where_its_class_looks_for_it(self) -> None:
        placed = paths(CODE)
        for name in ("configuration_tiny.py", "tokenization_tiny.py", "tiny.tiktoken"):
            assert f"components/tokenizer/{name}" in placed
        assert {"model/modeling_tiny.py", "model/configuration_tiny.py"} <= set(placed)
        assert [one.rule.code for one in package(CODE).found] == ["PKG010"]

    def test_mlflow_is_told_the_classes_by_which_it_trusts_code(self) -> None:
        facts = package(CODE).facts
        assert facts is not None
        flavour = describe("fill-mask", settings_of("fill-mask"), facts)
        assert (flavour.model_class, flavour.own_code) == ("TinyForMaskedLM", True)
        assert flavour.components == (("tokenizer", "TinyTokenizer"),)

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({"modeling_tiny.py": None}, "modeling_tiny.py is not there"),
            ({"configuration_tiny.py": None}, "configuration_tiny.py is not there"),
            ({"modeling_tiny.py": "from .layers import L\n"}, "layers.py is not there"),
            ({"tokenization_tiny.py": None}, "tokenization_tiny.py is not there"),
            (
                {
                    "tokenizer_config.json": {
                        "auto_map": {"AutoTokenizer": ["org/other--tokenization_tiny.TinyTokenizer", None]}
                    }
                },
                "not beside the model: org/other",
            ),
            ({"modeling_tiny.py": "from . import layers\n"}, "says 'from . import layers'"),
            ({"modeling_tiny.py": "from .deep.layers import L\n"}, "says 'from .deep.layers import'"),
            (
                {
                    "tokenization_tiny.py": None,
                    "tokenizer_config.json": {"auto_map": {"AutoTokenizer": ["code.tiny.T", None]}},
                },
                "takes MODULE.CLASS alone",
            ),
        ],
    )
    def test_code_that_is_not_whole_is_refused(self, more: Files, told: str) -> None:
        found = refusal({**CODE, **more})
        assert found.startswith("PKG009 ")
        assert told in found

    def test_what_the_code_imports_must_be_required(self) -> None:
        files: Files = {
            **CODE,
            "modeling_tiny.py": "import einops\ntry:\n    import flash_attn\nexcept ImportError: ...\n",
        }
        assert "requirements: [einops==VERSION]" in refusal(files)
        assert codes(files, requirements=["einops==0.8.1"]) == []

    def test_a_class_that_transformers_has_needs_no_code(self) -> None:
        known = {**CODE, "config.json": {"model_type": "bert", "architectures": ["BertForMaskedLM"], "auto_map": {}}}
        facts = package(known).facts
        assert facts is not None
        assert describe("fill-mask", settings_of("fill-mask"), facts).model_class == "AutoModelForMaskedLM"


class TestOtherKinds:
    @pytest.mark.parametrize(
        ("files", "code", "told"),
        [
            (
                {
                    "adapter_config.json": {"base_model_name_or_path": "org/base"},
                    "adapter_model.safetensors": safetensors("a"),
                },
                "PKG012",
                "an adapter of org/base",
            ),
            (
                {"adapter_config.json": {}, "adapter_model.safetensors": safetensors("a")},
                "PKG012",
                "names no base model",
            ),
            ({**BERT, "modules.json": [], "1_Pooling/config.json": {}}, "PKG011", "1_Pooling"),
            ({"model_index.json": {}, "unet/model.safetensors": safetensors("a")}, "PKG011", "diffusers"),
            ({**BERT, "vocoder/model.safetensors": safetensors("a")}, "PKG011", "vocoder/"),
            ({"model.gguf": b"GGUF"}, "PKG008", "no config.json"),
            ({**BERT, "config.json": "<html>"}, "PKG008", "not a JSON object"),
            (config("newbert"), "PKG013", "does not know the model type 'newbert'"),
            ({**VIT, "vocab.txt": "a"}, "PKG013", "no AutoModelForMaskedLM for the model type 'vit'"),
            ({**BERT, "config.json": {}}, "PKG013", "names no model_type"),
            ({**BERT, "tokenizer_config.json": "{"}, "PKG008", "tokenizer_config.json is not a JSON object"),
            (
                {"final/config.json": {}, "final/model.safetensors": safetensors("a")},
                "PKG008",
                "config.json lies in final/",
            ),
            ({"model/MLmodel": "x", "model/model.pkl": b"x"}, "PKG008", "MLmodel lies in model/"),
            (
                {**BERT, "tokenizer.json": {}, "tokenizer_config.json": {"tokenizer_class": "TokenizersBackend"}},
                "PKG013",
                "no class of tokenizers TokenizersBackend",
            ),
            (
                {**BERT, "config.json": {"model_type": "bert", "rope_parameters": {"rope_theta": 5e5}}},
                "PKG013",
                "passes over them",
            ),
        ],
    )
    def test_what_mlflow_would_not_load_as_it_is_is_refused_with_the_fix(
        self, files: Files, code: str, told: str
    ) -> None:
        found = [one for one in package(files).refusals if one.rule.code == code]
        assert [told in one.message for one in found] == [True]
        assert "type: custom_model" in found[0].hint

    def test_another_transformers_is_not_judged(self) -> None:
        named: Files = {"tokenizer.json": {}, "tokenizer_config.json": {"tokenizer_class": "TokenizersBackend"}}
        files: Files = {**config("newbert", rope_parameters={"rope_theta": 1.0}), **named}
        assert codes(files, transformers="5.0.0") == []

    @pytest.mark.parametrize(
        ("task", "version", "found"),
        [
            ("question-answering", "5.24.0", ["PKG013"]),
            ("question-answering", "5.0.0", []),
            ("text-translation", "5.0", ["PKG013"]),
            ("text-translation", "4.57.1", []),
            ("fill-mask", "5.24.0", []),
        ],
    )
    def test_a_task_that_transformers_has_no_more_is_refused(self, task: str, version: str, found: list[str]) -> None:
        files = config("bert") if "question" in task or "mask" in task else config("t5")
        refused = [one.rule.code for one in package(files, task, transformers=version).refusals]
        assert [code for code in refused if code != "PKG008"] == found  # which is of other files

    @pytest.mark.parametrize(
        ("saved_as", "task", "found"),
        [
            ("BertForMaskedLM", "text-classification", ["PKG020"]),
            ("BertModel", "token-classification", ["PKG020"]),
            ("BertForSequenceClassification", "text-classification", []),
            ("BertForSequenceClassification", "zero-shot-classification", []),
            ("BertForPreTraining", "fill-mask", []),
            ("BertForMaskedLM", "feature-extraction", []),
        ],
    )
    def test_a_head_that_nobody_trained_is_reported(self, saved_as: str, task: str, found: list[str]) -> None:
        files: Files = {**BERT, "config.json": {"model_type": "bert", "architectures": [saved_as]}}
        assert [one.rule.code for one in package(files, task).found] == found

    def test_a_pointer_in_the_place_of_config_json_is_called_one(self) -> None:
        assert codes({**BERT, "config.json": POINTER}) == ["PKG007"]
