"""The lock of a source: made from the files of the source and compared with them; read without a network."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from azureml_publish.content.packaging.facts import ModelFacts, read_facts
from azureml_publish.content.packaging.kinds import Package
from azureml_publish.content.packaging.layout import Request
from azureml_publish.content.packaging.mlflow_folder import MLMODEL
from azureml_publish.content.packaging.mlflow_model import settings
from azureml_publish.content.packaging.rules import Finding, some
from azureml_publish.content.packaging.safetensors import count_parameters
from azureml_publish.content.packaging.source_files import SourceFiles
from azureml_publish.content.packaging.tree import ArtifactFile
from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.documents import parse_yaml
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.patterns import pattern
from azureml_publish.project import ModelFolder
from azureml_publish.spec import Mlflow
from azureml_publish.spec.lock import LOCK_FILE, LockedFile, LockedModel, SourceLock

if TYPE_CHECKING:
    from azureml_publish.content.sources.readers import Readers

STALE = Rule("LOCK001", "lock-stale", Severity.ERROR, "The spec changed after its lock was made.")
UNREADABLE = Rule("LOCK002", "lock-unreadable", Severity.ERROR, "A lock cannot be read.")
CHANGED = Rule("LOCK003", "source-changed", Severity.ERROR, "A source holds other bytes than its lock says.")
NOT_COMPARED = Rule(
    "LOCK004", "lock-not-compared", Severity.WARNING, "A lock of the real Hub says nothing about the emulator's."
)

RULES = (STALE, UNREADABLE, CHANGED, NOT_COMPARED)

MAX_BYTES = 64 * 1024 * 1024
"""A lock of ten thousand files has two MiB; a much larger file is not one."""

_VERSIONS = {"mlflow", "transformers", "torch", "python"}
"""Settings that say nothing about a source's files: other versions of these make no lock stale."""

_LICENSE = pattern(r"(licen[cs]e|copying|notice|unlicense|use_policy)([.-][\w.-]+)?", re.IGNORECASE)


def request_of(folder: ModelFolder, defaults: Mlflow | None) -> Request:
    """What a spec requires of its source's files."""
    spec = folder.spec
    return Request(spec.type, spec.tasks.inference, settings(spec, defaults), spec.source.allow_pickle)


def fingerprint(folder: ModelFolder, defaults: Mlflow | None) -> str:
    """A short digest of the parts of a spec that decide which files of its source are published."""
    request = request_of(folder, defaults)
    spec_digest = {
        "source": folder.spec.source.model_dump(mode="json", exclude_none=True),
        "type": request.type,
        "task": request.task,
        "mlflow": request.mlflow.model_dump(mode="json", exclude=_VERSIONS, exclude_none=True),
    }
    return hashlib.sha256(json.dumps(spec_digest, sort_keys=True).encode()).hexdigest()[:16]


def read_lock(folder: ModelFolder) -> tuple[SourceLock | None, tuple[Diagnostic, ...]]:
    """The lock in a model folder; None where there is none, or where it cannot be read, as a finding says."""
    path = folder.path / LOCK_FILE
    if not os.path.lexists(path):
        return None, ()
    try:
        return SourceLock.model_validate(json.loads(read_file(path, folder.path, limit=MAX_BYTES))), ()
    except json.JSONDecodeError as error:
        wrong = _unreadable(folder, f"{error.msg}.", error.lineno, error.colno)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        wrong = _unreadable(folder, f"{'.'.join(map(str, first['loc']))}: {first['msg']}.")
    except UnusableFile as error:
        wrong = _unreadable(folder, f"it {error.reason}.")
    except (ValueError, RecursionError):
        wrong = _unreadable(folder, "it is not JSON in UTF-8.")
    return None, (wrong,)


def _unreadable(folder: ModelFolder, why: str, line: int = 1, column: int = 1) -> Diagnostic:
    where = Location(f"{folder.document.path.rpartition('/')[0]}/{LOCK_FILE}", line, column)
    message = f"{LOCK_FILE} cannot be read: {why}"
    return UNREADABLE.at(where, message, f"Write it again: `publish lock {folder.folder}`.")


def usable_lock(folder: ModelFolder, defaults: Mlflow | None) -> tuple[SourceLock | None, tuple[Diagnostic, ...]]:
    """The lock in a model folder, if it was made for what the spec says today; else what is wrong with it."""
    lock, found = read_lock(folder)
    if lock is None or lock.spec_digest == fingerprint(folder, defaults):
        return lock, found
    was, now = lock.source, _source_of(folder)
    changed = [key for key in sorted({*was, *now}) if was.get(key) != now.get(key)]
    if changed:
        differences = ", ".join(f"{key} {_short(was.get(key))}, not {_short(now.get(key))}" for key in changed)
        message = f"{LOCK_FILE} was made for another source: {differences}."
    else:
        message = f"{LOCK_FILE} was made for another type, task, selection of files or environment than the spec's."
    finding = Finding(STALE, message, f"Make the lock again and commit it: {_again(folder)}.")
    return None, (finding.placed(folder.document),)


def make_lock(
    folder: ModelFolder,
    source: SourceFiles,
    package: Package,
    readers: Readers,
    defaults: Mlflow | None,
) -> SourceLock:
    """The lock of what a source holds.

    Args:
        package: its files in their places; it must hold no refusal.
        readers: they read what the source's listing leaves out.

    Raises:
        PublishError: the source cannot be read.
    """
    host = readers.describe(folder)
    files = tuple(
        LockedFile(path=file.path, bytes=file.size, sha256=file.sha256 or readers.hash_file(file))
        for file in package.files
    )
    facts = package.facts or read_facts(source)
    flavors, signature, task = read_mlmodel(source) if package.kind.name == "mlflow_folder" else ((), {}, "")
    licences = sorted(path for path in source.top if _LICENSE.fullmatch(path))
    parameters = count_parameters(source.read.get(file.path, b"") for file in _safetensors(source, package))
    model = LockedModel(
        packaging=package.kind.name,
        task=host.task or task,
        model_type=facts.model_type,
        architectures=facts.architectures,
        parameters=parameters,
        dtype=facts.dtype,
        quantization=facts.quantization,
        tokenizer=facts.tokenizer,
        components=facts.components,
        code=dict(facts.code),
        packages=facts.packages,
        imports=facts.imports,
        flavors=flavors,
        signature=signature,
        license_file=licences[0] if licences else "",
        gated=host.gated,
    )
    return SourceLock(
        source=_source_of(folder),
        commit=host.commit,
        stand_in=host.stand_in,
        spec_digest=fingerprint(folder, defaults),
        model=model,
        files=files,
    )


def write_text(lock: SourceLock) -> str:
    """The text of a lock's file: the same lock gives the same bytes; unknown values are left out."""
    document = lock.model_dump(mode="json", exclude_defaults=True)
    return json.dumps({"schema_version": lock.schema_version, **document}, indent=2, ensure_ascii=False) + "\n"


def facts_of(lock: SourceLock) -> ModelFacts:
    """What a lock says about a transformers checkpoint."""
    model = lock.model
    return ModelFacts(
        model_type=model.model_type,
        architectures=model.architectures,
        dtype=model.dtype,
        quantization=model.quantization,
        tokenizer=model.tokenizer,
        components=model.components,
        code=tuple(sorted(model.code.items())),
        packages=model.packages,
        imports=model.imports,
    )


def compare(lock: SourceLock, files: Iterable[ArtifactFile]) -> tuple[str, ...]:
    """How the files of a source differ from a lock, as far as its listing shows: one sentence a file."""
    return tuple(_differences({file.path: file for file in lock.files}, {file.path: file for file in files}))


def _differences(locked: Mapping[str, LockedFile], there: Mapping[str, ArtifactFile]) -> Iterator[str]:
    for path in sorted({*locked, *there}):
        one, file = locked.get(path), there.get(path)
        if one is None:
            yield f"{path} is new"
        elif file is None:
            yield f"{path} is not there any more"
        elif file.size != one.bytes:
            yield f"{path} has {file.size:,} bytes, not {one.bytes:,}"
        elif file.sha256 is not None and file.sha256 != one.sha256:
            yield f"{path} has the SHA-256 {file.sha256}, not {one.sha256}"


def changed(folder: ModelFolder, lock: SourceLock, differences: Iterable[str]) -> Finding:
    """The finding that a source holds other bytes than its lock."""
    made = ", which was made from the emulator's Hub," if lock.stand_in else ""
    message = f"The source is not what {LOCK_FILE}{made} says: {some(differences)}."
    hint = f"If the new files are right, make the lock again and commit it: {_again(folder)}."
    return Finding(CHANGED, message, hint)


def not_compared() -> Finding:
    """The finding that a lock of the real Hub is not compared with the emulator's."""
    message = f"{LOCK_FILE} is of the real Hub, and the emulator's has other bytes of the same commit: not compared."
    return Finding(NOT_COMPARED, message, "Nothing to do: with the real Hub every byte is compared.")


def _again(folder: ModelFolder) -> str:
    return f"`publish lock {folder.folder}`"


def _source_of(folder: ModelFolder) -> dict[str, Any]:
    """The source without what chose among its files."""
    left_out = {"include", "exclude", "allow_pickle"}
    return folder.spec.source.model_dump(mode="json", exclude=left_out, exclude_none=True)


def _short(value: object) -> str:
    text = value if isinstance(value, str) else json.dumps(value, sort_keys=True)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _safetensors(source: SourceFiles, package: Package) -> list[ArtifactFile]:
    """The safetensors files of a source that are published, as the source lists them."""
    published = {(file.size, repr(file.origin)) for file in package.files}
    held = (file for file in source.files if file.path.endswith(".safetensors"))
    return [file for file in held if (file.size, repr(file.origin)) in published]


def read_mlmodel(source: SourceFiles) -> tuple[tuple[str, ...], dict[str, Any], str]:
    """The flavours, the signature and the task that an MLmodel names."""
    document, _ = parse_yaml(source.text(MLMODEL), MLMODEL)
    data = document.data if document is not None else None
    if not isinstance(data, Mapping):
        return (), {}, ""
    flavors = data.get("flavors")
    named: Mapping[str, Any] = flavors if isinstance(flavors, Mapping) else {}
    transformers = named.get("transformers")
    task = transformers.get("task") if isinstance(transformers, Mapping) else ""
    written = data.get("signature")
    signature = {key: _columns(value) for key, value in written.items()} if isinstance(written, Mapping) else {}
    kept = {str(key): value for key, value in signature.items() if value is not None}
    return tuple(sorted(map(str, named))), kept, task if isinstance(task, str) else ""


def _columns(value: object) -> object:
    """One side of a signature as data: MLflow writes it as JSON in a text."""
    try:
        return json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        return value
