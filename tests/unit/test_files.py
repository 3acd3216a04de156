"""The one writer of files: whole, with the right permissions, and never out of the project."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from azureml_publish.errors import UsageProblem
from azureml_publish.files import write_bytes, write_edited, write_whole

pytestmark = pytest.mark.skipif(os.name != "posix", reason="permissions and links are those of POSIX")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    (root / "models" / "bert").mkdir(parents=True)
    (root / "publish.yaml").write_text("registries: {}\n", encoding="utf-8")
    return root


@pytest.fixture(params=[0o022, 0o077, 0o002, 0o027])
def umask(request: pytest.FixtureRequest) -> Iterator[int]:
    before = os.umask(request.param)
    yield request.param
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_new_file_respects_the_umask(tmp_path: Path, umask: int) -> None:
    write_whole(tmp_path / "plan.json", "{}")
    write_whole(tmp_path / "notes.json", "{}", durable=False)
    assert mode(tmp_path / "plan.json") == mode(tmp_path / "notes.json") == 0o666 & ~umask


def test_an_existing_file_keeps_its_permissions(tmp_path: Path, umask: int) -> None:
    path = tmp_path / "model.yaml"
    path.write_text("a", encoding="utf-8")
    for kept in (0o600, 0o664, 0o755):
        path.chmod(kept)
        write_whole(path, "b")
        assert mode(path) == kept, umask


def test_what_cannot_be_written_stays_and_is_named(tmp_path: Path) -> None:
    path = tmp_path / "build"
    path.mkdir()
    (path / "kept").write_text("kept", encoding="utf-8")
    with pytest.raises(OSError, match="build") as caught:
        write_bytes(path, b"new")
    assert caught.value.filename == str(path)
    assert [each.name for each in tmp_path.rglob("*")] == ["build", "kept"]
    with pytest.raises(FileNotFoundError, match="gone"):
        write_bytes(tmp_path / "gone" / "file", b"new")


def test_the_longest_name_that_a_folder_takes(tmp_path: Path) -> None:
    path = tmp_path / ("n" * 255)
    write_bytes(path, b"one")
    write_bytes(path, b"two")
    assert path.read_bytes() == b"two"


def test_another_name_of_the_file_keeps_the_old_content(tmp_path: Path) -> None:
    (tmp_path / "one").write_bytes(b"old")
    os.link(tmp_path / "one", tmp_path / "copy")
    write_bytes(tmp_path / "copy", b"new")
    assert (tmp_path / "one").read_bytes() == b"old"


def test_a_plain_write_replaces_a_link(tmp_path: Path) -> None:
    (tmp_path / "outside").write_text("safe", encoding="utf-8")
    (tmp_path / "card.md").symlink_to("outside")
    write_whole(tmp_path / "card.md", "new")
    assert not (tmp_path / "card.md").is_symlink()
    assert (tmp_path / "outside").read_text(encoding="utf-8") == "safe"


@pytest.mark.parametrize("target", ["../shared.yaml", "../../shared/model.yaml"])
def test_an_edit_follows_a_link_inside_the_project(project: Path, target: str) -> None:
    link = project / "models" / "bert" / "model.yaml"
    real = link.parent / target
    real.parent.mkdir(exist_ok=True)
    real.write_bytes(b"\xef\xbb\xbfversion: 1\n")
    real.chmod(0o640)
    link.symlink_to(target)
    write_edited(link, "version: 2\n")
    assert link.readlink() == Path(target)
    assert real.read_bytes() == b"\xef\xbb\xbfversion: 2\n"
    assert mode(real) == 0o640


@pytest.mark.parametrize("absolute", [True, False])
def test_an_edit_does_not_follow_a_link_out_of_the_project(project: Path, *, absolute: bool) -> None:
    outside = project.parent / "outside.yaml"
    outside.write_text("version: 1\n", encoding="utf-8")
    link = project / "models" / "bert" / "model.yaml"
    link.symlink_to(outside if absolute else "../../../outside.yaml")
    with pytest.raises(UsageProblem, match="outside the project"):
        write_edited(link, "version: 2\n")
    assert link.is_symlink()
    assert outside.read_text(encoding="utf-8") == "version: 1\n"


def test_a_project_below_a_linked_folder_is_a_project(project: Path, tmp_path: Path) -> None:
    (project / "models" / "real.yaml").write_text("version: 1\n", encoding="utf-8")
    (project / "models" / "bert" / "model.yaml").symlink_to("../real.yaml")
    (tmp_path / "again").symlink_to(project)
    write_edited(tmp_path / "again" / "models" / "bert" / "model.yaml", "version: 2\n")
    assert (project / "models" / "real.yaml").read_text(encoding="utf-8") == "version: 2\n"
