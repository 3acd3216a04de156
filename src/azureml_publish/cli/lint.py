"""`publish lint`: all checks, all findings."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import NoReturn

import click
from click.core import ParameterSource

from azureml_publish.cli.events import events_option
from azureml_publish.cli.options import (
    as_of_option,
    models_argument,
    registry_option,
    reporting,
    scheduler_option,
    since_option,
)
from azureml_publish.cli.output import Output, report_error
from azureml_publish.diagnostics import Severity
from azureml_publish.errors import ExitCode, PublishError, UsageProblem
from azureml_publish.git import changed_files, prefix_of
from azureml_publish.lint.rule_book import rule_pages
from azureml_publish.pipeline.lint import Fixing, LintRequest, lint
from azureml_publish.project import find_root
from azureml_publish.reporters.diagnostics import (
    as_json,
    diagnostics_text,
    folders_summary,
)
from azureml_publish.reporters.lint import LintReport, lint_json, lint_stats, lint_summary, stats_json
from azureml_publish.spec import Profile


def _words(_context: click.Context, option: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    words = tuple(word.strip() for part in given for word in part.split(",") if word.strip())
    if given and not words and option.name == "select":
        raise click.BadParameter("No rule is named. Leave --select out to select all rules.")
    return words


@click.command("lint")
@models_argument
@click.option("--select", metavar="RULES", multiple=True, callback=_words, help="Only these: codes, names, families.")
@click.option("--ignore", metavar="RULES", multiple=True, callback=_words, help="Not these.")
@click.option("--fix", is_flag=True, help="Fix what can be fixed without changing the meaning.")
@click.option("--unsafe", is_flag=True, help="With --fix or --diff: also fixes that may change the meaning.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option(
    "--baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Report only findings that are not in this file.",
)
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Accept what is found now: write it there.",
)
@since_option
@as_of_option
@click.option(
    "--assets",
    is_flag=True,
    help="The arguments are asset folders, or folders of them, in Azure/azureml-assets' shape; nothing is imported.",
)
@click.option(
    "--profile",
    type=click.Choice(["registry", "microsoft-catalog"]),
    default="registry",
    show_default=True,
    help="With --assets: whose rules apply to the metadata; for a project publish.yaml says it.",
)
@click.option("--cache/--no-cache", default=True, help="Remember what was found in unchanged folders.")
@click.option("--online", is_flag=True, help="Follow the cards' links too, and check the Hub and a registry.")
@registry_option
@click.option("--stats", is_flag=True, help="How often each rule found something, instead of the findings.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 whatever is found.")
@click.option("--watch", is_flag=True, help="Check again whenever a file of the project changes, until Ctrl-C.")
@events_option
@reporting("github", "azure", "gitlab", "sarif", "junit")
@scheduler_option
def command(
    *,
    output: Output,
    models: tuple[str, ...],
    select: tuple[str, ...],
    ignore: tuple[str, ...],
    fix: bool,
    unsafe: bool,
    diff: bool,
    baseline: Path | None,
    write_baseline: Path | None,
    since: str | None,
    as_of: datetime | None,
    assets: bool,
    profile: Profile,
    cache: bool,
    online: bool,
    registry: str | None,
    stats: bool,
    exit_zero: bool,
    watch: bool,
) -> None:
    """Check the model folders: spec, SKUs, card, samples and templates; with --online what the network says as well.

    MODEL is a name, a glob, or a file or folder of a model, as pre-commit hands over. RULES are codes (SKU010),
    beginnings of codes (SKU) or names (sku-retired), with commas between them.

    Exits with 4 where there is an error; warnings alone are 0. --diff exits with 4 where there is anything to fix.
    """
    if assets or not online:
        _refuse_registry()
    if assets:
        _refuse_scheduler(output)
    request = LintRequest(
        models,
        select,
        ignore,
        as_of,
        baseline,
        accept=write_baseline,
        assets=assets,
        profile=profile,
        cache=cache,
        online=online,
        registry=registry,
        fixing=_fixing(fix=fix, unsafe=unsafe, diff=diff, assets=assets),
        unsafe=unsafe,
        since=since,
    )
    _require_form(output, stats=stats, diff=diff)
    if watch:
        _watch(output, request, stats=stats)
    report = lint(output.run, request)
    if write_baseline is not None and not diff:
        _end_accepting(output, report, write_baseline, exit_zero=exit_zero)
    _show(output, report, stats=stats)
    if report.failure is not None:
        raise report.failure
    if (report.has_errors or report.change) and not exit_zero:
        raise SystemExit(ExitCode.FINDINGS)


def _refuse_scheduler(output: Output) -> None:
    if output.run.executor is not None:
        raise UsageProblem("Workers of a scheduler check model folders, not asset folders: leave --scheduler out.")


def _require_form(output: Output, *, stats: bool, diff: bool) -> None:
    if (stats or diff) and output.format not in ("text", "json"):
        option = "--stats" if stats else "--diff"
        raise UsageProblem(f"{option} has no form {output.format}: leave -o out, or take json.")


def _watch(output: Output, request: LintRequest, *, stats: bool) -> NoReturn:
    """Check, and check again with each change, until somebody interrupts; an edit may leave no project for a while."""
    from azureml_publish.pipeline.watch import watch  # noqa: PLC0415 - one run needs none

    root = output.run.directory if request.assets else find_root(output.run.directory)
    begun = False
    try:
        with watch(root, (), lambda: (root,)) as edits:
            while True:
                if not edits.wait():
                    continue
                try:
                    _show(output, lint(output.run, request), stats=stats)
                except PublishError as error:
                    if not begun:
                        raise
                    report_error(error, form="")
                begun = True
                output.note("Watching for changes; Ctrl-C ends.\n")
    except KeyboardInterrupt:
        output.note("Stopped.")
        sys.exit()


def _end_accepting(output: Output, report: LintReport, baseline: Path, *, exit_zero: bool) -> NoReturn:
    """Say what was not accepted into a baseline, and end with the code for it."""
    output.notes(report.notes)
    if output.json:
        output.data(as_json({"baseline": baseline.as_posix(), "left": len(report.found)}))
    if report.found:
        never = "What cannot be read or rendered is never accepted."
        output.announce(diagnostics_text(report.found, output.paint_notes) + never)
    raise SystemExit(ExitCode.FINDINGS if report.found and not exit_zero else 0)


def _show(output: Output, report: LintReport, *, stats: bool) -> None:
    if report.change is not None:
        output.data(as_json({"diff": report.change}) if output.json else report.change)
    output.notes(report.notes)
    if report.change is not None:
        output.note(f"Left after it: {lint_summary(report)}")
        return
    if stats:
        output.data(stats_json(report) if output.json else lint_stats(report))
        output.note(lint_summary(report))
        return
    environ = output.run.environ
    if output.format in ("github", "azure", "gitlab", "sarif"):
        report = replace(report, prefix=prefix_of(report.root, environ))
    if output.format not in ("text", "github"):
        output.data(_printed(output.format)(report))
        return
    if output.format == "github":
        from azureml_publish.reporters.github import github_annotations, github_summary, log_lines  # noqa: PLC0415

        output.data(log_lines(report.found) + github_annotations(report, changed_files(report.root, environ)))
        if summary := environ.get("GITHUB_STEP_SUMMARY"):
            output.summary(summary, github_summary(report))
    else:
        sources = report.sources if output.framed else None
        pages = {page.rule.code: page.address(report.docs) for page in rule_pages()} if output.linked else {}
        columns = shutil.get_terminal_size().columns
        output.data(diagnostics_text(report.found, output.paint, sources, columns, pages))
    output.note(lint_summary(report))
    if (
        output.format == "text"
        and report.models > 1
        and (summary := folders_summary(report.found, report.models, assets=report.assets))
    ):
        output.note(summary)
    if output.framed and report.found:
        worst = min(report.found, key=lambda one: list(Severity).index(one.severity))
        output.note(f"`publish rule {worst.code}` says what is behind a code, and where its page is.")


def _printed(form: str) -> Callable[[LintReport], str]:
    """The report in a form for programs; a run imports no other than the one that it prints."""
    match form:
        case "sarif":
            from azureml_publish.reporters.sarif import lint_sarif  # noqa: PLC0415

            return lint_sarif
        case "junit":
            from azureml_publish.reporters.junit import lint_junit  # noqa: PLC0415

            return lint_junit
        case "azure":
            from azureml_publish.reporters.azure_pipelines import lint_issues  # noqa: PLC0415

            return lint_issues
        case "gitlab":
            from azureml_publish.reporters.code_quality import lint_quality_json  # noqa: PLC0415

            return lint_quality_json
    return lint_json


def _fixing(*, fix: bool, unsafe: bool, diff: bool, assets: bool) -> Fixing:
    """What the options about fixing want; refused where they contradict each other."""
    if unsafe and not (fix or diff):
        raise UsageProblem("--unsafe goes with --fix or --diff.")
    if fix and diff:
        raise UsageProblem("--fix writes and --diff does not: choose one.")
    if assets and (fix or diff):
        raise UsageProblem(
            f"--assets only looks, asset folders are never written: leave {'--fix' if fix else '--diff'} out.",
            hint="`publish import` makes model folders of them, which --fix can fix.",
        )
    return "show" if diff else "write" if fix else "no"


def _refuse_registry() -> None:
    """Say that `-r` has no meaning here; PUBLISH_REGISTRY, which is for other verbs too, is passed over."""
    if click.get_current_context().get_parameter_source("registry") is ParameterSource.COMMANDLINE:
        raise UsageProblem(
            "A registry is read for model folders, with --online.", hint="Add --online, or leave -r out."
        )
