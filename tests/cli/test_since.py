"""`--since`: the models that a change concerns; and models by name, glob, file and folder."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import Run, edit

Git = Callable[..., str]
BASE, LARGE, DISTIL = "bert-base-cased", "bert-large-cased", "distilbert-base-uncased"


@pytest.fixture
def git(project: Path) -> Git:
    """Runs git in the project, which is a repository with one commit."""

    def run(*arguments: str) -> str:
        names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        command = ["git", "-C", str(project), *names, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=120).stdout.strip()

    (project / ".gitignore").write_text(".publish/\nbuild/\n", encoding="utf-8")
    run("init", "-q", "-b", "main")
    run("add", ".")
    run("commit", "-qm", "begin")
    return run


def touched(publish: Run, project: Path, revision: str = "HEAD", *models: str) -> list[str]:
    """The models that render takes."""
    out = project / "build" / "touched"
    ran = publish("render", *models, "--since", revision, "--out", str(out), "-o", "json")
    assert ran.code == 0, ran
    found = sorted({Path(path).parts[-2] for path in json.loads(ran.out)["changed"]})
    assert json.loads(ran.out)["models"] == len(found)
    for path in sorted(out.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    return found


def test_where_nothing_changed_that_is_said(publish: Run, git: Git) -> None:
    ran = publish("lint", "--since", "HEAD")
    assert (ran.code, ran.err) == (0, "No model changed since HEAD.\nNo findings in 0 models.\n")


def test_a_models_own_files_committed_or_not(publish: Run, project: Path, git: Git) -> None:
    assert touched(publish, project) == []
    edit(project / "models" / BASE / "card.md.j2", "The smaller", "A smaller")
    assert touched(publish, project) == [BASE]
    git("commit", "-qam", "base")
    assert touched(publish, project) == []
    (project / "models" / LARGE / "samples" / "new.txt").write_text("untracked")
    (project / "models" / LARGE / "samples" / "new.txt").rename(project / "models" / LARGE / "samples" / "more.json")
    (project / "models" / LARGE / "samples" / "more.json").write_text("{}")
    assert touched(publish, project, "HEAD~1") == [BASE, LARGE]
    assert touched(publish, project, "HEAD~1", "distil*", LARGE) == [LARGE]
    # Another branch went on meanwhile: that is no change of this one.
    git("checkout", "-q", "-b", "feature", "HEAD~1")
    assert touched(publish, project, "main") == [LARGE]


@pytest.mark.parametrize(
    ("path", "before", "after", "models"),
    [
        ("publish.yaml", "min: 4|1|28|64", "min: 6|1|28|64", [BASE, LARGE]),  # gpu-t4, where distilbert tunes nothing
        ("publish.yaml", "apply_lora: true", "apply_lora: false", [BASE, LARGE]),
        ("publish.yaml", "MLflow Transformers", "Encoders", [BASE, LARGE, DISTIL]),
        ("publish.yaml", "layout: system_metadata", "layout: tags", [BASE, LARGE, DISTIL]),
        ("publish.yaml", "presets:\n", "presets:  # lists\n", []),
        ("templates/sample-links.yaml", "Emotion detection", "Moods", [LARGE]),
        ("templates/card-sections.md.j2", "> **Deprecated.**", "> **Going.**", [BASE, LARGE, DISTIL]),
        ("templates/conda.yaml.j2", "channels", "channels", []),
        ("templates/new-card.md.j2", "what the model does", "what it does", []),
    ],
)
def test_what_models_are_made_of(  # noqa: PLR0917
    publish: Run, project: Path, git: Git, path: str, before: str, after: str, models: list[str]
) -> None:
    edit(project / "models" / BASE / "model.yaml", "finetune: [text-classification, ", "finetune: [")
    for name in ("sample-links.yaml", "card-sections.md.j2", "conda.yaml.j2", "new-card.md.j2"):
        source = Path(__file__).parents[2] / "templates" / name
        (project / "templates").mkdir(exist_ok=True)
        (project / "templates" / name).write_bytes(source.read_bytes())
    git("add", ".")
    git("commit", "-qm", "templates")
    if before != after:
        edit(project / path, before, after)
    assert touched(publish, project) == models


def test_a_local_source_and_the_sizes_of_the_project(publish: Run, project: Path, git: Git) -> None:
    weights = project.parent / "project" / "weights" / "a.onnx"
    weights.parent.mkdir()
    weights.write_bytes(b"one")
    folder = project / "models" / "little"
    folder.mkdir()
    spec = "name: little\nversion: 1\ntype: custom_model\nsource: {local: ../../weights}\nlicense: mit\n"
    (folder / "model.yaml").write_text(f"{spec}description: A.\n")
    git("add", ".")
    git("commit", "-qm", "little")
    weights.write_bytes(b"two")
    assert touched(publish, project) == ["little"]


def test_models_that_are_moved_renamed_and_removed(publish: Run, project: Path, git: Git) -> None:
    models = project / "models"
    git("mv", f"models/{BASE}", "models/other")
    assert touched(publish, project) == ["other"]
    git("commit", "-qm", "moved")
    assert touched(publish, project, "HEAD~1") == ["other"]
    git("mv", "models/other/samples/input.json", f"models/{DISTIL}/samples/moved.json")
    assert touched(publish, project) == [DISTIL, "other"]
    git("reset", "-q", "--hard")
    edit(models / "other" / "model.yaml", f"name: {BASE}", "name: renamed")
    assert touched(publish, project) == ["other"]
    git("checkout", "-q", ".")
    git("rm", "-rq", "models/other")
    assert touched(publish, project) == []
    git("commit", "-qm", "removed")
    assert touched(publish, project, "HEAD~1") == []
    # Nothing of a removed model is left to select, and a name of one is not there.
    assert publish("render", "other", "--since", "HEAD~1").code == 3


def test_templates_and_settings_that_come_and_go(publish: Run, project: Path, git: Git) -> None:
    templates = project / "templates"
    templates.mkdir(exist_ok=True)
    own = templates / "card-sections.md.j2"
    own.write_bytes((Path(__file__).parents[2] / "templates" / own.name).read_bytes())
    assert touched(publish, project) == [BASE, LARGE, DISTIL]
    git("add", ".")
    git("commit", "-qm", "own")
    own.unlink()
    assert touched(publish, project) == [BASE, LARGE, DISTIL]
    git("checkout", "-q", ".")
    edit(project / "publish.yaml", "presets:\n", "presets:\n  spare: {families: [NCasT4_v3], min: 4|1|28|64}\n")
    assert touched(publish, project) == []  # nobody names it
    edit(project / "models" / LARGE / "model.yaml", "finetune: gpu-t4", "finetune: spare")
    git("commit", "-qam", "spare")
    edit(project / "publish.yaml", "spare: {families: [NCasT4_v3], min: 4|1|28|64}", "spare: {families: [NCasT4_v3]}")
    assert touched(publish, project) == [LARGE]


def test_a_submodule_is_what_it_holds(publish: Run, project: Path, git: Git) -> None:
    """git knows of a submodule's new commit, and of no file in it."""
    sub = project.parent / "sub"
    (sub / "deep").mkdir(parents=True)

    def commit(text: str) -> None:
        (sub / "deep" / "a.onnx").write_text(text)
        names = ("-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false")
        for arguments in (("init", "-q"), ("add", "."), ("commit", "-qm", text)):
            subprocess.run(["git", "-C", str(sub), *names, *arguments], check=True, capture_output=True, timeout=120)

    commit("one")
    git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(sub), "vendor")
    for name, source in (("below", "../../vendor/deep"), ("whole", "../../vendor"), ("beside", "../../vendors")):
        (project / "models" / name).mkdir()
        spec = f"name: {name}\nversion: 1\ntype: custom_model\nsource: {{local: {source}}}\nlicense: mit\n"
        (project / "models" / name / "model.yaml").write_text(f"{spec}description: A.\n")
    (project / "vendors").mkdir()
    (project / "vendors" / "a.onnx").write_text("one")
    git("add", ".")
    git("commit", "-qm", "vendor")
    assert touched(publish, project) == []
    commit("two")
    git("-C", "vendor", "-c", "protocol.file.allow=always", "pull", "-q", str(sub))
    assert touched(publish, project) == ["below", "whole"]


def test_a_shallow_clone_says_what_it_lacks(publish: Run, project: Path, git: Git, tmp_path: Path) -> None:
    git("checkout", "-q", "-b", "feature")
    for before, after in (("The larger", "A larger"), ("A larger", "The larger")):
        edit(project / "models" / LARGE / "card.md.j2", before, after)
        git("commit", "-qam", after)
    edit(project / "models" / LARGE / "model.yaml", "languages: [en]", "languages: [de]")
    git("commit", "-qam", "language")
    git("checkout", "-q", "main")
    edit(project / "models" / BASE / "card.md.j2", "The smaller", "A smaller")
    git("commit", "-qam", "base")
    clone = tmp_path / "clone"
    options = ("-q", "--depth", "1", "--no-single-branch", "-b", "feature")
    subprocess.run(["git", "clone", *options, f"file://{project}", str(clone)], check=True, timeout=120)
    for revision, message in (("HEAD~1", "git knows no commit HEAD~1"), ("origin/main", "the clone is shallow")):
        ran = publish("-C", str(clone), "lint", "--since", revision)
        assert (ran.code, message in ran.err, "fetch-depth: 0" in ran.err) == (3, True, True), ran
    subprocess.run(["git", "-C", str(clone), "fetch", "-q", "--unshallow"], check=True, timeout=120)
    ran = publish("-C", str(clone), "render", "--since", "origin/main", "-o", "json")
    assert {Path(path).parts[-2] for path in json.loads(ran.out)["changed"]} == {LARGE}


def test_lint_plan_and_apply_take_it_too(publish: Run, project: Path, git: Git) -> None:
    edit(project / "models" / LARGE / "model.yaml", "license: apache-2.0", "license: nonsense")
    git("commit", "-qam", "large")
    edit(project / "models" / BASE / "model.yaml", "license: apache-2.0", "license: none")
    assert {one["path"] for one in json.loads(publish("lint", "--since", "HEAD", "-o", "json").out)["diagnostics"]} == {
        f"models/{BASE}/model.yaml"
    }
    edit(project / "models" / BASE / "model.yaml", "license: none", "license: mit")
    assert f"{BASE}" in publish("plan", "--since", "HEAD").out
    planned = publish("plan", "--since", "HEAD", "--out", "plan.json", "-o", "json")
    assert [one["model"] for one in json.loads(planned.out)["actions"]] == [BASE]
    assert "without_folder" not in json.loads(planned.out)
    git("commit", "-qam", "base", "--no-verify")
    # The saved plan goes on with the models that it was made for, whatever the commit is called now.
    assert publish("apply", "plan.json", "-q").code == 0
    assert [one["model"] for one in json.loads(publish("list", "-o", "json").out)["assets"]] == [BASE]
    none = publish("plan", "--since", "HEAD", "--out", "none.json")
    assert (none.code, "no models" in none.out) == (0, True)
    done = publish("apply", "none.json")
    assert (done.code, "Nothing to do" in done.out) == (0, True)
    assert publish("apply", "--since", "HEAD", "--yes").code == 0
    assert [one["model"] for one in json.loads(publish("list", "-o", "json").out)["assets"]] == [BASE]
    assert publish("apply", "plan.json", "--since", "HEAD").code == 2


@pytest.mark.long
@pytest.mark.usefixtures("shared_registry")
def test_two_changes_that_chose_one_version(
    publish: Run, project: Path, git: Git, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two pull requests bump a model: the second is found once the first is merged, or applied."""
    spec = project / "models" / BASE / "model.yaml"
    for branch, before, after in (
        ("first", "tokenizer_class: BertTokenizerFast", "tokenizer_class: BertTokenizer"),
        ("second", "mlflow:\n", "mlflow:\n  transformers: 4.56.2\n"),
    ):
        git("checkout", "-q", "-b", branch, "main")
        edit(spec, before, after)
        edit(spec, "version: 18", "version: 19")
        git("commit", "-qam", branch)

    def found(*arguments: str) -> list[str]:
        reported = json.loads(publish("lint", *arguments, "-o", "json").out)["diagnostics"]
        return [f"{one['path']}:{one['line']} {one['message']}" for one in reported if one["code"] == "SPEC051"]

    assert found("--since", "main") == []
    git("update-ref", "refs/remotes/origin/main", "first")
    expected = f"models/{BASE}/model.yaml:3 origin/main has {BASE} 19 as well, with other "
    (one,) = found("--since", "origin/main")
    assert one.startswith(expected)
    assert "content" in one
    # In CI the branch is known, and what is checked out is the merge of both: git sees no conflict in the version.
    git("merge", "-q", "--no-edit", "origin/main")
    assert spec.read_text().count("version: 19\n") == 1
    assert found() == []
    for name, value in (
        ("GITHUB_BASE_REF", "main"),
        ("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main"),
        ("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"),
    ):
        with monkeypatch.context() as patched:
            patched.setenv(name, value)
            assert len(found()) == 1
    planned = publish("plan", BASE, "--since", "origin/main", "--offline")
    assert (planned.code, "SPEC051" in planned.err, f"publish bump {BASE}" in planned.err) == (0, True, True)
    # Where the first is applied, the plan of the second is a conflict, which says what to do; another number is none.
    git("checkout", "-q", "first")
    assert publish("apply", BASE, "--yes", "-q").code == 0
    git("checkout", "-q", "second")
    refused = publish("plan", BASE)
    assert (refused.code, f"publish bump {BASE}" in refused.out) == (6, True)
    assert publish("bump", BASE).code == 0
    assert found("--since", "origin/main") == []
    assert publish("plan", BASE, "--offline").code == 0
    # What changes in place is no other content.
    git("checkout", "-q", "-f", "first")
    edit(project / "models" / BASE / "card.md.j2", "The smaller", "A smaller")
    assert found("--since", "origin/main") == []


def test_a_commit_that_is_not_there(publish: Run, project: Path, git: Git) -> None:
    for revision in ("nosuch", "--output=x", "HEAD:models"):
        ran = publish("lint", f"--since={revision}")
        assert (ran.code, "git knows no commit" in ran.err) == (3, True)
    assert not (project / "x").exists()


def test_outside_of_a_repository(publish: Run, project: Path) -> None:
    ran = publish("plan", "--since", "HEAD")
    assert (ran.code, "not a git repository" in ran.err) == (2, True)


@pytest.mark.parametrize(
    "given",
    [
        "bert-b*",
        f"models/{BASE}",
        f"models/{BASE}/",
        f"models/{BASE}/model.yaml",
        f"models/{BASE}/samples/input.json",
        "models/bert-b*",
        f"./models/../models/{BASE}",
    ],
)
@pytest.mark.usefixtures("shared_registry", "azure_sdk")
@pytest.mark.long
def test_models_are_named_in_many_ways(
    publish: Run, project: Path, monkeypatch: pytest.MonkeyPatch, given: str
) -> None:
    assert publish("apply", given, "--yes", "-q").code == 0
    named = [one["model"] for one in json.loads(publish("list", given, "-o", "json").out)["assets"]]
    assert named == [BASE]
    if "*" not in given:
        assert publish("show", given).code == 0
    assert json.loads(publish("verify", given, "-o", "json").out)["checks"][0]["intact"]
    assert publish("skus", "show", given).code == 0
    assert publish("archive", given, "--yes").code == 0
    monkeypatch.chdir(project / "models" / BASE)
    assert publish("lint", ".").code == 0


def test_a_path_that_leads_nowhere_means_nothing_and_not_everything(publish: Run, project: Path) -> None:
    for given, code in (("weights/nosuch", 3), ("models/nosuch", 3), ("/etc/passwd", 2), ("models/nosuch/x.yaml", 3)):
        for verb in ("lint", "plan"):
            assert publish(verb, given).code == code, given
    assert publish("show", "publish.yaml").code == 2
