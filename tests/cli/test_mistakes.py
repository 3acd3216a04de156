"""What people meet who have just begun: a folder with a mistake, a wrong word, a place without a project."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from azureml_publish.cli import main
from tests.conftest import Run, edit

BROKEN = "bert-base-cased"
THERE = "azureml://registries/local"


@pytest.fixture
def registered(publish: Run, project: Path, shared_registry: None, azure_sdk: None) -> None:
    """A project whose models are registered, and one of whose specs has a mistake since."""
    assert publish("apply", "--yes", "-q").code == 0
    edit(project / "models" / BROKEN / "model.yaml", "languages:", "langauges:")


@pytest.mark.usefixtures("registered")
class TestAFolderThatCannotBeRead:
    def test_is_not_passed_over(self, publish: Run) -> None:
        for line in (
            ["verify"],
            ["verify", "models"],
            ["verify", BROKEN],
            ["verify", "bert-base-*"],
            ["archive", BROKEN, "--yes"],
            ["lock"],
            ["lock", "--check"],
            ["skus", "retiring"],
        ):
            ran = publish(*line)
            assert (ran.code, "Unknown key 'langauges'" in ran.err) == (4, True), (line, ran)

    def test_does_not_stop_who_means_others(self, publish: Run) -> None:
        assert publish("verify", "distilbert-base-uncased").code == 0
        assert publish("verify", f"{BROKEN}:18").code == 0
        assert publish("show", BROKEN).code == 0
        assert publish("lock", "distilbert-base-uncased").code == 0


def test_a_file_that_no_model_is_made_of_selects_nothing(publish: Run, project: Path) -> None:
    (project / "NOTES.md").write_text("Notes.\n")
    for verb in ("lint", "plan", "apply"):
        ran = publish(verb, "./NOTES.md")
        assert (ran.code, "NOTES.md belongs to no model" in ran.err) == (3, True), ran
    (project / "templates").mkdir()
    (project / "templates" / "own.md.j2").write_text("An own template.\n")
    for shared in ("./publish.yaml", "./templates/own.md.j2", "models", "./models/", "."):
        assert "in 3 models" in publish("lint", shared).err, shared


@pytest.mark.usefixtures("project", "azure_sdk")
def test_figures_of_a_stand_in_are_held_against_no_card(publish: Run) -> None:
    assert publish("lock").code == 0
    assert publish("lint").err == "No findings in 3 models.\n"


class TestWithoutAProject:
    def test_the_first_steps_are_named(self, publish: Run, project: Path) -> None:
        (project / "publish.yaml").unlink()
        ran = publish("lint")
        assert ran.code == 2
        for step in ("init ORG/NAME", "init FOLDER", "import DIR", "lint --assets DIR", "-C DIR"):
            assert f"`publish {step}`" in ran.err

    @pytest.mark.usefixtures("project", "azure_sdk")
    def test_a_repository_that_the_stand_in_lacks_leads_to_the_real_hub(self, publish: Run) -> None:
        ran = publish("init", "Qwen/Qwen2.5-0.5B-Instruct")
        assert ran.code == 3
        assert "The stand-in Hub of the registry local has no Qwen/Qwen2.5-0.5B-Instruct at main." in ran.err
        config = yaml.safe_load(ran.err.split("write in publish.yaml: ")[1])
        assert config == {"registries": {"local": {"emulator": ".publish/registry", "hub": "public"}}}

    @pytest.mark.usefixtures("project")
    def test_weights_that_are_elsewhere_have_a_source_of_their_own(self, publish: Run) -> None:
        ran = publish("init", "https://contoso.blob.core.windows.net/models/churn")
        assert (ran.code, "source: {azureblob: {storage: ACCOUNT" in ran.err) == (2, True)

    @pytest.mark.usefixtures("azure_sdk")
    def test_a_registry_that_is_named_by_its_address_is_read(
        self, publish: Run, project: Path, emulator_environment: dict[str, str]
    ) -> None:
        assert emulator_environment
        assert publish("apply", "--yes", "-q", BROKEN, "-r", THERE).code == 0
        (project / "publish.yaml").unlink()
        shutil.rmtree(project / ".publish")
        assert publish("list", "-r", THERE).out.count(BROKEN) == 2
        assert publish("show", f"{BROKEN}:18", "-r", THERE).code == 0
        assert publish("download", BROKEN, "-r", THERE, "--to", str(project / "copy")).code == 0
        assert publish("list", "-r", "local").code == 2
        assert not (project / ".publish").exists()


def test_a_mapping_that_is_wanted_has_its_keys_named(publish: Run, project: Path) -> None:
    spec = project / "models" / "x" / "model.yaml"
    spec.parent.mkdir()
    spec.write_text("name: x\nversion: 1\nsource: {azureblob: https://contoso.blob.core.windows.net/models}\n")
    ran = publish("lint", "x")
    assert "a mapping is wanted." in ran.out
    assert "Known here: container, path, storage." in ran.out
    assert "models/x/card.md.j2 is not there" in ran.out
    assert "Or `description:` in model.yaml." in ran.out


class TestACommandLine:
    @pytest.mark.parametrize(("line", "named"), [([], "  lint "), (["skus"], "  retiring "), (["report"], "  merge ")])
    def test_that_names_no_command_is_answered_with_help(
        self, capfd: pytest.CaptureFixture[str], line: list[str], named: str
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            main(line)
        out, err = capfd.readouterr()
        assert (ended.value.code, out) == (2, "")
        assert err.startswith(f"Usage: {' '.join(['publish', *line])} ")
        assert f"\n{named}" in err
        assert "|" not in err

    def test_that_lacks_a_word_names_the_words_in_one_line(self, publish: Run) -> None:
        assert publish("migrate").err.endswith("Missing option '--to'. Choose from: system_metadata, tags\n")
        assert publish("completion").err.endswith("'SHELL'. Choose from: bash, zsh, fish, powershell\n")

    @pytest.mark.parametrize("option", ["--as-of", "--retired"])
    def test_with_something_else_than_a_day_shows_one(self, publish: Run, option: str) -> None:
        verb = ["lint"] if option == "--as-of" else ["deprecate", "x"]
        assert "'tomorrow' is not a day such as 20" in publish(*verb, option, "tomorrow").err

    @pytest.mark.usefixtures("project")
    @pytest.mark.parametrize("name", ["", "azureml://registries/", "https://contoso"])
    def test_with_a_registry_that_can_be_none_reads_no_other(self, publish: Run, name: str) -> None:
        ran = publish("plan", "-r", name)
        assert ran.code == 3
        assert f"publish.yaml knows no registry '{name}'." in ran.err
        assert ran.err.endswith("One that is not listed: azureml://registries/NAME\n")


def test_help_shows_how_each_shell_is_set_up_line_by_line(publish: Run) -> None:
    lines = publish("completion", "--help").out.splitlines()
    assert [line.split()[0] for line in lines if "publish completion" in line][1:] == [
        "bash:",
        "zsh:",
        "fish:",
        "PowerShell:",
    ]


def test_a_link_that_leads_to_itself_or_nowhere_is_one_finding(publish: Run, project: Path) -> None:
    for name in ("loop", "nowhere"):
        (project / "models" / name).symlink_to(project / "models" / ("loop" if name == "loop" else "gone"))
    ran = publish("lint", "-o", "json")
    assert ran.code == 4
    assert [one["path"].split("/")[1] for one in json.loads(ran.out)["diagnostics"]] == ["loop", "nowhere"]


def test_an_empty_card_is_reported_where_it_is_written(publish: Run, project: Path) -> None:
    (project / "models" / BROKEN / "card.md.j2").write_text("")
    found = json.loads(publish("lint", "-o", "json").out)["diagnostics"]
    assert [(one["code"], one["path"]) for one in found] == [("CARD052", f"models/{BROKEN}/card.md.j2")]


@pytest.mark.usefixtures("registered")
def test_a_log_has_a_line_a_model_and_every_file_only_where_that_is_wanted(publish: Run) -> None:
    assert publish("verify", "distilbert-base-uncased").err == "  distilbert-base-uncased: 11 files, 326.8 KiB\n"
    assert len(publish("verify", "distilbert-base-uncased", "--progress", "lines").err.splitlines()) == 12


def test_an_export_against_a_revision_that_is_not_there_is_none(publish: Run, project: Path) -> None:
    subprocess.run(["git", "init", "-q", str(project)], check=True, timeout=60)
    ran = publish("preview", "--export", "site", "--against", "nowhere")
    assert (ran.code, (project / "site").exists()) == (3, False)
    assert "git knows no revision 'nowhere' here." in ran.err
    assert publish("preview", "--against", "HEAD").code == 2


def test_a_plan_that_errors_stop_says_how_to_go_on_with_the_others(publish: Run, project: Path) -> None:
    edit(project / "models" / BROKEN / "model.yaml", "languages:", "langauges:")
    assert publish("plan").err.endswith("1 error in 3 models. Models without errors can be named alone.\n")
    assert publish("plan", BROKEN).err.endswith("1 error in 1 model.\n")


@pytest.mark.parametrize("name", ["model.onnx", "model.gguf", "model.pt", "model.bin"])
def test_weights_of_no_bytes_are_damaged(publish: Run, project: Path, name: str) -> None:
    folder = project / "models" / "empty"
    (folder / "weights").mkdir(parents=True)
    (folder / "weights" / name).touch()
    source = "{local: weights, allow_pickle: true}"
    spec = f"name: empty\nversion: 1\ntype: custom_model\nsource: {source}\nlicense: mit\ndescription: A model.\n"
    (folder / "model.yaml").write_text(spec)
    ran = publish("lint", "empty")
    assert (ran.code, f"PKG006 {name} is damaged: it is empty." in ran.out) == (4, True), ran
