"""Saved plans: written by plan, read by apply and compared with the present state."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from azureml_publish.errors import Conflict, NotAuthorised, NotFound, UsageProblem
from azureml_publish.files import UnusableFile, read_file, write_bytes, write_whole
from azureml_publish.git import commit_of
from azureml_publish.keys import is_signature, read_private_key, read_public_key, sign
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.observe import Find, Planning, observe_models
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.signing import MAX_KEY_BYTES, PASSWORD, read_key
from azureml_publish.plan.saved import Provenance, SavedPlan, StaleEntry, moved_since, read_plan
from azureml_publish.project import find_root
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.differences import short
from azureml_publish.reporters.plan import NAME_WIDTH
from azureml_publish.version import TOOL

SUFFIX = ".json"
SIGNATURE_SUFFIX = ".sig"
"""After the name of a plan: the file with its signature, see `keys`."""
MAX_PLAN_BYTES = 256 * 1024 * 1024
"""Some thousand models with their cards take a tenth of it."""
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class ApplyRequest:
    """What apply is to do: given by its options, or by a saved plan, which holds them.

    `signed` is the public key that the plan's signature was checked with.
    """

    models: tuple[str, ...]
    registry: str | None
    settings: Settings
    saved: SavedPlan | None = None
    path: str = ""
    signed: str = ""


def read_request(
    run: RunContext, models: tuple[str, ...], registry: str | None, settings: Settings, public_key: str | None = None
) -> ApplyRequest:
    """The request in the arguments of apply: models, or one saved plan.

    Args:
        models: the arguments.
        registry: the registry that is named beside them.
        public_key: a file with the public key that a plan has to be signed for; None where no signature is wanted.

    Raises:
        NotFound: a plan's name, and no such file.
        NotAuthorised: the plan is not signed, or changed since, or signed by somebody else.
        UsageProblem: the file is not a plan that can be applied, or options contradict it.
    """
    named = [name for name in models if name.endswith(SUFFIX) and not _is_of_model(run, name)]
    if not named:
        if public_key is not None:
            raise UsageProblem(
                "A signature is required, and there is no plan that could be signed.",
                hint="Name a saved plan: `publish apply PLAN.json --require-signature KEY.pub`.",
            )
        return ApplyRequest(models, registry, settings)
    if len(models) > 1:
        raise UsageProblem(f"{named[0]} stands beside other arguments.", hint="A saved plan says itself which models.")
    path = named[0]
    if replace(settings, shard=None) != Settings():
        raise UsageProblem(
            "A saved plan says itself which layout, day and models it is for.",
            hint="Leave out --layout, --as-of and --since.",
        )
    data = _read(run.directory / path, path)
    if public_key is not None:
        _check_signature(run, path, data, public_key)
    request = request_of(read_plan(data, path), path, registry)
    return replace(request, settings=replace(request.settings, shard=settings.shard), signed=public_key or "")


def _is_of_model(run: RunContext, name: str) -> bool:
    """Whether a file lies in a model folder, as samples and locks do: it stands for the model then."""
    return (run.directory / name).resolve().is_relative_to(find_root(run.directory).resolve() / "models")


def _check_signature(run: RunContext, path: str, data: bytes, public_key: str) -> None:
    """See that the owner of a key signed just these bytes.

    Raises:
        NotAuthorised: nobody did, or somebody else.
        NotFound, UsageProblem: the key cannot be read.
    """
    key = read_public_key(read_key(run.directory, public_key), public_key)
    file = f"{path}{SIGNATURE_SUFFIX}"
    try:
        signature = read_file(run.directory / file, None, limit=MAX_KEY_BYTES)
    except UnusableFile as error:
        raise NotAuthorised(
            f"{path} is not signed, and a signature is required: {file} {error.reason}.",
            hint=f"`publish plan --out {path} --sign KEY` writes both.",
        ) from None
    if not is_signature(signature, data, key):
        raise NotAuthorised(
            f"{file} is not a signature of {path} by the owner of {public_key}: the plan was changed after signing, "
            "or another key signed it. Nothing was written.",
            hint=f"Have it made and signed again: `publish plan --out {path} --sign KEY`.",
        )


def check_provenance(run: RunContext, root: Path, request: ApplyRequest, *, protected: bool) -> Provenance | None:
    """Where a saved plan comes from; None where nothing was saved.

    Raises:
        Conflict: it is for a protected registry, and was made at another commit than the folders are at now.
    """
    saved = request.saved
    if saved is None:
        return None
    found = Provenance(request.path, saved.commit, saved.author, request.signed, commit_of(root, run.environ))
    if protected and found.moved:
        made = f"at commit {short(saved.commit)}" if saved.commit else "at no commit that it names"
        here = f"at {found.here}" if found.here else "in no repository"
        raise Conflict(
            f"{request.path} was made {made}, the folders are {here}; a protected registry takes a plan of its own "
            "commit alone. Nothing was written.",
            hint=f"Check that commit out, or plan again: `publish plan --out {request.path}`.",
        )
    return found


def request_of(saved: SavedPlan, path: str, registry: str | None = None) -> ApplyRequest:
    """The request in a saved plan; a registry that is named as well has to be the plan's own.

    Raises:
        UsageProblem: the day that it was made for is not a day.
    """
    only = None if saved.folders is None else frozenset(saved.folders)
    settings = Settings(saved.layout, _day(saved, path), only=only)
    return ApplyRequest(saved.models, registry or saved.address, settings, saved, path)


def read_saved(run: RunContext, path: str) -> SavedPlan:
    """A saved plan.

    Raises:
        NotFound: there is no such file.
        UsageProblem: it is not a plan, or was changed.
    """
    return read_plan(_read(run.directory / path, path), path)


def plan_request(
    request: ApplyRequest, checked: CheckedProject, registry: Registry, jobs: int, find: Find | None = None
) -> Planning:
    """The models of a request and their state in the registry; `find` as in `observe_models`.

    Raises:
        UsageProblem: the saved plan is for another registry.
        Conflict: folders or registry are not as the saved plan saw them.
    """
    if request.saved is not None and request.saved.registry != registry.name:
        raise UsageProblem(
            f"{request.path} is a plan for the registry {request.saved.registry}, not for {registry.name}.",
            hint=f"Leave out -r (and PUBLISH_REGISTRY), or plan again: `publish plan -r NAME --out {request.path}`.",
        )
    planning = observe_models(checked, registry, jobs, whole=request.saved is not None, find=find)
    saved = request.saved
    if saved is not None and request.settings.shard is not None:
        saved = _part_of(saved, checked, planning)
    if saved is not None and (moved := moved_since(saved, planning.observed)):
        raise _overtaken(saved, request.path, moved)
    return planning


def _part_of(saved: SavedPlan, checked: CheckedProject, planning: Planning) -> SavedPlan:
    """A plan without the models of other parts: those that have a folder and are not in this one."""
    mine = {wanted.asset.name for wanted, _ in planning.observed.models}
    known = {folder.spec.name for folder in checked.project.models} if checked.project is not None else set()
    return saved.model_copy(
        update={"actions": tuple(one for one in saved.actions if one.model in mine or one.model not in known)}
    )


def write_plan(run: RunContext, path: str, text: str, signature: bytes | None = None) -> None:
    """Write a plan file, whole or not at all, and its signature beside it.

    Raises:
        UsageProblem: the name does not end in .json, or there is no such folder.
    """
    check_name(run, path)
    write_whole(run.directory / path, text)
    if signature is not None:
        write_bytes(run.directory / f"{path}{SIGNATURE_SUFFIX}", signature)


def find_plan_signer(run: RunContext, path: str) -> Callable[[str], bytes]:
    """What signs the text of a plan with the private key in a file.

    Raises:
        NotFound: there is no such file.
        UsageProblem: it holds no such key, or PUBLISH_SIGNING_PASSWORD is not its password.
    """
    key = read_private_key(read_key(run.directory, path), path, run.environ.get(PASSWORD))
    return lambda text: sign(text.encode(), key)


def check_name(run: RunContext, path: str) -> None:
    """Check that a plan could be written there, before any other work.

    Raises:
        UsageProblem: see `write_plan`.
    """
    if not path.endswith(SUFFIX):
        raise UsageProblem(f"{path} does not end in {SUFFIX}, so apply would not know it for a plan.")
    target = run.directory / path
    if target.is_dir() or not os.access(target.parent, os.W_OK):
        raise UsageProblem(f"{path} cannot be written.", hint="Name a file in a folder that is there and is yours.")


def _read(file: Path, path: str) -> bytes:
    try:
        return read_file(file, None, limit=MAX_PLAN_BYTES)
    except UnusableFile as error:
        if error.missing:
            raise NotFound(f"There is no plan {path}.", hint=f"`publish plan --out {path}` writes one.") from None
        raise UsageProblem(f"{path} {error.reason}.", hint="Name a file that is yours.") from error


def _day(saved: SavedPlan, path: str) -> datetime:
    try:
        return datetime.strptime(saved.as_of, "%Y-%m-%d")  # noqa: DTZ007 - a day, as --as-of gives it
    except ValueError:
        raise UsageProblem(
            f"{path} is not a plan: as_of is not a day.", hint=f"`publish plan --out {path}` writes one."
        ) from None


def _overtaken(saved: SavedPlan, path: str, moved: Sequence[StaleEntry]) -> Conflict:
    lines = [_describe(one) for one in moved[:_SHOWN]]
    if len(moved) > _SHOWN:
        lines.append(f"and {len(moved) - _SHOWN} more")
    by = "" if saved.tool == TOOL else f" It was made by {short(saved.tool)}, this is {TOOL}."
    listed = "\n".join(f"  {line}" for line in lines)
    return Conflict(
        f"{path} no longer holds; nothing was written.{by} Changed since it was made:\n{listed}",
        hint=f"Plan again and look at what is new: `publish plan --out {path}`.",
    )


def _describe(one: StaleEntry) -> str:
    where = "in the model folders" if one.side == "folder" else "in the registry"
    what = {"": "the model itself", "latest": "the latest version", "next": "the next free version"}.get(
        one.field, short(one.field, NAME_WIDTH)
    )
    return f"{one.model}: {what}, {where}"
