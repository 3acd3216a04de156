"""What the page of a model shows: of a folder as it stands, or of a version as a registry has it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from azureml_publish.assets import SCENARIOS, LayoutName, RegisteredAsset, Value, is_bookkeeping
from azureml_publish.diagnostics import Diagnostic, Location
from azureml_publish.origins import SourceMap
from azureml_publish.pipeline.describe import Described, Files, chart_of, describe_asset, list_files, trace_of
from azureml_publish.pipeline.live import LiveProject, Look
from azureml_publish.pipeline.registries import find_config
from azureml_publish.preview.facts import CodeSample, Fact, code_samples, quick_facts
from azureml_publish.preview.gallery import BEING_CHECKED, State, state_of
from azureml_publish.preview.markdown import Rendered, render_markdown
from azureml_publish.preview.rendering import render_note
from azureml_publish.project import ModelFolder, Project
from azureml_publish.reporters.sku_svg import chart_svg
from azureml_publish.skus.catalogue import Sku
from azureml_publish.skus.chart import Chart

_RESULTS = re.compile(r"\b(results?|evaluations?|benchmarks?|performance)\b(?!.*\bsamples\b)", re.IGNORECASE)

MOST_LINES = 1_500
"""Lines of one source that a page shows."""


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file that people wrote, as the page shows it; its lines have the anchors `s0-1`, `s0-2` and so on."""

    path: str
    lines: tuple[str, ...]
    hidden: int = 0


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding, and the anchor of the line that it is about where the page shows that line; else empty."""

    found: Diagnostic
    anchor: str = ""

    @property
    def id(self) -> str:
        """The anchor of the finding itself on the page of its model, to which other pages lead."""
        found = self.found
        identity = repr((found.code, found.message, found.location.path, found.location.line, found.location.column))
        return f"finding-{hashlib.sha256(identity.encode()).hexdigest()[:12]}"


@dataclass(frozen=True, slots=True)
class Machine:
    """One size of the allow-lists: the scenarios that it is for, and those whose minimum it sets."""

    sku: Sku
    scenarios: tuple[str, ...]
    least: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ModelPage:
    """All that the page of a version shows; what is not known is empty."""

    name: str
    title: str
    version: int | None = None
    folder: str = ""
    unreadable: bool = False
    asset_id: str = ""
    archived: bool = False
    state: State | None = None
    summary: str = ""
    facts: tuple[Fact, ...] = ()
    card: Rendered | None = None
    findings: tuple[Finding, ...] = ()
    sources: tuple[SourceFile, ...] = ()
    chart: str = ""
    machines: tuple[Machine, ...] = ()
    evaluation: Rendered | None = None
    notes: Rendered | None = None
    samples: tuple[CodeSample, ...] = ()
    license: str = ""
    license_text: str = ""
    files: Files | None = None
    layout: str = ""
    layouts: Mapping[LayoutName, Mapping[str, Mapping[str, Value]]] = field(default_factory=dict)
    lineage: tuple[tuple[str, str], ...] = ()

    @property
    def results(self) -> tuple[tuple[int, str, str], ...]:
        """The headings of the card under which results of an evaluation stand."""
        headings = self.card.headings if self.card is not None else ()
        return tuple(one for one in headings if _RESULTS.search(one[2]))


def page_of_registered(asset: RegisteredAsset, files: Files, *, images: bool = False) -> ModelPage:
    """The page of a version as a registry has it."""
    lineage = [("asset", str(asset.id)), ("files", asset.path or "not known"), ("created", asset.created_at)]
    lineage += [(key, value) for key, value in sorted(asset.properties.items()) if is_bookkeeping(key)]
    page = ModelPage(
        name=asset.id.name,
        title=asset.id.name,
        version=asset.id.version,
        asset_id=str(asset.id),
        archived=asset.archived,
        card=render_markdown(asset.description, images=images),
        samples=code_samples(asset.id.name, asset.id.version, asset.id.registry, None),
        files=files,
        layout="system_metadata" if asset.system_metadata else "tags",
        lineage=tuple((label, value) for label, value in lineage if value),
    )
    return _with_metadata(page, describe_asset(asset), asset.type, images=images)


def page_of_folder(live: LiveProject, look: Look, folder: ModelFolder, *, images: bool = False) -> ModelPage:
    """The page of a model folder. A folder that does not render has a page as well: its findings, and its files."""
    subject = look.loaded.subject
    assert subject is not None  # noqa: S101 - a folder was read, so publish.yaml was
    report = live.report(folder)
    checked = look.report(folder) is not None
    found = look.findings().get(folder.folder, ()) if checked else report.found
    sources = _Sources(live, folder.card_path, folder.document.path)
    spec, chart = folder.spec, chart_of(subject.project, folder, subject.catalogue, subject.as_of)
    page = ModelPage(
        name=spec.name,
        title=spec.metadata.display_name or spec.name,
        version=spec.version,
        folder=folder.folder,
        state=state_of(found) if checked or found else BEING_CHECKED,
        archived=spec.archived is True,
        chart=chart_svg(chart, embedded=True) if chart.rows else "",
        machines=tuple(_machines(chart)),
    )
    if report.rendered is None:
        others = tuple(Finding(one, sources.anchor(one.location)) for one in found)
        return replace(page, findings=others, sources=sources.read())
    asset = report.rendered.asset
    trace = trace_of(subject, folder, look.loaded.layout)
    trace = trace if trace is not None and trace.text == asset.description else None
    placed, others = _placed(found, trace, folder, sources)

    def origin(line: int) -> str:
        place = trace.place(line, 1) if trace is not None else None
        return sources.anchor(place) if place is not None else ""

    request = next((sample.data for sample in folder.samples if sample.name == "input"), None)
    files = list_files(folder, report.rendered, subject.project.config)
    page = replace(
        page,
        card=render_markdown(asset.description, notes=placed, images=images, place=origin),
        findings=others,
        samples=code_samples(spec.name, spec.version, _registry(subject.project), request),
        files=files,
        layout=look.loaded.layout or subject.project.config.layout,
        lineage=_lineage(folder, files),
    )
    return replace(_with_metadata(page, describe_asset(asset), spec.type, images=images), sources=sources.read())


def page_of_unreadable(live: LiveProject, name: str, found: Sequence[Diagnostic]) -> ModelPage:
    """The page of a folder that cannot be read: what is wrong, and the files where it is."""
    sources = _Sources(live)
    findings = tuple(Finding(one, sources.anchor(one.location)) for one in found)
    return ModelPage(
        name, name, folder=name, state=state_of(found), findings=findings, sources=sources.read(), unreadable=True
    )


def _with_metadata(page: ModelPage, described: Described, type_: str, *, images: bool) -> ModelPage:
    """A page with what follows from the metadata, wherever that is from."""
    data = described.metadata

    def beside(key: str) -> Rendered | None:
        text = data.get(key)
        return render_markdown(text, images=images) if isinstance(text, str) and "\n" in text else None

    return replace(
        page,
        title=str(data.get("displayName") or page.title),
        summary=str(data.get("summary") or ""),
        facts=quick_facts(described, type_),
        evaluation=beside("evaluation"),
        notes=beside("notes"),
        license=str(data.get("license") or ""),
        license_text=str(data.get("licenseDescription") or ""),
        layouts=described.layouts,
    )


def _registry(project: Project) -> str:
    """The registry that samples of code name; an embedded one is not a registry to Azure's tools."""
    config = find_config(project, project.config.registry)
    return config.name or "REGISTRY"


def _lineage(folder: ModelFolder, files: Files) -> tuple[tuple[str, str], ...]:
    source = folder.spec.source.model_dump(mode="json", exclude_none=True)
    facts: list[tuple[str, str]] = []
    for key, value in source.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        facts += [(f"{key} {part}".strip(), str(one)) for part, one in parts if one not in ((), [], False, "")]
    if files.lock is not None and files.lock.commit:
        facts.append(("locked commit", files.lock.commit))
    return (*facts, *((("content digest", files.digest),) if files.digest else ()))


class _Sources:
    """The files that a card and its findings come from, each with a number, in the order of first use."""

    def __init__(self, live: LiveProject, *first: str) -> None:
        from azureml_publish.pipeline.lint import file_lines  # noqa: PLC0415 - the first page does without

        self._lines = file_lines(live.root)
        self._numbers: dict[str, int] = {}
        for path in first:
            self.number(path)

    def number(self, path: str) -> int | None:
        """The number of a file; None where it cannot be shown."""
        if path not in self._numbers:
            if self._lines(path) is None:
                return None
            self._numbers[path] = len(self._numbers)
        return self._numbers[path]

    def anchor(self, place: Location) -> str:
        """The anchor of a line; empty where the page does not show it."""
        number = self.number(place.path)
        return f"s{number}-{place.line}" if number is not None and place.line <= MOST_LINES else ""

    def read(self) -> tuple[SourceFile, ...]:
        """The files, as far as they are shown."""
        found = []
        for path in self._numbers:
            lines = self._lines(path) or ()
            found.append(SourceFile(path, tuple(lines[:MOST_LINES]), max(len(lines) - MOST_LINES, 0)))
        return tuple(found)


def _placed(
    found: Iterable[Diagnostic], trace: SourceMap | None, folder: ModelFolder, sources: _Sources
) -> tuple[dict[int, str], tuple[Finding, ...]]:
    """Notes by the line of the card that they are about, and the findings that are about no line of it."""
    by_line: dict[int, list[Finding]] = {}
    others: list[Finding] = []
    for one in found:
        line = trace.line_of(one.location) if trace is not None else None
        if one.location.path == f"build/{folder.folder}/description.md":
            line = one.location.line
        finding = Finding(one, sources.anchor(one.location))
        if line is None:
            others.append(finding)
        else:
            by_line.setdefault(line, []).append(finding)
    return {line: render_note(notes) for line, notes in by_line.items()}, tuple(others)


def _machines(chart: Chart) -> Iterable[Machine]:
    for row in chart.rows:
        for number, sku in enumerate(row.sizes):
            scenarios = tuple(
                one for one in SCENARIOS if _mark(row.marks.get(one, ()), number) in ("allowed", "retired")
            )
            if scenarios:
                least = tuple(one for one in scenarios if sku.name in row.least.get(one, frozenset()))
                yield Machine(sku, scenarios, least)


def _mark(marks: Sequence[str], number: int) -> str:
    return marks[number] if number < len(marks) else "other"
