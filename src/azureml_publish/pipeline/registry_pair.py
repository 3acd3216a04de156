"""Opens two registries at a time, each in its own cloud.

azure-ai-ml and requests read from the process which cloud there is and which certificates it has. Two embedded
registries, or an embedded one beside one of Azure, are two clouds: so each call is made with the variables of its own,
one call at a time, and what the process had before is put back after it.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from functools import wraps
from pathlib import Path
from typing import Any, cast

from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.registries import TOOL, Opened, find_config, open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import Project
from azureml_publish.registry import AzureRegistry, Registry

CLOUD_VARIABLES = (
    "AZUREML_CURRENT_CLOUD",
    "ARM_CLOUD_METADATA_URL",
    "REGISTRY_DISCOVERY_ENDPOINT_URL",
    "REQUESTS_CA_BUNDLE",
)


@contextmanager
def open_pair(run: RunContext, project: Project, source: str, target: str) -> Iterator[tuple[Opened, Opened]]:
    """Two registries that answer. One emulator serves both where both lie in one folder.

    Raises:
        UsageProblem: they are one and the same, or `publish.yaml` does not know them.
        NotAuthorised, EmulatorUnavailable: see `open_registry`.
    """
    one, other = find_config(project, source), find_config(project, target)
    environ = run.environ
    if source == target or (one.name is not None and one.name == other.name):
        raise UsageProblem(f"{source} and {target} are the same registry.", hint="Name two with --from and --to.")
    lock = threading.Lock()
    before = _snapshot(environ)
    try:
        with ExitStack() as stack:
            first = stack.enter_context(open_registry(run, project, source))
            of_first = _snapshot(environ)
            if one.emulator is not None and other.emulator is not None and _same(project, one.emulator, other.emulator):
                registry = AzureRegistry(target, first.asker.credential, environ, TOOL)
                second, of_second = replace(first, registry=registry, config=other), of_first
            else:
                _put(environ, before)
                second = stack.enter_context(open_registry(run, project, target))
                of_second = _snapshot(environ)
            _put(environ, before)
            yield (
                replace(first, registry=_in_its_cloud(first.registry, environ, of_first, lock)),
                replace(second, registry=_in_its_cloud(second.registry, environ, of_second, lock)),
            )
    finally:
        _put(environ, before)


def _same(project: Project, one: str, other: str) -> bool:
    return Path(project.root / one).resolve() == Path(project.root / other).resolve()


def _snapshot(environ: Mapping[str, str]) -> dict[str, str | None]:
    return {name: environ.get(name) for name in CLOUD_VARIABLES}


def _put(environ: MutableMapping[str, str], values: Mapping[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            environ.pop(name, None)
        else:
            environ[name] = value


class _InItsCloud:
    """A registry whose calls are made with the variables of its own cloud."""

    def __init__(
        self,
        registry: Registry,
        environ: MutableMapping[str, str],
        variables: Mapping[str, str | None],
        lock: threading.Lock,
    ) -> None:
        self._registry = registry
        self._environ = environ
        self._variables = variables
        self._lock = lock

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._registry, name)
        if not callable(found):
            return found

        @wraps(found)
        def call(*arguments: Any, **named: Any) -> Any:
            with self._lock:
                before = _snapshot(self._environ)
                _put(self._environ, self._variables)
                try:
                    return found(*arguments, **named)
                finally:
                    _put(self._environ, before)

        return call


def _in_its_cloud(
    registry: Registry,
    environ: MutableMapping[str, str],
    variables: Mapping[str, str | None],
    lock: threading.Lock,
) -> Registry:
    return cast("Registry", _InItsCloud(registry, environ, variables, lock))
