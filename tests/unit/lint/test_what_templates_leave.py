"""What templates and programs leave in cards and files, where words say a licence, and what front matter hid."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from azureml_publish.assets import Value
from tests.unit.lint.assets import lint, sound
from tests.unit.lint.cards_at_hand import described, findings, places

TRAINER = (
    "<!-- This model card has been generated automatically according to the information the Trainer had access to.\n"
    "You should probably proofread and complete it, then remove this comment. -->\n"
)


def messages(text: str, code: str, name: str = "little") -> list[str]:
    return [one.message for one in findings(described(f"A model.\n\n{text}\n", name), code)]


def test_the_comments_of_a_template_are_counted_in_one_finding() -> None:
    text = (
        "<!-- Provide a quick summary of what the model is/does. -->\n\n"
        "<!-- Provide the basic links for the model. -->\n\n"
        "<!-- This section is for the model use without fine-tuning or plugging into a larger ecosystem/app. -->\n"
    )
    (message,) = messages(text, "CARD010")
    assert message.startswith("The comment with 'Provide a quick summary of what the model is' is for the card's")
    assert message.endswith(" So are 2 more.")


def test_the_comment_of_a_trainer_asks_to_be_removed() -> None:
    (message,) = messages(TRAINER, "CARD010")
    assert "'proofread and complete it, then remove this comment'" in message
    assert messages(f"```html\n{TRAINER}```\n", "CARD010") == []


@pytest.mark.parametrize(
    ("wrong", "right"),
    [
        (
            "```bash\ngit clone https://huggingface.co/<your-username>/reader\n```\n",
            "Fork it.\n\n```bash\ngit clone https://github.com/<your-username>/reader\n```\n",
        ),
        (
            "```bash\ngit clone https://github.com/your_username/reader.git\n```\n",
            "Replace the name by yours.\n\n```bash\ngit clone https://github.com/your_username/reader.git\n```\n",
        ),
        (
            "```bash\ngit clone https://github.com/your-username/reader.git\n```\n",
            "```bash\ngit clone https://github.com/your-username/your-project.git\n```\n",
        ),
        (
            "```bash\ngit clone https://huggingface.co/your-org/reader\n```\n",
            "```bash\ngit clone https://huggingface.co/your-org/reader\ngit commit -am a\ngit push\n```\n",
        ),
        (
            "- **Dataset**: `your-username/data`\n",
            "**Training settings**\n\n- **Dataset**: `your-username/data`\n",
        ),
        (
            "- **Dataset**: `your_huggingface_username/your_data`\n",
            "Upload it to `your_huggingface_username/your_data`.\n",
        ),
        (
            '```python\nmodel = AutoModel.from_pretrained("<save-directory-or-this-repo>")\n```\n',
            '```python\nmodel = AutoModel.from_pretrained("contoso/reader")\n```\n',
        ),
        ("```bibtex\n@inproceedings{...,\n  year={2020}\n}\n```\n", "```bibtex\n@misc{a,\n  year={2020}\n}\n```\n"),
        ("Provide examples of latent issues and potential remediations.\n", "We provide examples of latent issues.\n"),
    ],
)
def test_what_a_template_left_to_its_author(wrong: str, right: str) -> None:
    assert len(messages(wrong, "CARD010")) == 1
    assert messages(right, "CARD010") == []


def test_a_name_of_a_template_in_front_matter() -> None:
    front = "---\nlicense: mit\ndatasets:\n- {}/answers\n---\nA model.\n"
    assert places(described(front.format("{{HF_NAMESPACE}}")), "CARD010") == ["4:3 CARD010"]
    assert places(described(front.format("contoso")), "CARD010") == []


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("    from json import loads\n    loads('{}')\n", ["4:5 CARD077"]),
        ("    # Load\n\n    import json\n    json.loads('{}')\n", ["6:5 CARD077"]),
        ("    answer = read('{}')\n", []),
        ("from json import loads\n", []),
        ("from stable_baselines3 import ...\n\n...\n", ["4:1 CARD077"]),
        ("import ...\n", ["4:1 CARD077"]),
        (">>> import json\n... # and so on\n", []),
    ],
)
def test_programs_that_python_refuses_as_they_stand(code: str, found: list[str]) -> None:
    assert places(described(f"A model.\n\n```python\n{code}```\n"), "CARD077") == found


def test_commands_in_a_fence_of_python_get_the_word_that_belongs_there() -> None:
    (found,) = findings(described("A model.\n\n```python\npip install torch accelerate\n```\n"), "CARD077")
    assert (found.message, found.hint) == (
        "This is a command, and not Python.",
        "Write bash after the fence of commands.",
    )


def test_a_program_in_a_list_keeps_the_indentation_of_the_list() -> None:
    text = "A model.\n\n1. Load:\n\n   ```python\n   import json\n   ```\n"
    assert places(described(text), "CARD077") == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("```bash\n/lustre/nobackup/team/jdoe/bin/python3 export.py\n```\n", 1),
        ("The weights lie below /gpfs/work/jdoe/models/.\n", 1),
        ("It was saved to file:///Users/jdoe/models/a.\n", 1),
        ("It was trained on files of Lustre, /data/lustre/a/b/c.\n", 0),
    ],
)
def test_paths_of_computing_centres_are_nobody_elses(text: str, count: int) -> None:
    assert len(messages(text, "CARD060")) == count


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("file:///Users/jdoe/work/mlruns/0/a", True),
        ("/home/jdoe/work/mlruns/0/a", True),
        ("C:\\Users\\jdoe\\mlruns\\0\\a", True),
        ("/home/azureuser/cloudfiles/a", False),
        ("/home/trusted-service-user/a", False),
        ("/home/runner/work/a", False),
        ("model", False),
    ],
)
def test_a_folder_of_the_author_in_mlmodel(path: str, found: bool, tmp_path: Path) -> None:
    mlmodel = f"artifact_path: {path}\n" + sound()["MLmodel"].replace("artifact_path", "other_path")
    assert (("CARD060", "MLmodel", 1) in {one[:3] for one in lint(tmp_path, MLmodel=mlmodel)}) == found


TERMS = "A model.\n\n## {}\n\n{}\n"


@pytest.mark.parametrize(
    ("heading", "text", "severity"),
    [
        ("License", "**Research / non-commercial use only.** Trained on data of others.", "info"),
        ("License", "It is licensed under the OPT-175B license, Copyright (c) Contoso.", "info"),
        ("License", "Contoso Research License, as of the model before.", "info"),
        ("License", "Weights: `other`, \u518d\u914d\u5e03\u4e0d\u53ef", "info"),
        ("License", "This is `license: other` until a release license is formally selected.", "warning"),
        ("License", "[More Information Needed]", "warning"),
        ("Training", "For research use only, it was licensed under the Old License.", "warning"),
    ],
)
def test_a_licence_that_a_section_says_in_words(heading: str, text: str, severity: str) -> None:
    model = described(TERMS.format(heading, text))
    model = replace(model, metadata={**model.metadata, "license": "other"})
    (found,) = findings(model, "SPEC009")
    assert (found.severity, "in words" in found.message) == (severity, severity == "info")
    linked = replace(model, card=described(TERMS.format("License", "See the [licence](https://e.com/a).")).card)
    assert findings(linked, "SPEC009") == ()


FRONT = "---\nlicense: mit\nlanguage:\n- en\ntags:\n- a\n---\n"


@pytest.mark.parametrize("front", ["", FRONT, FRONT + "\n"])
def test_front_matter_hides_no_title(front: str) -> None:
    card = f"{front}# Contoso Reader 13B\n\nIt reads.\n"
    (found,) = findings(described(card, "contoso-reader-6.7b"), "MATCH002")
    assert found.message == "The card's title is Contoso Reader 13B, another size than contoso-reader-6.7b."


@pytest.mark.parametrize(
    ("name", "kind", "found"),
    [
        ("reader-moe-8x0.5B-chat", "qwen2", True),
        ("reader-moe-8x0.5B-chat", "mixtral", False),
        ("reader-0.5B-chat", "qwen2", False),
        ("reader-4x", "qwen2", False),
    ],
)
def test_a_name_of_a_mixture_whose_configuration_is_dense(name: str, kind: str, found: bool) -> None:
    config: dict[str, Value] = {"model_type": kind, "hidden_size": 1024, "num_hidden_layers": 24}
    if kind == "mixtral":
        config["num_local_experts"] = 8
    every = [one.message for one in findings(described("A model.\n", name, config=config), "CARD063")]
    assert any("mixture of experts" in one for one in every) == found


def test_a_card_that_is_missing_hides_nothing_else(tmp_path: Path) -> None:
    spec = re.sub(r"\blicense:", "licence:", sound()["spec.yaml"])
    beside = {code for code, *_ in lint(tmp_path / "with", spec_yaml=spec)}
    found = lint(tmp_path / "without", spec_yaml=spec, card=None)
    codes = {code for code, *_ in found}
    assert {"SPEC015", "SPEC008"} <= codes <= {"SPEC015", *beside}
    assert not [path for _, path, *_ in found if path == "description.md"]
