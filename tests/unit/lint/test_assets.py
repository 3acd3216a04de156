"""Asset folders that nobody imported: both layouts alike, the edges of their rules, and mends that mend."""

from __future__ import annotations

from pathlib import Path

import pytest

from azureml_publish.diagnostics import Diagnostic, Edit
from azureml_publish.documents import parse_yaml
from tests.unit.lint.assets import SHA, lint, reported, run, sound, write
from tests.unit.lint.cards_at_hand import described, findings

SPEC = sound()["spec.yaml"]
TAGS = sound("tags")["spec.yaml"]
MODEL = sound()["model.yaml"]


def applied(text: str, edits: tuple[Edit, ...]) -> str:
    """A text with edits made, the last one first."""
    lines = text.split("\n")

    def index(line: int, column: int) -> int:
        return sum(len(row) + 1 for row in lines[: line - 1]) + column - 1

    for edit in sorted(edits, reverse=True):
        text = text[: index(edit.line, edit.column)] + edit.text + text[index(edit.end_line, edit.end_column) :]
    return text


def only(root: Path, code: str) -> Diagnostic:
    (found,) = (one for one in run(root).found if one.code == code)
    return found


@pytest.mark.parametrize("layout", ["system_metadata", "tags"])
def test_a_sound_folder_has_nothing_to_find_in_either_layout(tmp_path: Path, layout: str) -> None:
    write(tmp_path, dict(sound(layout)))
    assert run(tmp_path).found == ()


@pytest.mark.parametrize(
    ("change", "old_change", "place", "old_place"),
    [
        ("license: mit > license: apache2", "", "SPEC031 18 3", "SPEC031 15 3"),
        ("- fill-mask > - summarization", "task: fill-mask > task: summarization", "SPEC022 11 5", "SPEC022 16 3"),
        ("- Standard_DS3_v2 > - Standard_DS3v2", "", "SKU003 21 7", "SKU003 14 5"),
        ("4|0|14|28 > 4|0|14|29", "", "SKU004 16 5", "SKU004 7 3"),
        ("version: 1 > version: '1'", "", "SPEC003 22 1", "SPEC003 17 1"),
        ("name: little > name: a b", "", "SPEC002 2 1", "SPEC002 2 1"),
        ("license: mit > alias: a", "", "SPEC008 6 1", "SPEC008 1 1"),
    ],
)
def test_a_finding_stands_where_its_layout_writes_the_key(
    tmp_path: Path, change: str, old_change: str, place: str, old_place: str
) -> None:
    for text, made, wanted in ((SPEC, change, place), (TAGS, old_change or change, old_place)):
        before, after = made.split(" > ")
        assert before in text
        found = lint(tmp_path, spec_yaml=text.replace(before, after))
        assert wanted in [f"{code} {line} {column}" for code, _, line, column in found]


@pytest.mark.parametrize(
    ("before", "after", "code", "fixed"),
    [
        ("license: mit", "license: mit\n  featured: 'true' # yes", "SPEC010", "license: mit\n  featured: true # yes"),
        ("license: mit", "license: mit\n  maxOutputTokens: '12'", "SPEC011", "license: mit\n  maxOutputTokens: 12"),
        ("license: mit", "license: mit\n  datasets: []  # none", "SPEC013", "license: mit"),
        ("license: mit", "license: mit\n  links:\n    pricing:\n  # kept", "SPEC013", None),
        ("version: 1", "version: '7'", "SPEC003", "version: 7"),
        ("4|0|14|28", "4|0|14|29", "SKU004", "4|0|14|28"),
        (
            "    - Standard_DS3_v2\nv",
            "    - Standard_DS3_v2\n    - Standard_DS3_v2\nv",
            "SKU002",
            "    - Standard_DS3_v2\nv",
        ),
    ],
)
def test_a_fix_changes_what_is_wrong_and_nothing_else(
    tmp_path: Path, before: str, after: str, code: str, fixed: str | None
) -> None:
    wrong = SPEC.replace(before, after)
    lint(tmp_path, spec_yaml=wrong)
    fix = only(tmp_path, code).fix
    if fixed is None:
        assert fix is None  # the last key of a mapping leaves an empty mapping behind
        return
    assert fix is not None
    assert applied(wrong, fix.edits) == SPEC.replace(before, fixed)


def test_a_key_of_the_losing_layout_is_taken_away(tmp_path: Path) -> None:
    wrong = TAGS.replace("tags:\n", "system_metadata:\n  license: apache-2.0\ntags:\n")
    lint(tmp_path, spec_yaml=wrong)
    found = only(tmp_path, "SPEC020")
    assert found.severity == "warning"
    assert found.fix is not None
    assert not found.fix.safe
    assert applied(wrong, found.fix.edits) == wrong.replace("  license: mit\n", "")


def test_languages_in_tag_and_property_are_said_twice(tmp_path: Path) -> None:
    assert ("SPEC020", "spec.yaml", 11, 3) in lint(
        tmp_path, spec_yaml=TAGS.replace("tags:\n", "tags:\n  languages: en\n")
    )


def test_a_value_of_the_wrong_form_is_reported_where_it_stands(tmp_path: Path) -> None:
    wrong = TAGS.replace("tags:\n", "tags:\n  maxOutputTokens: many\n")
    assert ("SPEC020", "spec.yaml", 11, 3) in lint(tmp_path, spec_yaml=wrong)


@pytest.mark.parametrize(
    ("value", "told_as"), [("true", "warning"), ('"False"', "error"), ('""', "error"), ('"true"', None)]
)
def test_tag_and_property_of_shared_compute(tmp_path: Path, value: str, told_as: str | None) -> None:
    lint(tmp_path, spec_yaml=TAGS.replace('"True"', value))
    found = [one.severity for one in run(tmp_path).found if one.code == "SPEC012"]
    assert found == ([told_as] if told_as else [])


@pytest.mark.parametrize(
    ("name", "hub_id", "codes"),
    [
        ("little-int8", "org/little", []),  # derived
        ("other", "org/little", ["SPEC004"]),
        ("org-little-v01", "org/little-v0.1", []),
    ],
)
def test_whose_a_hub_id_is(tmp_path: Path, name: str, hub_id: str, codes: list[str]) -> None:
    write(tmp_path, dict(sound()))
    spec = SPEC.replace("name: little", f"name: {name}").replace("org/little", hub_id).replace(SHA, SHA[::-1])
    write(tmp_path, {**sound(), "spec.yaml": spec, "model.yaml": MODEL.replace("/little/", f"/{name}/")}, name)
    assert [one.code for one in run(tmp_path).found] == codes


@pytest.mark.parametrize(
    ("name", "codes"), [("otters_t5", []), ("heron_t5", ["SPEC004"]), ("otters_reader_t5", ["SPEC004"])]
)
def test_a_model_may_be_named_after_its_publisher(tmp_path: Path, name: str, codes: list[str]) -> None:
    spec = SPEC.replace("name: little", f"name: {name}").replace("org/little", "otters/summaries")
    files = {**sound(), "spec.yaml": spec, "model.yaml": MODEL.replace("/little/", f"/{name}/")}
    mlmodel = sound()["MLmodel"].replace("base_model_name: little", "base_model_name: otters/summaries")
    write(tmp_path, {**files, "MLmodel": mlmodel}, name)
    assert [one.code for one in run(tmp_path).found if one.code == "SPEC004"] == codes


@pytest.mark.parametrize(
    ("base", "codes"),
    [("org/little", []), ("far/away", []), ("little", []), ("org2/tiny", ["SPEC004"])],
)
def test_mlflows_base_tells_another_repository(tmp_path: Path, base: str, codes: list[str]) -> None:
    """Only where MLflow's base is the model's own name can the id be wrong."""
    spec = SPEC.replace("name: little", "name: tiny").replace("org/little", "org/huge")
    mlmodel = sound()["MLmodel"].replace("base_model_name: little", f"base_model_name: {base}")
    write(tmp_path, {**sound(), "spec.yaml": spec, "MLmodel": mlmodel}, "tiny")
    assert [one.code for one in run(tmp_path).found if one.code.startswith("SPEC")] == codes


def test_models_of_one_repository_may_share_its_commit(tmp_path: Path) -> None:
    write(tmp_path, dict(sound()))
    spec = SPEC.replace("name: little", "name: little-int8")
    write(
        tmp_path,
        {**sound(), "spec.yaml": spec, "model.yaml": MODEL.replace("/little/", "/little-int8/")},
        "little-int8",
    )
    assert run(tmp_path).found == ()


@pytest.mark.parametrize(("orders", "odd"), [(["34", "34", "43"], [2]), (["43", "34"], [1]), (["34", "43", "5"], [1])])
def test_equal_sizes_stand_in_the_order_of_most_lists(tmp_path: Path, orders: list[str], odd: list[int]) -> None:
    for number, order in enumerate(orders):
        name = f"little-{number}"
        sizes = "".join(f"- Standard_DS{digit}_v2\n    " for digit in order)
        spec = SPEC.replace("- Standard_DS3_v2\n    ", sizes).replace("- Standard_DS3_v2\nv", f"{sizes.strip()}\nv")
        write(tmp_path, {**sound(), "spec.yaml": spec.replace("name: little", f"name: {name}")}, name)
    found = [one for one in run(tmp_path).found if one.code == "SKU005"]
    assert [one.location.path for one in found] == [f"assets/little-{number}/spec.yaml" for number in odd]
    usual = "2 other lists: assets/little-0/" if len(orders) == 3 and odd == [2] else "1 other list: assets/little-0/"
    assert all(usual in one.message for one in found)


def test_two_folders_of_one_name_and_version(tmp_path: Path) -> None:
    write(tmp_path, dict(sound()))
    write(tmp_path, {**sound(), "model.yaml": MODEL.replace("/little/", "/Little-2/")}, "little.2")
    assert ("SPEC030", "spec.yaml", 2, 1) in reported(run(tmp_path).found)


def test_the_day_decides_whether_a_model_is_retired(tmp_path: Path) -> None:
    for day, codes in (("2026-11-21", ["SPEC017"]), ("2026-11-22", []), ("someday", ["GATE002"])):
        date = f"'{day}T00:00:00.000000Z'"
        spec = SPEC.replace("license: mit", f"license: mit\n  deprecation:\n    inferenceRetirementDate: {date}")
        assert [code for code, *_ in lint(tmp_path, spec_yaml=spec)] == codes


@pytest.mark.parametrize(
    ("task", "logged", "codes"),
    [
        ("text-translation", "translation_en_to_de", []),
        ("chat-completion", "text-generation", []),
        ("image-classification", "fill-mask", ["SPEC022"]),  # transformers serves them by other classes
        ("chat-completion", "image-text-to-text", []),
        ("summarization", "fill-mask", ["SPEC022"]),
    ],
)
def test_words_for_one_task_are_the_same(tmp_path: Path, task: str, logged: str, codes: list[str]) -> None:
    found = lint(
        tmp_path,
        spec_yaml=SPEC.replace("fill-mask", task),
        mlmodel=sound()["MLmodel"].replace("task: fill-mask", f"task: {logged}"),
        card="A card.\n\n# Sample input\n\nA text.\n",
    )
    assert [code for code, *_ in found] == codes


def card(sample: str, kind: str = "input") -> str:
    return f"A card.\n\n# Sample {kind}\n\n  ```json\n{sample}\n  ```\n"


@pytest.mark.parametrize(
    ("sample", "found"),
    [
        ('  {"input_data": ["A [MASK]."]}', []),
        ('  {"input_data": {"input_string": ["A [MASK]."]}}', [("SMPL002", 6, 4)]),
        ('  {"input_data": ["A word."]}', [("SMPL007", 6, 19)]),
        ('  {"input_data": [', [("SMPL001", 7, 1)]),
        ('  {"inputs": ["A [MASK]."]}', [("SMPL006", 6, 4)]),
        ("  {}", []),
        ("  3", []),
    ],
)
def test_a_samples_findings_stand_in_its_fence(tmp_path: Path, sample: str, found: list[tuple[str, int, int]]) -> None:
    assert [(code, line, column) for code, _, line, column in lint(tmp_path, card=card(sample))] == found


@pytest.mark.parametrize(
    ("task", "given", "codes"),
    [
        ("fill-mask", '{"input_string": ["A [MASK]."]}', ["SMPL006"]),
        ("fill-mask", '["A [MASK]."]', []),
        ("question-answering", '["Who?"]', ["SMPL006"]),
        ("question-answering", '{"question": ["Who?"], "context": ["I."]}', []),
        ("summarization", '{"input_string": ["A text."]}', []),
    ],
)
def test_without_a_signature_the_task_says_what_an_input_is(
    tmp_path: Path, task: str, given: str, codes: list[str]
) -> None:
    spec = SPEC.replace("fill-mask", task)
    found = lint(tmp_path, spec_yaml=spec, mlmodel="flavors: {other: {}}\n", card=card(f'{{"input_data": {given}}}'))
    assert [code for code, *_ in found if code != "SMPL005"] == codes


def test_a_sample_output_may_leave_something_out(tmp_path: Path) -> None:
    both = card('{"input_data": ["A [MASK]."]}') + card('["capital", ...]', "output")
    assert lint(tmp_path, card=both) == []
    both = card('{"input_data": ["A [MASK]."]}') + card('["capital", <score>]', "output")
    assert lint(tmp_path, card=both) == []


@pytest.mark.parametrize(
    ("sample", "why"),
    [
        ('{"input_data": ["a", ...]}', "... stands for a value"),
        ('{"input_data": [\n<image-url>]}', "<image-url> stands for a value"),
        ('{"input_data": [<image-url>,]}', "Expecting value"),
        ('{"input_data" ["a", ...]}', "Expecting ':' delimiter"),
        ('{"input_data": ["<image-url> ..."}', "Expecting ',' delimiter"),
    ],
)
def test_a_sample_input_leaves_nothing_out(sample: str, why: str) -> None:
    model = described(card(sample), "contoso-reader-2b")
    (found,) = findings(model, "SMPL001")
    assert (found.message, found.severity) == (f"The sample is not JSON: {why}.", "warning")


@pytest.mark.parametrize(
    ("rows", "severity"),
    [
        ('["a", "b"], ["c"]', "info"),
        ('{"x": "a", "y": "b"}', None),
        ('["a"], ["c"]', "error"),
        ('["a", "b"], ["c", "d", "e"]', "error"),
        ('["a", "b"], ["c", "d"]', None),
    ],
)
def test_a_short_row_beside_whole_ones_is_filled_up(tmp_path: Path, rows: str, severity: str | None) -> None:
    mlmodel = (
        sound()["MLmodel"]
        .replace("task: fill-mask", "task: image-to-text")
        .replace('[{"type": "string"}]', '[{"type": "string", "name": "x"}, {"type": "string", "name": "y"}]', 1)
    )
    sample = f'{{"input_data": {{"columns": ["x", "y"], "data": [{rows}]}}}}'
    lint(tmp_path, card=card(sample), mlmodel=mlmodel, spec_yaml=SPEC.replace("fill-mask", "image-to-text"))
    assert {one.severity for one in run(tmp_path).found} == ({severity} if severity else set())


def test_a_sample_in_the_notes_is_a_sample(tmp_path: Path) -> None:
    spec = SPEC.replace("license: mit", "license: mit\n  notes: notes.md")
    assert lint(tmp_path, spec_yaml=spec, card="A card.\n", notes_md=card('{"input_data": ["A [MASK]."]}')) == []


def test_a_page_that_is_not_there_is_missed(tmp_path: Path) -> None:
    spec = SPEC.replace("license: mit", "license: mit\n  notes: notes.md")
    assert lint(tmp_path, spec_yaml=spec) == [("SPEC015", "spec.yaml", 19, 3)]


def test_an_archived_model_is_asked_for_no_sample_and_no_new_sizes(tmp_path: Path) -> None:
    spec = SPEC.replace("path: ./", "path: ./\nisArchived: true").replace("Standard_DS3_v2", "Standard_NC6s_v3")
    found = lint(tmp_path, spec_yaml=spec.replace("4|0|14|28", "6|1|112|736"), card="A card.\n")
    assert [code for code, *_ in found] == []


def test_every_fix_leaves_yaml_that_reads(tmp_path: Path) -> None:
    spec = TAGS.replace("tags:\n", "tags:\n  Deprecated: ''\n  languages: en\nsystem_metadata: {}\nx-tags:\n", 1)
    lint(tmp_path, spec_yaml=spec)
    fixes = [one.fix for one in run(tmp_path).found if one.fix]
    assert fixes
    for fix in fixes:
        assert parse_yaml(applied(spec, fix.edits), "spec.yaml")[0] is not None
