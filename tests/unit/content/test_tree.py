"""What no registry holds, which files a source means, and its identity."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import ManifestEntry, ModelType, RenderedFile
from azureml_publish.content.packaging.kinds import Package, build_package
from azureml_publish.content.packaging.layout import Request
from azureml_publish.content.packaging.mlflow_model import settings_of
from azureml_publish.content.packaging.rules import Finding
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.tree import (
    MANIFEST_FILE,
    ArtifactFile,
    HubOrigin,
    RenderedOrigin,
    add_rendered,
    source_digest,
)
from azureml_publish.content.sources.selection import choose, is_leftover

REVISION = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
PACKAGE = (RenderedFile("MLmodel", "flavors: {é}\n"), RenderedFile("conda.yaml", "name: env\n"))

NAMES = st.text("abcXYZ019_-. é", min_size=1, max_size=12).filter(lambda name: not name.endswith("."))
SAFE_PATHS = st.lists(NAMES, min_size=1, max_size=6).map("/".join)


def hub_file(path: str, size: int = 7) -> ArtifactFile:
    return ArtifactFile(path, size, HubOrigin("org/little", REVISION, path), git_oid="0" * 40)


def source(*paths: str) -> tuple[ArtifactFile, ...]:
    return tuple(map(hub_file, paths))


def tree_paths(*paths: str) -> list[str]:
    return [file.path for file in packaged(*paths).files]


def packaged(*paths: str) -> Package:
    asked = Request("custom_model", "", settings_of(""))
    return build_package(asked, SourceFiles(source(*paths)))


def refusal(*paths: str) -> Finding:
    (found,) = packaged(*paths).refusals
    return found


class TestPaths:
    @pytest.mark.parametrize(
        "path",
        [
            "",
            "..",
            "../weights.bin",
            "a/../weights.bin",
            "a/..",
            ".",
            "./weights.bin",
            "a/./weights.bin",
            "/weights.bin",
            "//host/weights.bin",
            "a//weights.bin",
            "a/",
            "..\\weights.bin",
            "a\\weights.bin",
            "C:/weights.bin",
            "C:weights.bin",
            "c:",
            "weights\n.bin",
            "weights\0.bin",
            "weights\t.bin",
            "weights\x7f.bin",
            "weights\x9b.bin",
            "weights\udcff.bin",
            "weights.",
            "folder./weights.bin",
            "a" * 901,
            "a/" * 500 + "b",
        ],
    )
    def test_what_leaves_the_folder_or_fits_no_blob_is_refused(self, path: str) -> None:
        refused = refusal("fine.bin", path)
        assert refused.message == f"The path {path!r} cannot be published."
        assert "Rename the file" in refused.hint
        assert refused.message.isprintable()

    @given(SAFE_PATHS)
    def test_a_relative_path_below_the_folder_is_published_as_it_is(self, path: str) -> None:
        assert tree_paths(path) == [path]

    @given(st.lists(NAMES, max_size=5), st.integers(0, 5))
    def test_a_path_that_goes_up_anywhere_is_refused(self, parts: list[str], where: int) -> None:
        parts.insert(where, "..")
        assert "cannot be published" in refusal("/".join(parts)).message

    def test_the_longest_path_is_900_characters(self) -> None:
        assert tree_paths("a" * 900) == ["a" * 900]

    @pytest.mark.parametrize(
        "paths",
        [("a.bin", "a.bin"), ("Weights.bin", "weights.BIN"), ("Data/weights.bin", "data/weights.bin")],
    )
    def test_two_files_for_one_path_are_refused_even_if_only_case_tells_them_apart(
        self, paths: tuple[str, ...]
    ) -> None:
        refused = refusal(*paths)
        assert refused.message.startswith("Two files claim the path '")
        assert "`source`" in refused.hint

    def test_a_source_without_files_is_refused(self) -> None:
        assert refusal().message == "The source holds no file."

    def test_a_rendered_file_is_held_as_utf_8_with_its_digest(self) -> None:
        data = PACKAGE[0].text.encode()
        (mlmodel, _) = add_rendered((), PACKAGE)
        assert mlmodel == ArtifactFile("MLmodel", len(data), RenderedOrigin(data), hashlib.sha256(data).hexdigest())

    @pytest.mark.parametrize("path", [MANIFEST_FILE, MANIFEST_FILE.upper()])
    def test_the_place_of_the_manifest_is_not_given_away(self, path: str) -> None:
        refused = refusal("weights.bin", path)
        assert path in refused.message
        assert "Rename the file" in refused.hint

    @given(st.lists(SAFE_PATHS, min_size=1, max_size=8, unique_by=str.lower).flatmap(st.permutations))
    def test_the_tree_is_sorted_whatever_the_order_of_the_source(self, paths: list[str]) -> None:
        assert tree_paths(*paths) == sorted(paths)


class TestChoose:
    PATHS = ("config.json", "model.safetensors", "onnx/model.onnx", "onnx/config.json", "README.md")

    @pytest.mark.parametrize(
        ("include", "exclude", "chosen"),
        [
            ((), (), PATHS),
            (("*.json",), (), ("config.json", "onnx/config.json")),
            (("*.json", "*.safetensors"), (), ("config.json", "model.safetensors", "onnx/config.json")),
            ((), ("onnx/*",), ("config.json", "model.safetensors", "README.md")),
            (("*.json",), ("onnx/*",), ("config.json",)),
            (("config.json",), ("config.json",), ()),
            (("*.JSON",), (), ()),
            (("*.bin",), (), ()),
            (("[cm]o*",), (), ("config.json", "model.safetensors")),
        ],
    )
    def test_what_include_names_and_exclude_does_not(
        self, include: tuple[str, ...], exclude: tuple[str, ...], chosen: tuple[str, ...]
    ) -> None:
        assert tuple(choose(self.PATHS, include, exclude)) == chosen

    @given(
        st.lists(SAFE_PATHS.filter(lambda path: not is_leftover(path))), st.sampled_from(["*", "*.bin", "a*", "?/*"])
    )
    def test_a_pattern_parts_the_files_into_included_and_excluded(self, paths: list[str], pattern: str) -> None:
        chosen, left = list(choose(paths, (pattern,), ())), list(choose(paths, (), (pattern,)))
        assert sorted(chosen + left) == sorted(paths)
        assert not set(chosen) & set(left)


class TestSourceDigest:
    SOURCE = {"huggingface": "org/little", "revision": REVISION, "include": (), "exclude": ()}  # noqa: RUF012
    LOCAL = (ManifestEntry("a.bin", 1, "a" * 64), ManifestEntry("b.bin", 2, "b" * 64))

    def test_it_never_changes_for_what_does_not_change(self) -> None:
        """The digest lies in registered properties: another one would be taken for other content."""
        assert source_digest(self.SOURCE, "mlflow_model", PACKAGE, ()) == (
            "e62bab69c28a821bfff35c66158f420a92a732fc4c85328e256d9eb3d1fa6523"
        )

    def test_the_order_of_keys_and_files_does_not_count(self) -> None:
        backwards = dict(reversed(self.SOURCE.items()))
        assert source_digest(self.SOURCE, "custom_model", PACKAGE, self.LOCAL) == source_digest(
            backwards, "custom_model", PACKAGE[::-1], self.LOCAL[::-1]
        )

    def test_everything_that_decides_the_content_counts(self) -> None:
        edited = replace(PACKAGE[0], text=PACKAGE[0].text + "#\n")
        asked: list[tuple[object, ModelType, tuple[RenderedFile, ...], tuple[ManifestEntry, ...]]] = [
            (self.SOURCE, "mlflow_model", PACKAGE, self.LOCAL),
            (self.SOURCE | {"revision": "f" * 40}, "mlflow_model", PACKAGE, self.LOCAL),
            (self.SOURCE | {"huggingface": "org/large"}, "mlflow_model", PACKAGE, self.LOCAL),
            (self.SOURCE | {"exclude": ("*.md",)}, "mlflow_model", PACKAGE, self.LOCAL),
            ("local", "mlflow_model", PACKAGE, self.LOCAL),
            (self.SOURCE, "custom_model", PACKAGE, self.LOCAL),
            (self.SOURCE, "mlflow_model", (edited, PACKAGE[1]), self.LOCAL),
            (self.SOURCE, "mlflow_model", (replace(PACKAGE[0], path="model.yaml"), PACKAGE[1]), self.LOCAL),
            (self.SOURCE, "mlflow_model", PACKAGE[:1], self.LOCAL),
            (self.SOURCE, "mlflow_model", PACKAGE, self.LOCAL[:1]),
            (self.SOURCE, "mlflow_model", PACKAGE, (self.LOCAL[0], ManifestEntry("b.bin", 2, "c" * 64))),
            (self.SOURCE, "mlflow_model", PACKAGE, (self.LOCAL[0], ManifestEntry("c.bin", 2, "b" * 64))),
            (self.SOURCE, "mlflow_model", PACKAGE, (self.LOCAL[0], ManifestEntry("b.bin", 3, "b" * 64))),
        ]
        digests = [source_digest(*one) for one in asked]
        assert len(set(digests)) == len(asked)
