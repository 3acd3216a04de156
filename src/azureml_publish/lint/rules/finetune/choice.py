"""What the rules on fine-tune defaults share: the switches of a model as they take effect, and where each stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azureml_publish.diagnostics import Location
from azureml_publish.lint.subject import ModelSubject
from azureml_publish.spec import FinetuneDefaults


@dataclass(frozen=True, slots=True)
class Choice:
    """The fine-tune defaults of a model: the project's, unless it has no fine-tune task, under its own."""

    subject: ModelSubject
    values: Mapping[str, Any]
    own: frozenset[str]

    def on(self, switch: str) -> bool:
        """Whether a switch is set and true."""
        return self.values.get(switch) is True

    def number(self, key: str) -> float | None:
        """A companion as a number; it may be written as text. None where it is not given."""
        value = self.values.get(key)
        return None if value is None else float(value)

    def location(self, key: str) -> Location:
        """Where a value stands: in the model's own file, or in `publish.yaml`."""
        if key in self.own:
            return self.subject.folder.document.location(("finetune_defaults", key))
        return self.subject.project.project.document.location(("defaults", "finetune", key))


def choice(subject: ModelSubject) -> Choice:
    """The fine-tune defaults of a model as they take effect."""
    spec = subject.folder.spec
    inherited = subject.project.project.config.defaults.finetune if spec.tasks.finetune else None
    own = _given(spec.finetune_defaults)
    return Choice(subject, _given(inherited) | own, frozenset(own))


def _given(layer: FinetuneDefaults | None) -> dict[str, Any]:
    return {} if layer is None else layer.model_dump(exclude_none=True)


def plain(number: float) -> str:
    """A number without a needless `.0`."""
    return f"{number:g}"
