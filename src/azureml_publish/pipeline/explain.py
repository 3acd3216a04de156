"""What `publish explain` does: where a rendered field of one model comes from, and what changing it means."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence

from azureml_publish.assets import LayoutName, RenderedModel, Value
from azureml_publish.content.contents import describe_content
from azureml_publish.documents import value_at
from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.layouts.mapping import load_mapping
from azureml_publish.pipeline.check import load_rendered
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.local_sources import look_into_local
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.actions import Desired
from azureml_publish.plan.fields import wanted_fields
from azureml_publish.plan.rules import rule_of
from azureml_publish.project import ModelFolder, Project
from azureml_publish.render import Templates, default_templates
from azureml_publish.render.provenance import FieldOrigins
from azureml_publish.reporters.explain import Explanation


def explain(run: RunContext, field: str, model: str | None, settings: Settings) -> Explanation:
    """The origins of a field of one model, which needs no name where there is but one.

    Raises:
        NotFound: there is no such model, or it has no such field.
        UsageProblem: several models are meant.
    """
    checked = load_rendered(run, [model] if model else [], settings)
    project = checked.require_sound()
    if len(checked.rendered) != 1:
        if not project.models:
            raise NotFound("There is no model folder yet.", hint="`publish init ORG/NAME` begins one.")
        names = ", ".join(folder.folder for folder, _ in checked.rendered[:8])
        raise UsageProblem("One model is explained at a time.", hint=f"Add --model with one of: {names}.")
    folder, rendered = checked.rendered[0]
    laid_out = settings.layout or project.config.layout
    fields = _fields(project, folder, rendered, field)
    field = _whole_name(field, _names(fields, rendered))
    path = _path(rendered.asset.system_metadata, field.removeprefix("system_metadata.").split("."))
    if field not in fields and not (field.startswith("system_metadata.") and path):
        raise _unknown(field, fields, rendered, laid_out)
    templates = Templates(project.root, project.templates, default_templates())
    source, _ = look_into_local(folder, project.config)
    top = source.top if source is not None else None
    provenance = FieldOrigins(project, folder, rendered.asset, templates, laid_out, top)
    value = fields[field] if field in fields else value_at(rendered.asset.system_metadata, path)
    return Explanation(
        rendered.asset.name, rendered.asset.version, field, value, provenance.origins(field, path), rule_of(field)
    )


def _fields(project: Project, folder: ModelFolder, rendered: RenderedModel, field: str) -> dict[str, Value]:
    """Every field by name. The identity of the content only with `content`, because it reads local files."""
    asset = rendered.asset
    defaults = project.config.defaults.mlflow
    digest = describe_content(folder, rendered, defaults=defaults).digest if field == "content" else ""
    wanted = Desired(asset, digest)
    return {"name": asset.name, "version": asset.version, **wanted_fields(wanted)}


def _names(fields: Mapping[str, Value], rendered: RenderedModel) -> list[str]:
    return [*fields, *_deep(rendered.asset.system_metadata, "system_metadata")]


def _whole_name(field: str, names: Sequence[str]) -> str:
    """The field that alone ends with what was written: `license` is system_metadata.license, as model.yaml calls it."""
    ending = [name for name in dict.fromkeys(names) if name.endswith(f".{field}")]
    return ending[0] if field not in names and len(ending) == 1 else field


def _path(tree: Value, parts: list[str]) -> tuple[str, ...]:
    """The keys that a dotted name means; a key may hold dots itself. Empty where there is no such key."""
    if not isinstance(tree, Mapping):
        return ()
    for end in range(1, len(parts) + 1):
        key = ".".join(parts[:end])
        if key in tree:
            if end == len(parts):
                return (key,)
            if below := _path(tree[key], parts[end:]):
                return (key, *below)
    return ()


def _unknown(field: str, fields: Mapping[str, Value], rendered: RenderedModel, layout: LayoutName) -> NotFound:
    message = f"{rendered.asset.name} has no field '{field}' in the layout {layout}."
    paths = _twins(field)
    there = [
        name
        for name in paths
        if name in fields or _path({"system_metadata": rendered.asset.system_metadata}, name.split("."))
    ]
    if there:
        return NotFound(message, hint=f"Its value is {' and '.join(there)} there.")
    names = _names(fields, rendered)
    close = difflib.get_close_matches(field, names, n=3, cutoff=0.6)
    by_end = {name.rpartition(".")[2]: name for name in names}
    ends = [by_end[end] for end in difflib.get_close_matches(field.rpartition(".")[2], by_end, n=1, cutoff=0.6)]
    meant = list(dict.fromkeys([*ends, *close]))[:3]
    hint = f"Did you mean {' or '.join(meant)}?" if meant else f"There are: {', '.join(fields)}."
    return NotFound(message, hint=hint)


def _twins(field: str) -> list[str]:
    """What the other layout calls a field."""
    found = []
    for path, rules in load_mapping().items():
        native = f"system_metadata.{'.'.join(path)}"
        names = [rule.old_name for rule in rules]
        if field in names:
            found.append(native)
        elif field == native:
            found += names
    return found


def _deep(tree: Value, above: str) -> list[str]:
    if not isinstance(tree, Mapping):
        return []
    return [name for key, child in tree.items() for name in (f"{above}.{key}", *_deep(child, f"{above}.{key}"))]
