"""Begins a model folder: finds out what a repository, folder or file holds, and writes what follows from it."""

from __future__ import annotations

import json
import os
import re
import shutil
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from azureml_publish.content.packaging.transformers_facts import find_task
from azureml_publish.content.sources.hub import Hub, HubRepository
from azureml_publish.content.sources.readers import Readers
from azureml_publish.documents import parse_yaml
from azureml_publish.errors import NotFound, PublishError, UsageProblem
from azureml_publish.files import check_target, is_folder_name, read_file, write_bytes, write_whole
from azureml_publish.importer.evidence import READ, Choice, Evidence, choose, find_text
from azureml_publish.importer.front_matter import README, Stated, read_front_matter, results_table
from azureml_publish.importer.placing import place_folder
from azureml_publish.importer.writing import write_yaml
from azureml_publish.lint.rules.vocabularies import vocabulary
from azureml_publish.pipeline.lock import lock_new
from azureml_publish.pipeline.references import new_project, read_project
from azureml_publish.pipeline.registries import Opened, open_registry, public_hub
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.sources import find_readers
from azureml_publish.project import CARD_FILE, CONFIG_FILE, SPEC_FILE, Project, find_root, load_project, shown_path
from azureml_publish.render import Templates, default_templates
from azureml_publish.reporters.diagnostics import diagnostics_text
from azureml_publish.spec import ModelSpec
from azureml_publish.spec.tasks import has_service_name, service_task

NEW_PROJECT = "registries:\n  local: {{emulator: .publish/registry{hub}}}\n"
IGNORED = (".publish/", "build/")
"""What runs and rendering leave in a project, and what must not be committed: state, certificates, copies."""

_HUB = re.compile(r"(?:(?:https://huggingface\.co|hf:/)/)?([\w.-]+(?:/[\w.-]+)?)(?:/tree/([\w.-]+))?/?", re.ASCII)

_CACHED = re.compile(r"/models--(?P<repository>[\w.-]+)/snapshots/(?P<revision>[\w.-]+)/?$", re.ASCII)
"""A snapshot as huggingface_hub keeps it: https://huggingface.co/docs/huggingface_hub/guides/manage-cache."""


@dataclass(frozen=True, slots=True)
class Begun:
    """A new model folder: the files that were written, and notes for its author."""

    model: str
    version: int
    revision: str
    written: tuple[str, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """What is known of a model: its source for the spec, the evidence, what its makers state, and which Hub it was."""

    source: dict[str, Any]
    evidence: Evidence
    stated: Stated = field(default_factory=Stated)
    repository: HubRepository | None = None
    notes: tuple[str, ...] = ()
    hub: Hub | None = None


def begin_model(run: RunContext, what: str, name: str | None, revision: str, registry: str | None) -> Begun:
    """Write a model folder for a repository of the Hub, or for a folder or file of this machine.

    Raises:
        UsageProblem: the name is taken or not valid, or the argument is neither a repository nor a path.
        NotFound: nothing of this name is there.
    """
    local = _local(run, what)
    named = _HUB.fullmatch(what)
    if local is None and named is None:
        hint = "Write ORG/NAME, or a path: ./FOLDER."
        if "://" in what:
            hint = (
                f"For files in blob storage, git, Azure ML or MLflow write models/NAME/{SPEC_FILE} yourself, such as "
                "`source: {azureblob: {storage: ACCOUNT, container: NAME, path: FOLDER}}`."
            )
        raise UsageProblem(f"'{what}' is not a repository of the Hub, and no folder or file.", hint=hint)
    chosen = name or _name(local.name if local else str(named and named[1]).rpartition("/")[2])
    if not re.fullmatch(r"[a-zA-Z0-9][a-zA-Z0-9._-]{0,254}", chosen) or not is_folder_name(chosen):
        hint = "Use letters, digits, '-', '_' and '.', at most 255, beginning with a letter or digit: --name NAME."
        raise UsageProblem(f"A registry does not take the name '{chosen}'.", hint=hint)
    project, is_new = _project(run)
    if local is not None and project.root.resolve().is_relative_to(local.resolve()):
        hint = f"Begin the project in the folder above: `publish init {local.name}`. Or name the model's own folder."
        raise UsageProblem(f"{what} holds the project itself, whose files would go into the model.", hint=hint)
    folder = project.root / "models" / chosen
    check_target(folder, project.root)
    if os.path.lexists(folder):
        raise UsageProblem(f"{shown_path(project.root, folder)} is there already.", hint="Choose another --name.")
    with _remove_unused(project.root, folder), open_registry(run, project, registry) as opened:
        if local is not None:
            found = _look_at(local, folder)
        elif named is not None:
            found = _describe(run, opened, named[1], named[2] or revision)
        version = opened.registry.state(chosen, 1).next_version
        choice = choose(found.evidence)
        texts = _render(project, chosen, version, found, choice)
        _place(folder, project.root, texts)
        notes = _finish(project, new=is_new)
        with closing(find_readers(replace(opened, hub=found.hub or opened.hub), run)) as readers:
            locks, unlocked = _lock(project, folder, readers)
        if unlocked and choice.needs_pickles:  # as the choice's own note says
            unlocked = (f"It has no lock yet: `publish lock {folder.name}` writes it once that is done.",)
    written = (*(shown_path(project.root, folder / file) for file in texts), *locks)
    return Begun(
        chosen,
        version,
        str(found.source.get("revision", "")),
        written,
        (*notes, f"The type is {choice.type}: {choice.why}", *found.notes, *choice.notes, *unlocked),
    )


def _lock(project: Project, folder: Path, readers: Readers) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Lock the source of the new model folder: what was written, and why nothing was."""
    read, _ = load_project(project.root)
    new = [one for one in read.models if one.path == folder] if read is not None else []
    locks, notes = lock_new(new, readers, project.config.defaults.mlflow)
    if not new:
        notes = (f"It has no lock yet: complete model.yaml, then `publish lock {folder.name}`.",)
    return tuple(f"models/{lock}" for lock in locks), notes


def _name(text: str) -> str:
    """A name that a registry takes, from that of a repository, folder or file without its ending."""
    plain = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    stem = re.sub(r"\.(gguf|onnx|safetensors|pt|pth|ckpt|pkl|joblib|bin)$", "", plain, flags=re.IGNORECASE)
    return re.sub(r"[^a-zA-Z0-9._-]+", "-", stem).strip("-._") or text


def _local(run: RunContext, what: str) -> Path | None:
    """The folder or file of this machine that is meant; None for anything else.

    Raises:
        NotFound: it is written as a path, and nothing is there.
    """
    path = run.directory / Path(what.removeprefix("file://")).expanduser()
    if cached := _CACHED.search(path.as_posix()):
        again = f"publish init {cached['repository'].replace('--', '/')} --revision {cached['revision']}"
        hint = f"`{again}` takes the same files from the Hub; `cp -rL` makes a folder of your own of them."
        raise UsageProblem(f"{what} is a folder of links in the Hub's cache.", hint=hint)
    if path.exists():
        return Path(os.path.normpath(path))
    if what.startswith((".", "/", "~", "file:")) or "\\" in what:
        raise NotFound(f"There is no folder or file {what}.", hint="Correct the path; ORG/NAME names a Hub repository.")
    return None


def _project(run: RunContext) -> tuple[Project, bool]:
    """The project here, or a new one, of which nothing is written yet."""
    with suppress(UsageProblem):
        find_root(run.directory)
        return read_project(run), False
    if any((folder / CONFIG_FILE).exists() for folder in (run.directory, *run.directory.parents)):
        return read_project(run), False
    if (run.directory / "publish.yml").exists():
        find_root(run.directory)
    # HF_ENDPOINT goes before the few repositories of the embedded registry's stand-in.
    text = NEW_PROJECT.format(hub=", hub: public" if run.environ.get("HF_ENDPOINT") else "")
    return new_project(run.directory, text), True


@contextmanager
def _remove_unused(root: Path, folder: Path) -> Iterator[None]:
    """Leave nothing behind on failure: neither the new folder nor what begins a project."""
    begun = (root / ".publish", root / "models", folder, root / CONFIG_FILE, root / ".gitignore")
    new = [path for path in begun if not os.path.lexists(path)]
    try:
        yield
    except BaseException:
        for path in new:
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
        raise


def _place(folder: Path, root: Path, texts: Mapping[str, str]) -> None:
    try:
        place_folder(folder, root, {file: text.encode() for file, text in texts.items()})
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(folder)) from error


def _finish(project: Project, *, new: bool) -> list[str]:
    """Begin the project's own files where they are missing."""
    notes, root = [], project.root
    if new:
        write_whole(root / CONFIG_FILE, project.document.text)
        notes.append(f"{CONFIG_FILE} begins a project here.")
    path = root / ".gitignore"
    before = read_file(path, root).decode(errors="surrogateescape") if path.exists() else ""
    there = {line.strip().strip("/") for line in before.splitlines()}
    if missing := [line for line in IGNORED if line.strip("/") not in there]:
        ending = "\r\n" if "\r\n" in before else "\n"
        gap = "" if not before or before.endswith("\n") else ending
        text = before + gap + "".join(line + ending for line in missing)
        write_bytes(path, text.encode(errors="surrogateescape"), root=root)
        notes.append(f".gitignore names {' and '.join(missing)}, which no commit should hold.")
    return notes


def _serves(task: str) -> bool:
    """Whether MLflow's transformers flavour serves a task: a pipeline without a signature of MLflow's it only loads."""
    known = find_task(task)
    return known is not None and known.served and known.signature is not None


def _look_at(path: Path, folder: Path) -> _Found:
    """What a folder or file of this machine holds."""
    source = {"local": Path(os.path.relpath(path, folder)).as_posix()}
    if path.is_file():
        return _Found(source, Evidence((path.name,), _serves))
    files = []
    for top, folders, names in os.walk(path):
        folders[:] = sorted(one for one in folders if one not in (".git", "__pycache__", ".cache"))
        files += [Path(top, name).relative_to(path).as_posix() for name in sorted(names)]
    if not files:
        raise UsageProblem(f"{path} holds no file.", hint="Name the folder that holds the model's files.")
    named = {name: place for name in (*READ, README) if (place := find_text(name, files))}
    texts = {name: read_file(path / place, path).decode(errors="replace") for name, place in named.items()}
    stated, unread = read_front_matter(texts.pop(README, ""))
    notes = [unread] if unread else []
    if stated.base_models:
        notes.append(_base_note(stated.base_models, README))
    if stated.local_base:
        notes.append(
            f"{README} names the base model {stated.local_base!r}, a folder of the machine where it was trained: write "
            "the name that it has for others as the tag base_model."
        )
    taken = {keyword.lower() for keyword in _keywords(stated)}
    if left := [one for one in stated.keywords if one.lower().replace("-", " ") not in taken]:
        notes.append(f"Tags of {README} that stay behind: {', '.join(left)}. Write `tags` for those that readers want.")
    evidence = Evidence(tuple(files), _serves, _parsed(texts), stated.task, stated.library)
    return _Found(source, evidence, stated, notes=tuple(notes))


def _describe(run: RunContext, opened: Opened, repository: str, revision: str) -> _Found:
    """What a repository of the Hub says about itself."""
    notes = []
    stand_in = opened.stand_in and not run.environ.get("HF_ENDPOINT")
    hub = opened.hub if stand_in else public_hub(run)
    if opened.stand_in and not stand_in:
        notes.append(f"HF_ENDPOINT was used; write `hub: public` beside the registry's emulator in {CONFIG_FILE}, too.")
    try:
        info = hub.describe(repository, revision)
    except NotFound as error:
        if not stand_in:
            raise
        config = f"{opened.registry.name}: {{emulator: {opened.config.emulator}, hub: public}}"
        message = f"The stand-in Hub of the registry {opened.registry.name} has no {repository} at {revision}."
        hint = f"It holds a few examples. For the real Hub write in {CONFIG_FILE}: registries: {{{config}}}"
        raise NotFound(message, hint=hint) from error
    texts = {}
    for name in (*READ, README):
        if place := find_text(name, info.files):
            with suppress(PublishError):  # of a gated repository the list of files is public, and nothing else
                texts[name] = hub.read_text(info.id, info.revision, place)
    if info.gated:
        notes.append(
            f"It is gated ({info.gated}): accept its terms on https://huggingface.co/{info.id}, and set HF_TOKEN to a "
            "token that may read it before you publish."
        )
    elif info.private:
        notes.append("It is private: publishing it needs HF_TOKEN with a token that may read it.")
    if info.base_models:
        notes.append(_base_note(info.base_models, "Its makers"))
    stated = replace(
        read_front_matter(texts.pop(README, ""))[0],
        license=info.license, license_name=info.license_name, license_link=info.license_link,
        languages=info.languages, datasets=info.datasets, base_models=info.base_models,
    )  # fmt: skip
    evidence = Evidence(info.files, _serves, _parsed(texts), info.task, info.library)
    return _Found({"huggingface": info.id, "revision": info.revision}, evidence, stated, info, tuple(notes), hub)


def _base_note(bases: tuple[str, ...], who: str) -> str:
    verb = "name" if who.endswith("s") else "names"
    return f"{who} {verb} its base model, which the tag base_model keeps: {', '.join(bases)}."


def _keywords(stated: Stated) -> tuple[str, ...]:
    """The makers' tags that are keywords of the service, spelled as it does, and no more than it takes."""
    key = vocabulary()["keywords"]
    known = {str(one).lower(): str(one) for one in key.values}
    taken = (known.get(one.lower().replace("-", " "), "") for one in stated.keywords)
    return tuple(dict.fromkeys(one for one in taken if one))[: key.most]


def _parsed(texts: Mapping[str, str]) -> dict[str, Mapping[str, Any]]:
    """The data of small files; what cannot be read is not evidence."""
    parsed: dict[str, Any] = {}
    for name, text in texts.items():
        if name == "MLmodel":
            document, _ = parse_yaml(text, name)
            parsed[name] = document.data if document is not None else None
        else:
            with suppress(ValueError, RecursionError):
                parsed[name] = json.loads(text)
    return {name: data for name, data in parsed.items() if isinstance(data, dict)}


def _spec(found: _Found, choice: Choice) -> tuple[dict[str, Any], list[str]]:
    """The keys of the spec after its version, and comments on what a person has to write."""
    info, stated = found.repository, found.stated
    spec: dict[str, Any] = {"type": choice.type} if choice.type != "mlflow_model" else {}
    spec["source"] = {**found.source, **({"exclude": list(choice.exclude)} if choice.exclude else {})}
    comments = []
    metadata: dict[str, Any] = {}
    if stated.license:
        spec["license"] = stated.license
        if described := _license(found):
            metadata["licenseDescription"] = described
    else:
        whom = "The repository states no licence." if info else "Nothing states the licence."
        comments.append(
            f"{whom} Write one; `proprietary` is for a model of your own without a public licence:\n# license:"
        )
    taken = vocabulary()["languages"].values
    languages = [one for one in stated.languages if one in taken]
    spec |= {key: names for key, names in (("languages", languages), ("datasets", list(stated.datasets))) if names}
    if left := [one for one in stated.languages if one not in taken]:
        comments.append(f"Left out, as the service takes no such language: {', '.join(left)}.")
    if base := choice.base or ", ".join(stated.base_models):
        spec["tags"] = {"base_model": base}
    if keywords := _keywords(stated):
        metadata["keywords"] = list(keywords)
    if metadata:
        spec["metadata"] = metadata
    if choice.task:
        spec |= _task_keys(found, choice)
        if "tasks" not in spec:
            comments.append(f"Left out, as the service takes no such task: {choice.task}.")
    elif choice.needs_task:
        comments.append("Nothing says what the model does. Write its task, such as fill-mask:\n# tasks: {inference: }")
    if choice.needs_pickles:
        comments.append(
            "Its weights are pickles, which run code on the machine that loads them. If you trust it, add to source:\n"
            "#   allow_pickle: true"
        )
    return spec, comments


def _task_keys(found: _Found, choice: Choice) -> dict[str, Any]:
    """The task, under the service's name where it has one; and the name by which transformers loads the model."""
    named, known = service_task(choice.task), find_task(choice.task)
    keys: dict[str, Any] = {}
    if named in vocabulary()["tasks.inferenceTasks"].values or not has_service_name(named):
        keys["tasks"] = {"inference": named}
    loads = choice.type == "mlflow_model" and "MLmodel" not in found.evidence.files
    if loads and known is not None and ("tasks" not in keys or find_task(named) != known):
        keys["mlflow"] = {"task": choice.task}
    return keys


def _license(found: _Found) -> str:
    """What a licence is that has no identifier of its own: its name, and a link to its text."""
    stated, info = found.stated, found.repository
    if stated.license not in ("other", "custom") and not stated.license_name:
        return ""
    link = stated.license_link
    if link and "://" not in link and info is not None:
        link = f"https://huggingface.co/{info.id}/blob/{info.revision}/{link.removeprefix('./')}"
    return ": ".join(part for part in (stated.license_name, link) if part)


def _written(key: str, value: Any) -> str:
    """A key of the spec; what people add keys to stands in lines of its own."""
    return f"{key}:\n{write_yaml(value, 2)}" if key in ("source", "tasks") else write_yaml({key: value})


def _render(project: Project, name: str, version: int, found: _Found, choice: Choice) -> dict[str, str]:
    templates = Templates(project.root, project.templates, default_templates())
    spec, comments = _spec(found, choice)
    values = {
        "name": name,
        "version": version,
        "spec": "".join(_written(key, spec[key]) for key in ModelSpec.model_fields if key in spec),
        "comments": comments,
        "repository": asdict(found.repository) if found.repository else None,
        "results": results_table(found.stated.results),
        "preset": next(iter(project.config.presets), None),
    }
    texts = {}
    for file, template in ((SPEC_FILE, "new-model.yaml.j2"), (CARD_FILE, "new-card.md.j2")):
        texts[file], mistakes = templates.render(template, values)
        if mistakes:
            raise PublishError(diagnostics_text(mistakes).strip())
    return texts
