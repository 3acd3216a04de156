"""What a model version holds: how a source is laid out, what is refused with which mend, and the source's identity."""

from __future__ import annotations

import hashlib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from azureml_publish.assets import ManifestEntry, ModelType, RenderedFile
from azureml_publish.content.packaging.tree import (
    MANIFEST_FILE,
    TOKENIZER_FILES,
    ArtifactFile,
    HubOrigin,
    RenderedOrigin,
    build_tree,
    source_digest,
)
from azureml_publish.content.sources.selection import choose
from azureml_publish.errors import UnusableSource

REVISION = "5532cc56f74641d4bb33641f5c76a55d11f846e0"
SOUND = ("config.json", "model.safetensors", "tokenizer.json", "vocab.txt")
PACKAGE = (RenderedFile("MLmodel", "flavors: {é}\n"), RenderedFile("conda.yaml", "name: env\n"))

NAMES = st.text("abcXYZ019_-. é", min_size=1, max_size=12).filter(lambda name: not name.endswith("."))
SAFE_PATHS = st.lists(NAMES, min_size=1, max_size=6).map("/".join)


def hub_file(path: str, size: int = 7) -> ArtifactFile:
    return ArtifactFile(path, size, HubOrigin("org/little", REVISION, path), git_oid="0" * 40)


def source(*paths: str) -> tuple[ArtifactFile, ...]:
    return tuple(map(hub_file, paths))


def tree_paths(kind: ModelType, *paths: str, package: tuple[RenderedFile, ...] = ()) -> list[str]:
    return [file.path for file in build_tree(kind, source(*paths), package)]


def refusal(kind: ModelType, *paths: str, package: tuple[RenderedFile, ...] = ()) -> UnusableSource:
    with pytest.raises(UnusableSource) as refused:
        build_tree(kind, source(*paths), package)
    return refused.value


class TestMlflowLayout:
    def test_the_model_lies_below_model_the_tokenizer_beside_it_and_rendered_files_at_the_top(self) -> None:
        assert tree_paths("mlflow_model", *SOUND, "generation_config.json", package=PACKAGE) == [
            "MLmodel",
            "components/tokenizer/config.json",
            "components/tokenizer/tokenizer.json",
            "components/tokenizer/vocab.txt",
            "conda.yaml",
            "model/config.json",
            "model/generation_config.json",
            "model/model.safetensors",
        ]

    @pytest.mark.parametrize("name", TOKENIZER_FILES)
    def test_what_tokenizers_save_goes_to_the_tokenizer(self, name: str) -> None:
        assert f"components/tokenizer/{name}" in tree_paths("mlflow_model", "config.json", "model.safetensors", name)

    @pytest.mark.parametrize(
        "other",
        [
            "pytorch_model.bin",
            "pytorch_model.bin.index.json",
            "training_args.bin",
            "tf_model.h5",
            "flax_model.msgpack",
            "flax_model.msgpack.index.json",
            "rust_model.ot",
            "model.onnx",
            "weights.pt",
            "weights.pth",
            "last.ckpt",
            "state.pkl",
            "state.pickle",
        ],
    )
    def test_safetensors_go_before_all_other_weights(self, other: str) -> None:
        assert tree_paths("mlflow_model", *SOUND, other) == tree_paths("mlflow_model", *SOUND)

    def test_shards_stay_together_with_their_index(self) -> None:
        shards = [
            "model-00001-of-00002.safetensors",
            "model-00002-of-00002.safetensors",
            "model.safetensors.index.json",
        ]
        assert tree_paths("mlflow_model", "config.json", *shards) == [
            "components/tokenizer/config.json",
            *(f"model/{name}" for name in ["config.json", *shards]),
        ]

    @pytest.mark.parametrize("name", ["LICENSE", "LICENSE.txt", "LICENSE.md", "NOTICE", "NOTICE.md"])
    def test_a_licence_stays_at_the_top(self, name: str) -> None:
        assert name in tree_paths("mlflow_model", *SOUND, name)

    @pytest.mark.parametrize(
        "name", ["README.md", ".gitattributes", ".gitignore", "onnx/config.json", "coreml/fill/model.safetensors"]
    )
    def test_cards_git_files_and_subfolders_are_left_out(self, name: str) -> None:
        assert tree_paths("mlflow_model", *SOUND, name) == tree_paths("mlflow_model", *SOUND)

    def test_a_file_keeps_what_is_known_of_it_wherever_it_is_put(self) -> None:
        weights = replace(hub_file("model.safetensors", 123), sha256="a" * 64, git_oid=None)
        tree = build_tree("mlflow_model", [hub_file("config.json"), weights], ())
        assert tree == (
            replace(hub_file("config.json"), path="components/tokenizer/config.json"),
            replace(hub_file("config.json"), path="model/config.json"),
            replace(weights, path=f"model/{weights.path}"),
        )

    def test_a_rendered_file_is_held_as_utf_8_with_its_digest(self) -> None:
        data = PACKAGE[0].text.encode()
        (mlmodel,) = [file for file in build_tree("mlflow_model", source(*SOUND), PACKAGE) if file.path == "MLmodel"]
        assert mlmodel == ArtifactFile("MLmodel", len(data), RenderedOrigin(data), hashlib.sha256(data).hexdigest())


class TestUnusableMlflowSources:
    @pytest.mark.parametrize(
        ("paths", "told"),
        [
            (("config.json", "pytorch_model.bin"), "only pytorch_model.bin;"),
            (("config.json", "a.bin", "b.pt", "c.h5", "d.pkl"), "only a.bin, b.pt, c.h5;"),
            (("config.json", "vocab.txt"), "no weights;"),
            (("config.json", "unet/model.safetensors"), "only unet/model.safetensors;"),
        ],
    )
    def test_without_safetensors_the_weights_that_are_there_are_named(self, paths: tuple[str, ...], told: str) -> None:
        refused = refusal("mlflow_model", *paths, package=PACKAGE)
        assert told in refused.message
        assert "*.safetensors" in refused.hint
        assert "run code" in refused.hint

    @pytest.mark.parametrize("elsewhere", [(), ("vision/config.json",)])
    def test_without_config_json_another_type_is_proposed(self, elsewhere: tuple[str, ...]) -> None:
        refused = refusal("mlflow_model", "model.safetensors", *elsewhere)
        assert "no config.json" in refused.message
        assert "type: custom_model" in refused.hint

    def test_nothing_at_all_holds_no_weights(self) -> None:
        assert "no weights" in refusal("mlflow_model", package=PACKAGE).message


@pytest.mark.parametrize("kind", ["custom_model", "triton_model"])
class TestOtherTypes:
    def test_they_keep_the_layout_of_their_source_whatever_is_in_it(self, kind: ModelType) -> None:
        paths = ["1/model.onnx", "README.md", "config.pbtxt", "deep/er/weights.bin", "tokenizer.json"]
        assert tree_paths(kind, *reversed(paths)) == paths

    def test_an_empty_source_is_refused(self, kind: ModelType) -> None:
        refused = refusal(kind)
        assert refused.message == "The source holds no file."
        assert "`source`" in refused.hint


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
        refused = refusal("custom_model", "fine.bin", path)
        assert refused.message == f"The path {path!r} cannot be published."
        assert "Rename the file" in refused.hint
        assert refused.message.isprintable()

    @given(SAFE_PATHS)
    def test_a_relative_path_below_the_folder_is_published_as_it_is(self, path: str) -> None:
        assert tree_paths("custom_model", path) == [path]

    @given(st.lists(NAMES, max_size=5), st.integers(0, 5))
    def test_a_path_that_goes_up_anywhere_is_refused(self, parts: list[str], where: int) -> None:
        parts.insert(where, "..")
        assert "cannot be published" in refusal("custom_model", "/".join(parts)).message

    def test_the_longest_path_is_900_characters(self) -> None:
        assert tree_paths("custom_model", "a" * 900) == ["a" * 900]

    def test_rendered_paths_are_checked_as_well(self) -> None:
        assert "cannot be published" in refusal("custom_model", "a", package=(RenderedFile("../a", ""),)).message

    @pytest.mark.parametrize(
        ("paths", "package"),
        [
            (("a.bin", "a.bin"), ()),
            (("Weights.bin", "weights.BIN"), ()),
            (("Data/weights.bin", "data/weights.bin"), ()),
            (("mlmodel", "weights.bin"), PACKAGE),
        ],
    )
    def test_two_files_for_one_path_are_refused_even_if_only_case_tells_them_apart(
        self, paths: tuple[str, ...], package: tuple[RenderedFile, ...]
    ) -> None:
        refused = refusal("custom_model", *paths, package=package)
        assert refused.message.startswith("Two files claim the path '")
        assert "`source`" in refused.hint

    @pytest.mark.parametrize("path", [MANIFEST_FILE, MANIFEST_FILE.upper()])
    def test_the_place_of_the_manifest_is_not_given_away(self, path: str) -> None:
        refused = refusal("custom_model", "weights.bin", path)
        assert path in refused.message
        assert "Rename the file" in refused.hint

    @given(st.lists(SAFE_PATHS, min_size=1, max_size=8, unique_by=str.lower).flatmap(st.permutations))
    def test_the_tree_is_sorted_whatever_the_order_of_the_source(self, paths: list[str]) -> None:
        assert tree_paths("custom_model", *paths) == sorted(paths)


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

    @given(st.lists(SAFE_PATHS), st.sampled_from(["*", "*.bin", "a*", "?/*"]))
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
