"""Merges the JSON reports of several runs into one: what every part did, what is missing, and one exit code."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, TypeGuard

from azureml_publish.errors import ExitCode, UsageProblem
from azureml_publish.files import UnusableFile, read_file
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.saved_plans import read_saved
from azureml_publish.plan.actions import WRITING, Action
from azureml_publish.reporters.report import KINDS, FailedPart, MergedReport

MOST_BYTES = 256 * 1024 * 1024
_RANK = MappingProxyType({"unchanged": 1, "skipped": 2, "failed": 3})
"""Outcomes of apply that say less than that something was written."""


def merge_reports(run: RunContext, paths: Sequence[str], plan: str | None) -> MergedReport:
    """Read what `-o json` printed in each part.

    Args:
        paths: the reports; one that is not there is reported, as its part may have been cut off.
        plan: the saved plan that the parts carried out, which says what is left to do.

    Raises:
        UsageProblem: a file is not a report, or they are of several verbs or registries.
        NotFound: there is no such plan.
    """
    read = {path: _read(run.directory / path, path) for path in paths}
    missing = tuple(path for path, report in read.items() if report is None)
    there = {path: report for path, report in read.items() if report is not None}
    failures = tuple(
        FailedPart(path, str(report["error"].get("code", "failure")), str(report["error"].get("message", "")))
        for path, report in there.items()
        if isinstance(report.get("error"), Mapping)
    )
    verbs = {verb for report in there.values() for verb, key in KINDS.items() if _is(report, verb, key)}
    registries = {str(report["registry"]) for report in there.values() if "registry" in report}
    unknown = [
        path for path, report in there.items() if "error" not in report and not any(k in report for k in KINDS.values())
    ]
    if unknown or len(verbs) > 1 or len(registries) > 1:
        what = f"{unknown[0]} is not a report" if unknown else "These are reports of several verbs or registries"
        raise UsageProblem(f"{what}.", hint="Keep what apply, plan, verify or lint prints with -o json in each part.")
    verb = next(iter(verbs), "")
    entries = _once(verb, [entry for report in there.values() for entry in report.get(KINDS.get(verb, ""), ())])
    absent = [entry for report in there.values() for entry in report.get("missing", ())] if verb == "verify" else []
    done = {str(entry.get("model")) for entry in entries}
    planned = _planned(run, plan, there, KINDS.get(verb, "")) if plan is not None else ()
    left = tuple(one.model for one in planned if one.kind in WRITING and one.model not in done)
    code = _exit_code(verb, entries, absent, [one.code for one in failures], undone=bool(missing or left))
    return MergedReport(
        verb, next(iter(registries), ""), tuple(sorted(entries, key=_order)), tuple(absent), len(there), missing,
        failures, left, code,
    )  # fmt: skip


def _is(report: Mapping[str, Any], verb: str, key: str) -> bool:
    # The failure of a whole run brings findings along.
    return key in report and not (verb == "lint" and "error" in report)


def _once(verb: str, entries: Iterable[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """Each entry once, as a part may have been run twice; of apply the attempt that got furthest."""
    if verb == "apply":
        least_first = sorted(entries, key=lambda one: _RANK.get(str(one.get("outcome")), 0), reverse=True)
        return [*{(str(one.get("model")), str(one.get("version"))): one for one in least_first}.values()]
    return [*{json.dumps(one, sort_keys=True): one for one in entries}.values()]


def _planned(run: RunContext, path: str, reports: Mapping[str, Mapping[str, Any]], key: str) -> tuple[Action, ...]:
    """The actions of the plan that the parts carried out.

    Raises:
        UsageProblem: a report is of another plan.
        NotFound: there is no such plan.
    """
    plan = read_saved(run, path).plan
    models = {one.model for one in plan.actions}
    for name, report in reports.items():
        if report.get("registry", plan.registry) != plan.registry:
            problem = f"{name} is about registry {report['registry']}, and {path} about {plan.registry}."
        elif others := sorted({str(one.get("model")) for one in report.get(key, ())} - models):
            problem = f"{name} is of another plan: {path} has no model {others[0]}."
        else:
            continue
        raise UsageProblem(problem, hint="Give the plan that these parts carried out, and their reports alone.")
    return plan.actions


def _order(entry: Mapping[str, Any]) -> tuple[str, int]:
    place = entry.get("model") or entry.get("asset_id") or entry.get("path") or ""
    return str(place), entry.get("line") or 0


def _exit_code(
    verb: str, entries: Sequence[Mapping[str, Any]], absent: Sequence[object], failures: Iterable[str], *, undone: bool
) -> int:
    """The exit code of the whole: that of the verb over all entries, else that of the first part that failed."""
    failed = [ExitCode[name.upper()] if name.upper() in ExitCode.__members__ else ExitCode.FAILURE for name in failures]
    if undone:
        failed.append(ExitCode.FAILURE)
    code: int = failed[0] if failed else 0
    match verb:
        case "apply":
            bad = [one for one in entries if one.get("outcome") in ("failed", "skipped")]
            if bad or failed:
                code = ExitCode.PARTLY_APPLIED if len(bad) < len(entries) else code or ExitCode.FAILURE
        case "plan":
            code = code or (ExitCode.CONFLICT if any(one.get("action") == "conflict" for one in entries) else 0)
        case "verify":
            damaged = any(not one.get("intact") for one in entries)
            code = code or (ExitCode.FAILURE if damaged else ExitCode.NOT_FOUND if absent else 0)
        case "lint":
            code = code or (ExitCode.FINDINGS if any(one.get("severity") == "error" for one in entries) else 0)
    return code


def _read(file: Path, path: str) -> Mapping[str, Any] | None:
    try:
        found = json.loads(read_file(file, None, limit=MOST_BYTES))
    except UnusableFile as error:
        if error.missing:
            return None
        raise UsageProblem(f"{path} {error.reason}.") from error
    except (ValueError, RecursionError):
        found = None
    if not _has_shape(found):
        raise UsageProblem(f"{path} is not a report.", hint="Keep what a verb prints with -o json.")
    return found


def _has_shape(found: Any) -> TypeGuard[Mapping[str, Any]]:
    """Whether it is what verbs print, as far as it is read here."""
    if not isinstance(found, dict) or not isinstance(found.get("error", {}), dict):
        return False
    lists = [found.get(key, []) for key in (*KINDS.values(), "missing")]
    return all(isinstance(one, list) for one in lists) and all(
        isinstance(entry, dict)
        and isinstance(entry.get("line") or 0, int)
        and isinstance(entry.get("problems", []), list)
        for one in lists
        for entry in one
    )
