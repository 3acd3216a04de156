"""`publish lint --assets`: asset folders that nobody imported, checked folder by folder, over all cores, from a cache.

Of each folder its findings are kept and a few facts to compare all folders by, so memory grows with the largest folder
and with what was found, not with the catalogue.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from pydantic import TypeAdapter

from azureml_publish.asset_folders import find_models, model_folders, read_asset_folder
from azureml_publish.diagnostics import Diagnostic, Location, in_order
from azureml_publish.documents import MALFORMED
from azureml_publish.errors import NotFound
from azureml_publish.lint.cache import LintCache, digest_of
from azureml_publish.lint.engine import Checked, Fact, LinkUse, check_asset, compare, describe_asset, link_uses
from azureml_publish.pipeline.check import CheckedProject
from azureml_publish.pipeline.parallel import spread
from azureml_publish.pipeline.run import RunContext
from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.spec import Profile


def lint_assets(
    run: RunContext,
    places: Sequence[str],
    as_of: date,
    *,
    cache: bool = True,
    jobs: int | None = None,
    links: bool = False,
    profile: Profile = "registry",
) -> CheckedProject:
    """Check every asset folder of models that the places are or hold. Nothing is written into them.

    Args:
        run: the folder that paths in findings are relative to, and the environment, which says where the cache lies.
        places: folders, absolute or relative to the run's.
        as_of: the day as of which sizes and models count as retired.
        cache: whether to reuse the findings of unchanged folders.
        jobs: processes to use. [default: one a core]
        links: whether to collect the links of cards, too; the cache does not keep them.
        profile: whose rules apply to the metadata.

    Raises:
        NotFound: a place is not a folder, or none holds an asset folder of a model.
    """
    folders = asset_folders(run, places)
    if not folders:
        raise NotFound(
            "No asset folder of a model is in " + ", ".join(f"'{place}'" for place in places) + ".",
            hint=_hint(run, places),
        )
    found: list[Diagnostic] = []
    facts: list[Fact] = []
    linked: list[LinkUse] = []
    with LintCache.open(run.environ if cache else None, TypeAdapter(Checked)) as store:
        digests = (
            {folder: digest_of(folder, run.directory, as_of, profile) for folder in folders} if store.usable else {}
        )
        waiting = []
        for folder in folders:
            known = store.get(digests.get(folder))
            if known is None:
                waiting.append(folder)
            else:
                found += known[0]
                facts += known[1]
                linked += folder_links(folder, run.directory, as_of) if links else ()
        load_catalogue()  # read once, before other processes begin
        check = functools.partial(check_folder, root=run.directory, as_of=as_of, links=links, profile=profile)
        how = run.spreading if jobs is None else replace(run.spreading, jobs=jobs)
        for folder, checked in zip(waiting, spread(check, waiting, run.executor, how=how), strict=True):
            found += checked[0]
            facts += checked[1]
            linked += checked[2]
            store.put(digests.get(folder), (*checked[:2], ()))
    found += compare(sorted(facts, key=lambda fact: (fact.location, fact.code)))
    remembered = len(folders) - len(waiting)
    return CheckedProject(None, (), in_order(found), links=tuple(linked), folders=len(folders), remembered=remembered)


def _hint(run: RunContext, places: Sequence[str]) -> str:
    if any(find_models(run.directory / place).files for place in places):
        return (
            f"There is model YAML of `az ml`: `publish import {places[0]}` makes model folders of it, which lint takes."
        )
    return "An asset folder holds asset.yaml and spec.yaml; name one, or a folder of them."


def asset_folders(run: RunContext, places: Sequence[str]) -> list[Path]:
    """The asset folders of models that the places are or hold, each once.

    Raises:
        NotFound: a place is not a folder.
    """
    folders: dict[Path, None] = {}
    for place in places:
        path = run.directory / place
        if not path.is_dir():
            raise NotFound(f"There is no folder {place}.", hint="Name an asset folder, or a folder of them.")
        folders.update(dict.fromkeys(model_folders(Path(os.path.normpath(path)))))
    return list(folders)


def check_folder(
    folder: Path, root: Path, as_of: date, *, links: bool = False, profile: Profile = "registry"
) -> Checked:
    """One asset folder: its findings, the facts by which it is compared with others, and the links of its cards."""
    found: list[Diagnostic] = []
    try:
        read = read_asset_folder(folder, root, found, cardless=True)
        if read is None:
            return tuple(found), (), ()
        subject, wrong = describe_asset(read, load_catalogue(), as_of, profile)
        own, facts, linked = check_asset(subject, links=links)
        card = read.asset.files["card"]
        if not (folder / card).is_file():  # which SPEC015 reports
            own = tuple(one for one in own if one.location.path != f"{read.asset.shown}/{card}")
    except RecursionError:
        where = Location(Path(os.path.relpath(folder, root)).as_posix())
        hint = "Look for endless nesting: lists in lists, quotes in quotes."
        found.append(MALFORMED.at(where, "A file of the folder is nested too deeply to be checked.", hint))
        return tuple(found), (), ()
    return (*found, *wrong, *own), facts, linked


def folder_links(folder: Path, root: Path, as_of: date) -> tuple[LinkUse, ...]:
    """The links of a folder whose findings are known already."""
    try:
        read = read_asset_folder(folder, root, [])
        return () if read is None else tuple(link_uses(describe_asset(read, load_catalogue(), as_of)[0].described))
    except RecursionError:
        return ()  # which its findings say
