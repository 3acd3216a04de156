"""What the verbs on machine sizes do: specs of lists, lists that lose sizes, and the live figures of a subscription."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date

from azureml_publish.errors import NotFound, UsageProblem
from azureml_publish.files import write_whole
from azureml_publish.globs import matches_any
from azureml_publish.pipeline.load import read_catalogue
from azureml_publish.pipeline.run import RunContext
from azureml_publish.pipeline.selection import choose_models
from azureml_publish.project import Project, find_root, read_optional
from azureml_publish.registry.cloud import find_cloud
from azureml_publish.registry.vmsizes import VM_SIZES_API, Subscription
from azureml_publish.reporters.skus import MinSpecShown
from azureml_publish.skus.catalogue import Catalogue
from azureml_publish.skus.compute import resolve_body
from azureml_publish.skus.foresight import Foresight, foresee
from azureml_publish.skus.lists import ListUse, lists_of
from azureml_publish.skus.live import Comparison, compare, overlay_of, read_sizes
from azureml_publish.skus.overlay import OVERLAY_FILE, read_overlay, write_overlay
from azureml_publish.version import TOOL


@dataclass(frozen=True, slots=True)
class LiveFigures:
    """The figures of a subscription against the catalogue.

    Attributes:
        found: the comparison.
        missing: by region, why the service does not answer there.
        overlay: the text of skus.overlay.csv with the live figures; empty where nothing differs.
    """

    found: Comparison
    missing: Mapping[str, str]
    overlay: str

    def write(self, run: RunContext) -> None:
        """Write the overlay beside publish.yaml."""
        write_whole(find_root(run.directory) / OVERLAY_FILE, self.overlay)


def compare_live(run: RunContext, subscription: str, regions: Sequence[str]) -> LiveFigures:
    """Compare the catalogue with what the Machine Learning service says of a subscription's sizes.

    Args:
        regions: the regions to read. [default: every one]

    Raises:
        UsageProblem: the project's catalogue cannot be read.
        NotFound: the service does not answer in a region that was named, or in none at all.
        PublishError: nobody may sign in, or the service cannot be reached.
    """
    root = find_root(run.directory)
    catalogue, wrong = read_catalogue(root)
    broken = next((one for one in wrong if one.severity == "error"), None)
    if broken is not None:
        raise UsageProblem(f"{broken.location.path}:{broken.location.line}: {broken.message}", hint=broken.hint)
    cloud = find_cloud(run.environ)
    identity = run.find_credential(run.environ, cloud.authority)
    with closing(Subscription(subscription, identity.credential, cloud, TOOL)) as azure:
        answers, missing = azure.vm_sizes_everywhere(tuple(regions) or azure.regions())
    if missing and regions:
        raise NotFound(next(iter(missing.values())), hint="`az account list-locations` shows the regions' names.")
    if not answers:
        raise NotFound("The Machine Learning service answers in none of the regions.", hint="Name one with --region.")
    found = compare(catalogue, {region: read_sizes(answer) for region, answer in answers.items()})
    if not found.differences:
        return LiveFigures(found, missing, "")
    text, _ = read_optional(root, OVERLAY_FILE)
    rows, _ = read_overlay(text, OVERLAY_FILE) if text is not None else ((), ())
    where = ", ".join(found.regions) if len(found.regions) <= 3 else f"{len(found.regions)} regions"
    source = f"vmSizes {VM_SIZES_API} in {where}, read {run.today}"
    return LiveFigures(found, missing, write_overlay(overlay_of(found, rows, catalogue, source)))


def specs_of_lists(
    run: RunContext, project: Project, catalogue: Catalogue, day: date, *, models: Sequence[str], presets: Sequence[str]
) -> list[MinSpecShown]:
    """The lists of models, and the presets whose names match; without either, all lists. Each with its sizes.

    Raises:
        NotFound: there is no such preset or model.
        UsageProblem: a size is among the models.
    """
    known = project.config.presets
    for name in presets:
        if not fnmatch.filter(known, name):
            raise NotFound(
                f"publish.yaml defines no preset '{name}'.", hint=f"There are: {', '.join(known) or 'none'}."
            )
    for name in models:
        if name in catalogue:
            raise UsageProblem(f"'{name}' is a size, and the others are not.", hint="Name either sizes or models.")
    uses = _chosen(run, project, models, presets)
    return [MinSpecShown(use.name, use.users, resolve_body(catalogue, use.body, day).skus) for use in uses]


def _chosen(run: RunContext, project: Project, models: Sequence[str], presets: Sequence[str]) -> tuple[ListUse, ...]:
    if presets and not models:
        every = lists_of(project, project.models)
        return tuple(use for use in every if use.key_path[0] == "presets" and matches_any(use.name, presets))
    chosen = lists_of(project, choose_models(models, run.directory, project))
    if not models:
        return chosen
    return tuple(use for use in chosen if use.users or matches_any(use.name, presets))


def foresee_losses(
    run: RunContext, project: Project, catalogue: Catalogue, day: date, *, models: Sequence[str], days: int
) -> Foresight:
    """The sizes that lists of models and presets lose within a number of days."""
    return foresee(lists_of(project, choose_models(models, run.directory, project)), catalogue, day, days)
