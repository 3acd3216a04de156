"""Imports models: asset folders, or what is registered, become model folders; and the proof of it."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Container, Iterable, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from glob import escape
from pathlib import Path

from azureml_publish.asset_folders import CARD
from azureml_publish.content.lock import read_lock
from azureml_publish.content.packaging.rules import some
from azureml_publish.diagnostics import Diagnostic, Location, Severity, has_errors, in_order
from azureml_publish.documents import Document, decode
from azureml_publish.documents.edits import set_value
from azureml_publish.errors import PublishError, UsageProblem
from azureml_publish.files import check_target, is_folder_name, make_folder, read_file, write_edited
from azureml_publish.importer.comparison import Difference
from azureml_publish.importer.defaults import propose_defaults
from azureml_publish.importer.draft import Draft
from azureml_publish.importer.new_folder import ImportSettings, NewFolder, difference, make_model_folder
from azureml_publish.importer.placing import place_folder
from azureml_publish.importer.presets import choose_presets
from azureml_publish.importer.project_file import new_project, with_presets
from azureml_publish.importer.proof import prove
from azureml_publish.importer.rules import ImportRules
from azureml_publish.pipeline.import_sources import read_models, read_registered
from azureml_publish.pipeline.load import day_of, read_catalogue, subject_of
from azureml_publish.pipeline.lock import lock_new
from azureml_publish.pipeline.references import read_project, unusable
from azureml_publish.pipeline.registries import find_config
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.project import CONFIG_FILE, DUPLICATE_NAME, SPEC_FILE, Project, load_project, shown_path
from azureml_publish.render import Style, Templates, default_templates, read_sample_links
from azureml_publish.reporters.imports import Imported, Proof
from azureml_publish.skus.compute import resolve_presets
from azureml_publish.spec import HubSource, ProjectConfig, parse_spec
from azureml_publish.spec.lock import LOCK_FILE


@dataclass(frozen=True, slots=True)
class _Target:
    """The project that is imported into; `document` is None where it has no publish.yaml yet."""

    root: Path
    models: Path
    document: Document | None
    config: ProjectConfig


@dataclass(frozen=True, slots=True)
class ImportResult:
    """What was imported, how it compares with the originals where that was wanted, what was found, and what is left."""

    imported: Imported
    proofs: tuple[Proof, ...]
    found: tuple[Diagnostic, ...]
    notes: tuple[str, ...] = ()

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong, and nothing differs from its original without a reason."""
        unexplained = any(not one.reason for proof in self.proofs for one in proof.differences)
        return not has_errors(self.found) and not unexplained


def import_models(
    run: RunContext,
    places: Sequence[str],
    registry: str | None = None,
    *,
    into: str = "models",
    check: bool = False,
    overwrite: bool = False,
) -> ImportResult:
    """Make model folders from asset folders, or from what a registry holds; whatever is sound goes through.

    Args:
        places: asset folders, model YAML or folders of them; with a registry, registered models.
        registry: where the models are registered. None means that they are on disk.
        into: the project's folder of models.
        check: render what was imported, or is there already, and compare it with the originals.
        overwrite: replace model folders that are there already.

    Raises:
        UsageProblem: there is nothing to import, or no project can be where `into` says.
        PublishError: a folder cannot be written, or the registry cannot be read.
    """
    found: list[Diagnostic] = []
    notes: list[str] = []
    files: dict[str, frozenset[str]] = {}
    others = 0
    target = _find_target(run, into)
    if registry is not None:
        registry = _address(run, target, registry)
        document = target.document or Document(CONFIG_FILE, "", None, {})
        known_only = Project(target.root, target.config, document, ())
        registered, notes, files = read_registered(run, known_only, registry, places, found)
        drafts, seen = _once_each(registered, found), len(registered)
    else:
        drafts, seen, others = _read(run, places, target, found)
    new, known = _sort_out(drafts, target, run, found, check=check, overwrite=overwrite)
    imported = replace(_import(new, target, run, found, seen=seen), others=others)
    done = {one.draft.asset.folder for one in imported.folders}
    there = done | {draft.asset.folder for draft in known}
    compared = {draft.asset.folder: draft for draft in drafts if check and draft.asset.folder in there}
    wanted = done | compared.keys()
    project, read = load_project(target.root, meant=lambda path: path.name in wanted) if wanted else (None, ())
    proofs: tuple[Proof, ...] = ()
    if project is not None and done:
        notes.extend(_lock(project, done, run, registry))
        if narrowed := _exclude_others(project, files, done):
            project, read = load_project(target.root, meant=lambda path: path.name in wanted)
            notes.extend(_lock(project, narrowed, run, registry) if project is not None else ())
        if registry is not None and project is not None:
            notes.extend(_unlock(project, {one.draft.asset.folder: one.draft for one in imported.folders}, run))
    if compared:
        found.extend(one for one in read if one.severity is Severity.ERROR and _concerns(one, compared))
        proofs = _prove(project, compared, run, found) if project is not None else ()
    return ImportResult(imported, proofs, in_order(found), tuple(notes))


def _address(run: RunContext, target: _Target, registry: str) -> str:
    """A registry by its address, where the project here knows it, and the new one can know none yet."""
    if target.document is None:
        with suppress(PublishError):
            named = find_config(read_project(run, ()), registry).name
            return f"azureml://registries/{named}" if named else registry
    return registry


def _lock(project: Project, new: Container[str], run: RunContext, registry: str | None) -> tuple[str, ...]:
    """Lock the sources of what was imported, and say what is not locked: an emulator's Hub has other bytes.

    Raises:
        PublishError: a lock cannot be written.
    """
    folders = [one for one in project.models if one.folder in new]
    config = find_config(project, registry or project.config.registry)
    stand_in = config.emulator is not None and config.hub == "stand-in"
    left = [one.folder for one in folders if stand_in and isinstance(one.spec.source, HubSource)]
    notes: tuple[str, ...] = ()
    if left:
        note = (
            f"No {LOCK_FILE} for {some(left)}, because this registry's Hub is the emulator's: "
            "`publish lock -r REGISTRY` with a registry that has the real Hub writes it."
        )
        notes = (note,)
    others, defaults = [one for one in folders if one.folder not in left], project.config.defaults.mlflow
    with closing(find_readers(None, run)) as readers:
        _, unlocked = lock_new(others, readers, defaults)
    return (*notes, *unlocked)


def _exclude_others(project: Project, files: Mapping[str, frozenset[str]], new: Container[str]) -> frozenset[str]:
    """Exclude what sources hold beside the registered files where no pattern is known; the folders that it concerns.

    Earlier versions' manifests name no pattern, so each file is named. Where files do not lie as they do in their
    source, the packaging chose among them.

    Raises:
        PublishError: a model folder cannot be read.
    """
    narrowed = set()
    for folder in project.models:
        registered = files.get(folder.folder)
        lock = read_lock(folder)[0] if registered and folder.folder in new else None
        if lock is None or registered is None or lock.model.packaging not in ("custom", "triton", "mlflow_folder"):
            continue
        held = {one.path for one in lock.files}
        others = sorted(held - registered)
        if others and held & registered:
            with suppress(ValueError):
                write_edited(
                    folder.path / SPEC_FILE, set_value(folder.document, ("source", "exclude"), [*map(escape, others)])
                )
                narrowed.add(folder.folder)
    return frozenset(narrowed)


def _unlock(project: Project, drafts: Mapping[str, Draft], run: RunContext) -> tuple[str, ...]:
    """Take away the locks that would change a registered card, because it was made without one; and say so.

    Raises:
        PublishError: a model folder cannot be read.
    """
    locked = {name: draft for name, draft in drafts.items() if (project.root / "models" / name / LOCK_FILE).is_file()}
    proofs = _prove(project, locked, run, [])
    changed = [one.folder for one in proofs if any(part.file == CARD for part in one.differences)]
    for name in changed:
        (project.root / "models" / name / LOCK_FILE).unlink()
    note = (
        f"No {LOCK_FILE} for {some(changed)}: the registered card was made without one, and lacks what a card says of "
        "locked files. `publish lock` writes it."
    )
    return (note,) if changed else ()


def _find_target(run: RunContext, into: str) -> _Target:
    models = Path(os.path.abspath(run.directory / into))  # noqa: PTH100 - a link is refused, not followed
    if models.name != "models":
        hint = f"Write --into {into.rstrip('/')}/models; its parent folder is then the project."
        raise UsageProblem(f"A project keeps its model folders in 'models', not in '{models.name}'.", hint=hint)
    root = models.parent
    check_target(models / "any", root)
    path = root / CONFIG_FILE
    if not path.is_file():
        return _Target(root, models, None, ProjectConfig())
    shown = shown_path(run.directory, path)
    text, undecodable = decode(read_file(path, root), shown)
    if undecodable:
        raise unusable(undecodable)
    document, config, found = parse_spec(text, shown, ProjectConfig)
    if document is None or config is None:
        raise unusable(found)
    return _Target(root, models, document, config)


def _read(
    run: RunContext, places: Sequence[str], target: _Target, found: list[Diagnostic]
) -> tuple[tuple[Draft, ...], int, int]:
    if not places:
        raise UsageProblem("There is nothing to import.", hint="Name an asset folder, or a folder of them.")
    project = Project(target.root, target.config, target.document, ()) if target.document else None
    drafts, seen, others = read_models(run, places, target.models, project, found)
    return _once_each(drafts, found), seen, others


def _once_each(drafts: Iterable[Draft], found: list[Diagnostic]) -> tuple[Draft, ...]:
    """The drafts, each name and each folder once; the first one stays."""
    kept: dict[str, Draft] = {}
    names: dict[str, Draft] = {}
    for draft in drafts:
        asset = draft.asset
        other = kept.get(asset.folder) or names.get(str(asset.spec["name"]))
        if other is not None:
            what = f"'{asset.spec['name']}' in {asset.shown} is there as {other.asset.shown} already."
            hint = "Give one of the two another name (and folder); a registry holds one model of a name."
            found.append(DUPLICATE_NAME.at(Location(f"{asset.shown}/{asset.files['spec']}"), what, hint))
            continue
        kept[asset.folder] = draft
        names[str(asset.spec["name"])] = draft
    return tuple(kept.values())


def _sort_out(
    drafts: Iterable[Draft],
    target: _Target,
    run: RunContext,
    found: list[Diagnostic],
    *,
    check: bool,
    overwrite: bool,
) -> tuple[tuple[Draft, ...], tuple[Draft, ...]]:
    """What is to be imported, and what is there already."""
    new: list[Draft] = []
    known: list[Draft] = []
    for draft in drafts:
        path = target.models / draft.asset.folder
        if not is_folder_name(draft.asset.folder):
            where = draft.read.document.location(("name",))
            message = f"The model '{draft.asset.folder}' was not imported: its name cannot be a folder's."
            hint = "Give it a name of letters, digits, '-', '_' and '.' first."
            found.append(ImportRules.NOT_READABLE.at(where, message, hint))
            continue
        if overwrite or not path.exists():
            new.append(draft)
        elif check:
            known.append(draft)
        else:
            where = Location(shown_path(run.directory, path))
            hint = "Add --overwrite to replace it, or --check to compare it with the original."
            message = f"{where.path} is there already; {draft.asset.shown} was not imported."
            found.append(ImportRules.ALREADY_THERE.at(where, message, hint))
    return tuple(new), tuple(known)


def _import(
    drafts: Sequence[Draft], target: _Target, run: RunContext, found: list[Diagnostic], *, seen: int
) -> Imported:
    """Make and write the model folders, and what publish.yaml needs for them."""
    into = shown_path(run.directory, target.models)
    if not drafts:
        return Imported(into, (), {}, {}, seen)
    as_of = day_of(run, None)
    catalogue, wrong = read_catalogue(target.root)
    found.extend(wrong)
    before = resolve_presets(target.config, catalogue, as_of)
    names, proposed = choose_presets(drafts, before, catalogue)
    layout = target.config.layout if target.document else Counter(draft.layout for draft in drafts).most_common(1)[0][0]
    if target.document is None:
        text = new_project(layout, proposed, propose_defaults(drafts))
    else:
        text = with_presets(target.document, proposed)
    config = _parsed(text)
    templates = Templates(target.root, target.root / "templates", default_templates())
    links, unusable = read_sample_links(templates)
    found.extend(unusable)
    presets = resolve_presets(config, catalogue, as_of)
    folders: list[NewFolder] = []
    for draft in drafts:
        style = Style(config, links, templates, draft.layout)
        settings = ImportSettings(target.models, style, presets, names, catalogue, as_of)
        one = make_model_folder(draft, settings, found)
        if one is not None:
            found.extend(difference(one, unequal) for unequal in one.unequal)
            folders.append(one)
    if folders:
        make_folder(target.models, target.root)
        if target.document is None or text != target.document.text:
            write_edited(target.root / CONFIG_FILE, text)
    for one in folders:
        try:
            place_folder(target.models / one.draft.asset.folder, target.root, one.files)
        except OSError as error:
            raise PublishError(f"{one.draft.asset.folder} cannot be written: {error.strerror}.") from error
    used = Counter(names[sizes] for draft in drafts for sizes in draft.lists.values() if sizes in names)
    grown = text.count("\n") - (target.document.text.count("\n") if target.document else 0)
    return Imported(into, tuple(folders), dict(proposed), used, seen, grown)


def _parsed(text: str) -> ProjectConfig:
    _, config, wrong = parse_spec(text, CONFIG_FILE, ProjectConfig)
    if config is None:
        raise UsageProblem(f"The defaults of this catalogue do not fit: {wrong[0].message if wrong else text}")
    return config


def _prove(
    project: Project, drafts: Mapping[str, Draft], run: RunContext, found: list[Diagnostic]
) -> tuple[Proof, ...]:
    """Render each model in its original's layout, and compare."""
    from azureml_publish.pipeline.check import render_folders  # noqa: PLC0415 - loads all rules, for --check alone

    catalogue, _ = read_catalogue(project.root)
    subject = subject_of(project, catalogue, day_of(run, None))
    proofs = []
    for layout in ("system_metadata", "tags"):
        chosen = {folder: draft for folder, draft in drafts.items() if draft.layout == layout}
        models = [model for model in project.models if model.folder in chosen]
        rendered = render_folders(subject, models, layout)
        found.extend(rendered.found)
        for one in rendered.models:
            draft = chosen[one.folder.folder]
            if one.rendered is not None:
                differences = tuple(prove(draft.asset, one.rendered, layout))
                proofs.append(Proof(one.folder.folder, layout, differences))
        proofs += [
            Proof(folder, layout, (Difference("model.yaml", (), "a model", "nothing that could be rendered"),))
            for folder in sorted(set(chosen) - {proof.folder for proof in proofs})
        ]
    return tuple(sorted(proofs, key=lambda proof: proof.folder))


def _concerns(one: Diagnostic, folders: Container[str]) -> bool:
    top, _, rest = one.location.path.partition("/")
    return top != "models" or rest.partition("/")[0] in folders
