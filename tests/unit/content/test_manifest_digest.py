"""The identity of a version's content: every file's path, size and SHA-256, and nothing else."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import ManifestEntry
from azureml_publish.content.packaging.tree import manifest_digest

ENTRIES = st.lists(
    st.builds(
        ManifestEntry,
        path=st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20),
        size=st.integers(0, 2**50),
        sha256=st.binary(min_size=32, max_size=32).map(bytes.hex),
    ),
    max_size=6,
    unique_by=lambda entry: entry.path,
)
CONFIG = ManifestEntry("model/config.json", 570, "a" * 64)
WEIGHTS = ManifestEntry("model/model.safetensors", 435_755_784, "b" * 64)


def test_it_is_the_sha_256_of_a_line_for_each_file_by_path() -> None:
    lines = f"{'a' * 64} 570 model/config.json\n{'b' * 64} 435755784 model/model.safetensors\n"
    assert manifest_digest([WEIGHTS, CONFIG]) == hashlib.sha256(lines.encode()).hexdigest()


def test_it_reads_its_files_once() -> None:
    assert manifest_digest(iter([WEIGHTS, CONFIG])) == manifest_digest([WEIGHTS, CONFIG])


@given(ENTRIES.flatmap(lambda entries: st.tuples(st.just(entries), st.permutations(entries))))
def test_the_order_of_the_files_does_not_count(orders: tuple[list[ManifestEntry], list[ManifestEntry]]) -> None:
    assert manifest_digest(orders[0]) == manifest_digest(orders[1])


@given(ENTRIES, ENTRIES)
def test_other_files_have_another_digest(one: list[ManifestEntry], other: list[ManifestEntry]) -> None:
    assert (manifest_digest(one) == manifest_digest(other)) == (sorted(one) == sorted(other))


@pytest.mark.parametrize(
    "changed",
    [
        [],
        [CONFIG],
        [CONFIG, WEIGHTS._replace(path="model/Model.safetensors")],
        [CONFIG, WEIGHTS._replace(size=WEIGHTS.size + 1)],
        [CONFIG, WEIGHTS._replace(sha256="c" * 64)],
        [CONFIG._replace(sha256=WEIGHTS.sha256), WEIGHTS._replace(sha256=CONFIG.sha256)],
        [CONFIG, WEIGHTS, ManifestEntry("empty", 0, hashlib.sha256().hexdigest())],
    ],
)
def test_every_part_of_every_file_counts(changed: list[ManifestEntry]) -> None:
    assert manifest_digest(changed) != manifest_digest([CONFIG, WEIGHTS])
