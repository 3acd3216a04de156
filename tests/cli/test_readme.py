"""README's walk, taken from README itself."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY, Run

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def block(language: str, beginning: str) -> str:
    """The fenced block of a language that begins with a text."""
    found = re.search(rf"```{language}\n({re.escape(beginning)}.*?)```", README, re.DOTALL)
    assert found, beginning
    return found[1]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """The folder that the walk begins in."""
    root = tmp_path / "catalogue"
    root.mkdir()
    return root


@pytest.fixture(autouse=True)
def begun(publish: Run, project: Path) -> None:
    """The walk up to its first check."""
    command = re.search(r"^publish (init .*)$", README, re.MULTILINE)
    assert command
    assert publish(*command[1].split()).code == 0
    spec = project / "models/my-bert/model.yaml"
    assert spec.read_text(encoding="utf-8") == block("yaml", "name: my-bert")
    with spec.open("a", encoding="utf-8") as written:
        written.write(block("yaml", "  finetune:"))
    (project / "models/my-bert/card.md.j2").write_text(block("jinja", "{% extends"), encoding="utf-8")


def test_the_walk_ends_with_a_verified_version(publish: Run) -> None:
    verbs = re.findall(r"^publish (\w+)(?: my-bert)?$", block("console", "publish lint"), re.MULTILINE)
    assert verbs == ["lint", "plan", "apply", "verify", "show"]
    for verb in verbs:
        arguments = {"apply": ["--yes"], "show": ["my-bert"]}.get(verb, [])
        ran = publish(verb, *arguments)
        assert ran.code == 0, ran
    assert "Fills in masked words" in ran.out


def test_its_two_changes_do_what_it_says(publish: Run, project: Path) -> None:
    publish("apply", "--yes")
    spec = project / "models/my-bert/model.yaml"
    original = spec.read_text(encoding="utf-8")
    spec.write_text(original.replace("license: apache-2.0", "license: mit"), encoding="utf-8")
    assert "~ my-bert" in publish("plan").out
    spec.write_text(re.sub("revision: [0-9a-f]{40}", f"revision: {'a' * 40}", original), encoding="utf-8")
    stale = publish("plan")
    assert (stale.code, "LOCK001" in stale.err, "`publish lock my-bert`" in stale.err) == (4, True, True)
    assert publish("lock").code == 3  # the Hub has no such commit
    (project / "models/my-bert/source.lock.json").unlink()
    assert publish("plan").code == 6
    publish("bump")
    assert publish("plan").code == 3  # plan looks before apply does
    assert publish("plan", "--offline").code == 0


def test_its_conflict_is_mended_and_applied_as_planned(publish: Run, project: Path) -> None:
    publish("apply", "--yes")
    walk = block("console", "echo 'mlflow")
    appended = re.match(r"echo '(.*)' >> (models/my-bert/model\.yaml)\n", walk)
    assert appended
    with (project / appended[2]).open("a", encoding="utf-8") as written:
        written.write(f"{appended[1]}\n")
    steps = re.findall(r"^publish (.*?) +# (.*)$", walk, re.MULTILINE)
    assert [step for step, _ in steps] == [
        "plan",
        "explain content",
        "bump --required",
        "plan --out release.json",
        "apply release.json",
    ]
    said = {step: publish(*step.split()) for step, _ in steps}
    assert {step: ran.code for step, ran in said.items()} == {step: 6 if step == "plan" else 0 for step, _ in steps}
    assert "needs a new version  content" in said["plan"].out
    assert f"{appended[2]}:{len((project / appended[2]).read_text(encoding='utf-8').splitlines())}:" in (
        said["explain content"].out
    )
    assert "my-bert: 1 → 2" in said["bump --required"].out
    assert "latest: 1 → 2" in said["plan --out release.json"].out
    assert "models/my-bert/versions/2" in said["apply release.json"].out


def test_the_registries_it_names_are_read(publish: Run, project: Path) -> None:
    (project / "publish.yaml").write_text(block("yaml", "registries:"), encoding="utf-8")
    assert publish("plan", "-r", "local").code == 0


def test_every_page_and_picture_it_links_is_there() -> None:
    for target in re.findall(r"\]\((?!https://)([^)#]+)\)", README):
        assert (REPOSITORY / target).is_file(), target
