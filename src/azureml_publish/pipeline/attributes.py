"""What a plan shows of a version that it creates: where its files come from, how many they are, and what it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from azureml_publish.assets import Value
from azureml_publish.content.contents import ModelContent
from azureml_publish.layouts.wire import encode
from azureml_publish.plan.actions import ActionKind, FieldChange, Plan
from azureml_publish.plan.rules import ChangeClass


def with_attributes(plan: Plan, contents: Mapping[str, ModelContent]) -> Plan:
    """The plan with the attributes of everything that it creates; its files as far as somebody has looked."""

    def described(model: str) -> tuple[FieldChange, ...]:
        return tuple(
            FieldChange(name, ChangeClass.APPEND, None, value)
            for name, value in _of_content(contents[model]).items()
            if value not in (None, "", [])
        )

    actions = (
        replace(one, fields=described(one.model)) if one.kind is ActionKind.CREATE else one for one in plan.actions
    )
    return replace(plan, actions=tuple(actions))


def _of_content(content: ModelContent) -> dict[str, Value]:
    spec, asset, entries = content.folder.spec, content.rendered.asset, content.entries()
    named = spec.source.model_dump(exclude={"revision", "include", "exclude", "allow_pickle"}, exclude_none=True)
    kind, place = next(iter(named.items()))
    revision = getattr(spec.source, "revision", None)
    if isinstance(place, dict):
        revision = place.get("branch", revision)
        place = "/".join(str(part) for key, part in place.items() if key != "branch" and part)
    return {
        "source": f"{kind}: {place}",
        "revision": revision,
        "files": None if entries is None else len(entries),
        "bytes": None if entries is None else sum(entry.size for entry in entries),
        "type": asset.type,
        "task": spec.tasks.inference,
        "license": spec.license,
        **{f"tags.{key}": encode(asset.tags[key]) for key in sorted(asset.tags)},
        **{f"sizes.{scenario}": list(allowed.skus) for scenario, allowed in content.rendered.allow_lists.items()},
    }
