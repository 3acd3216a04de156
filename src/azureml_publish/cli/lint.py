"""`publish lint`: all checks, all findings."""

from __future__ import annotations

import functools
import re
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.core import ParameterSource

from azureml_publish.cli.options import as_of_option, models_argument, registry_option, reporting
from azureml_publish.cli.output import FINDINGS, Output
from azureml_publish.diagnostics import Diagnostic, has_errors, in_order
from azureml_publish.errors import UsageProblem
from azureml_publish.files import MAX_CARRIED_BYTES, UnusableFile, read_file, write_whole
from azureml_publish.git import changed_files, prefix_of
from azureml_publish.lint.baseline import baseline_text, new_findings, read_baseline, stale_entries
from azureml_publish.lint.rule_book import always_looks, rulebook
from azureml_publish.lint.selection import selected
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.fix import diff_text, mend, write_mended
from azureml_publish.pipeline.lint_assets import lint_assets
from azureml_publish.pipeline.load import Settings, day_of, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import find_root, shown_path
from azureml_publish.render import default_templates
from azureml_publish.reporters.diagnostics import counted, diagnostics_summary, diagnostics_text
from azureml_publish.reporters.frames import Sources
from azureml_publish.reporters.github import github_annotations, github_summary, log_lines
from azureml_publish.reporters.junit import lint_junit
from azureml_publish.reporters.lint import LintReport, lint_json
from azureml_publish.reporters.sarif import lint_sarif
from azureml_publish.spec import Profile

if TYPE_CHECKING:
    from azureml_publish.errors import PublishError
    from azureml_publish.lint.engine import LinkUse
    from azureml_publish.pipeline.lint_online import Online


@dataclass(frozen=True, slots=True)
class _Asked:
    """What the options ask for."""

    models: tuple[str, ...]
    select: tuple[str, ...]
    ignore: tuple[str, ...]
    as_of: datetime | None
    baseline: Path | None
    root: Path

    @property
    def everything(self) -> bool:
        return not (self.models or self.select or self.ignore)


class _Asking:
    """Asks the network, and keeps why a registry that was named gave no answer; that is raised after the report."""

    def __init__(self, output: Output, registry: str | None, *, cache: bool) -> None:
        self._output = output
        self._registry = registry
        self._cache = cache
        self._noted: set[str] = set()
        self.failure: PublishError | None = None

    def of_models(self, staged: CheckedProject, links: Sequence[LinkUse]) -> tuple[Diagnostic, ...]:
        from azureml_publish.pipeline.lint_online import lint_online  # noqa: PLC0415 - offline runs do without

        return self._told(lint_online(self._output.run, staged, links, self._registry, cache=self._cache))

    def of_assets(self, links: Sequence[LinkUse]) -> tuple[Diagnostic, ...]:
        from azureml_publish.pipeline.lint_online import lint_assets_online  # noqa: PLC0415 - offline runs do without

        return self._told(lint_assets_online(self._output.run, links, cache=self._cache))

    def _told(self, online: Online) -> tuple[Diagnostic, ...]:
        for note in online.notes:
            if note not in self._noted:  # after mending the network is asked again
                self._output.note(note)
        self._noted.update(online.notes)
        self.failure = online.failure
        return online.found


def _words(_context: click.Context, _option: click.Parameter, given: Sequence[str]) -> tuple[str, ...]:
    return tuple(word.strip() for part in given for word in part.split(",") if word.strip())


@click.command("lint")
@models_argument
@click.option("--select", metavar="RULES", multiple=True, callback=_words, help="Only these: codes, names, families.")
@click.option("--ignore", metavar="RULES", multiple=True, callback=_words, help="Not these.")
@click.option("--fix", is_flag=True, help="Fix what can be fixed without changing the meaning.")
@click.option("--unsafe", is_flag=True, help="With --fix or --diff: also what may change what is meant.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--baseline", type=click.Path(dir_okay=False, path_type=Path), help="Tell only what is not in this file.")
@click.option(
    "--write-baseline",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Accept what is found now: write it there.",
)
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
    help="With --assets: whose rules the metadata has to keep; a project says it in publish.yaml.",
)
@click.option("--cache/--no-cache", default=True, help="Remember what was found in unchanged asset folders.")
@click.option("--online", is_flag=True, help="Follow the cards' links too, and ask the Hub and a registry.")
@registry_option
@reporting("github", "sarif", "junit")
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
    as_of: datetime | None,
    assets: bool,
    profile: Profile,
    cache: bool,
    online: bool,
    registry: str | None,
) -> None:
    """Check the model folders: spec, SKUs, card, samples and templates; with --online what the network says as well.

    MODEL is a folder's name, a glob, or a file of one, as pre-commit hands over. RULES are codes (SKU010), beginnings
    of codes (SKU) or names (sku-retired), with commas between them.

    Exits with 4 where there is an error; warnings alone are 0. --diff exits with 4 where there is anything to mend.
    """
    _refuse_mending(fix=fix, unsafe=unsafe, diff=diff, assets=assets)
    if assets or not online:
        _refuse_registry()
    run = output.run
    root = run.directory if assets else find_root(run.directory)
    chosen = models if assets else _models(models, run, root)
    asked = _Asked(chosen, select, ignore, as_of, _resolved(baseline, run), root)
    done: tuple[Diagnostic, ...] = ()
    asking = _Asking(output, registry, cache=cache) if online else None
    if diff or fix:
        staged, done = _mended(output, asked, asking, diff=diff, unsafe=unsafe)
    elif assets:
        linted = lint_assets(run, models or (".",), day_of(run, as_of), cache=cache, links=online, profile=profile)
        told = linted.found if asking is None else (*linted.found, *asking.of_assets(linted.links))
        # Nothing is ever mended there, so that nothing is said to be mendable.
        staged = CheckedProject(None, (), in_order(replace(one, fix=None) for one in told))
    else:
        staged = _lint(asked, run, root, asking)
    if write_baseline is not None:
        _accept(output, asked, staged, write_baseline)
    found, held = _told(asked, staged)
    prefix = prefix_of(root, output.run.environ) if output.format in ("github", "sarif") else ""
    count = linted.folders if assets else len(staged.models)
    report = LintReport(found, staged.suppressed, done, count, rulebook().rules, _sources(root), prefix)
    _show(output, report, root, held)
    if asking is not None and asking.failure is not None:
        raise asking.failure
    if has_errors(found):
        raise SystemExit(FINDINGS)


def _mended(
    output: Output, asked: _Asked, asking: _Asking | None, *, diff: bool, unsafe: bool
) -> tuple[CheckedProject, tuple[Diagnostic, ...]]:
    """What is left after mending, and what was mended; with `--diff` the run ends here.

    The network is asked about the project as it is, and once more about what mending made of it.
    """
    look = functools.partial(_lint, asked, output.run)
    before = look(asked.root, asking) if asking is not None else None
    heard = [] if before is None else [one for one in _told(asked, before)[0] if not always_looks(one.code)]
    mending = mend(asked.root, look, lambda staged: _told(asked, staged)[0], unsafe=unsafe, besides=heard)
    for path in mending.refused:
        output.note(f"A mend of {path} is left alone: the file, or what is made of it, could not be read after it.")
    if diff:
        output.data(diff_text(mending))
        output.note(f"Would mend {counted(len(mending.done), 'finding')} in {counted(len(mending.after), 'file')}.")
        if asking is not None and asking.failure is not None:
            raise asking.failure
        raise SystemExit(FINDINGS if mending.after or has_errors((*_told(asked, mending.left)[0], *heard)) else 0)
    missed = write_mended(asked.root, mending)
    for path in missed:
        output.note(f"{path} changed while it was mended, and is left alone. Run again.")
    left = mending.left if before is None else before
    if asking is not None and mending.after:
        left = look(asked.root, asking)
    return left, () if missed else mending.done


def _accept(output: Output, asked: _Asked, staged: CheckedProject, path: Path) -> None:
    """Write what is found into a baseline and end the run, with the code for findings where some are never accepted."""
    found = selected(staged.found, rulebook(), asked.select, asked.ignore)
    accepted = [one for one in found if rulebook().is_optional(one)]
    write_whole(output.run.directory / path, baseline_text(accepted, rulebook()))
    output.note(f"Accepted {counted(len(accepted), 'finding')} in {path}.")
    never = [one for one in found if not rulebook().is_optional(one)]
    if never:
        output.tell(diagnostics_text(never, output.paint_notes) + "What cannot be read or rendered is never accepted.")
    raise SystemExit(FINDINGS if never else 0)


def _lint(asked: _Asked, run: RunContext, root: Path, asking: _Asking | None = None) -> CheckedProject:
    ask = asking.of_models if asking is not None else None
    here = replace(run, directory=root)
    return check(here, load(here, asked.models, Settings(as_of=asked.as_of)), ask=ask)


def _told(asked: _Asked, staged: CheckedProject) -> tuple[tuple[Diagnostic, ...], int]:
    """The findings that are asked for and new, and how many the baseline holds back."""
    wanted = selected(staged.found, rulebook(), asked.select, asked.ignore)
    if asked.baseline is None:
        return wanted, 0
    text, path = _baseline(asked.baseline, asked.root)
    known = read_baseline(text, path)
    found, held = new_findings(wanted, known)
    looked = Counter({mark: count for mark, count in known.items() if always_looks(mark[1])})
    stale = stale_entries(staged.found, looked, text, path) if asked.everything else ()
    return in_order((*found, *stale)), held


def _baseline(path: Path, root: Path) -> tuple[str, str]:
    """The text of a baseline, and its path as the user knows it."""
    try:
        return read_file(path, None, limit=MAX_CARRIED_BYTES).decode("utf-8-sig"), shown_path(root, path)
    except (UnusableFile, UnicodeDecodeError) as error:
        hint = f"Write it with `publish lint --write-baseline {path.name}`."
        what = error.reason if isinstance(error, UnusableFile) else "is not UTF-8"
        raise UsageProblem(f"The baseline {path.name} cannot be used: it {what}.", hint=hint) from error


def _resolved(path: Path | None, run: RunContext) -> Path | None:
    return None if path is None else run.directory / path


def _models(given: Iterable[str], run: RunContext, root: Path) -> tuple[str, ...]:
    """Patterns over models; a file means the model that it belongs to, and one that all share means all models."""
    patterns = []
    for one in given:
        path = run.directory / one
        if not path.exists() and Path(one).exists():  # pre-commit names files from the top of the repository on
            path = Path(one)
        path = path.resolve()
        if not re.search(r"[/\\]", one) and not path.is_file():
            patterns.append(one)
            continue
        if not path.is_relative_to(root):
            raise UsageProblem(f"{one} is not in the project {root}.", hint="Name a model, or a file of one.")
        parts = path.relative_to(root).parts
        if len(parts) < 2 or parts[0] != "models" or (len(parts) == 2 and path.is_file()):
            return ()
        patterns.append(parts[1])
    return tuple(dict.fromkeys(patterns))


def _sources(root: Path) -> Sources:
    """Reads the lines of files that findings name, each once."""

    @functools.cache
    def lines(path: str) -> tuple[str, ...] | None:
        below, base = path.removeprefix("<defaults>/"), root
        if below != path:
            base = default_templates()
        file = base / below
        try:
            text = read_file(file, base).decode()
        except (UnusableFile, UnicodeDecodeError):
            return None
        return tuple(re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff")))

    return lines


def _show(output: Output, report: LintReport, root: Path, held: int) -> None:
    printed: dict[str, Callable[[LintReport], str]] = {"json": lint_json, "sarif": lint_sarif, "junit": lint_junit}
    if output.format in printed:
        output.data(printed[output.format](report))
        return
    if output.format == "github":
        environ = output.run.environ
        output.data(log_lines(report.found) + github_annotations(report, changed_files(root, environ)))
        if summary := environ.get("GITHUB_STEP_SUMMARY"):
            with Path(summary).open("a", encoding="utf-8") as stream:
                stream.write(github_summary(report))
    else:
        sources = report.sources if output.framed else None
        output.data(diagnostics_text(report.found, output.paint, sources, shutil.get_terminal_size().columns))
    output.note(_summary(report, held))


def _summary(report: LintReport, held: int) -> str:
    parts = [f"Fixed {counted(len(report.fixed), 'finding')}."] if report.fixed else []
    parts.append(diagnostics_summary(report.found, report.models))
    aside = [f"{len(report.suppressed)} suppressed"] if report.suppressed else []
    aside += [f"{held} in the baseline"] if held else []
    parts += [f"({', '.join(aside)})"] if aside else []
    fixes = Counter(one.fix.safe for one in report.found if one.fix is not None)
    if fixes[True]:
        parts.append(f"{fixes[True]} can be fixed with --fix.")
    if fixes[False]:
        parts.append(f"{fixes[False]} can be fixed with --fix --unsafe.")
    if not report.models and not report.found:
        parts.append("There is no folder in models/ yet: `publish init ORG/NAME` begins one.")
    return " ".join(parts)


def _refuse_mending(*, fix: bool, unsafe: bool, diff: bool, assets: bool) -> None:
    """Say which options about mending do not go together."""
    if unsafe and not (fix or diff):
        raise UsageProblem("--unsafe goes with --fix or --diff.")
    if fix and diff:
        raise UsageProblem("--fix writes and --diff does not: choose one.")
    if assets and (fix or diff):
        raise UsageProblem(
            f"--assets only looks, asset folders are never written: leave {'--fix' if fix else '--diff'} out.",
            hint="`publish import` makes model folders of them, which --fix can mend.",
        )


def _refuse_registry() -> None:
    """Say that `-r` has no meaning here; PUBLISH_REGISTRY, which is for other verbs too, is passed over."""
    if click.get_current_context().get_parameter_source("registry") is ParameterSource.COMMANDLINE:
        raise UsageProblem(
            "A registry is asked about model folders, with --online.", hint="Add --online, or leave -r out."
        )
