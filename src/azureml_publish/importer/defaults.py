"""Moves what all models of a catalogue have in common to the project's defaults."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from azureml_publish.documents import plain
from azureml_publish.importer.comparison import same
from azureml_publish.importer.draft import Draft
from azureml_publish.spec import Defaults, FinetuneDefaults, Metadata


def propose_defaults(drafts: Sequence[Draft]) -> dict[str, Any]:
    """Defaults for a project that has none yet; none for a single model."""
    if len(drafts) < 2:
        return {}
    proposed: dict[str, Any] = {}
    tuned = [draft for draft in drafts if "finetune" in draft.head.get("tasks", {})]
    switches = Counter(
        tuple(sorted(draft.finetune.items()))
        for draft in tuned
        if draft.finetune and fits(FinetuneDefaults, draft.finetune)
    )
    if switches and (commonest := switches.most_common(1)[0])[1] > 1:
        proposed["finetune"] = dict(commonest[0])
    categories = Counter(draft.categories for draft in drafts if draft.categories)
    if categories and (most := categories.most_common(1)[0])[1] > 1:
        proposed["categories"] = list(most[0])
    first, *others = (draft.metadata for draft in drafts)
    shared = {
        key: value
        for key, value in first.items()
        if all(key in other and same(value, other[key]) for other in others) and fits(Metadata, {key: value})
    }
    if shared:
        proposed["metadata"] = shared
    return proposed


def fits(kind: type[BaseModel], data: Mapping[str, Any]) -> bool:
    """Whether data fits a part of a spec."""
    try:
        kind.model_validate(data)
    except ValidationError:
        return False
    return True


def without_defaults(draft: Draft, defaults: Defaults) -> dict[str, Any]:
    """What differs from the defaults in fine-tuning, categories and metadata; null unsets an inherited key."""
    settings: dict[str, Any] = {}
    inherited = defaults.finetune.model_dump(exclude_none=True) if defaults.finetune else {}
    tuned = "finetune" in draft.head.get("tasks", {})
    if finetune := _over(draft.finetune or {}, inherited if tuned else {}):
        settings["finetune_defaults"] = finetune
    if draft.categories is not None and draft.categories != defaults.categories:
        settings["categories"] = list(draft.categories)
    if metadata := _over(draft.metadata, plain(defaults.metadata.model_dump(by_alias=True, exclude_none=True))):
        settings["metadata"] = metadata
    return settings


def _over(own: Mapping[str, Any], inherited: Mapping[str, Any]) -> dict[str, Any]:
    settings = {key: value for key, value in own.items() if key not in inherited or not same(value, inherited[key])}
    return settings | {key: None for key in inherited if key not in own}
