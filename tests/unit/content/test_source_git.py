"""git repositories as a source: at a branch, a tag, a commit; and what git says where that cannot be."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from pydantic import ValidationError

from azureml_publish.content.packaging.source_files import LFS_POINTER
from azureml_publish.content.packaging.tree import LocalOrigin
from azureml_publish.content.sources.git import Clones
from azureml_publish.errors import UnusableSource
from azureml_publish.spec import GitRepository


def git(folder: Path, *arguments: str) -> str:
    own = ["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *own, *arguments], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


ONE = "flavors: {one: {data: data}}\n"
TWO = "flavors: {two: {data: data}}\n"


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    folder = tmp_path / "repository"
    (folder / "data").mkdir(parents=True)
    git(folder, "init", "-q", "-b", "main")
    (folder / "MLmodel").write_text(ONE)
    (folder / "data" / "weights.bin").write_bytes(b"w" * 100)
    git(folder, "add", ".")
    git(folder, "commit", "-qm", "one")
    git(folder, "tag", "v1")
    (folder / "MLmodel").write_text(TWO)
    git(folder, "commit", "-qam", "two")
    return folder


def text_of(clones: Clones, repository: Path, branch: str | None) -> str:
    files = {file.path: file for file in clones.list_files(GitRepository(uri=repository.as_uri(), branch=branch))}
    assert sorted(files) == ["MLmodel", "data/weights.bin"]
    origin = files["MLmodel"].origin
    assert isinstance(origin, LocalOrigin)
    return origin.path.read_text()


def test_a_branch_a_tag_and_a_commit_are_what_they_say(repository: Path) -> None:
    clones = Clones()
    assert text_of(clones, repository, None) == TWO
    assert text_of(clones, repository, "main") == TWO
    assert text_of(clones, repository, "v1") == ONE
    assert text_of(clones, repository, git(repository, "rev-parse", "v1")) == ONE


def test_a_repository_is_cloned_once_and_gone_in_the_end(repository: Path) -> None:
    clones = Clones()
    listed = clones.list_files(GitRepository(uri=repository.as_uri()))
    assert clones.list_files(GitRepository(uri=repository.as_uri())) is listed
    origin = listed[0].origin
    assert isinstance(origin, LocalOrigin)
    assert origin.path.exists()
    del clones
    assert not origin.path.exists()


@pytest.mark.parametrize("branch", ["nowhere", "f" * 40])
def test_what_is_not_there_is_told_in_gits_words(repository: Path, branch: str) -> None:
    with pytest.raises(UnusableSource, match=r"git cannot fetch .*repository"):
        Clones().list_files(GitRepository(uri=repository.as_uri(), branch=branch))


def test_a_pointer_of_lfs_is_no_content(repository: Path) -> None:
    (repository / "data" / "weights.bin").write_bytes(LFS_POINTER + b"v1\noid sha256:0\nsize 3\n")
    git(repository, "commit", "-qam", "three")
    with pytest.raises(UnusableSource, match=r"data/weights.bin .* only a pointer") as told:
        Clones().list_files(GitRepository(uri=repository.as_uri()))
    assert "git-lfs" in told.value.hint


@pytest.mark.parametrize("uri", ["--upload-pack=touch x", "ext::sh -c x", "/somewhere", "https://a b"])
def test_a_uri_that_is_no_address_is_refused(uri: str) -> None:
    with pytest.raises(ValidationError):
        GitRepository(uri=uri)


def test_a_branch_that_looks_like_an_option_is_refused() -> None:
    with pytest.raises(ValidationError):
        GitRepository(uri="https://example.org/a", branch="--upload-pack=x")
