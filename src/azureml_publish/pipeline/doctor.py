"""What `publish doctor` looks at: versions, project, credentials, registry, rights and Hub."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from contextlib import ExitStack
from importlib.metadata import version

from azureml_publish.content.sources.hub import Hub
from azureml_publish.diagnostics import has_errors
from azureml_publish.errors import ExitCode, NotFound, PublishError, UsageProblem
from azureml_publish.lint.plugins import UnusablePlugin, plugins
from azureml_publish.pipeline.check import load_checked
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.references import unusable
from azureml_publish.pipeline.registries import find_config, open_registry, public_hub
from azureml_publish.pipeline.run import RunContext
from azureml_publish.project import Project
from azureml_publish.registry.conformance import Examined, State
from azureml_publish.registry.diagnostics import examine_registry
from azureml_publish.reporters.diagnostics import counted
from azureml_publish.spec import HubSource
from azureml_publish.version import TOOL, __version__

LIBRARIES = ("azure-ai-ml", "azure-identity", "azure-storage-blob", "huggingface_hub")


def examine(run: RunContext, registry: str | None) -> Iterator[Examined]:
    """Versions, plug-ins, project, credentials, registry and Hub, each as it turns out."""
    libraries = ", ".join(f"{name} {version(name)}" for name in LIBRARIES)
    message = f"publish {__version__}, Python {platform.python_version()}, {libraries}."
    yield Examined("versions", State.FINE, message)
    try:
        added = [f"{one} ({', '.join(check.rule.code for check in one.checks)})" for one in plugins()]
    except UnusablePlugin as problem:
        yield Examined("plug-ins", State.FAILED, problem.message, problem.hint, problem.exit_code)
        return
    if added:
        yield Examined("plug-ins", State.FINE, f"{', '.join(added)}.")
    try:
        checked = load_checked(run, (), Settings())
    except UsageProblem as problem:
        yield Examined("project", State.FAILED, problem.message, problem.hint, problem.exit_code)
        return
    if checked.project is None:
        first = unusable(checked.found).found[0]
        place = f"{first.location.path}:{first.location.line}:{first.location.column}"
        yield Examined("project", State.FAILED, f"{place}: {first.message}", first.hint, ExitCode.FINDINGS)
        return
    if has_errors(checked.found):
        yield Examined("project", State.WARNING, "There are findings.", "Run `publish lint`.")
    else:
        yield Examined("project", State.FINE, f"{counted(len(checked.models), 'model')} without an error.")
    # A name that is wrong is not a finding.
    config = find_config(checked.project, registry or checked.project.config.registry)
    with ExitStack() as opening:
        try:
            opened = opening.enter_context(open_registry(run, checked.project, registry, early=False))
        except PublishError as error:
            yield Examined("registry", State.FAILED, error.message, error.hint, error.exit_code)
            if config.emulator is None:
                yield from _hub(checked.project, public_hub(run))
            return
        yield from examine_registry(opened.registry.name, opened.identity, opened.cloud, TOOL)
        yield from _hub(checked.project, opened.hub)


def _hub(project: Project, hub: Hub) -> Iterator[Examined]:
    """The first repository that the project names stands for all."""
    sources = (model.spec.source for model in project.models)
    source = next((one for one in sources if isinstance(one, HubSource)), None)
    if source is None:
        return
    where = hub.endpoint or "the Hub"
    try:
        hub.describe(source.huggingface, str(source.revision))
    except NotFound as error:
        yield Examined("hub", State.WARNING, f"{where} answers, but not as wanted: {error.message}", error.hint)
    except PublishError as error:
        yield Examined("hub", State.FAILED, error.message, error.hint, error.exit_code)
    else:
        yield Examined("hub", State.FINE, f"{where} has {source.huggingface} at {str(source.revision)[:12]}.")
