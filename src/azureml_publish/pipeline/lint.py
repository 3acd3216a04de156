"""What `publish lint` does: check models or asset folders, fix what can be fixed, and report what a baseline leaves."""

from __future__ import annotations

import functools
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeAlias

from azureml_publish.diagnostics import Diagnostic, in_order
from azureml_publish.errors import NotFound, PublishError, UsageProblem
from azureml_publish.files import MAX_CARRIED_BYTES, UnusableFile, read_file, write_whole
from azureml_publish.lint.baseline import baseline_text, new_findings, read_baseline, stale_entries
from azureml_publish.lint.built_in import ONE_FACT
from azureml_publish.lint.rule_book import always_looks, rulebook
from azureml_publish.lint.selection import one_for_each_fact, selected
from azureml_publish.pipeline.check import CheckedProject, check
from azureml_publish.pipeline.load import Settings, day_of, load
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.selection import name_models
from azureml_publish.pipeline.since import touched_since
from azureml_publish.pipeline.version_on_base import find_versions_on_base
from azureml_publish.project import find_root, shown_path
from azureml_publish.render import default_templates
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.reporters.frames import Sources
from azureml_publish.reporters.lint import LintReport
from azureml_publish.spec import Profile

if TYPE_CHECKING:
    from azureml_publish.pipeline.lint_online import Online

Fixing: TypeAlias = Literal["no", "show", "write"]


@dataclass(frozen=True, slots=True)
class LintRequest:
    """What to check, and what to report.

    Attributes:
        models: names, globs, files and folders of models, or with `assets` folders of assets; none means all.
        since: only models that a change since this commit concerns.
        select: codes, beginnings of codes, or names of the rules to report; none means all.
        ignore: likewise, of those not to report.
        as_of: the day by which sizes count as retired.
        baseline: a file with accepted findings, relative to the run's folder.
        accept: a file to write the findings into, as a baseline.
        assets: whether `models` are asset folders that nobody imported.
        profile: with `assets`, whose rules apply to their metadata.
        cache: whether to reuse an earlier run's answers of the network, and its findings of unchanged folders.
        online: whether to use the network.
        registry: the registry to read then.
        fixing: whether to fix what can be fixed, or to show what that would change.
        unsafe: whether to fix even where that may change what is meant.
        only: the model folders that `since` selects.
    """

    models: tuple[str, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    as_of: datetime | None = None
    baseline: Path | None = None
    accept: Path | None = None
    assets: bool = False
    profile: Profile = "registry"
    cache: bool = True
    online: bool = False
    registry: str | None = None
    fixing: Fixing = "no"
    unsafe: bool = False
    since: str | None = None
    only: frozenset[str] | None = None


def lint(run: RunContext, request: LintRequest) -> LintReport:
    """Check models by every rule, and report the findings that the options select.

    Raises:
        UsageProblem: there is no project, a selector matches no rule, or the baseline cannot be read.
        NotFound: a pattern matches no model, or there is no such baseline.
    """
    root = run.directory if request.assets else find_root(run.directory)
    if not request.assets:
        # Fixes are tried on a copy, which is in no repository, and where no path of the user leads.
        only = None if request.since is None else touched_since(run, root, request.since)
        request = replace(request, models=name_models(request.models, run.directory, root), only=only)
    return _Linting(run, request, root).report()


@dataclass(slots=True)
class _Linting:
    """One run of the linter; `heard` are findings of the network, the others are as in `LintReport`."""

    run: RunContext
    request: LintRequest
    root: Path
    notes: list[str] = field(default_factory=list)
    heard: tuple[Diagnostic, ...] = ()
    failure: PublishError | None = None

    def report(self) -> LintReport:
        request, run = self.request, self.run
        done: tuple[Diagnostic, ...] = ()
        change: str | None = None
        if request.assets:
            checked = self._assets()
        elif request.fixing == "no":
            checked = self._check(self.root, online=request.online)
            on_base = find_versions_on_base(replace(run, directory=self.root), checked, request.since)
            checked = replace(checked, found=in_order((*checked.found, *on_base)))
        else:
            checked, done, change = self._fixed()
        if request.accept is not None and change is None:
            found, held = self._accept(checked, request.accept), 0
        else:
            found, held = self._reported(checked)
        if not checked.count and not checked.found:
            nothing = "There is no folder in models/ yet: `publish init ORG/NAME` begins one."
            self.notes.append(nothing if request.since is None else f"No model changed since {request.since}.")
        return LintReport(
            one_for_each_fact(in_order((*found, *self.heard)) if change is not None else found, ONE_FACT),
            checked.suppressed,
            done,
            checked.count,
            rulebook().rules,
            file_lines(self.root),
            held=held,
            change=change,
            notes=tuple(self.notes),
            failure=self.failure,
            root=self.root,
            assets=request.assets,
            docs=checked.project.config.lint.docs if checked.project is not None else "",
        )

    def _assets(self) -> CheckedProject:
        from azureml_publish.pipeline.lint_assets import lint_assets  # noqa: PLC0415 - model folders do without

        request, run = self.request, self.run
        day = day_of(run, request.as_of)
        linted = lint_assets(
            run,
            request.models or (".",),
            day,
            cache=request.cache,
            links=request.online,
            profile=request.profile,
        )
        found = linted.found
        if request.online:
            from azureml_publish.pipeline.lint_online import lint_assets_online  # noqa: PLC0415 - offline runs do without

            found += self._heard(lint_assets_online(run, linted.links, cache=request.cache))
        # Nothing is ever fixed there, so nothing is reported as fixable.
        return replace(linted, found=in_order(one if one.fix is None else replace(one, fix=None) for one in found))

    def _check(self, root: Path, *, online: bool = False) -> CheckedProject:
        executor = self.run.executor if root == self.root else None  # a copy that is being fixed is nowhere else
        here = replace(self.run, directory=root, executor=executor)
        everything = not self.request.models and self.request.only is None
        if everything and not online and self.request.fixing == "no":
            from azureml_publish.pipeline.lint_models import lint_models  # noqa: PLC0415 - parts of models do without

            return lint_models(here, self.request.as_of, cache=self.request.cache)
        loaded = load(here, self.request.models, Settings(as_of=self.request.as_of, only=self.request.only))
        return check(here, loaded, online=self._check_online if online else None)

    def _check_online(self, checked: CheckedProject) -> tuple[Diagnostic, ...]:
        from azureml_publish.pipeline.lint_online import lint_online  # noqa: PLC0415 - offline runs do without

        return self._heard(lint_online(self.run, checked, self.request.registry, cache=self.request.cache))

    def _heard(self, online: Online) -> tuple[Diagnostic, ...]:
        self.notes += [
            note for note in online.notes if note not in self.notes
        ]  # fixed files are checked online once more
        self.failure = online.failure
        return online.found

    def _fixed(self) -> tuple[CheckedProject, tuple[Diagnostic, ...], str | None]:
        """What is left after fixing, what was fixed, and where it is only shown, what that would change.

        The online rules check the project as it is, and once more after fixing.
        """
        from azureml_publish.pipeline.fix import diff_text, fix_project, write_fixed  # noqa: PLC0415 - most runs only look

        request, online = self.request, self.request.online
        before = self._check(self.root, online=True) if online else None
        if before is not None:
            self.heard = tuple(one for one in self._reported(before)[0] if not always_looks(one.code))
        fixed = fix_project(
            self.root,
            self._check,
            lambda checked: self._reported(checked)[0],
            unsafe=request.unsafe,
            besides=self.heard,
        )
        for path in fixed.refused:
            self.notes.append(
                f"A fix of {path} was left out: after it the file, or what is made of it, could not be read."
            )
        if request.fixing == "show":
            files = counted(len(fixed.after), "file")
            self.notes.append(f"Would fix {counted(len(fixed.done), 'finding')} in {files}.")
            return fixed.left, (), diff_text(fixed)
        missed = write_fixed(self.root, fixed)
        for path in missed:
            self.notes.append(f"{path} changed while it was fixed, and was not written. Run again.")
        left = fixed.left if before is None else before
        if online and fixed.after:
            left = self._check(self.root, online=True)
        return left, () if missed else fixed.done, None

    def _accept(self, checked: CheckedProject, path: Path) -> tuple[Diagnostic, ...]:
        """Write what is found into a baseline; what is never accepted is left."""
        found = selected(checked.found, rulebook(), self.request.select, self.request.ignore)
        accepted = [one for one in found if rulebook().is_optional(one)]
        write_whole(self.run.directory / path, baseline_text(accepted, rulebook()))
        self.notes.append(f"Accepted {counted(len(accepted), 'finding')} in {path}.")
        return tuple(one for one in found if not rulebook().is_optional(one))

    def _reported(self, checked: CheckedProject) -> tuple[tuple[Diagnostic, ...], int]:
        """The findings that are selected and new, and how many are in the baseline."""
        request = self.request
        wanted = selected(checked.found, rulebook(), request.select, request.ignore)
        if request.baseline is None:
            return wanted, 0
        text, path = _baseline(self.run.directory, request.baseline, self.root)
        known = read_baseline(text, path)
        found, held = new_findings(wanted, known)
        looked = Counter({mark: count for mark, count in known.items() if always_looks(mark[1])})
        everything = not (request.models or request.select or request.ignore or request.only is not None)
        stale = stale_entries(checked.found, looked, text, path) if everything else ()
        return in_order((*found, *stale)), held


def _baseline(folder: Path, path: Path, root: Path) -> tuple[str, str]:
    """The text of a baseline, and its path as findings name it."""
    hint = f"Write it with `publish lint --write-baseline {path}`."
    try:
        return read_file(folder / path, None, limit=MAX_CARRIED_BYTES).decode("utf-8-sig"), shown_path(
            root, folder / path
        )
    except (UnusableFile, UnicodeDecodeError) as error:
        if isinstance(error, UnusableFile) and error.missing:
            raise NotFound(f"There is no baseline {path}.", hint=hint) from None
        what = error.reason if isinstance(error, UnusableFile) else "is not UTF-8"
        raise UsageProblem(f"The baseline {path} cannot be used: it {what}.", hint=hint) from error


def file_lines(root: Path) -> Sources:
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
