"""A key set in a file that people keep: the file reads as wanted, and every old line is still there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.documents import parse_yaml
from azureml_publish.edits import set_value

DATE = ("metadata", "deprecation", "inferenceRetirementDate")


def edited(text: str, key_path: tuple[str, ...], value: object) -> str:
    document, wrong = parse_yaml(text, "model.yaml")
    assert document is not None
    assert wrong == ()
    return set_value(document, key_path, value)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("name: a\n", "name: a\nmetadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'\n"),
        ("name: a", "name: a\nmetadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'\n"),
        ("", "metadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'\n"),
        (
            "metadata: {featured: true}  # why\nlicense: mit\n",
            "metadata: {featured: true, deprecation: {inferenceRetirementDate: '2027-01-31'}}  # why\nlicense: mit\n",
        ),
        ("metadata: {}\n", "metadata: {deprecation: {inferenceRetirementDate: '2027-01-31'}}\n"),
        (
            "metadata:\nlicense: mit\n",
            "metadata: {deprecation: {inferenceRetirementDate: '2027-01-31'}}\nlicense: mit\n",
        ),
        ("metadata: null\n", "metadata: {deprecation: {inferenceRetirementDate: '2027-01-31'}}\n"),
        (
            "metadata:\n    featured: true  # by hand\n\nlicense: mit\n",
            (
                "metadata:\n    featured: true  # by hand\n    deprecation:\n"
                "      inferenceRetirementDate: '2027-01-31'\n\nlicense: mit\n"
            ),
        ),
        (
            "metadata:\n  deprecation:\n    inferenceRetirementDate: '2026-01-31'  # soon\n",
            "metadata:\n  deprecation:\n    inferenceRetirementDate: '2027-01-31'  # soon\n",
        ),
        (
            "metadata:\n  deprecation: {inferenceRetirementDate: '2026-01-31', inferenceLegacyDate: 2025-01-01}\n",
            "metadata:\n  deprecation: {inferenceRetirementDate: '2027-01-31', inferenceLegacyDate: 2025-01-01}\n",
        ),
    ],
)
def test_a_key_is_set_in_the_style_of_its_mapping(before: str, after: str) -> None:
    assert edited(before, DATE, "2027-01-31") == after


@pytest.mark.parametrize(
    "text", ["metadata: &m {featured: true}\nother: *m\n", "metadata: word\n", "metadata: [a]\n", "- a\n"]
)
def test_what_would_change_more_is_refused(text: str) -> None:
    with pytest.raises((ValueError, TypeError, AttributeError)):
        edited(text, DATE, "2027-01-31")


KEYS = st.text("abcdefg", min_size=1, max_size=3)


@given(
    tree=st.recursive(
        st.dictionaries(KEYS, st.integers() | st.booleans() | st.text("abc :#", max_size=5), max_size=3),
        lambda inner: st.dictionaries(KEYS, inner, max_size=3),
        max_leaves=8,
    ),
    path=st.lists(KEYS, min_size=1, max_size=3),
    flow=st.booleans(),
)
def test_every_old_line_is_still_there(tree: dict[str, object], path: list[str], flow: bool) -> None:
    import yaml

    text = "# a note\n" + (yaml.safe_dump(tree, default_flow_style=flow, width=10**9) if tree else "") + "# the end\n"
    place: object = tree
    for key in path[:-1]:
        place = place.get(key, {}) if isinstance(place, dict) else None
    if not isinstance(place, dict) or (isinstance(place.get(path[-1]), dict) and place[path[-1]]):
        return
    after = edited(text, tuple(path), "set")
    assert after.startswith("# a note\n")
    assert "# the end\n" in after
    document, _ = parse_yaml(after, "model.yaml")
    assert document is not None
    found: object = document.data
    for key in path:
        assert isinstance(found, dict)
        found = found[key]
    assert found == "set"
