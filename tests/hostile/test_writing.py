"""Links and names that lead what is written out of the project, into git's folder or onto what people wrote."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from azureml_publish.assets import AssetId, ManifestEntry
from azureml_publish.content.manifest import parse_manifest
from azureml_publish.content.packaging.layout import check_paths
from azureml_publish.content.packaging.tree import ArtifactFile, RenderedOrigin
from azureml_publish.content.upload.progress import Silent
from azureml_publish.errors import ContentMismatch, UsageProblem
from azureml_publish.execute.download import download
from azureml_publish.files import check_target, is_folder_name, make_folder, write_bytes, write_edited
from azureml_publish.importer.placing import place_folder
from tests.conftest import ControlPlane, Run, edit

MODEL = "bert-base-cased"


def _state(*folders: Path) -> dict[str, str]:
    """Every file and link below some folders, with its content."""
    return {
        str(path): str(path.readlink()) if path.is_symlink() else hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


@pytest.fixture
def git(project: Path) -> Path:
    """A folder as git has it."""
    folder = project / ".git"
    (folder / "hooks").mkdir(parents=True)
    (folder / "config").write_text("[core]\n", encoding="utf-8")
    (folder / "spec.yaml").write_text("of git\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("place", ["build", f"build/{MODEL}", f"build/{MODEL}/sub"])
@pytest.mark.parametrize("target", [".git", "models", "templates", "../outside", ".github"])
def test_render_writes_through_no_link(publish: Run, project: Path, git: Path, place: str, target: str) -> None:
    carried = project / "models" / MODEL / "files" / "sub"
    carried.mkdir(parents=True)
    (carried / "config").write_text("[core]\nfsmonitor = touch owned\n", encoding="utf-8")
    (carried.parent / "config").write_text("[core]\nfsmonitor = touch owned\n", encoding="utf-8")
    (project / target).mkdir(exist_ok=True)
    (project / place).parent.mkdir(parents=True, exist_ok=True)
    (project / place).symlink_to((project / target).resolve())
    kept = [folder for folder in (git, project / "models", project.parent / "outside") if folder.exists()]
    before = _state(*kept)
    ran = publish("render", MODEL)
    assert ran.code == 2, ran.out
    assert "link" in ran.err
    assert _state(*kept) == before


@pytest.mark.parametrize(
    "out", [".", "models", "models/x", ".git", ".git/x", "..", "templates", ".publish", ".github/x", "MODELS"]
)
def test_render_writes_onto_no_source(publish: Run, project: Path, git: Path, out: str) -> None:
    (project / "templates").mkdir()
    before = _state(project)
    ran = publish("render", "--out", out)
    assert ran.code == 2, ran.out
    assert git.exists()
    assert _state(project) == before


def test_a_folder_called_git_is_not_carried(publish: Run, project: Path) -> None:
    for name in (".git", ".GIT", "git~1", ".publish"):
        folder = project / "models" / MODEL / "files" / name
        folder.mkdir(parents=True)
        (folder / "config").write_text("[core]\n", encoding="utf-8")
    ran = publish("lint", MODEL, "--format", "json")
    assert ran.code == 4
    told = [one for one in json.loads(ran.out)["diagnostics"] if one["code"] == "SPEC015"]
    assert len(told) == 4


@pytest.mark.parametrize(
    "verb",
    [
        ("deprecate", MODEL, "--retired", "2030-01-31"),
        ("bump", MODEL, "--to", "99"),
        ("migrate", "--to", "tags", "--bump", "--write"),
        ("lint", "--fix", "--unsafe", MODEL),
    ],
)
@pytest.mark.usefixtures("shared_registry")
@pytest.mark.parametrize("linked", ["models", f"models/{MODEL}"])
def test_edits_go_through_no_linked_folder(publish: Run, project: Path, verb: tuple[str, ...], linked: str) -> None:
    if verb[0] == "lint":
        edit(project / "models" / MODEL / "model.yaml", "\nlicense:", "\nlicence:")
    elsewhere = project / "elsewhere"
    shutil.move(project / linked, elsewhere)
    (project / linked).symlink_to(elsewhere)
    before = _state(elsewhere)
    ran = publish(*verb)
    assert ran.code != 0 or verb[0] == "migrate"  # that one changes publish.yaml alone
    assert _state(elsewhere) == before


def test_a_linked_spec_is_followed_inside_the_project_only(project: Path, tmp_path: Path) -> None:
    spec = project / "models" / MODEL / "model.yaml"
    for target, taken in ((project / "shared.yaml", True), (tmp_path / "foreign.yaml", False)):
        target.write_bytes(spec.read_bytes())
        spec.unlink()
        spec.symlink_to(target)
        before = target.read_bytes()
        if taken:
            write_edited(spec, "name: other\n")
            assert target.read_text() == "name: other\n"
            target.write_bytes(before)
        else:
            with pytest.raises(UsageProblem, match="link"):
                write_edited(spec, "name: other\n")
            assert target.read_bytes() == before
        assert spec.is_symlink()


@pytest.mark.parametrize("linked", [".publish", ".publish/journal", ".publish/journal/local"])
@pytest.mark.usefixtures("shared_registry")
def test_apply_keeps_its_state_behind_no_link(publish: Run, project: Path, tmp_path: Path, linked: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "lock").write_text("foreign", encoding="utf-8")
    (project / linked).parent.mkdir(parents=True, exist_ok=True)
    (project / linked).symlink_to(outside)
    ran = publish("apply", MODEL, "--yes")
    assert ran.code == 2, ran.out
    assert "link" in ran.err
    assert [path.name for path in outside.iterdir()] == ["lock"]
    assert (outside / "lock").read_text() == "foreign"


NAMES = (
    "", ".", "..", "../x", "a/b", "/etc/x", "a\\b", "..\\x", "C:x", "C:\\x", ".git", ".GIT", ".hidden", "con", "NUL",
    "com1.txt", "LPT9", "aux.", "a.", "a ", "a\x00b", "a\nb", "a\x1b[2J", "a:b", "a*b", "a?b", "a|b", "<a>", 'a"b',
    "x" * 256, "é" * 200, "COM¹", "CONIN$",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_names_that_are_no_folder(name: str) -> None:
    assert not is_folder_name(name)


@pytest.mark.parametrize(
    "name", ["bert-base-cased", "Phi-3.5-mini-instruct", "a", "console", "x" * 255, "com10", "modèle"]
)
def test_names_that_are_one(name: str) -> None:
    assert is_folder_name(name)


@pytest.mark.parametrize("name", ["../x", "/etc/x", ".git", "NUL", "a\\b", "sub/con.txt", "com1.x"])
def test_init_takes_no_such_name(publish: Run, project: Path, name: str) -> None:
    before = _state(project.parent)
    assert publish("init", "google-bert/bert-base-cased", "--name", name).code == 2
    assert _state(project.parent) == before


@pytest.mark.parametrize("name", ["NUL", "con.v1", "a..", "aux.safetensors"])
@pytest.mark.usefixtures("shared_registry")
def test_import_takes_no_such_name_from_a_registry(
    publish: Run, project: Path, control: ControlPlane, name: str
) -> None:
    control.register(name, "1")
    before = _state(project)
    ran = publish("import", "-r", "local", name)
    assert ran.code != 0
    assert _state(project) == before


@pytest.mark.parametrize("into", [".git/models", ".git/x/models", "linked/models", "models"])
def test_import_writes_into_no_such_place(publish: Run, project: Path, git: Path, tmp_path: Path, into: str) -> None:
    assert publish("render", MODEL, "--out", str(tmp_path / "assets")).code == 0
    outside = tmp_path / "outside"
    (outside / "models").mkdir(parents=True)
    shutil.rmtree(project / "models")
    (project / "models").symlink_to(outside / "models")
    (project / "linked").symlink_to(outside)
    before = _state(git, outside)
    ran = publish("import", str(tmp_path / "assets"), "--into", into)
    assert ran.code == 2, ran.out
    assert _state(git, outside) == before


def test_a_model_folder_that_is_a_link_is_not_replaced(project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    shutil.rmtree(project / "models")
    (project / "models").symlink_to(outside)
    with pytest.raises(UsageProblem, match="link"):
        place_folder(project / "models" / "a", project, {"model.yaml": b"name: a\n"})
    assert not list(outside.iterdir())


def test_the_writer_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "a").mkdir(parents=True)
    (root / "link").symlink_to(tmp_path)
    (root / "leaf").symlink_to(tmp_path / "foreign")
    for path in (root / "link" / "x", root / "a" / ".." / ".." / "x", root / ".git" / "x", root / "a" / ".Git " / "x"):
        with pytest.raises(UsageProblem):
            write_bytes(path, b"x", root=root)
        with pytest.raises(UsageProblem):
            make_folder(path, root)
    write_bytes(root / "leaf", b"x", root=root)
    assert not (root / "leaf").is_symlink()
    assert not (tmp_path / "foreign").exists()
    check_target(root / "a" / "b", root)


@pytest.mark.parametrize(
    "paths",
    [
        ("a", "a/b"),
        ("A", "a/b"),
        ("a/b", "a/b/c/d"),
        ("a/../b",),
        ("/a",),
        ("a\\b",),
        ("C:a",),
        ("a\x00b",),
        ("a//b",),
        ("a.",),
    ],
)
def test_a_source_whose_files_cannot_lie_in_one_folder_is_refused(paths: tuple[str, ...]) -> None:
    files = [ArtifactFile(path, 1, RenderedOrigin(b"x")) for path in ("ok/one", *paths)]
    (found,) = check_paths(files)
    assert found.refuses
    assert [*check_paths([files[0], ArtifactFile("ok.txt", 1, RenderedOrigin(b"x"))])] == []


HOSTILE_PATHS = (
    "a\x00b", "\ud800", "\udc80x", ".", "..", "../a", "a/../../b", "", "/a", "//h/s", "C:/a", "c:a", "a\\b", "..\\a",
    ".git/config", "x/.GIT/hooks/pre-commit", "git~1/config", ".git./config", "a\nb", "a\x7fb",
)  # fmt: skip


class _Stored:
    """What a hostile registry answers: a manifest that fits its digest, and a byte for every file."""

    uri = "https://storage.example/c"

    def __init__(self, *entries: object) -> None:
        self.manifest = json.dumps({"schema_version": 1, "files": entries}).encode()

    def read_part(self, path: str, *_part: int) -> bytes:
        return self.manifest if path == "publish-manifest.json" else b"x"

    def files(self) -> dict[str, object]:
        return {}


@pytest.mark.parametrize("path", HOSTILE_PATHS)
def test_a_download_writes_nothing_where_a_manifest_leads_out(tmp_path: Path, path: str) -> None:
    entry = ManifestEntry(path, 1, hashlib.sha256(b"x").hexdigest())
    line = f"{entry.sha256} 1 {path}\n".encode(errors="surrogatepass")
    stored: Any = _Stored(entry._asdict())
    with pytest.raises((ContentMismatch, UsageProblem)):
        download(AssetId("r", "m", 1), stored, hashlib.sha256(line).hexdigest(), tmp_path / "to", Silent())
    assert not [one for one in tmp_path.rglob("*") if one.is_file()]


@pytest.mark.parametrize("size", [-1, 1.5, float("inf"), "1", None, True, [1], 10**30])
def test_a_size_that_is_none_is_no_manifest(size: object) -> None:
    entry = {"path": "a", "size": size, "sha256": "0" * 64}
    if size == 10**30:
        assert parse_manifest(_Stored(entry).manifest)[0].size == size
        return
    with pytest.raises(ValueError, match="no size"):
        parse_manifest(_Stored(entry).manifest)
