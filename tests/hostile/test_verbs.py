"""Whole verbs where every text of project, registry and surroundings is an attack: none reaches a reader as it is."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.conftest import ControlPlane, Run, edit
from tests.hostile.outputs import ATTACKS, FORGED, through_json, through_markdown, through_text, through_xml

pytestmark = pytest.mark.usefixtures("shared_registry")

MODEL = "tiny"
TEXTS = tuple(one for one in ATTACKS if "\ud800" not in one)
"""What YAML files, whose text is UTF-8, can hold."""

NAMES = tuple(one.replace("/", "|").replace("\x00", "")[:100] for one in TEXTS)
"""What files can be called on Linux."""


def judge(ran: Any, arguments: tuple[str, ...]) -> list[str]:
    """What got through a run, on either of its outputs."""
    form = next((one for one in ("json", "sarif", "github", "markdown", "svg", "junit") if one in arguments), "text")
    out: Callable[[str], list[str]] = {
        "json": through_json,
        "sarif": through_json,
        "markdown": through_markdown,
        "svg": through_xml,
        "junit": through_xml,
        "github": lambda said: through_text(said, annotations=True),
    }.get(form, through_text)
    wrong = out(ran.out) if ran.out else []
    return [f"{' '.join(arguments)!r}: {one}" for one in (*wrong, *through_text(ran.err))]


def attacked(publish: Run, verbs: tuple[tuple[str, ...], ...]) -> list[str]:
    return [one for arguments in verbs for one in judge(publish(*arguments), arguments)]


@pytest.fixture
def tiny(project: Path) -> Path:
    """A project with one model whose spec is right."""
    for other in (project / "models").iterdir():
        shutil.rmtree(other)
    folder = project / "models" / MODEL
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / "w.bin").write_bytes(b"x")
    (folder / "card.md").write_text("# Tiny\n", encoding="utf-8")
    spec = {
        "name": MODEL,
        "version": 1,
        "type": "custom_model",
        "source": {"local": "weights"},
        "license": "mit",
        "languages": ["en"],
        "compute": {"inference": ["Standard_DS4_v2"]},
    }
    (folder / "model.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
    return folder


def change(folder: Path, **keys: Any) -> None:
    spec = yaml.safe_load((folder / "model.yaml").read_text(encoding="utf-8"))
    (folder / "model.yaml").write_text(yaml.safe_dump({**spec, **keys}), encoding="utf-8")


EVERYTHING = (
    ("lint",),
    ("lint", "-o", "json"),
    ("lint", "-o", "github"),
    ("lint", "-o", "sarif"),
    ("lint", "-o", "junit"),
    ("lint", "--stats"),
    ("render",),
    ("plan", "-o", "markdown"),
    ("plan", "-o", "github"),
    ("plan",),
    ("explain", "tags"),
    ("skus", "min"),
    ("skus", "show", "-o", "svg"),
    ("drift", "-o", "markdown"),
    ("doctor",),
)


def test_fields_of_a_spec(publish: Run, tiny: Path, record_property: Callable[[str, object], None]) -> None:
    """Each key in turn holds all attacks; most are refused, and the refusal quotes them."""
    wrong: list[str] = []
    every = list(TEXTS)
    fields: dict[str, Any] = {
        "name": TEXTS[0],
        "version": TEXTS[1],
        "type": TEXTS[6],
        "license": TEXTS[2],
        "languages": every,
        "datasets": every,
        "tags": {one: one for one in every},
        "description": "\n".join(every),
        "tasks": {"inference": TEXTS[9], "finetune": every},
        "source": {"local": TEXTS[3]},
        "compute": {"inference": every, TEXTS[4]: every},
        "metadata": {one: one for one in every},
        "silence": [{"rule": one, "reason": one} for one in every],
        TEXTS[5]: every,
    }
    before = (tiny / "model.yaml").read_text(encoding="utf-8")
    for key, value in fields.items():
        change(tiny, **{key: value})
        wrong += attacked(publish, EVERYTHING[:5] + EVERYTHING[7:9])
        (tiny / "model.yaml").write_text(before, encoding="utf-8")
    record_property("inputs", len(fields) * 7)
    assert wrong == []


def test_names_of_files_and_folders(publish: Run, tiny: Path, record_property: Callable[[str, object], None]) -> None:
    models = tiny.parent
    for name in NAMES:
        if not name.strip(". "):
            continue
        shutil.copytree(tiny, models / name)
        (models / name / "samples").mkdir()
        (models / name / "samples" / f"{name}.json").write_text("{", encoding="utf-8")
        (tiny / "weights" / name).write_bytes(b"x")
    (models.parent / "templates").mkdir()
    for name in NAMES:
        (models.parent / "templates" / f"{name}.md.j2").write_text("{% if", encoding="utf-8")
    wrong = attacked(publish, EVERYTHING[:6] + EVERYTHING[7:10])
    record_property("inputs", len(NAMES) * 9)
    assert wrong == []


def test_texts_that_are_right_reach_the_registry_and_back(
    publish: Run, tiny: Path, record_property: Callable[[str, object], None]
) -> None:
    """What a spec may say freely is planned, applied, shown, compared and downloaded."""
    (tiny / "card.md").write_text(
        "# Tiny\n\n" + "\n\n".join(one for one in TEXTS if "script" not in one) + "\n", encoding="utf-8"
    )
    change(tiny, tags={f"t{number}": one for number, one in enumerate(TEXTS)}, datasets=["a"])
    wrong = attacked(publish, EVERYTHING)
    assert publish("lint", "-q").code == 0
    after = (
        ("plan", "--out", "p.json"),
        ("apply", "p.json"),
        ("show", MODEL),
        ("show", MODEL, "-o", "json"),
        ("show", MODEL, "--files"),
        ("list",),
        ("verify",),
        ("sbom", MODEL, "-o", "json"),
        ("download", MODEL, "--to", "there"),
    )
    wrong += attacked(publish, after)
    change(tiny, tags={f"t{number}": f"{one}x" for number, one in enumerate(TEXTS)})
    wrong += attacked(publish, (*EVERYTHING[7:10], ("drift",), ("drift", "-o", "github"), EVERYTHING[13]))
    wrong += attacked(publish, (("explain", "tags.t1"), ("explain", "description")))
    record_property("inputs", len(TEXTS) * (len(EVERYTHING) + len(after) + 8))
    assert wrong == []


def test_what_a_registry_answers(
    publish: Run, tiny: Path, control: ControlPlane, record_property: Callable[[str, object], None]
) -> None:
    texts = [one for one in ATTACKS if "\x00" not in one and "\ud800" not in one]
    tags = {f"t{number}": one for number, one in enumerate(texts)}
    described = "\n".join(texts)
    control.register(MODEL, "1", description=described, tags=tags, properties={"publish.run": described, **tags})
    control.register("other", "3", description=described, tags={**tags, FORGED: described}, properties=tags)
    verbs = (
        ("plan",),
        ("plan", "-o", "json"),
        ("plan", "-o", "markdown"),
        ("plan", "-o", "github"),
        ("drift",),
        ("drift", "-o", "json"),
        ("drift", "-o", "markdown"),
        ("drift", "-o", "github"),
        ("show", "other"),
        ("show", "other", "-o", "json"),
        ("list", "-o", "json"),
        ("list",),
        ("verify", "other"),
        ("download", "other"),
        ("sbom", "other", "-o", "json"),
        ("bump", MODEL),
        ("apply", "--yes"),
        ("archive", "other", "--yes"),
        ("promote", "other", "--from", "local", "--to", "azureml://registries/prod", "--yes"),
    )
    wrong = attacked(publish, verbs)
    record_property("inputs", len(texts) * len(verbs))
    assert wrong == []


def test_surroundings_and_arguments(
    publish: Run, tiny: Path, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """Who made a plan, as environment and git have it; arguments that name nothing; a saved plan of somebody else."""
    command = ["git", "-c", "user.name=a", "-c", "user.email=a@b.c", "-C", str(tiny.parent.parent)]
    subprocess.run([*command, "init", "-q"], check=True)
    wrong: list[str] = []
    texts = [one for one in TEXTS if "\x00" not in one][::3]
    for text in texts:
        monkeypatch.setenv("GITHUB_ACTOR", text)
        wrong += attacked(
            publish, (("plan", "--out", "p.json"), ("apply", "p.json", "--layout", "tags"), ("apply", "p.json"))
        )
        plan = tiny.parent.parent / "p.json"
        edit(plan, '"schema_version": 1', '"schema_version": 7')
        edit(plan, '"tool": "', f'"tool": {json.dumps(text)[:-1]}')
        wrong += attacked(publish, (("apply", "p.json"), ("drift", "--since", "p.json")))
        verbs = (
            (text,), ("plan", text), ("show", text), ("lint", text), ("rule", text), ("apply", f"{text}.json"),
            ("plan", "-r", text), ("verify", f"a:{text}"), ("explain", text), ("import", text),
            ("plan", "--as-of", text),
            ("download", "x", "--to", text), ("init", text), ("skus", "list", text), ("lint", "--baseline", text),
        )  # fmt: skip
        wrong += attacked(publish, verbs)
    record_property("inputs", len(texts) * 20)
    assert wrong == []
