"""A plan as a file: its actions, what it was made from, and whether either changed since.

The form is versioned JSON; `publish schema plan` prints its JSON Schema, docs/planning.md describes it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from azureml_publish.assets import LayoutName, RegistryState
from azureml_publish.errors import UsageProblem
from azureml_publish.plan.actions import Action, ActionKind, Desired, FieldChange, Plan
from azureml_publish.plan.diff import make_plan
from azureml_publish.plan.fields import LATEST, NEXT, number_digest, state_digests, wanted_digests
from azureml_publish.plan.rules import ChangeClass

SCHEMA_VERSION = 1

Digests = Annotated[dict[str, str], Field(description="A short digest by field.")]


class _Closed(BaseModel):
    model_config = ConfigDict(
        frozen=True, extra="forbid", validate_by_alias=True, validate_by_name=True, defer_build=True
    )


class SavedChange(_Closed):
    """One difference; null means that there is no value."""

    field: Annotated[str, Field(description="Dotted, for example tags.license.")]
    consequence: Annotated[ChangeClass, Field(alias="class")]
    before: Any
    after: Any
    moved: Annotated[tuple[str, ...], Field(description="What differs, where before and after are digests.")] = ()


class SavedLatest(_Closed):
    """The version that the label `latest` resolves to."""

    before: int | None
    after: int | None


class SavedAction(_Closed):
    """The action for one model, and what it was decided from."""

    model: str
    version: int
    action: ActionKind
    reason: str
    hint: str
    latest: SavedLatest
    fields: tuple[SavedChange, ...]
    wanted: Annotated[str, Field(description="SHA-256 over the rendered model and its content's identity.")]
    rendered: Annotated[Digests, Field(description="The desired state.")]
    registered: Annotated[Digests, Field(description="The registry's state.")]


class SavedPlan(_Closed):
    """A plan written by `publish plan --out` for `publish apply`."""

    schema_version: Literal[1]
    tool: Annotated[str, Field(description="Name and version of the tool that made it.")]
    commit: Annotated[
        str,
        Field(description="The repository's commit, with `-dirty` where files differed; empty outside of one."),
    ] = ""
    author: Annotated[
        str, Field(description="Who made it: who started the build, else the author as git has it. Nobody checked it.")
    ] = ""
    registry: Annotated[str, Field(description="The registry's name in asset URIs.")]
    address: Annotated[str, Field(description="How the registry was named: a key of publish.yaml, or a URI.")]
    models: Annotated[tuple[str, ...], Field(description="The patterns that selected the models; none means all.")]
    folders: Annotated[
        tuple[str, ...] | None,
        Field(description="The model folders that --since chose; null: all of `models`."),
    ] = None
    layout: Annotated[LayoutName | None, Field(description="The layout that was given instead of publish.yaml's.")]
    as_of: Annotated[str, Field(description="The day by which sizes count as retired: yyyy-mm-dd.")]
    digest: Annotated[str, Field(description="SHA-256 over the registry's name and every action.")]
    rendered: Annotated[str, Field(description="SHA-256 over the desired state of all folders.")]
    registered: Annotated[str, Field(description="SHA-256 over the registry's state.")]
    actions: tuple[SavedAction, ...]
    checksum: Annotated[str, Field(description="SHA-256 over all the other keys: the plan as it was written.")]

    @property
    def plan(self) -> Plan:
        """The plan itself."""
        return Plan(self.registry, tuple(_read_action(action) for action in self.actions))


@dataclass(frozen=True, slots=True)
class Observed:
    """Rendered models and their state in a registry."""

    registry: str
    models: tuple[tuple[Desired, RegistryState], ...]

    def plan(self) -> Plan:
        """The plan for this state."""
        return make_plan(self.registry, self.models)


@dataclass(frozen=True, slots=True)
class Request:
    """What a plan was made with: see the keys of `SavedPlan`."""

    address: str
    models: tuple[str, ...]
    layout: LayoutName | None
    as_of: str
    commit: str = ""
    author: str = ""
    folders: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True, order=True)
class StaleEntry:
    """Something that changed after a plan was saved. `side` is `folder` or `registry`."""

    model: str
    side: Literal["folder", "registry"]
    field: str


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where a saved plan comes from.

    Attributes:
        path: the plan's file.
        commit: that it was made at, as the plan says; empty where it says none.
        author: who made it, as the plan says.
        signed: the public key that its signature was checked with; empty where none was wanted.
        here: the commit that the folders are at now; empty outside of a repository.
    """

    path: str
    commit: str
    author: str
    signed: str
    here: str

    @property
    def moved(self) -> bool:
        """Whether the folders are at another commit than the plan was made at, or that is not known."""
        return self.commit.removesuffix("-dirty") != self.here.removesuffix("-dirty")


def save_plan(observed: Observed, plan: Plan, request: Request, tool: str) -> str:
    """The text of a plan file. It has digests and the changing values, and no signed URL."""
    seen = {wanted.asset.name: (wanted_digests(wanted), state_digests(state)) for wanted, state in observed.models}
    content: dict[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "tool": tool,
        "commit": request.commit,
        "author": request.author,
        "registry": plan.registry,
        "address": request.address,
        "models": list(request.models),
        **({"folders": list(request.folders)} if request.folders is not None else {}),
        "layout": request.layout,
        "as_of": request.as_of,
        "digest": plan.digest,
        "rendered": _sha256({model: rendered for model, (rendered, _) in seen.items()}),
        "registered": _sha256({model: registered for model, (_, registered) in seen.items()}),
        "actions": [_written(action, *seen[action.model]) for action in plan.actions],
    }
    content["checksum"] = _sha256(content)
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def read_plan(raw: bytes, path: str) -> SavedPlan:
    """Read a plan file.

    Raises:
        UsageProblem: it is not a plan, has another format version, or was changed after it was written.
    """
    content = _parse(raw, path)
    if not isinstance(content, dict) or "actions" not in content or "schema_version" not in content:
        raise UsageProblem(f"{path} is not a plan.", hint=_again(path))
    version = content["schema_version"]
    if type(version) is not int or version != SCHEMA_VERSION:
        tool = content.get("tool")
        by = f", written by {tool}" if isinstance(tool, str) and tool.isprintable() and len(tool) < 80 else ""
        raise UsageProblem(
            f"{path} is a plan of form {version!r}{by}; this version reads form {SCHEMA_VERSION}.",
            hint=f"Plan with the version that applies: `publish plan --out {path}`.",
        )
    if "checksum" not in content:
        raise UsageProblem(f"{path} is the report of a plan, not a saved plan.", hint=_again(path))
    if content["checksum"] != _sha256({key: value for key, value in content.items() if key != "checksum"}):
        hint = f"Change the model folders instead, and plan again: `publish plan --out {path}`."
        raise UsageProblem(f"{path} was changed after it was written, so it is not applied.", hint=hint)
    try:
        return SavedPlan.model_validate(content)
    except ValidationError as invalid:
        first = invalid.errors(include_url=False)[0]
        place = ".".join(map(str, first["loc"]))
        raise UsageProblem(f"{path} is not a plan: {place}: {first['msg']}.", hint=_again(path)) from invalid


def moved_since(saved: SavedPlan, now: Observed) -> tuple[StaleEntry, ...]:
    """Everything that is neither as the plan saw it nor as the plan itself would leave it, sorted.

    So an interrupted plan can be continued, but not if somebody else changed the registry.
    """
    planned = {action.model: action for action in saved.actions}
    present = {wanted.asset.name: (wanted, state) for wanted, state in now.models}
    moved = [StaleEntry(model, "folder", "") for model in planned.keys() ^ present.keys()]
    for model in planned.keys() & present.keys():
        wanted, state = present[model]
        action, rendered = planned[model], wanted_digests(wanted)
        moved += [StaleEntry(model, "folder", field) for field in _differing(action.rendered, rendered)]
        if rendered["version"] == action.rendered.get("version"):  # else the state is that of another version
            held = state_digests(state)
            left = _left_behind(action)
            moved += [
                StaleEntry(model, "registry", field)
                for field in _differing(action.registered, held)
                if held.get(field) != left.get(field, action.registered.get(field))
            ]
    return tuple(sorted(moved))


def _left_behind(action: SavedAction) -> Mapping[str, str | None]:
    """The digests after the plan's own changes, by field; None for one that it removes."""
    if action.action is ActionKind.CREATE:
        numbers = {LATEST: number_digest(LATEST, action.version), NEXT: number_digest(NEXT, action.version + 1)}
        return {key: value for key, value in action.rendered.items() if key != "version"} | numbers
    if action.action in (ActionKind.UPDATE, ActionKind.ARCHIVE, ActionKind.RESTORE):
        return {
            one.field: action.rendered.get(one.field)
            for one in action.fields
            if one.consequence in (ChangeClass.IN_PLACE, ChangeClass.APPEND)
        }
    return {}


def _differing(before: Mapping[str, str], after: Mapping[str, str]) -> Iterable[str]:
    return [field for field in {*before, *after} if before.get(field) != after.get(field)]


def _written(action: Action, rendered: Mapping[str, str], registered: Mapping[str, str]) -> dict[str, Any]:
    return {
        "model": action.model,
        "version": action.version,
        "action": str(action.kind),
        "reason": action.reason,
        "hint": action.hint,
        "latest": {"before": action.latest, "after": action.latest_after},
        "fields": [
            {
                "field": one.field,
                "class": str(one.consequence),
                "before": one.before,
                "after": one.after,
                **({"moved": list(one.moved)} if one.moved else {}),
            }
            for one in action.fields
        ],
        "wanted": action.wanted,
        "rendered": dict(rendered),
        "registered": dict(registered),
    }


def _read_action(action: SavedAction) -> Action:
    fields = tuple(FieldChange(one.field, one.consequence, one.before, one.after, one.moved) for one in action.fields)
    latest = action.latest.before
    return Action(
        action.model, action.version, action.action, action.wanted, action.reason, fields, action.hint, latest
    )


def _parse(raw: bytes, path: str) -> Any:
    try:
        return json.loads(raw.decode("utf-8"))
    except json.JSONDecodeError as error:
        message = f"{path}:{error.lineno}:{error.colno}: this is not JSON, so it is not a plan: {error.msg}."
        raise UsageProblem(message, hint=_again(path)) from error
    except (ValueError, RecursionError) as error:
        what = "nested too deep" if isinstance(error, RecursionError) else "not UTF-8 JSON"
        raise UsageProblem(f"{path} is not a plan: it is {what}.", hint=_again(path)) from error


def _again(path: str) -> str:
    return f"`publish plan --out {path}` writes one."


def _sha256(content: Any) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()
