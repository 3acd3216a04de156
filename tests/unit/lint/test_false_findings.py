"""What strangers' folders and cards hold and is right, or is one fact: restated from public repositories.

Sources: Azure/azureml-assets (system, foundrylocal and promptflow models), docker/model-cards, huggingface/transformers
(model_cards), and model cards of single authors on GitHub; docs/lint-precision.md names them.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from azureml_publish.assets import Value
from tests.unit.lint.assets import TODAY, lint, run, sound, write
from tests.unit.lint.cards_at_hand import described, findings

LLAMA = '```python\nmodel = AutoModel.from_pretrained("contoso/llama-3.1-8b-4bit")\n```\n'
SPEEDS = "|Size|Requests|Latency (s)|\n|--|--|--|\n|Standard_NC24s_v3|1.08|34.9|\n"
RECOVERY = "|Task|Base|This|\n|--|--|--|\n|**Accuracy Recovery (%)**|100|100.25|\n"
MEMBERS = '```json\n"reader": {\n  "command": "npx",\n  "args": ["-y"]\n}\n```\n'
REQUEST = '```json\nPOST /api/answers\n{"text": "a"}\n```\n'
CURSOR = "```python\ndef answer():\n    |\n    return text\n```\n"
TUNED = "---\nbase_model: mistralai/Mistral-Small-24B-Base-2501\n---\n\nA reader.\n"
LINES = '```json\n{"text": "a"}\n{"text": "b"}\n```\n'
MANUAL = "eyJhbGciOiJIUzI1NiJ9.eyJzb21lIjoicGF5bG9hZCJ9.Joh1R2dYzkRvDkqv3sygm5YyK8Gi4ShZqbhK2gxcs2U"
ISSUED = MANUAL.replace("eyJzb21lIjoicGF5bG9hZCJ9", "eyJpc3MiOiJjb250b3NvIiwiZXhwIjoxN30")
LOAD = """```python
model = AutoModel.from_pretrained("contoso/contoso-reader-2b")
{} = AutoModel.from_pretrained("{}")
```
"""
PEFT = """```python
base = AutoModel.from_pretrained("mistralai/Mistral-7B-v0.1")
model = PeftModel.from_pretrained(base, "contoso/{}")
```
"""
ARCHITECTURE = "(0): Transformer({'max_seq_length': 64})\n(1): Dense({'in_features': 256, 'out_features': 48})"
REDUCED = f"It maps sentences to a 48 dimensional space.\n\n```\n{ARCHITECTURE}\n```\n"
CHOICE = '```python\nmodel_id = "contoso/contoso-reader-7b"  # or contoso/contoso-reader-2b\n```\n'
BOTH = """```python
tokens = AutoTokenizer.from_pretrained("contoso/contoso-reader-7b")
model = AutoModel.from_pretrained("contoso/contoso-reader-7b")
```
"""
LINKED = "- [{}](https://huggingface.co/contoso/contoso-reader-7b)\n"
PASSED = '```python\nmodel = AutoModel.from_pretrained("contoso/contoso-reader-2b", {}="eager")\n```\n'
STATES = "|Part|{}|\n|--|--|\n|Demo|Available|\n|Weights|{}|\n"
TRUE = {
    "a line that leaves the choice": ("CARD027", CHOICE),
    "words that name another size": ("CARD027", LINKED.format("Contoso Reader 8B")),
    "a sibling that drafts": ("CARD027", LOAD.format("assistant_model", "contoso/contoso-reader-0.5b")),
    "an adapter's base": ("CARD068", PEFT.format("contoso-reader-2b")),
    "things to do in words": (
        "CARD010",
        "It finds TODO items, or a TODO in code, and \u201cTODO\u201d between quotes.\n",
    ),
    "a list of things to do": ("CARD010", "# Reader\n\n## \U0001f4dd TODO\n\n- [x] English\n- [ ] German\n"),
    "such a list below words in bold": ("CARD010", "**TODO:**\n\n1. German\n"),
    "such a list below a line": ("CARD010", "TODO\n====\n\n* German\n"),
    "a title that ends with things to do": ("CARD010", "# Reader\n\n## Limitations and TODO\n\nIt reads English.\n"),
    "a title that begins with them": ("CARD010", "# Reader\n\n## TODO / Roadmap\n\nIt reads English.\n"),
    "what is to do as a state": ("CARD010", STATES.format("Status", "TODO")),
    "what is to come as a state": ("CARD010", STATES.format("Release", "Coming soon")),
    "an argument that is not for everybody": ("CARD077", PASSED.format("_attn_implementation")),
    "brackets in words": ("CARD010", "Signs {{ and }} stand alone, as in run::{{closure}}.\n"),
    "members of an object": ("SMPL001", MEMBERS),
    "one value a line": ("SMPL001", LINES),
    "a request line before an object": ("SMPL001", REQUEST),
    "a placeholder for a value": ("SMPL001", '```json\n{"image": <image-url>, "text": "a <word>"}\n```\n'),
    "code with a cursor": ("CARD077", CURSOR),
    "a long card": ("CARD050", "A reader of texts.\n" * 1000),
    "a key of Amazon's manual": ("CARD059", "It is `AKIAIOSFODNN7EXAMPLE`.\n"),
    "a web token of a manual": ("CARD059", f"It is `{MANUAL}`.\n"),
    "the base is named in words": ("CARD068", f"Built on Meta Llama 3.1 8B.\n\n{LLAMA}"),
    "the base between backticks": ("CARD068", f"Fine-tuned from `contoso/llama-3.1-8b-4bit`.\n\n{LLAMA}"),
    "measured on a retired size": ("SKU016", SPEEDS),
    "trained on a retired size": ("SKU016", "It was trained on four Standard_NC24s_v3 for a day.\n"),
    "recovery above the whole": ("CARD071", RECOVERY),
    "how often a class is there": ("CARD071", "|Class|F1|Support|\n|--|--|--|\n|a|0.9|120|\n|accuracy|0.87|200|\n"),
    "a count of samples": ("CARD071", "|Metric|Samples|\n|--|--|\n|F1 (95 % CI)|1200|\n"),
    "a climate scenario": ("CARD075", "Trained on the data of a climate scenario from 1850 through 2050.\n"),
    "parameters of an adapter": (
        "MATCH009",
        "The model's size:\n\n|Part|Size|\n|--|--|\n|Adapter|LoRA (49.3M params)|\n",
    ),
}
WRONG = {
    "a name that a program was not given": ("CARD010", "# {MODEL_NAME}\n\nA reader. Load `{MODEL_NAME}`.\n"),
    "things to do": ("CARD010", "# Limitations\n\nTODO: write this.\n"),
    "a section that is to do": ("CARD010", "# Reader\n\n## Results (TODO)\n\n- German\n"),
    "things to do in a list": ("CARD010", "- Reads English\n- TODO\n- Reads German\n"),
    "a text to do below its title": ("CARD010", "# Reader\n\n## TODO\n\nMore.\n"),
    "a figure to do": ("CARD010", STATES.format("F1", "TODO")),
    "a state that is not known": ("CARD010", STATES.format("Status", "TBD")),
    "an argument that there is not": ("CARD077", PASSED.format("attn_implementaion")),
    "a sibling that is loaded twice": ("CARD027", BOTH),
    "words that name this family": ("CARD027", LINKED.format("Contoso Reader")),
    "a sibling that is loaded": ("CARD027", LOAD.format("tokens", "contoso/contoso-reader-0.5b")),
    "an adapter of another": ("CARD068", PEFT.format("legal")),
    "members with a comma too many": ("SMPL001", MEMBERS.replace('["-y"]', '["-y"],')),
    "a request that is no object": ("SMPL001", REQUEST.replace('"a"}', '"a"')),
    "code with a bar too many": ("CARD077", CURSOR.replace("|", "text = |")),
    "a line that does not end": ("SMPL001", LINES.replace('"b"}', '"b"')),
    "a card that is not read": ("CARD050", "A reader of texts.\n" * 20_000),
    "a web token that somebody issued": ("CARD059", f"It is `{ISSUED}`.\n"),
    "a base that nothing names": ("CARD068", f"A reader of texts.\n\n{LLAMA}"),
    "a retired size to deploy on": ("SKU016", "Deploy it on Standard_NC24s_v3.\n"),
    "a share above the whole": ("CARD071", RECOVERY.replace("Accuracy Recovery", "Accuracy").replace("100.25", "725")),
    "data to come": ("CARD075", "Trained on the data of the web from 1998 through 2050.\n"),
    "parameters of another": ("MATCH009", "The model has 49.3M parameters.\n"),
}


def codes(code: str, text: str) -> list[str]:
    model = replace(described(text, "contoso-reader-2b"), as_of=TODAY)
    return [one.code for one in findings(model, code) if one.severity != "info"]


@pytest.mark.parametrize(("code", "text"), TRUE.values(), ids=TRUE)
def test_what_is_true_is_not_found(code: str, text: str) -> None:
    assert codes(code, text) == []


@pytest.mark.parametrize(("code", "text"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_is_found_all_the_same(code: str, text: str) -> None:
    assert codes(code, text) == [code]


def test_one_finding_says_of_all_places_that_were_never_written() -> None:
    needed = "More Information Needed"
    text = f"- **License:** [{needed}]\n\n## Uses\n\n[{needed}]\n\n## Data\n\n{needed.capitalize()}\n"
    (found,) = findings(described(text), "CARD010")
    assert found.message == "'[More Information Needed]' is a placeholder that was never filled in. So are 2 more."


def test_one_finding_says_of_all_samples_for_another_family() -> None:
    links = "".join(
        f"[{kind}](https://aka.ms/azureml-infer-online-{kind}-text-generation-dolly)\n" for kind in ("sdk", "cli")
    )
    (found,) = findings(described(links, task="text-generation"), "CARD028")
    assert found.message.startswith("The sample 'sdk' and 1 more are written for models of the family dolly")


def spec_of(tmp_path: Path, old: str, new: str, layout: str = "tags") -> list[tuple[str, str, str]]:
    """Code, severity and message of what is found with one change of a sound spec."""
    spec = sound(layout)["spec.yaml"]
    assert old in spec
    lint(tmp_path, spec_yaml=spec.replace(old, new))
    return [(one.code, str(one.severity), one.message) for one in run(tmp_path).found]


def test_a_misspelled_task_is_one_finding_at_its_line(tmp_path: Path) -> None:
    spec = sound()["spec.yaml"]
    wrong = spec.replace("- fill-mask", "- fil-mask")
    assert wrong != spec
    line = 1 + wrong.splitlines().index(next(one for one in wrong.splitlines() if "fil-mask" in one))
    found = [one for one in lint(tmp_path, spec_yaml=wrong) if one[0] in ("SPEC034", "GATE001")]
    assert [(code, at) for code, _, at, _ in found] == [("SPEC034", line)]


def test_a_licence_under_properties_is_said_to_be_there(tmp_path: Path) -> None:
    spec = sound("tags")["spec.yaml"]
    moved = spec.replace("  license: mit\n", "").replace("properties:\n", "properties:\n  license: mit\n")
    assert moved != spec
    lint(tmp_path, spec_yaml=moved)
    assert [one.message for one in run(tmp_path).found if one.code == "SPEC008"] == [
        "The licence 'mit' is under `properties`, where nothing looks for it."
    ]


def test_a_flow_of_prompts_needs_no_licence(tmp_path: Path) -> None:
    spec = sound("tags")["spec.yaml"].replace("  license: mit\n", "")
    lint(tmp_path, spec_yaml=spec.replace("properties:\n", "properties:\n  is-promptflow: true\n"))
    assert "SPEC008" not in [one.code for one in run(tmp_path).found]


@pytest.mark.parametrize(("again", "severity"), [("en", "info"), ("EN", "info"), ("en, de", "warning")])
def test_languages_as_tag_and_property_matter_where_they_differ(tmp_path: Path, again: str, severity: str) -> None:
    found = spec_of(tmp_path, "tags:\n", f"tags:\n  languages: {again}\n")
    assert [one for code, one, _ in found if code == "SPEC020"] == [severity]


def test_old_keys_that_a_version_kept_are_one_info_a_folder(tmp_path: Path) -> None:
    spec = sound()["spec.yaml"] + "properties:\n  inference-min-sku-spec: 2|0|7|14\n  languages: en\n"
    lint(tmp_path, spec_yaml=spec)
    found = [(one.code, str(one.severity)) for one in run(tmp_path).found if one.code in ("SPEC020", "SPEC033")]
    assert ("SPEC033", "info") in found
    assert {severity for code, severity in found if code == "SPEC020"} <= {"warning"}  # of values that differ alone


@pytest.mark.parametrize(("task", "mixed"), [("tabular-regression", False), ("fill-mask", True)])
def test_the_tag_of_a_task_that_the_service_has_no_name_for(tmp_path: Path, task: str, mixed: bool) -> None:
    lint(tmp_path, spec_yaml=sound()["spec.yaml"] + f"tags:\n  task: {task}\n")
    assert ("SPEC033" in [one.code for one in run(tmp_path).found]) == mixed


def test_a_comma_that_is_missing_between_sizes_is_said_to_be_missing(tmp_path: Path) -> None:
    spec = sound()["spec.yaml"]
    name = next(word for word in spec.split() if word.startswith("Standard_"))
    lint(tmp_path, spec_yaml=spec.replace(name, f"{name} Standard_DS5_v2", 1))
    hints = [one.hint for one in run(tmp_path).found if one.code == "SKU003"]
    assert hints == [f"A comma is missing: {name}, Standard_DS5_v2."]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("CARD064", "See [how](docs/how.md), and [how](docs/how.md) again.\n"),
        ("CARD066", "See [how][howto], and [again][howto].\n"),
        ("CARD066", "It reads well[^1], and sings well[^1].\n"),
        ("CARD020", "See [how](http://contoso.example/how.zip), and [how](http://contoso.example/how.zip) again.\n"),
    ],
)
def test_a_target_that_is_missing_is_one_finding_a_card(code: str, text: str) -> None:
    assert codes(code, text) == [code]


def test_embeddings_that_a_last_layer_makes_smaller_are_not_those_of_config_json() -> None:
    config: dict[str, Value] = {"hidden_size": 256}
    plain, reduced = (
        findings(described(text, task="embeddings", config=config), "CARD063")
        for text in (REDUCED.replace("out_features", "size"), REDUCED)
    )
    assert (len(plain), reduced) == (1, ())


@pytest.mark.parametrize(
    ("language", "hint"),
    [
        ("English", "Write en."),
        ("Portugese", "Write pt."),
        ("eng", "Write en."),
        ("fr-CA", "Write fr."),
        ("haw\n  - jw", "Write jv, and leave haw out."),
        ("Klingonish", "`publish rule GATE001` shows where the 189 values of languages are."),
    ],
)
def test_a_language_by_its_name_is_given_its_code(tmp_path: Path, language: str, hint: str) -> None:
    spec = sound()["spec.yaml"]
    assert "  languages:\n  - en\n" in spec
    lint(tmp_path, spec_yaml=spec.replace("  languages:\n  - en\n", f"  languages:\n  - {language}\n"))
    assert [one.hint for one in run(tmp_path).found if one.code == "GATE001"] == [hint]


WEIGHTS = {"MLmodel": "flavors: {python_function: {loader_module: mlflow.sklearn, model_path: model.pkl}}\n"}


@pytest.mark.parametrize(
    ("files", "unread"),
    [
        ({"readings.txt": ""}, ["readings.txt"]),
        ({**WEIGHTS, "serving.json": "{}"}, ["serving.json"]),
        (
            {
                "MLmodel": f"{WEIGHTS['MLmodel']}saved_input_example_info: {{serving_input_path: serving.json}}\n",
                "serving.json": "{}",
            },
            [],
        ),
        ({"model.safetensors": "", "vocab.txt": "", "tokenizer.json": "{}"}, []),
        ({"model.safetensors": "", "Description.MD": ""}, ["Description.MD"]),
    ],
)
def test_files_beside_weights_are_read_by_what_loads_them(
    tmp_path: Path, files: dict[str, str | bytes], unread: list[str]
) -> None:
    write(tmp_path, {**sound(), **files})
    assert [Path(one.location.path).name for one in run(tmp_path).found if one.code == "SPEC016"] == unread


def test_an_address_ends_where_a_sentence_in_chinese_goes_on() -> None:
    text = "\u8be6\u89c1 http://contoso.example/how\uff0c\u6b22\u8fce\u4f7f\u7528\u3002\n"
    (found,) = findings(described(text), "CARD020")
    assert (found.message.split(" goes")[0], found.hint) == (
        "The link to http://contoso.example/how",
        "Write https instead; keep http only if contoso.example does not answer there.",
    )


def test_one_fix_writes_https_at_each_place_of_an_address() -> None:
    text = "See [how](http://arxiv.org/abs/1810.04805) or [why](http://arxiv.org/abs/1810.04805).\n"
    (found,) = findings(described(text), "CARD020")
    assert "(2 times)" in found.message
    assert found.fix is not None
    assert [edit.text for edit in found.fix.edits] == ["https://", "https://"]


def test_the_page_of_what_a_build_was_made_of_is_no_siblings() -> None:
    text = "See the [original model card](https://huggingface.co/contoso/contoso-reader-2b).\n"
    names = ("contoso-reader-2b-bf16", "contoso-reader-2b-generic-cpu", "contoso-reader-7b-bf16")
    assert [len(findings(described(text, name), "CARD027")) for name in names] == [0, 0, 1]


@pytest.mark.parametrize("form", ["{}", '```python\nmodel = AutoModel.from_pretrained("{}")\n```'])
def test_a_name_may_leave_parts_of_the_hubs_name_out(form: str) -> None:
    text = form.format("contoso/contoso-reader-2b" if "`" in form else LINKED.format("Model card"))
    text = text.replace("reader-7b", "reader-2b")
    found = [findings(described(text, name), "CARD027") for name in ("contoso-reader", "contoso-reader-7b")]
    known = findings(described(text, "contoso-reader", hub="contoso/contoso-reader"), "CARD027")
    assert [len(one) for one in (*found, known)] == [0, 1, 1]


def test_an_adapter_is_named_after_the_length_that_it_was_trained_on() -> None:
    model = described("A reader.\n", "contoso-reader-80k", config={"max_position_embeddings": 262144})
    adapter = replace(model, weights={"adapter_config.json": {"r": 16}})
    assert [len(findings(one, "MATCH008")) for one in (model, adapter)] == [1, 0]


LAYERS = "It has {} with an 8-layer decoder.\n"
ROPE = "- **Max Context Length:** {}\n"
SETTINGS: dict[str, tuple[str, str, str, dict[str, Value], int]] = {
    "the base of rotary positions": (
        "MATCH008",
        "reader",
        ROPE.format("long (RoPE \u03b8=1M)"),
        {"n_positions": 8192},
        0,
    ),
    "a context of a million": ("MATCH008", "reader", ROPE.format("long (1M)"), {"n_positions": 8192}, 1),
    "layers of one part": ("CARD063", "reader", LAYERS.format("a visual encoder"), {"num_hidden_layers": 12}, 0),
    "layers of a draft": (
        "CARD063",
        "reader",
        "We compare with a draft of 1B parameters and 6 layers.\n",
        {"num_hidden_layers": 12},
        0,
    ),
    "layers of nothing else": (
        "CARD063",
        "reader",
        "We begin with a stack of 1B parameters and 6 layers.\n",
        {"num_hidden_layers": 12},
        1,
    ),
    "layers of the whole": ("CARD063", "reader", LAYERS.format("words"), {"num_hidden_layers": 12}, 1),
    "the type to compute in": ("MATCH010", "reader-7b-gptq", "A reader.\n", {"torch_dtype": "float16"}, 0),
    "another way to quantise": (
        "MATCH010",
        "reader-7b-gptq",
        "A reader.\n",
        {"torch_dtype": "float16", "quantization_config": {"quant_method": "fp8"}},
        1,
    ),
    "a class of its own to quantise": ("MATCH010", "reader-7b-int4", "A reader.\n", {"torch_dtype": "bfloat16"}, 0),
    "a tuned model in between": ("MATCH004", "reader", TUNED, {"_name_or_path": "contoso/Dolphin3.0-Mistral-24B"}, 0),
    "another base": ("MATCH004", "reader", TUNED, {"_name_or_path": "mistralai/Mistral-Small-24B-Base-2409"}, 1),
    "words for images": (
        "MATCH006",
        "reader",
        "A reader.\n",
        {"architectures": ["FuyuForCausalLM"], "image_size": 300},
        0,
    ),
    "words for words": ("MATCH006", "reader", "A reader.\n", {"architectures": ["PhiForCausalLM"]}, 1),
}


@pytest.mark.parametrize(("code", "name", "text", "config", "count"), SETTINGS.values(), ids=SETTINGS)
def test_what_config_json_does_not_say(code: str, name: str, text: str, config: dict[str, Value], count: int) -> None:
    found = findings(described(text, name, task="image-to-text", config=config), code)
    assert len([one for one in found if one.severity != "info"]) == count


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("docs/how.md", "a file beside the card; a registry has only the card"),
        ("../../releases/tag/v1", "a path, not an address"),
        ("contoso/questions", "a path, not an address"),
        ("/contoso/questions/resolve/main/how.md", "a path, not an address"),
    ],
)
def test_a_path_is_not_always_a_file_beside_the_card(target: str, what: str) -> None:
    (found,) = findings(described(f"See [this]({target}).\n"), "CARD064")
    assert found.message == f"The link to {target} is {what}."


def test_a_version_that_publishing_fills_in_is_sound(tmp_path: Path) -> None:
    template = sound()["spec.yaml"].replace("version: 1\n", "version: '{{asset.version}}'\n")
    entry = "name: '{}'\nversion: {}\ntype: model\nspec: spec.yaml\n"
    for number, (text, expected) in enumerate(((entry.format("little", 3), set()), (None, {"SPEC003"}))):
        found = {code for code, *_ in lint(tmp_path / str(number), spec_yaml=template, asset_yaml=text)}
        assert found & {"SPEC003", "SPEC035"} == expected


def test_a_task_without_a_service_name_may_stand_in_the_tag(tmp_path: Path) -> None:
    spec = sound()["spec.yaml"].replace("  tasks:\n    inferenceTasks:\n    - fill-mask\n", "")
    tagged = spec.replace("properties:\n", "tags:\n  task: text-ranking\nproperties:\n")
    assert tagged.count("task") == 1
    assert "GATE001" not in {code for code, *_ in lint(tmp_path, spec_yaml=tagged)}


def test_an_index_of_weights_may_lie_beside_the_spec(tmp_path: Path) -> None:
    write(tmp_path, {**sound(), "model.safetensors.index.json": '{"weight_map": {}}'})
    assert "SPEC016" not in {one.code for one in run(tmp_path).found}
