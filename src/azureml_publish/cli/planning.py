"""What plan and apply share: ask the registry about every model, and plan."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from azureml_publish.artifacts.digests import Digests
from azureml_publish.artifacts.transfer import ModelContent, describe_content
from azureml_publish.cli.stages import Staged
from azureml_publish.plan import Plan, Wanted, make_plan
from azureml_publish.registry import Registry

DIGESTS_FILE = ".publish/digests.json"
"""Where digests of local files are kept, below the project."""


def plan_models(staged: Staged, registry: Registry, jobs: int) -> tuple[Plan, Mapping[str, ModelContent]]:
    """The plan for what was rendered, and the content of each model by asset name."""
    digests = Digests(staged.project.root / DIGESTS_FILE if staged.project is not None else None)
    contents = {one.asset.name: describe_content(folder, one, digests) for folder, one in staged.rendered}
    digests.save()
    wanted = [Wanted(content.rendered.asset, content.digest) for content in contents.values()]
    with ThreadPoolExecutor(max(1, jobs), thread_name_prefix="state") as pool:
        states = pool.map(lambda one: registry.state(one.asset.name, one.asset.version), wanted)
        return make_plan(registry.name, zip(wanted, states, strict=True)), contents
