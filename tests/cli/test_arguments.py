"""Every verb that takes models takes them by name, glob, file and folder alike."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from azureml_publish.cli import VERBS
from tests.cli.test_promote import DEV, MODEL, tiny
from tests.conftest import Run, edit

__all__ = ["tiny"]

FORMS = (
    f"{MODEL}*",
    "*ny",
    f"models/{MODEL}",
    f"models/{MODEL}/",
    f"./models/{MODEL}/model.yaml",
    f"models/{MODEL[:2]}*",
)

WITH: dict[str, tuple[str, ...]] = {
    "lint": (),
    "lock": (),
    "render": (),
    "preview": ("--export", "site"),
    "plan": ("--offline",),
    "apply": ("--yes",),
    "bump": (),
    "explain": ("content", "-m"),
    "skus min": (),
    "skus show": (),
    "skus retiring": ("--within", "3650d"),
    "skus prune": (),
    "verify": (),
    "download": ("--to", "files"),
    "sbom": (),
    "list": (),
    "show": (),
    "promote": ("--from", "local", "--to", DEV, "--yes"),
    "rollback": ("--to", "3"),
    "drift": (),
    "archive": ("--yes",),
    "restore": ("--yes",),
    "deprecate": ("--deprecated", "2027-01-31"),
}
"""The verbs, with what else they need; the model is the last argument."""


def _is_model(one: click.Parameter) -> bool:
    shown = isinstance(one, click.Argument) and "MODEL" in str(one.metavar)
    return shown or one.name in ("models", "model", "names")


def taking_models() -> Iterator[str]:
    """Every command with an argument or option that is a model."""

    def below(name: str, command: click.Command) -> Iterator[str]:
        if isinstance(command, click.Group):
            for inner in command.list_commands(click.Context(command)):
                found = command.get_command(click.Context(command), inner)
                assert found is not None
                yield from below(f"{name} {inner}", found)
        elif any(_is_model(one) for one in command.params):
            yield name

    for verb in VERBS:
        yield from below(verb, importlib.import_module(f"azureml_publish.cli.{verb}").command)


def test_every_verb_with_models_is_tried() -> None:
    # What import takes are models of a registry, not of this project.
    assert sorted(taking_models()) == sorted({*WITH, "import"})


@pytest.mark.usefixtures("shared_registry", "azure_sdk")
@pytest.mark.parametrize("verb", WITH)
@pytest.mark.long
def test_a_model_is_meant_alike_in_every_form(publish: Run, tiny: Path, project: Path, verb: str) -> None:
    other = tiny.with_name("second")
    shutil.copytree(tiny, other)
    edit(other / "model.yaml", f"name: {MODEL}", "name: second")
    if verb not in ("bump", "lock"):
        assert publish("apply", "--yes", "-q").code == 0
    arguments = (*verb.split(), *WITH[verb])

    def said(given: str) -> tuple[int, str]:
        ran = publish(*arguments, given)
        assert ran.code not in (2, 3), ran
        return ran.code, ran.out

    first = said(MODEL)  # what is done once is then as it is
    by_name = first if verb in ("rollback", "download") else said(MODEL)
    for form in FORMS:
        if verb == "rollback":
            assert said(form)[0] == by_name[0], form
        elif verb == "download":
            shutil.rmtree(project / "files")
            assert said(form) == by_name, form
        else:
            assert said(form) == by_name, form
    # All of them are another thing, so that the forms could not all have meant everything.
    if verb in ("verify", "list", "archive", "lint", "render"):
        assert publish(*arguments, "*").out != by_name[1]
