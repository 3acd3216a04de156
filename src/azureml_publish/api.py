"""The Python API: what the package exports is defined here, and composes the pipeline that the command line uses."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from azureml_publish.assets import ContentCheck, LayoutName, RenderedModel
from azureml_publish.content.upload.progress import Progress, Silent, shown
from azureml_publish.content.upload.transfer import Transfer
from azureml_publish.diagnostics import Diagnostic, has_errors
from azureml_publish.pipeline.apply import ApplyResult, apply
from azureml_publish.pipeline.check import render
from azureml_publish.pipeline.lint import LintRequest, lint
from azureml_publish.pipeline.load import Settings, load
from azureml_publish.pipeline.plan import JOBS, make_plan
from azureml_publish.pipeline.registries import Opened
from azureml_publish.pipeline.render import build
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.saved_plans import request_of
from azureml_publish.pipeline.transfer import open_transfer
from azureml_publish.pipeline.verify import verify
from azureml_publish.plan.actions import Action, Plan
from azureml_publish.plan.saved import read_plan
from azureml_publish.project import find_root
from azureml_publish.registry.credentials import Identity

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


@dataclass(frozen=True, slots=True)
class LintResult:
    """What checking models found.

    Attributes:
        found: the findings, by place.
        suppressed: findings that the project accepts.
        models: how many models were checked.
        notes: what could not be checked with `online`, as sentences.
    """

    found: tuple[Diagnostic, ...]
    suppressed: tuple[Diagnostic, ...]
    models: int
    notes: tuple[str, ...] = ()

    @property
    def has_errors(self) -> bool:
        """Whether any finding is an error, so that nothing can be planned or applied."""
        return has_errors(self.found)


@dataclass(frozen=True, slots=True)
class PlanResult:
    """What would be done to a registry.

    Attributes:
        plan: an action for each model, sorted by model.
        text: the plan as `publish plan --out` writes it. It has digests of folders and registry, and no credential.
        warnings: what is odd about the sources of what would be created.
    """

    plan: Plan
    text: str
    warnings: tuple[Diagnostic, ...] = ()

    @property
    def changes(self) -> tuple[Action, ...]:
        """The actions that write."""
        return self.plan.changes

    @property
    def conflicts(self) -> tuple[Action, ...]:
        """The actions that cannot be carried out; each has a hint."""
        return self.plan.conflicts


@dataclass(frozen=True, slots=True)
class Project:
    """A folder with `publish.yaml` and models; made by `open_project`. Each call reads the files as they are then.

    Models are selected by the names of their folders and by globs; without any, all are meant. A registry is a key of
    `registries` in `publish.yaml`, or `azureml://registries/NAME`; without one it is the project's own. `as_of` is the
    day by which machine sizes count as retired; without one it is today.

    A mistake in a model folder is a `Diagnostic`; `lint` returns all of them, and the other calls raise
    `UnsoundProject` where one is an error. A failure of tool or world is another `PublishError`.

    Attributes:
        root: the folder that holds `publish.yaml`.
    """

    root: Path
    _run: RunContext = field(repr=False)

    def lint(
        self,
        *models: str,
        select: tuple[str, ...] = (),
        ignore: tuple[str, ...] = (),
        as_of: date | None = None,
        online: bool = False,
        registry: str | None = None,
    ) -> LintResult:
        """Check models by every rule.

        Args:
            models: which ones.
            select: codes, beginnings of codes, or names of the rules to report. [default: all]
            ignore: likewise, of those not to report.
            as_of: the day.
            online: follow the links of cards too, and check the Hub and the registry.
            registry: with `online`, the registry.

        Raises:
            UsageProblem: a selector means no rule.
            NotFound: a name means no model.
            PublishError: the registry was named, could be reached, and gave no answer.
        """
        request = LintRequest(models, select, ignore, _midnight(as_of), online=online, registry=registry)
        report = lint(self._run, request)
        if report.failure is not None:
            raise report.failure
        return LintResult(report.found, tuple(one.found for one in report.suppressed), report.models, report.notes)

    def render(
        self,
        *models: str,
        layout: LayoutName | None = None,
        as_of: date | None = None,
        out: str | os.PathLike[str] | None = None,
    ) -> tuple[RenderedModel, ...]:
        """Render cards and asset YAML.

        Args:
            models: which ones.
            layout: of the metadata. [default: that of `publish.yaml`]
            as_of: the day.
            out: a folder to write them into, as `publish render --out` does; nothing is written without it.

        Raises:
            UnsoundProject: a model cannot be read or rendered.
        """
        checked = render(self._run, load(self._run, models, Settings(layout, _midnight(as_of))))
        checked.require_sound()
        if out is not None:
            build(self._run.directory / out, checked)
        return tuple(rendered for _, rendered in checked.rendered)

    def plan(
        self,
        *models: str,
        registry: str | None = None,
        layout: LayoutName | None = None,
        as_of: date | None = None,
        jobs: int = JOBS,
    ) -> PlanResult:
        """Compare models with a registry. A conflict is an action of the plan, and raises nothing.

        Args:
            models: which ones.
            registry: which one.
            layout: of the metadata. [default: that of `publish.yaml`]
            as_of: the day.
            jobs: models queried at a time.

        Raises:
            UnsoundProject: the folders have errors, or a source cannot be published.
            PublishError: the registry or a source cannot be read.
        """
        planned = make_plan(self._run, models, registry, Settings(layout, _midnight(as_of)), jobs=jobs)
        return PlanResult(planned.plan, planned.text, planned.warnings)

    def apply(
        self,
        plan: PlanResult,
        *,
        jobs: int | None = None,
        progress: Progress | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> ApplyResult:
        """Carry out a plan: upload, register, update, archive. Safe to call again after any interruption.

        There is no confirmation, not even where the registry is protected: the plan is what was approved. A model that
        fails is a result, and `exit_code` says how it went as a whole.

        Args:
            plan: what to do; nothing else is done.
            jobs: models at a time. [default: 16, of which 2 bring files in]
            progress: is called with the progress of files, from several threads.
            stop: whether to end after the step under way; what is left is a result that was skipped.

        Raises:
            Conflict: the plan has conflicts, or folders or registry changed since it was made; nothing was written.
            Overtaken: another run on this machine is at work on the registry.
            PublishError: the registry cannot be read.
        """
        request = request_of(read_plan(plan.text.encode(), "the plan"), "the plan")
        transferring = partial(self._transfer, progress or Silent(), stop)
        return apply(self._run, request, transferring, jobs=jobs)

    def verify(
        self,
        *references: str,
        registry: str | None = None,
        quick: bool = False,
        progress: Progress | None = None,
    ) -> tuple[ContentCheck, ...]:
        """Compare path, size and SHA-256 of every registered file with the manifest that was registered.

        Args:
            references: `NAME`, `NAME:VERSION` or `azureml://` URIs. [default: the versions that the folders name]
            registry: which one.
            quick: compare sizes and noted digests alone, and read no file.
            progress: is called with the bytes that were read.

        Raises:
            NotFound: there is no such version.
            PublishError: the registry or its storage cannot be read.
        """
        with shown(self._run.events, progress or Silent()) as watched:
            return verify(self._run, references, registry, watched, quick=quick)

    @contextmanager
    def _transfer(self, progress: Progress, stop: Callable[[], bool], opened: Opened) -> Iterator[Transfer]:
        """What brings files into a registry, and shows how they get on."""
        with (
            shown(self._run.events, progress) as watched,
            open_transfer(self._run, opened, watched, stop) as transfer,
        ):
            yield transfer


def open_project(
    directory: str | os.PathLike[str] = ".",
    *,
    environ: Mapping[str, str] | None = None,
    today: date | None = None,
    credential: TokenCredential | None = None,
    executor: Executor | None = None,
) -> Project:
    """The project at or above a folder.

    Args:
        directory: the folder; paths that are handed to the project are relative to it.
        environ: variables instead of the process's, such as those of `Emulator.environment`.
        today: the day instead of today's in UTC.
        credential: who signs in to Azure, as azure-identity makes them. [default: as `publish doctor` says]
        executor: who renders and checks models, however few there are. [default: processes, where there are many]

    Raises:
        UsageProblem: there is no project.
    """
    folder = Path(directory).resolve()
    run = RunContext(
        folder, dict(os.environ if environ is None else environ), today or datetime.now(UTC).date(), executor=executor
    )
    if credential is not None:
        given = Identity("the given credential", credential)
        run = replace(run, find_credential=lambda _environ, _authority: given)
    return Project(find_root(folder), run)


def _midnight(day: date | None) -> datetime | None:
    return None if day is None else datetime.combine(day, time())
