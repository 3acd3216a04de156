"""Finds what changed in a registry but not in the folders, and takes it over on request."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from azureml_publish.assets import LayoutName, RegisteredAsset, RegistryState
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.check import CheckedProject, load_rendered
from azureml_publish.pipeline.drift_fix import fix_folder
from azureml_publish.pipeline.load import Settings
from azureml_publish.pipeline.observe import observe_models
from azureml_publish.pipeline.registries import open_registry
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.saved_plans import read_saved
from azureml_publish.pipeline.without_folder import find_assets, latest_of, names_without_folder
from azureml_publish.plan.actions import Desired
from azureml_publish.plan.drift import Drift, baselines, find_drift
from azureml_publish.plan.saved import Observed, SavedPlan
from azureml_publish.registry.protocol import Registry
from azureml_publish.reporters.drift import Fixed


@dataclass(frozen=True, slots=True)
class DriftResult:
    """The drift, and the fixes.

    Attributes:
        drift: what differs between folders and registry.
        checked: the folders.
        observed: what the folders say, and what the registry held.
        fixes: what was taken over into the folders, by model.
    """

    drift: Drift
    checked: CheckedProject
    observed: Observed
    fixes: Mapping[str, Fixed] = field(default_factory=dict)

    @property
    def remains(self) -> bool:
        """Whether there is drift that was not taken over."""
        if self.drift.strangers:
            return True
        fixes = self.fixes
        return any(
            model.drifted and (model.newer or not model.fields or model.model not in fixes or fixes[model.model].left)
            for model in self.drift.models
        )


def look_for_drift(
    run: RunContext,
    models: Sequence[str],
    registry: str | None,
    settings: Settings,
    *,
    since: str | None = None,
    ignore: Sequence[str] = (),
    fix: bool = False,
    jobs: int = 8,
) -> DriftResult:
    """Compare a registry with the folders; nothing is written to the registry.

    Args:
        run: the environment.
        models: model folders by name or glob. None means all, and registered models without a folder as well.
        since: the saved plan that was applied last: it says which side changed.
        ignore: globs of registered models that need no folder.
        fix: write what the registry holds into the folders, where a key says just that.

    Raises:
        UnsoundProject: the folders have errors.
        UsageProblem: the saved plan is for another registry.
        PublishError: the registry cannot be read.
    """
    checked = load_rendered(run, models, settings)
    project = checked.require_sound()
    saved = read_saved(run, since) if since is not None else None
    with open_registry(run, project, registry) as opened:
        if saved is not None and saved.registry != opened.registry.name:
            raise UsageProblem(
                f"{since} is a plan for the registry {saved.registry}, not for {opened.registry.name}.",
                hint="Name the plan that was applied last to this registry.",
            )
        observed = observe_models(checked, opened.registry, jobs).observed
        names = (
            () if models else names_without_folder(opened.registry, project, (*project.config.drift.ignore, *ignore))
        )
        strangers = latest_of(opened.registry, names, jobs)
        drift = _look(opened.registry, observed, saved, strangers, jobs)
    fixes = _fix(checked, observed, drift, settings.layout) if fix else {}
    return DriftResult(drift, checked, observed, fixes)


def _look(
    registry: Registry,
    observed: Observed,
    saved: SavedPlan | None,
    strangers: tuple[RegisteredAsset, ...],
    jobs: int,
) -> Drift:
    known = baselines(saved) if saved is not None else {}
    with ThreadPoolExecutor(jobs, thread_name_prefix="newer") as pool:
        newer = pool.map(lambda pair: _newer(registry, *pair), observed.models)
        found = [
            find_drift(wanted, state, versions, known.get(wanted.asset.name))
            for (wanted, state), versions in zip(observed.models, newer, strict=True)
        ]
    return Drift(registry.name, tuple(sorted(found, key=lambda one: one.model)), strangers)


def _newer(registry: Registry, wanted: Desired, state: RegistryState) -> tuple[RegisteredAsset, ...]:
    """The registered versions above the folder's; no request is made where no number above it was ever used."""
    name, version = wanted.asset.name, wanted.asset.version
    if state.latest_version is not None and state.next_version <= version + 1:
        return ()
    return find_assets(registry, name, (number for number in registry.versions(name) if number > version))


def _fix(checked: CheckedProject, observed: Observed, drift: Drift, layout: LayoutName | None) -> dict[str, Fixed]:
    states = {wanted.asset.name: state for wanted, state in observed.models}
    models = {one.folder.spec.name: one for one in checked.models}
    return {
        one.model: fix_folder(checked.subject, models[one.model], one, states[one.model], layout)
        for one in drift.models
        if checked.subject is not None and any(field.counts for field in one.fields)
    }
