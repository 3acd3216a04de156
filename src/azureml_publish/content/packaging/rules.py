"""What packaging can find in a source: its rules, and what a finding says before it is placed in a spec."""

from __future__ import annotations

from dataclasses import dataclass

from azureml_publish.diagnostics import Diagnostic, Rule, Severity
from azureml_publish.documents import Document, KeyPath

UNUSABLE = Rule("PKG001", "source-unusable", Severity.ERROR, "The files of a source cannot become a model version.")
PICKLE = Rule("PKG002", "pickle-not-allowed", Severity.ERROR, "A source holds pickles, and nothing allows them.")
NO_WEIGHTS = Rule("PKG003", "weights-missing", Severity.ERROR, "A source has no weights that the loader would find.")
INCOMPLETE = Rule("PKG004", "weights-incomplete", Severity.ERROR, "Parts of the weights are missing, or their index.")
SURPLUS = Rule("PKG005", "weights-surplus", Severity.WARNING, "A source has weights that belong to nothing.")
DAMAGED = Rule("PKG006", "weights-damaged", Severity.ERROR, "A file of weights does not hold what its header promises.")
POINTER = Rule("PKG007", "lfs-pointer", Severity.ERROR, "A file is only a pointer of git LFS.")
NO_COMPONENT = Rule("PKG008", "component-missing", Severity.ERROR, "A file that the model's task loads is missing.")
NO_CODE = Rule("PKG009", "code-missing", Severity.ERROR, "Code that the model brings would not be found or not run.")
CODE = Rule("PKG010", "code-runs", Severity.WARNING, "The model brings code that runs on the machine that loads it.")
MORE_PARTS = Rule("PKG011", "parts-would-be-lost", Severity.ERROR, "The model has parts that MLflow would not load.")
ADAPTER = Rule("PKG012", "adapter-without-base", Severity.ERROR, "An adapter does not load without its base model.")
UNKNOWN_MODEL = Rule("PKG013", "model-unknown", Severity.ERROR, "transformers does not know the model's type or class.")
BROKEN_MLMODEL = Rule("PKG014", "mlmodel-broken", Severity.ERROR, "MLmodel does not describe the files beside it.")
NO_ENVIRONMENT = Rule("PKG015", "environment-missing", Severity.WARNING, "An MLflow model names no requirements.")
TRITON = Rule("PKG016", "triton-layout", Severity.ERROR, "Triton would not find the model.")
NO_PACKAGE = Rule("PKG017", "package-missing", Severity.ERROR, "The model needs a package that nothing requires.")
NOT_SERVED = Rule("PKG018", "task-not-served", Severity.WARNING, "MLflow loads the model, and serves no such task.")
NOT_HERE = Rule("PKG019", "source-not-here", Severity.WARNING, "A local source is not on this machine.")
UNTRAINED = Rule("PKG020", "head-untrained", Severity.WARNING, "The weights lack the layer that the task needs.")

RULES = (
    UNUSABLE, PICKLE, NO_WEIGHTS, INCOMPLETE, SURPLUS, DAMAGED, POINTER, NO_COMPONENT, NO_CODE, CODE, MORE_PARTS,
    ADAPTER, UNKNOWN_MODEL, BROKEN_MLMODEL, NO_ENVIRONMENT, TRITON, NO_PACKAGE, NOT_SERVED, NOT_HERE, UNTRAINED,
)  # fmt: skip

CUSTOM = "or write type: custom_model, which publishes the files as they are"
"""What every refusal of an MLflow model can lead to."""


@dataclass(frozen=True, slots=True)
class Finding:
    """Something found in a source: of a rule, in words, and the key of the spec that it is about."""

    rule: Rule
    message: str
    hint: str
    key: KeyPath = ("source",)

    @property
    def refuses(self) -> bool:
        """Whether the source cannot be published like this."""
        return self.rule.severity is Severity.ERROR

    def placed(self, document: Document) -> Diagnostic:
        """The finding at its key of the spec; at its source where the spec leaves that key out."""
        key = self.key if self.key in document.spans else ("source",)
        return self.rule.at(document.location(key), self.message, self.hint)


def some(names: object, most: int = 3) -> str:
    """The first few of several names, and how many more there are."""
    listed = sorted(names)  # type: ignore[call-overload]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return f"{', '.join(listed[:most])}{more}"
