"""A release: what builds wheel and image, run here as far as no container engine is needed."""

from __future__ import annotations

import fnmatch
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from tests.ci.runner import Runner, workflow
from tests.conftest import REPOSITORY

DOCKERFILE = (REPOSITORY / "Dockerfile").read_text(encoding="utf-8")
TOOLS = Path(sys.executable).parent


def instructions() -> list[tuple[str, str]]:
    """The instructions of the Dockerfile with their arguments on one line."""
    text = re.sub(r"\\\n", "", re.sub(r"^#.*\n", "", DOCKERFILE, flags=re.MULTILINE))
    return [(line.partition(" ")[0], line.partition(" ")[2].strip()) for line in text.splitlines() if line.strip()]


def copied(folder: Path) -> None:
    """This repository as it is, in git, without what is ignored there."""
    ignored = ("node_modules", "build", "dist", ".publish", ".git", ".venv*", ".*_cache", "__pycache__", ".hypothesis")
    shutil.copytree(REPOSITORY, folder, ignore=shutil.ignore_patterns(*ignored), symlinks=True)
    names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
    for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", "release")):
        subprocess.run(["git", "-C", str(folder), *names, *arguments], check=True, capture_output=True, timeout=120)


def test_a_linter_finds_nothing_in_the_dockerfile() -> None:
    hadolint = [str(TOOLS / "hadolint"), str(REPOSITORY / "Dockerfile")]
    ran = subprocess.run(hadolint, capture_output=True, text=True, timeout=120, check=False)
    assert (ran.returncode, ran.stdout) == (0, "")


def test_the_image_names_its_base_by_digest_and_runs_as_nobody_in_particular() -> None:
    found = instructions()
    assert re.fullmatch(r"BASE=python:3\.\d+-slim-\w+@sha256:[0-9a-f]{64}", found[0][1])
    assert [argument for name, argument in found if name == "FROM"] == ["${BASE} AS build", "${BASE}"]
    last = found[[name for name, _ in found].index("FROM", 2) :]
    assert [argument for name, argument in last if name == "USER"] == ["10001:10001"]
    assert not [argument for name, argument in last if name == "RUN" and "pip" in argument]
    users = [at for at, (name, _) in enumerate(last) if name == "USER"]
    assert not [name for name, _ in last[users[0] :] if name == "RUN"]


def test_what_the_image_is_built_from_is_all_in_its_context() -> None:
    rules = (REPOSITORY / ".dockerignore").read_text(encoding="utf-8").splitlines()

    def kept(path: str) -> bool:
        """As Docker decides: the last rule that matches a path or a folder around it."""
        parents = ["/".join(path.split("/")[:depth]) for depth in range(1, path.count("/") + 2)]
        found = True
        for rule in (one for one in rules if one and not one.startswith("#")):
            pattern = rule.removeprefix("!")
            if any(fnmatch.fnmatchcase(one, pattern.removeprefix("**/")) for one in parents):
                found = rule.startswith("!")
        return found

    sources = [
        shlex.split(argument) for name, argument in instructions() if name == "COPY" and "--from" not in argument
    ]
    for source in (one for each in sources for one in each[:-1]):
        assert (REPOSITORY / source).exists(), source
        assert kept(source), source
    for path in ("models", ".git", "tests", "node_modules", "publish.yaml", "docs/ci.md", "src/azureml_publish/x.pyc"):
        assert not kept(path), path


def test_the_snapshot_of_debian_that_the_base_names_becomes_its_source(tmp_path: Path) -> None:
    """The file as Debian's images have it."""
    sources = tmp_path / "debian.sources"
    stanza = "Types: deb\n# http://snapshot.example/archive/{0}/2026Z\nURIs: http://deb.example/{0}\nSuites: s\n\n"
    sources.write_text(stanza.format("debian") + stanza.format("debian-security"))
    (run,) = [argument for name, argument in instructions() if name == "RUN" and "debian.sources" in argument]
    step = run.partition("&&")[0].replace("/etc/apt/sources.list.d/debian.sources", str(sources))
    subprocess.run(["bash", "-c", step], check=True, timeout=60)
    assert re.findall("^URIs: (.*)$", sources.read_text(), re.MULTILINE) == [
        "http://snapshot.example/archive/debian/2026Z",
        "http://snapshot.example/archive/debian-security/2026Z",
    ]


@pytest.fixture
def nobody() -> int | None:
    """The number of a user without rights; None where the tests are run by one."""
    return 65534 if os.geteuid() == 0 else None


@pytest.fixture
def tmp_path_of_nobody(nobody: int | None) -> Iterator[Path]:
    """A folder that this user may reach; pytest's own are for the user alone who runs it."""
    with tempfile.TemporaryDirectory() as folder:
        if nobody is not None:
            os.chown(folder, nobody, nobody)
        yield Path(folder)


def interpreter(folder: Path, user: int | None) -> Path:
    """A folder with a `python` that a user may run, and beside it one with pip."""
    import pip

    shutil.copytree(Path(pip.__file__).parent, folder / "pip" / "pip")
    home = Path(sys.base_prefix)
    closed = user is not None and any(not one.stat().st_mode & 0o005 for one in (home, *home.parents))
    python = "/usr/bin/python3" if closed else str(Path(sys.executable).resolve())
    (folder / "bin").mkdir()
    (folder / "bin" / "python").symlink_to(python)
    return folder / "bin"


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_the_steps_of_the_image_work_for_a_user_without_rights(nobody: int | None, tmp_path_of_nobody: Path) -> None:
    """Those of its first stage, in folders instead of a container; the second one needs apt as root."""
    tmp_path = tmp_path_of_nobody
    source, target = tmp_path / "source", tmp_path / "opt"
    source.mkdir()
    if nobody is not None:
        os.chown(source, nobody, nobody)
    environ = {"PATH": f"{interpreter(tmp_path, nobody)}:/usr/bin:/bin", "HOME": str(tmp_path)}
    environ["PYTHONPATH"] = str(tmp_path / "pip")  # the base image's own pip
    environ |= {key: value for key, value in os.environ.items() if key.startswith(("PIP_", "SSL_", "REQUESTS_"))}

    def run(*command: str) -> None:
        ran = subprocess.run(
            command, cwd=source, env=environ, capture_output=True, text=True, timeout=1500, check=False,
            user=nobody, group=nobody, extra_groups=None if nobody is None else (),
        )  # fmt: skip
        assert ran.returncode == 0, ran.stderr[-2000:]

    stage = instructions()[1 : [name for name, _ in instructions()].index("FROM", 2)]
    for name, argument in stage:
        if name == "ENV":
            environ |= dict(part.split("=", 1) for part in shlex.split(argument) if part != "PIP_NO_CACHE_DIR=1")
        elif name == "COPY":
            *paths, to = shlex.split(argument)
            for path in paths:
                found, place = REPOSITORY / path, source / (Path(path).name if to == "./" else to)
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copytree(found, place) if found.is_dir() else shutil.copy(found, place)
        elif name == "RUN":
            run("bash", "-c", argument.replace("/opt/publish", str(target)))
    files = sorted(path.relative_to(target).as_posix() for path in target.rglob("*"))
    assert not [path for path in files if re.search(r"site-packages/(hatchling|pip|editables)/", path)]
    assert len([path for path in files if path.endswith(".pyc")]) > 1000
    run(str(target / "bin" / "publish"), "--version")
    run(str(target / "bin" / "publish"), "-C", str(source), "rule", "CARD001")


def test_a_tag_that_is_not_the_version_is_refused(tmp_path: Path) -> None:
    script = ["bash", str(REPOSITORY / "ci" / "build.sh")]
    ran = subprocess.run(
        script, env={**os.environ, "TAG": "v0.0.0"}, capture_output=True, text=True, timeout=60, check=False
    )
    assert (ran.returncode, "The tag is v0.0.0, and the version" in ran.stderr) == (2, True)


def test_the_bill_of_materials_is_one_and_has_every_package_of_the_lock() -> None:
    lock = REPOSITORY / "requirements" / "run.txt"
    command = [sys.executable, str(REPOSITORY / "ci" / "bill.py"), str(lock), "1.2.3"]
    text = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    bill = json.loads(text)
    locked = {line.partition("==")[0] for line in lock.read_text().splitlines() if re.match(r"[a-z0-9]", line)}
    assert {one["name"] for one in bill["components"]} == locked
    assert len(locked) > 60


@pytest.mark.long
@pytest.mark.timeout(3000)
def test_a_release_is_built_twice_alike_and_its_wheel_works(tmp_path: Path) -> None:
    copied(tmp_path / "repository")
    contexts = {"github": {"ref_name": "v0.1.0", "event_name": "push", "token": ""}}
    environ = {"PATH": f"{TOOLS}:/usr/local/bin:/usr/bin:/bin"}
    runs = []
    for number in (1, 2):
        runner = Runner(tmp_path / "repository", contexts, environ)
        job = workflow("release.yml")
        if number == 2:  # building it alone is enough to compare
            job["jobs"]["build"]["steps"] = [
                step for step in job["jobs"]["build"]["steps"] if step["name"] != "Try the wheel"
            ]
        assert runner.job(job, "build", tmp_path / f"run{number}"), runner.log
        (kept,) = (runner.artifacts["dist"] / "dist",)
        runs.append({path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(kept.iterdir())})
        if number == 1:
            assert "3 models" in next(said for name, _, said in runner.log if name == "Try the wheel")
            assert (kept / "NOTES.md").read_text().strip().startswith("### ")
    assert runs[0] == runs[1]
    assert [name.partition("-0.1.0")[0] for name in runs[0]] == [
        "NOTES.md",
        "azureml_publish",
        "azureml_publish",
        "bill-of-materials.cdx.json",
    ]


def test_no_page_or_workflow_names_an_index_that_has_no_such_package() -> None:
    """The package is on no public index: it comes from the repository, or from a wheel of a release."""
    pages = [*REPOSITORY.glob("*.md"), *REPOSITORY.glob("docs/**/*.md"), *REPOSITORY.glob("ci/**/*")]
    pages += [*REPOSITORY.glob(".github/**/*.yml"), REPOSITORY / "action.yml", REPOSITORY / "Dockerfile"]
    for page in (one for one in pages if one.is_file() and one.suffix != ".pyc"):
        text = page.read_text(encoding="utf-8")
        plain = re.findall(r"(?:pip|pipx|uv tool) install (?:-\S+ )*[\"']?azureml-publish\b(?!(?:\[\w+\])?\s*@)", text)
        plain += re.findall(r"uvx (?:--from )?azureml-publish\b", text)
        assert not plain, page
        assert "pypi.org/project/azureml-publish" not in text, page
