"""`publish lint --online`: fetches links, the Hub's facts and a registry's state, and checks the answers."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

from azureml_publish.content.sources.hub import Hub
from azureml_publish.diagnostics import Diagnostic, in_order
from azureml_publish.errors import PublishError, Unreachable
from azureml_publish.lint.cache import cache_file
from azureml_publish.lint.engine import ONLINE_CHECKS, LinkUse, ModelUse, check
from azureml_publish.lint.online.addresses import Guard
from azureml_publish.lint.online.answers import HubAnswer, RegistryAnswer
from azureml_publish.lint.online.link_cache import LinkCache
from azureml_publish.lint.online.link_client import LinkClient
from azureml_publish.lint.online.links import Hosts, follow_links
from azureml_publish.lint.online.repositories import fetch_repository
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.plan.actions import Plan
from azureml_publish.plan.rules import ChangeClass
from azureml_publish.project import ModelFolder, Project
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.spec import HubSource
from azureml_publish.version import __version__

AGENT = f"azureml-publish/{__version__} (link check)"

HUB_ABREAST = 8
"""Repositories whose facts are fetched at a time."""

ALLOW_PRIVATE = "PUBLISH_LINKS_ALLOW_PRIVATE"


@dataclass(frozen=True, slots=True)
class Online:
    """The findings on the answers of the network.

    Attributes:
        found: the findings.
        notes: what could not be fetched, as sentences; a machine without a network is not a mistake.
        failure: why a registry that was named gave no answer although it could be reached; raised after the report.
    """

    found: tuple[Diagnostic, ...]
    notes: tuple[str, ...] = ()
    failure: PublishError | None = None


def lint_online(run: RunContext, checked: CheckedProject, registry: str | None, *, cache: bool = True) -> Online:
    """Check every model online: its links, its Hub repository, and its version in a registry.

    The registry is the one that is named, else the project's own; an embedded one that was never used is not started.
    """
    found, notes = _links(run, checked.links, cache=cache)
    hub, unanswered = _hub(run, [model.folder for model in checked.models])
    found += hub
    notes += unanswered
    failure = None
    if checked.project is not None and checked.rendered and _wants_registry(checked.project, registry):
        try:
            found += _registry(run, checked, checked.project, registry)
        except Unreachable as error:
            notes.append(f"The registry was not read: {error.message}")
        except PublishError as error:
            # A registry that was named must answer; a fork's pull request has no credential, which is fine.
            failure = None if registry is None else error
            notes += [] if failure else [f"The registry was not read: {error.message} {error.hint}".strip()]
    return Online(in_order(found), tuple(notes), failure)


def lint_assets_online(run: RunContext, links: Sequence[LinkUse], *, cache: bool = True) -> Online:
    """Follow the links of asset folders that nobody imported."""
    found, notes = _links(run, links, cache=cache)
    return Online(in_order(found), tuple(notes))


def _links(run: RunContext, uses: Sequence[LinkUse], *, cache: bool) -> tuple[list[Diagnostic], list[str]]:
    if not uses:
        return [], []
    environ, hosts = run.environ, Hosts()
    client = LinkClient(
        Guard.read(environ.get(ALLOW_PRIVATE, "")),
        AGENT,
        hosts.turn,
        bundle=environ.get("REQUESTS_CA_BUNDLE") or environ.get("CURL_CA_BUNDLE") or True,
    )
    answers = LinkCache(cache_file(environ).with_name("links.json") if cache else None)
    with closing(client):
        followed = follow_links((use.url for use in uses), client, hosts, answers)
    found = [
        one
        for use in uses
        if use.url in followed.answers
        for one in check(use, followed.answers[use.url], checks=ONLINE_CHECKS)
    ]
    notes = [f"There is no network: {counted(followed.offline, 'link')} not followed."] if followed.offline else []
    return found, notes


def _hub(run: RunContext, folders: Iterable[ModelFolder]) -> tuple[list[Diagnostic], list[str]]:
    found: list[Diagnostic] = []
    notes: list[str] = []
    waiting = [(folder, folder.spec.source) for folder in folders]
    sources = [(folder, source) for folder, source in waiting if isinstance(source, HubSource)]
    if not sources:
        return [], []
    from huggingface_hub import get_token

    hub, token = Hub(run.environ.get("HF_ENDPOINT")), get_token() is not None
    silent = threading.Event()

    def fetch(one: tuple[ModelFolder, HubSource]) -> HubAnswer | PublishError | None:
        if silent.is_set():
            return None
        try:
            return fetch_repository(hub, one[1], token=token)
        except Unreachable as error:
            silent.set()
            return error
        except PublishError as error:
            return error

    with ThreadPoolExecutor(HUB_ABREAST, thread_name_prefix="hub") as pool:
        answers = list(zip(sources, pool.map(fetch, sources), strict=True))
    for (folder, _), answer in answers:
        if isinstance(answer, HubAnswer):
            found += check(_use(folder), answer, checks=ONLINE_CHECKS)
        elif answer is not None and not isinstance(answer, Unreachable):
            notes.append(f"{folder.folder}: {answer.message} {answer.hint}".strip())
    unanswered = [answer for _, answer in answers if answer is None or isinstance(answer, Unreachable)]
    if reason := next((answer for answer in unanswered if answer is not None), None):
        notes.append(f"The Hub was not read for {counted(len(unanswered), 'model')}: {reason.message}")
    return found, notes


def _wants_registry(project: Project, name: str | None) -> bool:
    """Whether a registry is read: one that was named, or the project's own unless it was never used."""
    if name is not None:
        return True
    config = project.config.registries.get(project.config.registry)
    return config is not None and (config.emulator is None or (project.root / config.emulator).exists())


def _registry(run: RunContext, checked: CheckedProject, project: Project, name: str | None) -> list[Diagnostic]:
    called = project.config.registry if name is None else name
    with open_registry(run, project, name) as opened:
        observed = observe_models(checked, opened.registry, 16, whole=True).observed
    plan = observed.plan()
    states = {wanted.asset.name: state for wanted, state in observed.models}
    found: list[Diagnostic] = []
    for folder, rendered in checked.rendered:
        state = states[rendered.asset.name]
        answer = RegistryAnswer(
            called,
            rendered.asset.name,
            rendered.asset.version,
            state.asset is not None,
            state.latest_version,
            state.next_version,
            _blocked(plan, rendered.asset.name),
        )
        found += check(_use(folder), answer, checks=ONLINE_CHECKS)
    return found


def _blocked(plan: Plan, name: str) -> tuple[str, ...]:
    action = next(action for action in plan.actions if action.model == name)
    return tuple(change.field for change in action.fields if change.consequence is ChangeClass.NEW_VERSION)


def _use(folder: ModelFolder) -> ModelUse:
    return ModelUse(folder.spec.license or "", lambda key: folder.document.location(tuple(key.split("."))))
