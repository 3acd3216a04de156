"""Folders of MLflow, model repositories of Triton, and everything that is published as it lies."""

from __future__ import annotations

import pytest
import yaml

from azureml_publish.content.packaging.kinds import choose_kind
from azureml_publish.content.sources.selection import choose, is_leftover
from tests.checkpoints import BERT, Files, safetensors
from tests.unit.content.packaging.packaged import codes, package, paths, refusal


def saved(flavors: object, **more: object) -> str:
    return yaml.safe_dump({"flavors": flavors, **more})


ENV = {"conda": "conda.yaml", "virtualenv": "python_env.yaml"}
PYFUNC = {"loader_module": "mlflow.sklearn", "model_path": "model.pkl", "env": ENV}
SKLEARN: Files = {
    "MLmodel": saved({"sklearn": {"pickled_model": "model.pkl"}, "python_function": PYFUNC}),
    "model.pkl": b"\x80\x04N.",
    "conda.yaml": "dependencies:\n- pip:\n  - scikit-learn==1.7.2\n",
    "python_env.yaml": "python: 3.11.13\n",
    "requirements.txt": "scikit-learn==1.7.2\n",
}


class TestMlflowFolders:
    def test_one_of_scikit_learn_is_published_as_it_is_without_any_task(self) -> None:
        assert paths(SKLEARN, "", allow_pickle=True) == sorted(SKLEARN)
        assert refusal(SKLEARN, "").startswith("PKG002 ")

    @pytest.mark.parametrize(
        ("flavour", "files"),
        [
            ({"lightgbm": {"data": "model.lgb"}}, {"model.lgb": b"x"}),
            ({"onnx": {"data": "model.onnx"}}, {"model.onnx": b"x"}),
            ({"pytorch": {"model_data": "data", "code": None}}, {"data/model.safetensors": safetensors("a")}),
            (
                {
                    "python_function": {
                        "loader_module": "mlflow.pyfunc.model",
                        "python_model": "model.py",
                        "artifacts": {"a": {"path": "artifacts/a.json"}},
                    }
                },
                {"model.py": "x", "artifacts/a.json": "{}"},
            ),
            (
                {"transformers": {"model_binary": "model", "components": ["tokenizer"]}},
                {"model/model.safetensors": safetensors("a"), "components/tokenizer/vocab.txt": "a"},
            ),
        ],
    )
    def test_any_flavour_whose_files_are_there(self, flavour: object, files: Files) -> None:
        source: Files = {"MLmodel": saved(flavour), **files}
        assert paths(source, "") == sorted(source)
        (gone, *_) = files
        assert refusal({**source, gone: None, "other": b"x"}, "").startswith("PKG014 MLmodel names what is not there: ")

    @pytest.mark.parametrize(
        ("text", "told"),
        [
            ("flavors: {", "cannot be read"),
            ("- a\n", "cannot be read"),
            ("artifact_path: model\n", "names no flavour"),
            (saved({}), "names no flavour"),
            (saved({"sklearn": {}}, signature={"inputs": "no JSON"}), "inputs of the signature"),
        ],
    )
    def test_an_mlmodel_that_says_nothing_is_refused(self, text: str, told: str) -> None:
        found = refusal({"MLmodel": text, "requirements.txt": "scikit-learn==1\n"}, "")
        assert found.startswith("PKG014 ")
        assert told in found

    @pytest.mark.parametrize(
        ("more", "told"),
        [
            ({"conda.yaml": None, "python_env.yaml": None, "requirements.txt": None}, "Nothing beside MLmodel"),
            ({"requirements.txt": "numpy==2\n", "conda.yaml": None}, "needs scikit-learn"),
        ],
    )
    def test_an_environment_without_its_package_is_told(self, more: Files, told: str) -> None:
        plain = saved({"sklearn": {"pickled_model": "model.pkl"}})
        found = package({**SKLEARN, "MLmodel": plain, **more}, "", allow_pickle=True).found
        assert [one.rule.code for one in found] == ["PKG015"]
        assert told in found[0].message

    def test_an_environment_that_is_missing_is_told_once(self) -> None:
        gone: Files = {"conda.yaml": None, "python_env.yaml": None, "requirements.txt": None}
        found = package({**SKLEARN, **gone}, "", allow_pickle=True).found
        assert [one.rule.code for one in found] == ["PKG014"]

    def test_an_environment_by_another_name_is_one(self) -> None:
        python = {**PYFUNC, "env": "conda.yml"}
        source: Files = {
            "MLmodel": saved({"python_function": python}),
            "model.pkl": b"\x80\x04N.",
            "conda.yml": "name: a\n",
        }
        assert package(source, "", allow_pickle=True).found == ()

    @pytest.mark.parametrize(
        ("flavour", "files", "told"),
        [
            ({"transformers": {"model_binary": "model"}}, {"model/config.json": {}}, "no weights in model/"),
            (
                {"transformers": {"source_model_name": "org/little", "source_model_revision": "0" * 40}},
                {"LICENSE": "MIT"},
                "names org/little on the Hub",
            ),
            (
                {"python_function": {"loader_module": "ours", "code": "code"}},
                {"code/other.py": "x"},
                "ours load the model",
            ),
        ],
    )
    def test_what_mlflow_could_not_load_is_refused(self, flavour: object, files: Files, told: str) -> None:
        found = refusal({"MLmodel": saved(flavour), **files}, "")
        assert found.startswith("PKG014 ")
        assert told in found

    @pytest.mark.parametrize(
        "files",
        [
            {"code/ours.py": "x"},
            {"code/ours/__init__.py": "x"},
            {"code/x.py": "", "requirements.txt": "ours-models==1\n"},
        ],
    )
    def test_a_loader_of_ones_own_lies_beside_the_model_or_comes_with_a_package(self, files: Files) -> None:
        flavour = {"python_function": {"loader_module": "ours.loading", "code": "code"}}
        assert codes({"MLmodel": saved(flavour), **files}, "") == []


class TestTriton:
    def repository(self, config: str, file: str = "model.onnx", version: str = "1") -> Files:
        return {"mine/config.pbtxt": config, f"mine/{version}/{file}": b"x"}

    @pytest.mark.parametrize(
        ("config", "file"),
        [
            ('name: "mine"\nplatform: "onnxruntime_onnx"\n', "model.onnx"),
            ("backend: 'python'  # of our own\n", "model.py"),
            ('platform: "tensorflow_savedmodel"\n', "model.savedmodel/saved_model.pb"),
            ('backend: "onnxruntime"\ndefault_model_filename: "net.onnx"\n', "net.onnx"),
            ('backend: "ours"\ninput [ { name: "x" } ]\n', "whatever.bin"),
            ("", "model.onnx"),
            ("# all but the backend\nmax_batch_size: 8\n", "model.graphdef"),
            ('parameters { key: "platform: \'x\'" value { string_value: "y}" } }', "model.py"),
        ],
    )
    def test_a_model_repository_is_published_as_it_is(self, config: str, file: str) -> None:
        files = self.repository(config, file)
        assert paths(files, "", "triton_model") == sorted(files)

    @pytest.mark.parametrize(
        ("files", "told"),
        [
            ({"config.pbtxt": 'name: "x"', "model.onnx": b"x"}, "outside of a model's folder"),
            ({"1/model.onnx": b"x", "config.pbtxt": ""}, "outside of a model's folder"),
            ({"mine/config.pbtxt": 'backend: "onnxruntime"', "mine/model.onnx": b"x"}, "no numbered version folder"),
            ({"mine/config.pbtxt": 'backend: "onnxruntime"', "mine/v1/model.onnx": b"x"}, "no numbered version folder"),
            ({"mine/config.pbtxt": 'name: "yours"', "mine/1/model.onnx": b"x"}, "names the model 'yours'"),
            ({"mine/config.pbtxt": 'platform: "onnxruntime_onnx"', "mine/1/net.onnx": b"x"}, "mine/1/model.onnx"),
            ({"mine/config.pbtxt": 'platform: "onnx"', "mine/1/model.onnx": b"x"}, "no platform 'onnx'"),
            ({"mine/1/model.bin": b"x"}, "has no config.pbtxt"),
            ({"mine/config.pbtxt": 'nam: "mine"', "mine/1/model.onnx": b"x"}, "line 1 has nam, which is not a field"),
            ({"mine/config.pbtxt": "\ninput [ { ]", "mine/1/model.onnx": b"x"}, "line 2 closes ] that nothing opens"),
            ({"mine/config.pbtxt": "input [ {", "mine/1/model.onnx": b"x"}, "} is missing at its end"),
            ({"mine/config.pbtxt": 'name: "mine', "mine/1/model.onnx": b"x"}, 'line 1 has " where'),
            ({"mine/config.pbtxt": '"mine"', "mine/1/model.onnx": b"x"}, "a text without a field"),
            ({"README.md": "# Nothing"}, "no model folder"),
            ({"a/b/config.pbtxt": "", "a/b/1/model.onnx": b"x"}, "lie in a/"),
            ({"triton/b/config.pbtxt": 'name: "c"', "triton/b/1/model.onnx": b"x"}, "and its folder is 'b'"),
            (
                {"mine/config.pbtxt": 'platform: "tensorflow_savedmodel"', "mine/1/saved_model.pb": b"x"},
                "into a folder",
            ),
            ({"mine/config.pbtxt": 'backend: "openvino"', "mine/1/model.xml": b"x"}, "mine/1/model.bin"),
            (
                {
                    "mine/config.pbtxt": 'output [ { name: "y" label_filename: "names.txt" } ]',
                    "mine/1/model.onnx": b"x",
                },
                "labels that are not there: mine/names.txt",
            ),
            (
                {"mine/config.pbtxt": "input [ { data_type: FP32 } ]", "mine/1/model.onnx": b"x"},
                "Triton does not know: FP32",
            ),
            (
                {
                    "mine/config.pbtxt": 'platform: "ensemble" ensemble_scheduling { step [ { model_name: "gone" } ] }',
                    "mine/1/.keep": b"",
                },
                "names models that are not there: gone",
            ),
        ],
    )
    def test_what_triton_would_not_find_is_refused(self, files: Files, told: str) -> None:
        found = refusal(files, "", "triton_model")
        assert found.startswith("PKG016 ")
        assert told in found

    def test_models_of_one_ensemble_are_published_together_and_in_the_folder_that_azure_has(self) -> None:
        scheduled = 'platform: "ensemble" ensemble_scheduling { step [ { model_name: "mine" model_version: -1 } ] }'
        files: Files = {
            **self.repository("backend: 'python'", "model.py"),
            "all/config.pbtxt": scheduled,
            "all/1/.keep": b"",
        }
        assert paths(files, "", "triton_model") == sorted(files)
        around = {f"triton/{path}": content for path, content in files.items()}
        assert paths(around, "", "triton_model") == sorted(around)


class TestCustom:
    @pytest.mark.parametrize("path", ["model.onnx", "deep/er/weights.bin", "README.md", "model.gguf"])
    def test_files_stay_where_they_are(self, path: str) -> None:
        assert paths({path: b"GGUF"}, "", "custom_model") == [path]

    def test_an_adapter_names_its_base(self) -> None:
        adapter: Files = {
            "adapter_model.safetensors": safetensors("a"),
            "adapter_config.json": {"base_model_name_or_path": "org/base"},
        }
        assert len(paths(adapter, "", "custom_model")) == 2

    @pytest.mark.parametrize("there", [{}, {"other/adapter_model.safetensors": safetensors("a")}])
    def test_an_adapter_without_weights_beside_it_is_refused(self, there: Files) -> None:
        adapter: Files = {"sub/adapter_config.json": {"base_model_name_or_path": "org/base"}, **there}
        assert refusal(adapter, "", "custom_model").startswith(
            "PKG003 Beside sub/adapter_config.json there are no weights"
        )

    @pytest.mark.parametrize(
        "base",
        [None, "", "/home/me/llama", "./base", "C:\\llama", "../org/base", "outputs/merged", "bert/checkpoint-500"],
    )
    def test_an_adapter_whose_base_nobody_finds_is_refused(self, base: str | None) -> None:
        adapter: Files = {
            "adapter_model.safetensors": safetensors("a"),
            "adapter_config.json": {"base_model_name_or_path": base},
        }
        found = refusal(adapter, "", "custom_model")
        assert found.startswith("PKG012 ")
        assert "base_model_name_or_path in adapter_config.json" in found

    def test_weights_of_an_adapter_without_its_settings_are_refused(self) -> None:
        found = refusal({"adapter_model.safetensors": safetensors("a")}, "", "custom_model")
        assert found.startswith("PKG012 Beside adapter_model.safetensors there is no adapter_config.json")

    def test_an_adapter_of_adapterhub_names_its_base_otherwise(self) -> None:
        files: Files = {"adapter_config.json": {"model_name": "bert-base-uncased"}, "pytorch_adapter.bin": b"x"}
        assert paths(files, "", "custom_model") == sorted(files)

    @pytest.mark.parametrize(
        ("files", "told"),
        [
            (
                {"modules.json": [{"path": "", "type": "a.Transformer"}, {"path": "1_Dense", "type": "a.Dense"}]},
                "1_Dense",
            ),
            ({"modules.json": "{}"}, "modules.json is not a JSON list"),
            ({"model_index.json": {"vae": ["diffusers", "AutoencoderKL"]}}, "does not hold: vae"),
            ({"model_index.json": {"vae": ["diffusers", "A"]}, "vae/config.json": {}}, "no weights in vae/"),
            ({"model_index.json": "<html>"}, "model_index.json is not a JSON object"),
        ],
    )
    def test_a_model_of_parts_has_all_that_it_names(self, files: Files, told: str) -> None:
        found = refusal({"model.safetensors": safetensors("a"), **files}, "", "custom_model")
        assert found.startswith("PKG004 ")
        assert told in found

    @pytest.mark.parametrize(
        "files",
        [
            {"modules.json": [{"path": "", "type": "a.Transformer"}, {"path": "1_Normalize", "type": "a.Normalize"}]},
            {"modules.json": [{"path": "0_Bag", "type": "a.BoW"}], "0_Bag/config.json": {}},
            {
                "model_index.json": {"_class_name": "P", "vae": ["diffusers", "A"], "safety_checker": [None, None]},
                "vae/config.json": {},
                "vae/diffusion_pytorch_model.fp16.safetensors": safetensors("a"),
            },
        ],
    )
    def test_a_model_of_parts_is_published_whole(self, files: Files) -> None:
        assert paths(files, "", "custom_model") == sorted(files)


LEFTOVERS = (
    ".git/config",
    "sub/.git",
    ".cache/huggingface/download/a.metadata",
    "deep/.cache/huggingface/.gitignore",
    "code/__pycache__/a.cpython-311.pyc",
    ".DS_Store",
    "a/.DS_Store",
    ".ipynb_checkpoints/x.json",
    ".huggingface/x",
    "__MACOSX/a.onnx",
    "deep/._model.onnx",
    ".env.local",
    ".ssh/id_ed25519",
    "model.safetensors.incomplete",
    "code/a.pyc",
)


@pytest.mark.parametrize("path", LEFTOVERS)
def test_what_tools_leave_behind_never_travels_even_where_it_is_included(path: str) -> None:
    assert is_leftover(path)
    assert list(choose([path, "a.bin"], ["*"], ())) == ["a.bin"]


@pytest.mark.parametrize(
    "path", [".gitattributes", "git/a", ".cache/other", "huggingface/a", ".github/a", "cache/huggingface"]
)
def test_what_only_looks_like_it_travels(path: str) -> None:
    assert not is_leftover(path)


@pytest.mark.parametrize(
    ("kind", "top", "name"),
    [
        ("custom_model", ("MLmodel",), "custom"),
        ("triton_model", ("MLmodel",), "triton"),
        ("mlflow_model", ("MLmodel", "config.json"), "mlflow_folder"),
        ("mlflow_model", tuple(BERT), "mlflow_transformers"),
        ("mlflow_model", None, "mlflow_transformers"),
    ],
)
def test_the_type_and_the_files_say_how_a_source_is_packaged(kind: str, top: tuple[str, ...] | None, name: str) -> None:
    chosen = choose_kind(kind, top)  # type: ignore[arg-type]
    assert chosen.name == name
    assert kind in chosen.why
