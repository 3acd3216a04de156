"""What importing can find beside what is wrong in any file: the rules about asset folders that nobody imported yet."""

from __future__ import annotations

from typing import Final

from azureml_publish.asset_folders import NOT_READABLE, WITHOUT_SPEC
from azureml_publish.diagnostics import Rule, Severity


class ImportRules:
    """The rules, each with its stable code. `docs/moving.md` explains them."""

    WITHOUT_SPEC: Final = WITHOUT_SPEC
    NAME_DIFFERS: Final = Rule(
        "IMP002", "name-differs-from-folder", Severity.INFO, "A model is not called as its folder is; both are kept."
    )
    CONTRADICTION: Final = Rule(
        "IMP003", "layouts-contradict", Severity.ERROR, "Two places of one value do not say the same."
    )
    ALREADY_THERE: Final = Rule(
        "IMP004", "model-folder-exists", Severity.ERROR, "A model folder of this name is there already."
    )
    DUPLICATE_ITEM: Final = Rule("IMP005", "list-with-duplicates", Severity.ERROR, "A list names something twice.")
    DIFFERENCE: Final = Rule(
        "IMP006", "import-not-equal", Severity.ERROR, "An imported model does not render to what it was made from."
    )
    NOT_READABLE: Final = NOT_READABLE
