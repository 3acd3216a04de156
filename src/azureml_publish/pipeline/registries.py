"""Opens the registry that is meant: an embedded one is started for as long as it is needed."""

from __future__ import annotations

import difflib
import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from azureml_publish.content.sources.hub import Hub
from azureml_publish.errors import EmulatorUnavailable, NotFound, UsageProblem, system_message
from azureml_publish.events import Kind
from azureml_publish.pipeline.learned import read_learned
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.state import check_state
from azureml_publish.project import Project
from azureml_publish.registry.azure import AzureRegistry
from azureml_publish.registry.cloud import Cloud, find_cloud
from azureml_publish.registry.credentials import STORAGE_SCOPE, Identity, find_credential, take_early
from azureml_publish.registry.protocol import Registry
from azureml_publish.spec import BlobSource, RegistryConfig
from azureml_publish.version import TOOL


@dataclass(frozen=True, slots=True)
class Opened:
    """A registry that answers, the Hub that goes with it, and how `publish.yaml` describes it.

    `stand_in` is true where that Hub is the emulator's, with its small random weights.
    """

    registry: Registry
    hub: Hub
    config: RegistryConfig
    identity: Identity
    cloud: Cloud
    stand_in: bool = False


@contextmanager
def open_registry(run: RunContext, project: Project, name: str | None, *, early: bool = True) -> Iterator[Opened]:
    """The registry of this name, or the project's own where none is named; tokens are taken at once unless not `early`.

    Raises:
        NotFound: `publish.yaml` knows no registry of this name.
        NotAuthorised: nobody hands out a token.
        EmulatorUnavailable: the embedded registry cannot start.
        ForeignState: the state in the project's folder is not this user's own.
    """
    called = project.config.registry if name is None else name
    config = find_config(project, called)
    check_state(project.root, run.environ, *((project.root / config.emulator,) if config.emulator else ()))
    if config.emulator is not None:
        with _embedded(run, project.root / config.emulator, called, config) as opened:
            yield opened
        return
    cloud = find_cloud(run.environ)
    identity = run.find_credential(run.environ, cloud.authority)
    if early:
        blobs = any(isinstance(model.spec.source, BlobSource) for model in project.models)
        take_early(identity, (cloud.scope, *((STORAGE_SCOPE,) if blobs else ())))
    learned = read_learned(project.root, str(config.name))
    dropped = learned.dropped | {*config.unverifiable}
    with _registry(run, str(config.name), identity, cloud, dropped=dropped, deleted=learned.deleted) as registry:
        yield Opened(registry, public_hub(run), config, identity, cloud)


def _registry(run: RunContext, name: str, identity: Identity, cloud: Cloud, **known: Any) -> closing[AzureRegistry]:
    """The adapter to a registry, which is closed with its `with`; `known` as `AzureRegistry` takes it."""

    def report_wait(seconds: float, status: int | None) -> None:
        reason = "The registry does not answer." if status is None else f"The registry answers {status}."
        run.events.emit(Kind.WAIT, path="", seconds=round(seconds, 2), reason=reason)

    registry = AzureRegistry(
        name, identity.credential, cloud, TOOL, run.sleep, polling=run.polling, waits=report_wait, **known
    )
    return closing(registry)


@contextmanager
def open_pair(run: RunContext, project: Project, source: str, target: str) -> Iterator[tuple[Opened, Opened]]:
    """Two registries that answer, each in its own cloud. One emulator serves both where both lie in one folder.

    Raises:
        UsageProblem: they are one and the same.
        NotFound: `publish.yaml` does not know them.
        NotAuthorised, EmulatorUnavailable: see `open_registry`.
    """
    one, other = find_config(project, source), find_config(project, target)
    if source == target or (one.name is not None and _is_same(one.name, other.name)):
        raise UsageProblem(f"{source} and {target} are the same registry.", hint="Name two with --from and --to.")
    folders = [(project.root / config.emulator).resolve() for config in (one, other) if config.emulator is not None]
    with ExitStack() as stack:
        first = stack.enter_context(open_registry(run, project, source))
        if len(folders) == 2 and folders[0] == folders[1]:
            registry = stack.enter_context(_registry(run, target, first.identity, first.cloud))
            second = replace(first, registry=registry, config=other)
        else:
            second = stack.enter_context(open_registry(run, project, target))
        yield first, second


@contextmanager
def _embedded(run: RunContext, folder: Path, name: str, config: RegistryConfig) -> Iterator[Opened]:
    """A registry of its own emulator. What leads to it is handed on, and the process's environment does not count."""
    from azureml_publish.emulator import PLAIN, Emulator

    emulator = Emulator(folder, quirks=PLAIN)  # it answers at once, so that no poll is waited for
    try:
        emulator.start()
    except (OSError, sqlite3.Error) as error:
        hint = "`emulator` in publish.yaml names its folder: one that can be made, or is yours and intact."
        message = f"The embedded registry does not start: {system_message(error)}."
        raise EmulatorUnavailable(message, hint=hint) from error
    try:
        served = emulator.own_environment
        cloud, identity = find_cloud(served), find_credential(served)
        stand_in = config.hub == "stand-in"
        hub = Hub(served["HF_ENDPOINT"]) if stand_in else public_hub(run)
        with _registry(run, name, identity, cloud) as registry:
            yield Opened(registry, hub, config, identity, cloud, stand_in)
    finally:
        emulator.stop()


def public_hub(run: RunContext) -> Hub:
    """The Hub that is not a stand-in: huggingface_hub's own, or the one that HF_ENDPOINT names."""
    return Hub(run.environ.get("HF_ENDPOINT"))


_NAME = "[a-zA-Z0-9][a-zA-Z0-9_-]{2,32}"


def find_config(project: Project, name: str) -> RegistryConfig:
    """How `publish.yaml` describes a registry, or what its address says.

    Raises:
        NotFound: `publish.yaml` knows no registry of this name.
    """
    address = re.fullmatch(rf"azureml://registries/({_NAME})/?", name)
    known = project.config.registries
    if address:
        # A registry that publish.yaml lists is what it says there, however it is called on the command line.
        listed = [config for config in known.values() if _is_same(address[1], config.name)]
        return max(listed, key=lambda config: config.protected, default=RegistryConfig(name=address[1]))
    if name in known:
        return known[name]
    close = difflib.get_close_matches(name, known, n=1)
    meant = f"Did you mean '{close[0]}'?" if close else f"There are: {', '.join(known)}."
    example = name if re.fullmatch(_NAME, name) else "NAME"
    hint = f"{meant} One that is not listed: azureml://registries/{example}"
    raise NotFound(f"publish.yaml knows no registry '{name}'.", hint=hint)


def _is_same(one: str, other: str | None) -> bool:
    """Whether two names are of one registry of Azure ML: its service takes them in any case, and returns lower case."""
    return other is not None and one.lower() == other.lower()


def name_of(project: Project, name: str | None) -> str:
    """The name in asset URIs of the registry that a name means, or the project's own where none is given.

    Raises:
        NotFound: `publish.yaml` knows no registry of this name.
    """
    called = project.config.registry if name is None else name
    return find_config(project, called).name or called


def same_registry(name: str | None) -> str:
    """The option with which another command uses the same registry; empty where none was named."""
    return f" -r {shlex.quote(name)}" if name is not None else ""
