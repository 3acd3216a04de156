"""What a download brought, as text and as JSON."""

from __future__ import annotations

from azureml_publish.execute.download import Downloaded
from azureml_publish.reporters.diagnostics import as_json, counted
from azureml_publish.reporters.hostile_text import one_line
from azureml_publish.reporters.tables import size_text


def downloaded_text(done: Downloaded, shown: str) -> str:
    """What was brought, in one line."""
    held = f"{counted(done.files, 'file')}, {size_text(done.size)}"
    kept = f", {done.kept} of them there already" if done.kept else ""
    return f"{one_line(str(done.asset))}\n  {held}{kept}, each as its manifest says, in {one_line(shown)}/\n"


def downloaded_json(done: Downloaded) -> str:
    """What was brought as a JSON object; sizes in bytes."""
    return as_json(
        {
            "asset_id": str(done.asset),
            "folder": str(done.folder),
            "files": done.files,
            "size": done.size,
            "kept": done.kept,
        }
    )
