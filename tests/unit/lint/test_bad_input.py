"""Asset folders that nobody would write: a diagnostic each, in bounded time, and never a traceback."""

from __future__ import annotations

import json
import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from azureml_publish.asset_folders import model_folders
from azureml_publish.documents import parse_yaml
from azureml_publish.lint.cards.samples import NotJsonError, left_out, parse_sample, signature
from azureml_publish.lint.limits import MAX_FINDINGS
from tests.unit.lint.assets import lint, reported, run, sound, write

SPEC = sound()["spec.yaml"]
BOMB = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n" for n in range(9)
)


@pytest.mark.parametrize("file", ["spec_yaml", "model_yaml", "asset_yaml", "card", "mlmodel"])
@pytest.mark.parametrize("raw", [b"\x89PNG\r\n\x1a\n\x00\x00\xff\xfe", b"name: caf\xe9\n"])
def test_a_binary_file_is_reported(tmp_path: Path, file: str, raw: bytes) -> None:
    found = lint(tmp_path, **{file: raw})
    assert "DOC001" in [code for code, *_ in found]


DEEP = "a:\n" + "".join(" " * n + "a:\n" for n in range(99))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        *((file, text) for file in ("spec_yaml", "mlmodel") for text in ("[" * 100_000, "- " * 5_000 + "x", DEEP)),
        ("mlmodel", BOMB),
    ],
)
def test_yaml_that_explodes_or_nests_is_reported(tmp_path: Path, file: str, text: str) -> None:
    assert "DOC001" in [code for code, *_ in lint(tmp_path, **{file: text})]


@pytest.mark.parametrize("file", ["spec_yaml", "model_yaml", "card", "mlmodel"])
def test_a_huge_file_is_not_read(tmp_path: Path, file: str) -> None:
    found = lint(tmp_path, **{file: b"x" * (10 * 2**20)})
    assert "SPEC015" in [code for code, *_ in found]


WHATEVER = ["", "null\n", "3\n", "[]\n", "{}\n", "a: b: c\n", "\x00", "text: &a\n  - *a\n", "? [a]\n: b\n"]


@pytest.mark.parametrize("file", ["spec_yaml", "model_yaml", "asset_yaml", "card", "mlmodel"])
@pytest.mark.parametrize("text", WHATEVER)
def test_whatever_stands_in_a_file_is_reported_at_its_place(tmp_path: Path, file: str, text: str) -> None:
    found = lint(tmp_path, **{file: text})  # which looks at code, place and words of each
    assert len(found) <= 8
    # An asset.yaml may be left out; every other one of these files is missed where it says nothing.
    assert found or file == "asset_yaml"


@pytest.mark.parametrize("key", ["properties", "tags", "system_metadata"])
@pytest.mark.parametrize(
    "value", ["3", "[a]", "text", "{tasks: 3}", "{SKU: [1], supportedComputes: x, deprecation: 4}"]
)
def test_sections_of_any_type_are_reported_at_their_place(tmp_path: Path, key: str, value: str) -> None:
    head = SPEC[: SPEC.index("properties:")]
    found = lint(
        tmp_path, spec_yaml=f"{head}{key}: {value}\nversion: [1]\n", mlmodel="flavors: {transformers: 3}\nmetadata: 4\n"
    )
    codes = {code for code, *_ in found}
    assert {"SPEC003", "SPEC008", "SMPL005"} <= codes  # the version, no licence, no signature
    assert len(found) <= 8


def test_line_ends_of_windows_and_a_byte_order_mark_move_no_finding(tmp_path: Path) -> None:
    spec = SPEC.replace("license: mit", "license: apache2")
    card = sound()["description.md"].replace("[MASK]", "[mask]")
    plain = lint(tmp_path / "plain", spec_yaml=spec, card=card)
    assert [code for code, *_ in plain] == ["CARD062", "SPEC031"]
    windows = {name: text.replace("\n", "\r\n") for name, text in {"spec_yaml": spec, "card": card}.items()}
    assert [one for one in lint(tmp_path / "crlf", **windows) if one[0] not in ("CARD042", "CARD046")] == plain
    marked = {name: f"\ufeff{text}" for name, text in windows.items()}
    assert [one for one in lint(tmp_path / "bom", **marked) if one[0] not in ("CARD042", "CARD046")] == plain


def test_links_in_a_circle_are_followed_once(tmp_path: Path) -> None:
    folder = write(tmp_path, dict(sound()))
    (tmp_path / "assets" / "again").symlink_to(tmp_path / "assets")
    (tmp_path / "assets" / "itself").symlink_to("itself")
    (tmp_path / "assets" / "below").mkdir()
    (tmp_path / "assets" / "below" / "up").symlink_to(tmp_path)
    assert list(model_folders(tmp_path / "assets")) == [folder]
    assert run(tmp_path).folders == 1
    (folder / "loop").symlink_to(folder)
    assert run(tmp_path).found == ()


def test_a_link_out_of_a_folder_is_reported(tmp_path: Path) -> None:
    folder = write(tmp_path, dict(sound()))
    (tmp_path / "secret.md").write_text("x")
    (folder / "notes.md").symlink_to(tmp_path / "secret.md")
    assert reported(run(tmp_path).found) == [("SPEC015", "notes.md", 1, 1)]


def test_other_kinds_of_assets_are_passed_over(tmp_path: Path) -> None:
    write(tmp_path, {"asset.yaml": "name: x\ntype: environment\n"}, "environment")
    write(
        tmp_path,
        {"spec.yaml": "$schema: https://azuremlschemas.azureedge.net/latest/commandComponent.schema.json\n"},
        "c",
    )
    write(tmp_path, {"README.md": "x"}, "docs")
    folder = write(tmp_path, dict(sound()))
    assert list(model_folders(tmp_path / "assets")) == [folder]


def test_what_is_wrong_thousands_of_times_takes_little_time_and_is_reported_a_thousand_times(tmp_path: Path) -> None:
    sizes = "".join(f"    - Standard_X{number}\n" for number in range(5_000))
    counts = "".join(f"    Standard_X{number}: '3'\n" for number in range(2_000))
    empty = "".join(f"  key{number}: []\n" for number in range(2_000))
    spec = SPEC.replace("    - Standard_DS3_v2\nversion", f"{sizes * 2}version").replace(
        "    - Standard_DS3_v2\n", sizes
    )
    spec = spec.replace("version: 1", f"  skuToNumReplicasMap:\n{counts}{empty}version: 1")
    rows = ",\n".join('["a", "b", "c"]' for _ in range(2_000))
    sample = (
        f'# Sample input\n\n```json\n{{"input_data": {{"columns": ["x", "y"], "data": [["a", "b"],\n{rows}]}}}}\n```\n'
    )
    fences = "".join("```json\n{\n```\n\n" for _ in range(2_000))
    found = lint(tmp_path, spec_yaml=spec, card=f"A card.\n\n{fences}{sample}")
    codes = [code for code, *_ in found]
    assert codes.count("SKU003") == MAX_FINDINGS + 1
    assert codes.count("SKU002") == 1
    assert codes.count("SPEC011") == MAX_FINDINGS + 1
    assert codes.count("SPEC013") == MAX_FINDINGS + 1
    assert codes.count("SMPL001") == MAX_FINDINGS + 1
    assert codes.count("SMPL003") == MAX_FINDINGS + 1


def test_many_files_beside_the_spec_are_reported_once_each(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {**sound(), **{f"left-{number}.txt": "x" for number in range(100)}}
    write(tmp_path, files)
    assert len(run(tmp_path).found) == 100


json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
        st.sampled_from(["input_data", "columns", "index", "data", "inputs", "question", "x", ""]), inner, max_size=4
    ),
    max_leaves=12,
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60) | json_like.map(json.dumps))
@example("[" * 5_000)
@example("1" * 5_000)
@example('{"input_data": NaN}')
@example('"\\ud800"')
@example('{"input_data": {"columns": ["x"], "data": [1, [2, 3]]}}')
@example('{"input_data": [{"x": 1}, {"y": 2}]}')
@example('{"input_data": {"columns": [], "data": []}}')
@example('{"input_data": {"columns": ["x"], "data": []}}')
def test_samples_of_any_kind_are_taken(text: str) -> None:
    left_out(text)
    try:
        parse_sample(text)
    except NotJsonError as error:
        where = (error.line, error.column)
    else:
        where = (1, 1)
    assert min(where) >= 1
    columns = '[{"type": "string", "name": "x"}, {"type": "long", "name": "y", "required": false}]'
    for task, inputs in (("fill-mask", '[{"type": "string"}]'), ("question-answering", columns)):
        with tempfile.TemporaryDirectory() as directory:
            files: dict[str, str | bytes] = dict(sound())
            files["spec.yaml"] = SPEC.replace("fill-mask", task)
            files["MLmodel"] = f"signature:\n  inputs: '{inputs}'\n"
            fenced = text.replace("`", "").encode("utf-8", "replace").decode()
            files["description.md"] = f"# Sample input\n\n```json\n{fenced}\n```\n"
            write(Path(directory), files)
            for one in run(Path(directory)).found:
                assert one.location.line >= 1
                assert one.location.column >= 1


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=80) | json_like.map(lambda data: json.dumps({"signature": {"inputs": json.dumps(data)}})))
@example("signature: {inputs: '[]'}")
@example("signature: {inputs: '[3]'}")
@example("signature: {inputs: '[{}]'}")
@example("signature: [a]")
def test_signatures_of_any_kind_are_taken(text: str) -> None:
    document, _ = parse_yaml(text, "MLmodel")
    columns = signature(document)
    assert columns is None or len(columns) > 0


yaml_like = st.text(alphabet=st.sampled_from(list("ab:-[]{}&*!|>'\"#%,? \n\t\u00e9\x85\u2028")), max_size=60)


@settings(max_examples=80, deadline=None)
@given(yaml_like)
@example("- " * 70 + "x")
@example("a:\u2028 b:\u2028  c: d")
@example("{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{{")
@example("? " * 70 + "a")
def test_specs_of_any_kind_are_taken(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        write(Path(directory), {**sound(), "spec.yaml": text.encode("utf-8", "replace")})
        found = run(Path(directory)).found
    assert all(one.location.line >= 1 and one.hint for one in found)


def test_a_folder_that_cannot_be_read_is_reported(tmp_path: Path) -> None:
    if os.geteuid() == 0:
        pytest.skip("the superuser reads everything")
    folder = write(tmp_path, dict(sound()))
    (folder / "spec.yaml").chmod(0)
    assert [code for code, *_ in reported(run(tmp_path).found)] == ["SPEC015"]
