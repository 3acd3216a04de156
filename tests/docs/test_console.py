"""Every console block of README and of the documentation is run, and what it shows is compared with what comes."""

from __future__ import annotations

import os
import shlex
from contextlib import nullcontext
from pathlib import Path

import pytest

from azureml_publish import Emulator
from tests.conftest import REPOSITORY, Run
from tests.docs.console import problem, run, steps
from tests.docs.stages import EMULATED, ON_OTHER_MACHINES, PLAIN, PREPARED, RUN_ELSEWHERE

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]  # a page may have twenty commands

PAGES = {
    path.relative_to(REPOSITORY).as_posix(): path.read_text(encoding="utf-8")
    for path in sorted([REPOSITORY / "README.md", REPOSITORY / "CONTRIBUTING.md", *(REPOSITORY / "docs").rglob("*.md")])
}
TYPED = {name: found for name, text in PAGES.items() if (found := list(steps(text)))}


@pytest.mark.parametrize("page", sorted(TYPED.keys() - RUN_ELSEWHERE.keys() - ON_OTHER_MACHINES))
def test_what_a_page_has_its_reader_type_does_what_the_page_says(page: str, tmp_path: Path) -> None:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "GITHUB_"))},
        "HOME": str(tmp_path),
        "REPOSITORY": str(REPOSITORY),
        # What is looked for on the network is not there.
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    directory = tmp_path / "there"
    directory.mkdir()
    with Emulator(tmp_path / "emulated") if page in EMULATED else nullcontext() as emulator:
        environment |= emulator.environment if emulator else {}
        ended = run(TYPED[page], directory, environment, PREPARED.get(page, PLAIN))
    if problems := [said for one in ended if (said := problem(one))]:
        pytest.fail("\n\n".join(problems), pytrace=False)
    promised = {code for one in ended for code in one.step.codes}
    assert promised <= {one.code for one in ended}


@pytest.mark.parametrize("page", sorted(ON_OTHER_MACHINES))
def test_a_page_about_other_machines_names_options_that_there_are(page: str, publish: Run) -> None:
    typed = [step.command for step in TYPED[page] if not step.command.startswith("#")]
    assert typed
    for command in typed:
        program, *words = shlex.split(command, comments=True)
        assert program in ("dask", "docker", "git", "pip", "publish"), command
        if program == "publish":
            words = words[2:] if words[0] == "-C" else words
            assert publish(*words, "--help").code == 0, command


@pytest.mark.parametrize("page", RUN_ELSEWHERE)
def test_a_page_that_has_a_test_of_its_own_is_read_by_it(page: str) -> None:
    assert page in TYPED
    assert Path(page).name in (REPOSITORY / RUN_ELSEWHERE[page]).read_text(encoding="utf-8")
