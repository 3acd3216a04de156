"""Reports a migration: a diff of asset YAML, and changes that a registered version does not allow."""

from __future__ import annotations

from collections.abc import Sequence

from azureml_publish.diagnostics import Diagnostic
from azureml_publish.importer.migration import Migration
from azureml_publish.reporters.diagnostics import as_json, counted, finding_json
from azureml_publish.reporters.differences import file_diff
from azureml_publish.reporters.hostile_text import one_line


def migrations_text(layout: str, migrations: Sequence[Migration], *, written: bool, bumped: bool) -> tuple[str, str]:
    """The diff, and a summary."""
    diff = "".join(file_diff(f"{one.name}/spec.yaml", one.before, one.after) for one in migrations)
    changing = [one for one in migrations if one.before != one.after]
    done = "moved" if written else "would move"
    lines = [f"{counted(len(changing), 'model')} of {len(migrations)} {done} to the layout {one_line(layout)}."]
    for one in migrations:
        name = one_line(one.name)
        if one.changed:
            lines.append(
                f"  {name}: needs a new version, because properties change: {one_line(', '.join(one.changed))}"
            )
        if one.vanishing:
            some = ", ".join(one.vanishing[:3]) + (", …" if len(one.vanishing) > 3 else "")
            kept = "property" if len(one.vanishing) == 1 else "properties"
            lines.append(f"  {name}: a registered version keeps {len(one.vanishing)} {kept}: {one_line(some)}")
    if any(one.changed or one.vanishing for one in migrations) and not bumped:
        lines.append("--bump gives these models the next version; `publish bump` gets the free one from the registry.")
    if changing and not written:
        lines.append("Nothing was written; --write does it.")
    return diff, "\n".join(lines)


def migrations_json(layout: str, migrations: Sequence[Migration], found: Sequence[Diagnostic], *, written: bool) -> str:
    """The migration as a JSON object."""
    return as_json(
        {
            "layout": layout,
            "written": written,
            "models": [
                {
                    "name": one.name,
                    "version": one.version,
                    "changed": one.before != one.after,
                    "needs_new_version": list(one.changed),
                    "kept_by_registered_version": list(one.vanishing),
                }
                for one in migrations
            ],
            "diagnostics": [finding_json(one) for one in found],
        }
    )
