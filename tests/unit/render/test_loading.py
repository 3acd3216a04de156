"""The call that loads a custom model follows from its files and its task."""

from __future__ import annotations

import ast

import pytest

from azureml_publish.render.loading import find_loading

SENTENCES = ("config.json", "model.safetensors", "modules.json", "tokenizer_config.json")
SEES = ("config.json", "model.safetensors", "preprocessor_config.json")


@pytest.mark.parametrize(
    ("task", "files", "file", "call"),
    [
        (
            "text-generation",
            ("adapter_config.json", "a.safetensors"),
            "adapter_config.json",
            "AutoPeftModelForCausalLM.",
        ),
        ("text-translation", ("adapter_config.json",), "adapter_config.json", "AutoPeftModelForSeq2SeqLM."),
        ("text-to-image", ("adapter_config.json",), "adapter_config.json", "PeftConfig."),
        ("", ("sub/adapter_config.json",), "adapter_config.json", "PeftConfig."),
        ("embeddings", SENTENCES, "modules.json", "SentenceTransformer(str(file.parent))"),
        ("text-to-image", ("model_index.json", "unet/x.safetensors"), "model_index.json", "DiffusionPipeline."),
        ("image-text-to-text", SEES, "config.json", 'pipeline("image-text-to-text", model='),
        ("image-classification", ("config.json", "model.safetensors"), "model.safetensors", "load_file("),
        ("nothing-known", SEES, "model.safetensors", "load_file("),
        ("", ("model.joblib",), "model.joblib", "joblib.load("),
        ("", ("net/saved_model.pb", "net/variables/variables.index"), "saved_model.pb", "saved_model.load("),
        ("", ("net.keras",), "net.keras", "keras.models.load_model("),
        ("", ("epoch=1-step=4.ckpt", "hparams.yaml"), "epoch=1-step=4.ckpt", 'checkpoint["state_dict"]'),
        ("", ("v1-5.ckpt",), "v1-5.ckpt", "torch.load("),
    ],
)
def test_it_is_the_library_that_reads_the_files(task: str, files: tuple[str, ...], file: str, call: str) -> None:
    found = find_loading(task, files)
    assert found is not None
    ast.parse(f"{found.imports}\n{found.call}")
    assert (found.file, call in found.call) == (file, True)
    assert ("state_dict" in found.call) == ("state_dict" in call)


def test_files_that_no_library_is_known_for_have_no_call() -> None:
    assert find_loading("text-generation", ("weights.dat",)) is None
