"""Bundles that sign a version's files: what they are over, and bundles that are none."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from azureml_publish.assets import ManifestEntry
from azureml_publish.content.signing import IdentityVerifier, KeySigner, KeyVerifier
from azureml_publish.errors import PublishError
from tests.signing_keys import write_keys

ENTRIES = tuple(
    ManifestEntry(path, 3, digit * 64) for path, digit in ((".gitignore", "a"), ("b/c", "b"), ("d:e f", "c"))
)
MANIFEST = b'{"files": []}'
BROKEN: tuple[object, ...] = (None, "", 7, [], {}, "x", [{}])


@pytest.fixture
def keys(tmp_path: Path) -> Path:
    write_keys(tmp_path, "key", ec.generate_private_key(ec.SECP256R1()))
    write_keys(tmp_path, "other", ec.generate_private_key(ec.SECP256R1()))
    return tmp_path


@pytest.fixture
def bundle(keys: Path) -> dict[str, Any]:
    signed = KeySigner((keys / "key.pem").read_bytes()).sign("m", MANIFEST, ENTRIES)
    found: dict[str, Any] = json.loads(signed)
    return found


@pytest.fixture
def accepts(keys: Path) -> Callable[..., bool]:
    def accepted(bundle: object, manifest: bytes = MANIFEST, entries: tuple[ManifestEntry, ...] = ENTRIES) -> bool:
        data = bundle if isinstance(bundle, bytes) else json.dumps(bundle).encode()
        return KeyVerifier((keys / "key.pub").read_bytes(), "key.pub").accepts(data, manifest, entries)

    return accepted


def test_it_is_over_these_files_and_this_manifest_alone(bundle: dict[str, Any], accepts: Callable[..., bool]) -> None:
    assert accepts(bundle)
    assert not accepts(bundle, MANIFEST + b" ")
    assert not accepts(bundle, entries=ENTRIES[:2])
    assert not accepts(bundle, entries=(*ENTRIES, ManifestEntry("more", 1, "d" * 64)))
    assert not accepts(bundle, entries=(*ENTRIES[:2], ManifestEntry("d:e f", 3, "d" * 64)))
    assert accepts(bundle, entries=ENTRIES[1:])  # files for git are signed by way of the manifest


def test_a_bundle_says_what_the_format_wants(bundle: dict[str, Any]) -> None:
    assert bundle["mediaType"] == "application/vnd.dev.sigstore.bundle.v0.3+json"
    statement = json.loads(base64.b64decode(bundle["dsseEnvelope"]["payload"]))
    assert statement["predicateType"] == "https://model_signing/signature/v1.0"
    assert [one["name"] for one in statement["predicate"]["resources"]] == ["b/c", "d:e f", "publish-manifest.json"]


@pytest.mark.parametrize("noise", [b"", b"{}", b"[]", b"null", b"3", b"\xff\xfe", b"[" * 100_000, b'{"a":' * 50_000])
def test_what_is_no_bundle_is_not_accepted(
    accepts: Callable[..., bool], noise: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not accepts(noise)
    assert capsys.readouterr() == ("", "")


def test_a_bundle_without_any_one_of_its_parts_is_not_accepted(
    bundle: dict[str, Any], accepts: Callable[..., bool], capsys: pytest.CaptureFixture[str]
) -> None:
    def parts(node: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
        keys: Any = node if isinstance(node, dict) else range(len(node)) if isinstance(node, list) else ()
        return [each for key in keys for each in ((*path, key), *parts(node[key], (*path, key)))]

    needed = [path for path in parts(bundle) if path[-1] not in ("keyid", "tlogEntries", "hint")]
    assert len(needed) > 6
    for path in needed:
        for value in BROKEN:
            if (path[-1], value) == ("publicKey", {}):
                continue  # what is in it is a hint
            changed = json.loads(json.dumps(bundle))
            parent = changed
            for key in path[:-1]:
                parent = parent[key]
            parent[path[-1]] = value
            assert not accepts(changed), (path, value)
    assert capsys.readouterr() == ("", "")


def test_a_signature_of_another_key_is_not_accepted(keys: Path, accepts: Callable[..., bool]) -> None:
    other = json.loads(KeySigner((keys / "other.pem").read_bytes()).sign("m", MANIFEST, ENTRIES))
    assert not accepts(other)
    own = json.loads(KeySigner((keys / "key.pem").read_bytes()).sign("m", MANIFEST, ENTRIES))
    own["dsseEnvelope"]["signatures"] = other["dsseEnvelope"]["signatures"]
    assert not accepts(own)


def test_a_sigstore_of_ones_own_that_is_none(bundle: dict[str, Any], tmp_path: Path) -> None:
    config = tmp_path / "trust.json"
    config.write_text("{}", encoding="utf-8")
    verifier = IdentityVerifier("a@b.c", "https://issuer.example", config)
    with pytest.raises(PublishError, match="sigstore did not answer as it should"):
        verifier.accepts(json.dumps(bundle).encode(), MANIFEST, ENTRIES)
