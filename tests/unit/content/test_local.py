"""A local folder as a source: every file once, with size and digest, and nothing from outside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from azureml_publish.content.packaging.tree import ArtifactFile, LocalOrigin
from azureml_publish.content.sources.local import CHUNK, list_local_files, read_local_file
from azureml_publish.errors import UnusableSource

FILES = {"config.json": b"{}\n", "data/weights.bin": bytes(range(256)) * 64, "data/deep/empty": b"", ".hidden": b"h"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "model"
    for name, content in FILES.items():
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(content)
    return made


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    made = tmp_path / "outside"
    made.mkdir()
    (made / "secret.txt").write_text("secret")
    return made


def test_every_file_is_listed_with_its_size_and_sha_256(folder: Path) -> None:
    assert {file.path: file for file in list_local_files(folder)} == {
        name: ArtifactFile(name, len(content), LocalOrigin(folder / name), hashlib.sha256(content).hexdigest())
        for name, content in FILES.items()
    }


def test_an_empty_folder_holds_nothing(tmp_path: Path) -> None:
    (tmp_path / "only" / "folders").mkdir(parents=True)
    assert list_local_files(tmp_path) == ()


def test_what_is_not_there_is_refused(folder: Path) -> None:
    with pytest.raises(UnusableSource, match="missing is not there") as refused:
        list_local_files(folder / "missing")
    assert "a folder or a file" in refused.value.hint


def test_one_file_is_a_source_of_its_own(folder: Path) -> None:
    (only,) = list_local_files(folder / "config.json")
    assert only == next(file for file in list_local_files(folder) if file.path == "config.json")


@pytest.mark.parametrize(
    "left", [".git/config", ".cache/huggingface/x", "__pycache__/a.pyc", ".DS_Store", "data/.git/HEAD"]
)
def test_what_tools_left_is_not_even_looked_into(folder: Path, left: str) -> None:
    before = list_local_files(folder)
    (folder / left).parent.mkdir(parents=True, exist_ok=True)
    (folder / left).symlink_to("/nowhere")
    assert list_local_files(folder) == before


def test_a_file_larger_than_a_chunk_is_read_in_chunks_and_hashed_whole(tmp_path: Path) -> None:
    content = bytes(range(251)) * (2 * CHUNK // 251) + b"tail"
    (tmp_path / "weights.bin").write_bytes(content)
    (listed,) = list_local_files(tmp_path)
    assert listed.sha256 == hashlib.sha256(content).hexdigest()
    chunks = list(read_local_file(tmp_path / "weights.bin"))
    assert b"".join(chunks) == content
    assert max(map(len, chunks)) == CHUNK


def link_file(folder: Path, outside: Path) -> None:
    (folder / "data" / "link").symlink_to(outside / "secret.txt")


def link_folder(folder: Path, outside: Path) -> None:
    (folder / "link").symlink_to(outside, target_is_directory=True)


def link_upwards(folder: Path, outside: Path) -> None:
    (folder / "link").symlink_to("..")


def link_through_a_link(folder: Path, outside: Path) -> None:
    (outside / "way").symlink_to(outside / "secret.txt")
    (folder / "link").symlink_to(outside / "way")


def link_to_nothing(folder: Path, outside: Path) -> None:
    (folder / "link").symlink_to(outside / "gone")


def link_to_a_neighbour_of_like_name(folder: Path, outside: Path) -> None:
    neighbour = folder.with_name(f"{folder.name}-2")
    neighbour.mkdir()
    (folder / "link").symlink_to(neighbour)


@pytest.mark.parametrize(
    "make_link",
    [link_file, link_folder, link_upwards, link_through_a_link, link_to_nothing, link_to_a_neighbour_of_like_name],
)
def test_a_link_that_leads_out_is_refused(folder: Path, outside: Path, make_link: Callable[[Path, Path], None]) -> None:
    make_link(folder, outside)
    with pytest.raises(UnusableSource, match="link leads out of") as refused:
        list_local_files(folder)
    assert refused.value.hint == "Put the file itself into the folder."


@pytest.mark.parametrize("target", ["gone.bin", "link"])
def test_a_link_that_leads_nowhere_is_refused_rather_than_left_out(folder: Path, target: str) -> None:
    (folder / "link").symlink_to(target)
    with pytest.raises(UnusableSource, match="link leads nowhere"):
        list_local_files(folder)


def test_a_link_to_a_folder_inside_is_refused_rather_than_left_out(folder: Path) -> None:
    (folder / "again").symlink_to("data", target_is_directory=True)
    with pytest.raises(UnusableSource, match="again is a link to a folder"):
        list_local_files(folder)


def test_a_link_to_a_file_inside_is_that_file_under_its_own_name(folder: Path) -> None:
    (folder / "again.json").symlink_to("config.json")
    listed = {file.path: file for file in list_local_files(folder)}
    assert listed["again.json"].sha256 == listed["config.json"].sha256
    assert listed["again.json"].size == len(FILES["config.json"])


def test_the_folder_itself_may_be_a_link(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(folder)
    assert list_local_files(tmp_path / "link") == list_local_files(folder)


def test_a_file_that_is_gone_when_it_is_read_is_a_failure_of_the_source(folder: Path) -> None:
    with pytest.raises(UnusableSource, match=r"gone\.bin cannot be read"):
        list(read_local_file(folder / "gone.bin"))
