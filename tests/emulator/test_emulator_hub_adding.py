"""Folders of one's own as repositories of the emulator's Hub, read by the unmodified huggingface_hub."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.emulator import Emulator
from azureml_publish.emulator.hub.checkpoints import git_blob_id

FILES = {
    "README.md": b"---\nlicense: mit\npipeline_tag: fill-mask\n---\n",
    "config.json": b"{}",
    "model.safetensors": bytes(range(256)) * 64,
    "onnx/config.json": b"[]",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "hub" / "contoso" / "tiny"
    for name, content in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    (made / ".git").mkdir()
    (made / ".git" / "HEAD").write_text("not part of it\n")
    return made


def api(emulator: Emulator) -> Any:
    from huggingface_hub import HfApi

    return HfApi(endpoint=emulator.http_url, token=False)


def test_a_folder_is_served_with_commit_digests_and_bytes(emulator: Emulator, folder: Path, tmp_path: Path) -> None:
    commit = emulator.add_repository("contoso/tiny", folder)
    assert re.fullmatch("[0-9a-f]{40}", commit)
    info = api(emulator).model_info("contoso/tiny", files_metadata=True)
    assert (info.sha, info.pipeline_tag, info.card_data.license) == (commit, "fill-mask", "mit")
    siblings = {file.rfilename: file for file in info.siblings}
    assert set(siblings) == set(FILES)
    assert siblings["config.json"].blob_id == git_blob_id(FILES["config.json"])
    assert siblings["model.safetensors"].lfs.sha256 == hashlib.sha256(FILES["model.safetensors"]).hexdigest()
    got = Path(api(emulator).snapshot_download("contoso/tiny", revision=commit, cache_dir=tmp_path / "cache"))
    assert {name: (got / name).read_bytes() for name in FILES} == FILES


def test_other_content_is_another_commit_and_the_old_one_stays_as_it_was(emulator: Emulator, folder: Path) -> None:
    first = emulator.add_repository("contoso/stays", folder)
    (folder / "config.json").write_bytes(b'{"changed": true}')
    second = emulator.add_repository("contoso/stays", folder)
    assert second != first
    old, new = (api(emulator).model_info("contoso/stays", revision=each, files_metadata=True) for each in (first, None))
    assert (old.sha, new.sha) == (first, second)
    assert {file.rfilename: file.blob_id for file in old.siblings}["config.json"] == git_blob_id(b"{}")


def test_the_same_content_is_the_same_commit(emulator: Emulator, folder: Path, tmp_path: Path) -> None:
    commit = emulator.add_repository("contoso/same", folder)
    assert emulator.add_repository("contoso/same", folder) == commit
    with Emulator(tmp_path / "elsewhere") as other:
        assert other.add_repository("contoso/same", folder) == commit
    with Emulator(tmp_path / "elsewhere") as again:
        assert api(again).model_info("contoso/same").sha == commit


@pytest.mark.parametrize("name", ["tiny", "a/b/c", "../tiny", "contoso/..", "contoso/ti ny", ""])
def test_a_name_that_no_repository_has_is_refused(emulator: Emulator, folder: Path, name: str) -> None:
    with pytest.raises(ValueError, match="is not a repository name"):
        emulator.add_repository(name, folder)


def test_a_folder_without_files_is_refused(emulator: Emulator, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="holds no file"):
        emulator.add_repository("contoso/empty", tmp_path)
    with pytest.raises(ValueError, match="is not a folder"):
        emulator.add_repository("contoso/missing", tmp_path / "missing")
    with pytest.raises(ValueError, match="holds no folder of the form"):
        emulator.add_repositories(tmp_path)


def test_the_command_serves_a_folder_of_repositories(folder: Path, tmp_path: Path) -> None:
    arguments = ["emulator", "--data", str(tmp_path / "data"), "--hub", str(tmp_path / "hub")]
    with subprocess.Popen(
        [sys.executable, "-m", "azureml_publish", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ,
    ) as served:
        try:
            assert served.stdout is not None
            assert served.stderr is not None
            told = served.stderr.readline()
            variables = dict(line.rstrip("\n").split("=", 1) for line in (served.stdout.readline() for _ in range(5)))
            commit = told.removeprefix("contoso/tiny is at ").rstrip(".\n")
            from huggingface_hub import HfApi

            info = HfApi(endpoint=variables["HF_ENDPOINT"], token=False).model_info("contoso/tiny", revision=commit)
            assert info.sha == commit
        finally:
            served.send_signal(signal.SIGTERM)
            served.wait(120)
    assert served.returncode == 0


def test_the_command_says_what_a_folder_of_repositories_is(tmp_path: Path) -> None:
    (tmp_path / "hub").mkdir()
    command = [sys.executable, "-m", "azureml_publish", "emulator", "--data", str(tmp_path / "data")]
    command += ["--hub", str(tmp_path / "hub")]
    ran = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120)
    assert ran.returncode == 1
    assert "holds no folder of the form" in ran.stderr
    assert "ORG/NAME" in ran.stderr
    assert ran.stdout == ""
