"""Reports drift: as text, JSON, Markdown and annotations of GitHub Actions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from azureml_publish.assets import RegisteredAsset
from azureml_publish.diagnostics import Location
from azureml_publish.plan.drift import Drift, DriftedField, DriftStatus, ModelDrift, Side
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.reporters.annotations import annotation
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.differences import difference, painted, short
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.plan import LABELS as PLANNED
from azureml_publish.reporters.plan import NAME_WIDTH
from azureml_publish.reporters.plan_markdown import MOST, cell

LABELS = {
    Side.REGISTRY: "changed in the registry",
    Side.FOLDER: "not applied yet",
    Side.BOTH: "changed in both",
    Side.UNKNOWN: "differs",
}
_SIGNS = {
    DriftStatus.SAME: ("=", "dim"),
    DriftStatus.DIFFERS: ("!", "red"),
    DriftStatus.NOT_APPLIED: ("~", "yellow"),
    DriftStatus.MISSING: ("-", "red"),
}
_STANDS = {
    DriftStatus.SAME: "as the folder says",
    DriftStatus.DIFFERS: "differs from the folder",
    DriftStatus.NOT_APPLIED: "not applied yet",
    DriftStatus.MISSING: "gone: its number is used up",
}


@dataclass(frozen=True, slots=True)
class Fixed:
    """The result of `--fix` for one model: fixed fields, fields that could not be fixed, and the changed files.

    `follows`: the rendered card changed as well, and the registered one does not have that change.
    """

    fields: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    follows: bool = False


def drift_text(drift: Drift, fixes: Mapping[str, Fixed], paint: Paint = PLAIN) -> str:
    """The differences of each model, the folder's value before the registry's, and a count at the end."""
    names = [*(one.model for one in drift.models), *(one.id.name for one in drift.strangers)]
    width = max((len(one_line(name)) for name in names), default=0)
    lines = [f"Drift of registry {paint(one_line(drift.registry), 'bold')}", ""]
    for model in drift.models:
        sign, colour = ("!", "red") if model.drifted and model.status is DriftStatus.SAME else _SIGNS[model.status]
        head = f"{sign} {one_line(model.model):<{width}}  {model.version:>4}  {_STANDS[model.status]}"
        lines.append(f"  {paint(head, colour)}")
        lines.extend(f"      {line}" for line in _body(model, fixes.get(model.model, Fixed()), paint))
    for stranger in drift.strangers:
        head = f"? {one_line(stranger.id.name):<{width}}  {stranger.id.version:>4}  there is no folder for it"
        lines.append(f"  {paint(head, 'red')}")
        lines.append(f"      {paint(made(stranger), 'dim')}")
    return "\n".join([*lines, "", f"Drift: {summary(drift, fixes)}."]) + "\n"


def summary(drift: Drift, fixes: Mapping[str, Fixed]) -> str:
    """The number of models in each state, as a sentence."""
    drifted = sum(model.drifted for model in drift.models)
    waiting = sum(model.status is DriftStatus.NOT_APPLIED for model in drift.models)
    fixed = sum(len(fix.fields) for fix in fixes.values())
    parts = [f"{drifted} of {counted(len(drift.models), 'model')} changed behind the folders"] if drifted else []
    parts += [f"{waiting} not applied yet"] if waiting else []
    parts += [f"{counted(len(drift.strangers), 'model')} without a folder"] if drift.strangers else []
    parts += [f"{counted(fixed, 'field')} brought into the folders"] if fixed else []
    return ", ".join(parts if drift.found else ["none", *parts])


def drift_json(drift: Drift, fixes: Mapping[str, Fixed]) -> str:
    """The drift as a JSON object; `before` is the folder's value, `after` the registry's, null for none."""
    return as_json(
        {
            "registry": drift.registry,
            "drift": drift.found,
            "models": [_model(model, fixes.get(model.model, Fixed())) for model in drift.models],
            "unknown_models": [_version(stranger) for stranger in drift.strangers],
        }
    )


def drift_markdown(drift: Drift, fixes: Mapping[str, Fixed]) -> str:
    """A table of the models that differ from their folders, for a step's summary; never longer than `MOST`."""
    head = f"### Drift of registry {cell(drift.registry)}\n\n**{summary(drift, fixes)}**\n"
    rows = [_row(model) for model in drift.models if model.status is not DriftStatus.SAME or model.newer]
    rows += [
        f"| `?` | {cell(one.id.name)} | {one.id.version} | there is no folder for it | {cell(made(one))} |\n"
        for one in drift.strangers
    ]
    if not rows:
        return head
    text = f"{head}\n| | model | version | stands | what |\n| --- | --- | ---: | --- | --- |\n"
    for number, row in enumerate(rows):
        if len((text + row).encode(errors="surrogatepass")) > MOST - 100:
            return f"{text}\n{len(rows) - number} more are not shown; `publish drift` shows them all.\n"
        text += row
    return text


def drift_annotations(drift: Drift, fixes: Mapping[str, Fixed], places: Mapping[str, Location]) -> str:
    """A warning for each model that drifted, at its version, and one for each without a folder."""
    lines = [
        annotation("warning", "\n".join(_plain(model)), places.get(model.model), f"drift {model.model} {model.version}")
        for model in drift.models
        if model.drifted
    ]
    lines += [
        annotation("warning", f"No folder is about it; {made(one)}.", None, f"drift {one.id.name} {one.id.version}")
        for one in drift.strangers
    ]
    return "".join(f"{line}\n" for line in [*lines, f"Drift: {summary(drift, fixes)}."])


def made(asset: RegisteredAsset) -> str:
    """Who created a version and who changed it last, and when, if the registry says so.

    A registry may note the last change of a new version before its creation, which then says nothing.
    """
    parts = [_when("registered", asset.created_at, asset.created_by)]
    if asset.modified_at > asset.created_at:
        parts.append(_when("last changed", asset.modified_at, asset.modified_by))
    return ", ".join(part for part in parts if part) or "the registry does not say by whom"


def _when(what: str, at: str, by: str) -> str:
    by_label = (f" {short(at[:19].replace('T', ' '))}" if at else "") + (f" by {short(by)}" if by else "")
    return f"{what}{by_label}" if by_label else ""


def _label(field: DriftedField) -> str:
    return LABELS[field.side] if field.counts or field.side is Side.FOLDER else PLANNED[ChangeClass.KEPT]


def _body(model: ModelDrift, fix: Fixed, paint: Paint) -> Iterator[str]:
    if model.asset is not None and model.status is DriftStatus.DIFFERS:
        yield paint(made(model.asset), "dim")
    width = max((len(_label(field)) for field in model.fields), default=0)
    for field in model.fields:
        yield f"{paint(f'{_label(field):<{width}}', 'dim')}  {short(field.field, NAME_WIDTH)}"
        for line in difference(field.before, field.after):
            yield f"    {painted(line, paint)}"
    for newer in model.newer:
        hidden = ", archived" if newer.archived else ""
        yield f"version {newer.id.version} is registered, and no folder names it{hidden}: {made(newer)}"
    if fix.fields:
        yield f"{paint('fixed:', 'green')} {one_line(', '.join(fix.fields))}, in {one_line(', '.join(fix.files))}"
    for hint in _hints(model, fix):
        yield f"{paint('help:', 'cyan')} {one_line(hint)}"


def _hints(model: ModelDrift, fix: Fixed) -> Iterator[str]:
    if fix.follows:
        yield "The card is made of the same values: `publish apply` brings the registered one up to date."
    if fix.left:
        yield f"Not taken over: {', '.join(fix.left)}; `publish plan` and `apply` put the registry right."
    elif any(field.counts for field in model.fields) and not fix.fields:
        yield "`publish apply` brings back what the folder says; `publish drift --fix` takes over what is registered."
    if model.status is DriftStatus.MISSING:
        yield f"`publish bump {model.model}` and `publish apply` register it anew."
    elif model.newer:
        yield f"`publish bump {model.model}` goes on after it; `publish archive` hides it."


def _plain(model: ModelDrift) -> Iterator[str]:
    yield _STANDS[model.status]
    by_label: dict[str, list[str]] = {}
    for field in model.fields:
        by_label.setdefault(_label(field), []).append(field.field)
    yield from (f"{words}: {', '.join(fields)}" for words, fields in by_label.items())
    if model.newer:
        yield f"versions that no folder names: {_numbers(model.newer)}"
    if model.asset is not None:
        yield made(model.asset)


def _row(model: ModelDrift) -> str:
    lines = [cell(line) for line in list(_plain(model))[1:]]
    sign = _SIGNS[model.status][0] if model.status is not DriftStatus.SAME else "!"
    return f"| `{sign}` | {cell(model.model)} | {model.version} | {_STANDS[model.status]} | {'<br>'.join(lines)} |\n"


def _numbers(assets: Sequence[RegisteredAsset]) -> str:
    return ", ".join(str(asset.id.version) for asset in assets)


def _model(model: ModelDrift, fix: Fixed) -> dict[str, object]:
    asset = model.asset
    return {
        "model": model.model,
        "version": model.version,
        "standing": str(model.status),
        "drift": model.drifted,
        "created_at": asset.created_at if asset else None,
        "created_by": asset.created_by if asset else None,
        "modified_at": asset.modified_at if asset else None,
        "modified_by": asset.modified_by if asset else None,
        "fields": [
            {
                "field": field.field,
                "class": str(field.consequence),
                "before": field.before,
                "after": field.after,
                "moved": str(field.side),
                "drift": field.counts,
                "fixed": field.field in fix.fields,
            }
            for field in model.fields
        ],
        "unknown_versions": [_version(newer) for newer in model.newer],
        "written": list(fix.files),
        "card_follows": fix.follows,
    }


def _version(asset: RegisteredAsset) -> dict[str, object]:
    return {
        "model": asset.id.name,
        "version": asset.id.version,
        "asset_id": str(asset.id),
        "archived": asset.archived,
        "created_at": asset.created_at,
        "created_by": asset.created_by,
        "modified_at": asset.modified_at,
        "modified_by": asset.modified_by,
    }
