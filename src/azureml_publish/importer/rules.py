"""Rules for asset folders that are being imported."""

from __future__ import annotations

from typing import Final

from azureml_publish.asset_folders import NOT_READABLE, WITHOUT_SPEC
from azureml_publish.diagnostics import Rule, Severity


class ImportRules:
    """The rules, each with its stable code. `docs/moving.md` explains them."""

    WITHOUT_SPEC: Final = WITHOUT_SPEC
    NAME_DIFFERS: Final = Rule(
        "IMP002",
        "name-differs-from-folder",
        Severity.INFO,
        "A model and its folder have different names; both are kept.",
    )
    CONTRADICTION: Final = Rule("IMP003", "layouts-contradict", Severity.ERROR, "Two places of one value disagree.")
    ALREADY_THERE: Final = Rule(
        "IMP004", "model-folder-exists", Severity.ERROR, "A model folder with this name exists already."
    )
    DUPLICATE_ITEM: Final = Rule("IMP005", "list-with-duplicates", Severity.ERROR, "A list names something twice.")
    DIFFERENCE: Final = Rule(
        "IMP006", "import-not-equal", Severity.ERROR, "An imported model does not render to its original."
    )
    NOT_READABLE: Final = NOT_READABLE
    VERSION: Final = Rule(
        "IMP008", "version-not-whole", Severity.INFO, "A version that is not a whole number gets a free one."
    )
    LEFT_OUT: Final = Rule("IMP009", "key-left-out", Severity.WARNING, "A key has no place in a model folder.")
