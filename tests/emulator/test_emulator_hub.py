"""The unmodified huggingface_hub against the emulator's Hub, and the stand-in checkpoints it serves."""

import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests
import safetensors

from azureml_publish.emulator import Emulator

deserialize: Any = safetensors.deserialize
"""Name and content of each tensor; needs no numpy, and has no types."""

BASE = ("google-bert/bert-base-cased", "5532cc56f74641d4bb33641f5c76a55d11f846e0")
LARGE = ("google-bert/bert-large-cased", "0879dca57dc16fa0f759392a4dde1250698570aa")
DISTIL = ("distilbert/distilbert-base-uncased", "6cdc0aad91f5ae2e6712e91bc7b65d1cf5c05411")
FILES = [
    ".gitattributes",
    "LICENSE",
    "README.md",
    "config.json",
    "flax_model.msgpack",
    "model.safetensors",
    "pytorch_model.bin",
    "tf_model.h5",
    "tokenizer.json",
    "tokenizer_config.json",
    "vocab.txt",
]
LFS = {"flax_model.msgpack", "model.safetensors", "pytorch_model.bin", "tf_model.h5"}


@pytest.fixture
def api(emulator: Emulator) -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=emulator.http_url, token=False)


def fetch(emulator: Emulator, repository: tuple[str, str], name: str, **headers: str) -> requests.Response:
    return requests.get(
        f"{emulator.http_url}/{repository[0]}/resolve/{repository[1]}/{name}", headers=headers, timeout=120
    )


@pytest.mark.parametrize(("name", "commit"), [BASE, LARGE, DISTIL])
def test_model_info(api: Any, emulator: Emulator, name: str, commit: str) -> None:
    info = api.model_info(name, revision=commit, files_metadata=True)
    assert (info.id, info.sha, info.pipeline_tag, info.gated, info.private) == (name, commit, "fill-mask", False, False)
    assert info.card_data.license == "apache-2.0"
    assert [file.rfilename for file in info.siblings] == FILES
    for file in info.siblings:
        content = fetch(emulator, (name, commit), file.rfilename).content
        assert len(content) == file.size
        if file.rfilename in LFS:
            assert file.lfs.sha256 == hashlib.sha256(content).hexdigest()
            content = f"version https://git-lfs.github.com/spec/v1\noid sha256:{file.lfs.sha256}\n".encode()
            content += f"size {file.size}\n".encode()
            assert file.lfs.pointer_size == len(content)
        else:
            assert file.lfs is None
        assert file.blob_id == hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    assert api.model_info(name).sha == api.model_info(name, revision="main").sha == commit


def test_tree_and_paths(api: Any, emulator: Emulator, running_emulator: Emulator) -> None:
    folder = running_emulator._folder.hub / "contoso" / "tiny" / ("a" * 40)
    (folder / "onnx" / "deep").mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text("{}")
    (folder / "onnx" / "model.onnx").write_bytes(b"onnx")
    (folder / "onnx" / "deep" / "x.txt").write_text("x")
    top = list(api.list_repo_tree("contoso/tiny", revision="a" * 40))
    assert [(type(entry).__name__, entry.path) for entry in top] == [
        ("RepoFile", "config.json"),
        ("RepoFolder", "onnx"),
    ]
    everything = api.list_repo_tree("contoso/tiny", revision="main", recursive=True, expand=True)
    assert [entry.path for entry in everything] == [
        "config.json",
        "onnx",
        "onnx/deep",
        "onnx/deep/x.txt",
        "onnx/model.onnx",
    ]
    inner = api.list_repo_tree("contoso/tiny", "onnx", revision="main")
    assert [entry.path for entry in inner] == ["onnx/deep", "onnx/model.onnx"]
    assert [entry.path for entry in api.get_paths_info("contoso/tiny", ["onnx", "config.json", "nothing"])] == [
        "config.json",
        "onnx",
    ]
    assert api.model_info("contoso/tiny").sha == "a" * 40


def test_file_metadata(api: Any, emulator: Emulator) -> None:
    from huggingface_hub import get_hf_file_metadata, hf_hub_url

    for name in ("model.safetensors", "config.json"):
        content = fetch(emulator, BASE, name).content
        url = hf_hub_url(BASE[0], name, revision=BASE[1], endpoint=emulator.http_url)
        metadata = get_hf_file_metadata(url, token=False)
        assert (metadata.commit_hash, metadata.size) == (BASE[1], len(content))
        git = hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
        assert metadata.etag == (hashlib.sha256(content).hexdigest() if name in LFS else git)
        assert metadata.xet_file_data is None


def test_snapshot_download(api: Any, emulator: Emulator, tmp_path: Path) -> None:
    path = Path(api.snapshot_download(DISTIL[0], revision=DISTIL[1], cache_dir=tmp_path))
    assert sorted(file.name for file in path.iterdir()) == FILES
    for file in path.iterdir():
        assert file.read_bytes() == fetch(emulator, DISTIL, file.name).content


def test_short_names_lead_to_the_full_ones(api: Any, emulator: Emulator, tmp_path: Path) -> None:
    assert api.model_info("bert-base-cased").id == BASE[0]
    path = api.hf_hub_download("bert-base-cased", "config.json", revision=BASE[1], cache_dir=tmp_path)
    assert json.loads(Path(path).read_text())["model_type"] == "bert"


def test_errors_are_told_apart(api: Any, emulator: Emulator, tmp_path: Path) -> None:
    from huggingface_hub.errors import EntryNotFoundError, RepositoryNotFoundError, RevisionNotFoundError

    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(BASE[0], "nothing.txt", revision=BASE[1], cache_dir=tmp_path)
    with pytest.raises(RevisionNotFoundError):
        api.hf_hub_download(BASE[0], "config.json", revision="0" * 40, cache_dir=tmp_path)
    with pytest.raises(RevisionNotFoundError):
        api.model_info(BASE[0], revision="v1")
    for name in ("google-bert/nothing", "nothing", "../secrets"):
        with pytest.raises((RepositoryNotFoundError, ValueError)):
            api.model_info(name)
    for path in ("/../secrets/resolve/main/sas.key", "/..%2f../x/resolve/main/ca.pem"):
        assert requests.get(emulator.http_url + path, timeout=120).status_code in {404, 501}


def test_streaming_range_read(emulator: Emulator) -> None:
    whole = fetch(emulator, BASE, "model.safetensors").content
    part = fetch(emulator, BASE, "model.safetensors", Range="bytes=1000-1999")
    assert (part.status_code, part.content) == (206, whole[1000:2000])
    assert part.headers["Content-Range"] == f"bytes 1000-1999/{len(whole)}"
    assert fetch(emulator, BASE, "model.safetensors", Range="bytes=-10").content == whole[-10:]
    beyond = fetch(emulator, BASE, "model.safetensors", Range=f"bytes={len(whole)}-")
    assert beyond.status_code == 416


def test_file_system_reads_at_an_offset(emulator: Emulator) -> None:
    from huggingface_hub import HfFileSystem

    whole = fetch(emulator, BASE, "vocab.txt").content
    system = HfFileSystem(endpoint=emulator.http_url, token=False, skip_instance_cache=True)
    with system.open(f"{BASE[0]}@{BASE[1]}/vocab.txt", "rb") as file:
        file.seek(100)
        assert file.read(50) == whole[100:150]


def test_endpoint_variable_is_enough(emulator_environment: dict[str, str], tmp_path: Path) -> None:
    script = (
        "import huggingface_hub as h, os\n"
        f"print(h.hf_hub_download({BASE[0]!r}, 'config.json', revision={BASE[1]!r}))\n"
        f"print(h.model_info({BASE[0]!r}).sha)\n"
    )
    environment = {**os.environ, **emulator_environment, "HF_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True, timeout=120
    )
    path, sha = done.stdout.split()
    assert json.loads(Path(path).read_text())["model_type"] == "bert"
    assert sha == BASE[1]


@pytest.mark.parametrize("repository", [BASE, LARGE, DISTIL])
def test_weights_and_configuration_agree(emulator: Emulator, repository: tuple[str, str]) -> None:
    config = fetch(emulator, repository, "config.json").json()
    content = fetch(emulator, repository, "model.safetensors").content
    size, layers = config.get("hidden_size") or config["dim"], config.get("num_hidden_layers") or config["n_layers"]
    heads = config.get("num_attention_heads") or config["n_heads"]
    inner = config.get("intermediate_size") or config["hidden_dim"]
    expected_layers, expected_heads = {BASE[0]: (12, 12), LARGE[0]: (24, 16), DISTIL[0]: (6, 12)}[repository[0]]
    assert (layers, heads, size % heads) == (expected_layers, expected_heads, 0)
    tensors = dict(deserialize(content))
    assert {tensor["dtype"] for tensor in tensors.values()} == {"F32"}
    shapes = {name: tuple(tensor["shape"]) for name, tensor in tensors.items()}
    header = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    assert header["__metadata__"] == {"format": "pt"}
    kind = config["model_type"]
    assert shapes[f"{kind}.embeddings.word_embeddings.weight"] == (config["vocab_size"], size)
    assert shapes[f"{kind}.embeddings.position_embeddings.weight"] == (512, size)
    last = f"bert.encoder.layer.{layers - 1}.intermediate.dense.weight"
    if kind == "distilbert":
        last = f"distilbert.transformer.layer.{layers - 1}.ffn.lin1.weight"
    assert shapes[last] == (inner, size)
    bias = "cls.predictions.bias" if kind == "bert" else "vocab_projector.bias"
    assert shapes[bias] == (config["vocab_size"],)
    assert len(shapes) == {"bert": 4 + 1 + 16 * layers + 5, "distilbert": 4 + 16 * layers + 5}[kind]


def test_stand_ins_are_the_same_everywhere(emulator: Emulator) -> None:
    digests = {
        name: hashlib.sha256(fetch(emulator, DISTIL, name).content).hexdigest() for name in ("model.safetensors",)
    }
    assert digests == {"model.safetensors": "596533278b0474fda388dff4b7c28351f50a593f40a5a166220b6510dcf4e786"}


@pytest.mark.parametrize(
    ("repository", "text"), [(BASE, "Paris is the [MASK] of France."), (DISTIL, "Today is a [MASK] day!")]
)
def test_tokenizer(emulator: Emulator, repository: tuple[str, str], text: str) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_str(fetch(emulator, repository, "tokenizer.json").text)
    vocabulary = fetch(emulator, repository, "vocab.txt").text.splitlines()
    assert tokenizer.get_vocab() == {token: number for number, token in enumerate(vocabulary)}
    assert tokenizer.get_vocab_size() == fetch(emulator, repository, "config.json").json()["vocab_size"]
    assert [tokenizer.token_to_id(token) for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")] == [
        0,
        100,
        101,
        102,
        103,
    ]
    encoded = tokenizer.encode(text)
    words = text.replace("[MASK]", "\0").replace(".", " .").replace("!", " !").split()
    expected = ["[MASK]" if word == "\0" else word if repository == BASE else word.lower() for word in words]
    assert encoded.tokens == ["[CLS]", *expected, "[SEP]"]
    assert tokenizer.encode("Zyxw~9_beautiful").tokens.count("[UNK]") == 0
    assert tokenizer.token_to_id("capital") is not None
    assert tokenizer.decode(encoded.ids, skip_special_tokens=True).lower().startswith(("paris is", "today is"))


def test_weights_of_any_size(tmp_path: Path) -> None:
    wanted = 20_000_000
    with Emulator(tmp_path, hub_weights=wanted) as big:
        answer = fetch(big, DISTIL, "model.safetensors")
        assert abs(len(answer.content) - wanted) < 64
        config = fetch(big, DISTIL, "config.json").json()
        chunks = {hashlib.sha256(answer.content[-start:][:1_000_000]).digest() for start in range(10**6, 10**7, 10**6)}
    assert len(chunks) == 9
    tensors = dict(deserialize(answer.content))
    assert tensors["distilbert.embeddings.word_embeddings.weight"]["shape"] == [config["vocab_size"], config["dim"]]
    assert tensors["stand_in.padding"]["dtype"] == "U8"


def test_unknown_calls_are_not_served(emulator: Emulator) -> None:
    for method, path in (
        ("POST", "/api/repos/create"),
        ("GET", "/api/whoami-v2"),
        ("DELETE", f"/api/models/{BASE[0]}"),
    ):
        answer = requests.request(method, emulator.http_url + path, timeout=120)
        assert answer.status_code == 501
        assert f"{method} {path}" in answer.json()["error"]
