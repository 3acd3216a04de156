"""The pages of a catalogue by their places: what the server answers, and what an export writes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from azureml_publish.errors import NotFound, PublishError
from azureml_publish.pipeline.describe import list_stored
from azureml_publish.pipeline.live import LiveProject, Look
from azureml_publish.preview.gallery import make_gallery, state_of
from azureml_publish.preview.model_page import Finding, page_of_folder, page_of_registered, page_of_unreadable
from azureml_publish.preview.rendering import Renderer
from azureml_publish.project import UnsoundProject

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self'{images}; "
    "base-uri 'none'; form-action 'self'"
)
"""The Content-Security-Policy of a page; `images` are further places of images."""


@dataclass(frozen=True, slots=True)
class PlanRequest:
    """What to compare with: a revision of git, else a registered version `NAME:VERSION`, else a registry."""

    registry: str | None = None
    revision: str = ""
    version: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its HTML, its status, and whether it shows images of other hosts."""

    text: str
    status: int = 200
    images: bool = False

    @property
    def policy(self) -> str:
        """Its Content-Security-Policy."""
        return POLICY.format(images=" https: http:" if self.images else "")


class Site:
    """Makes the pages of a project, each from what is known at that moment."""

    def __init__(self, live: LiveProject, *, exported: bool = False) -> None:
        self.live = live
        self._renderer = Renderer(live.root.name, exported=exported)
        self._exported = exported
        self._images = "" if exported else "?images=1"

    def index(self) -> Page:
        """The gallery."""
        look = self.live.now
        if look.loaded.subject is None:
            return self._message(look, "publish.yaml cannot be used", path="")
        problems = [Finding(one) for one in look.findings().get("", ()) if one.severity == "error"]
        text = self._render("gallery.html.j2", "", look, gallery=make_gallery(look), problems=problems, here="Models")
        return Page(text)

    def model(self, name: str, *, images: bool = False) -> Page:
        """The page of a model folder."""
        look, path = self.live.now, "models/x/"
        folder = next((one for one in look.loaded.folders if one.folder == name), None)
        if folder is not None:
            page = page_of_folder(self.live, look, folder, images=images)
            text = self._render("model.html.j2", path, look, page=page, here="", images_link=self._images)
            return Page(text, images=images)
        found = look.findings().get(name, ())
        if found:
            page = page_of_unreadable(self.live, name, found)
            return Page(self._render("model.html.j2", path, look, page=page, here="", images_link=""))
        return self._message(look, "No such model", path=path, message=f"There is no model folder {name}.", status=404)

    def findings(self) -> Page:
        """Everything that was found, model by model."""
        look = self.live.now
        found = look.findings()
        groups = [(folder, tuple(Finding(one) for one in found[folder])) for folder in sorted(found)]
        pending = sum(look.report(folder) is None for folder in look.loaded.folders)
        everything = [one for part in found.values() for one in part]
        suppressed = len(look.checked.suppressed) if look.checked is not None else 0
        text = self._render(
            "findings.html.j2",
            "findings/",
            look,
            groups=groups,
            pending=pending,
            state=state_of(everything),
            suppressed=suppressed,
            here="Findings",
        )
        return Page(text)

    def plan(self, request: PlanRequest | None) -> Page:
        """What would change in a registry, or changed since a revision; only a form without a request.

        Raises:
            PublishError: the pages are exported, and git does not know the revision.
        """
        from azureml_publish.preview.plan_page import make_plan_page  # noqa: PLC0415 - the first page does without

        look = self.live.now
        shown: dict[str, Any] = {"plan": None, "problem": None, "problems": (), "models": "-", "request": request}
        if request is not None and look.checked is None:
            shown["models"] = "*"
        elif request is not None and look.checked is not None:
            try:
                shown["plan"] = make_plan_page(self.live, look.checked, request)
            except UnsoundProject as unsound:
                in_the_way, found = set(unsound.found), look.findings().items()
                problems = [(folder, Finding(one)) for folder, part in found for one in part if one in in_the_way]
                shown |= {"problem": unsound, "problems": problems}
            except PublishError as error:
                if self._exported and request.revision:
                    raise  # a build that names a revision is not to pass without it
                shown["problem"] = error
        subject = look.loaded.subject
        config = subject.project.config if subject is not None else None
        registries = tuple(config.registries) if config is not None else ()
        default = config.registry if config is not None else ""
        values = {"registries": registries, "default": default, "here": "Plan", **shown}
        return Page(self._render("plan.html.j2", "plan/", look, **values))

    def registered(self, name: str, version: str, registry: str | None, *, images: bool = False) -> Page:
        """The page of a version as a registry has it."""
        from azureml_publish.pipeline.registered import show_registered  # noqa: PLC0415 - the first page does without

        look, path = self.live.now, "registered/x/1/"
        try:
            asset, stored = show_registered(self.live.run, f"{name}:{version}", registry, files=True)
        except PublishError as error:
            status = 404 if isinstance(error, NotFound) else 502
            return self._message(look, name, path=path, message=error.message, hint=error.hint, status=status)
        page = page_of_registered(asset, list_stored(stored), images=images)
        again = urlencode({"registry": registry or "", "images": 1})
        return Page(
            self._render("model.html.j2", path, look, page=page, here="", images_link=f"?{again}"), images=images
        )

    def missing(self) -> Page:
        """What is answered where there is no page."""
        return self._message(self.live.now, "No such page", path="", message="There is nothing here.", status=404)

    def _message(
        self, look: Look, heading: str, *, path: str, message: str = "", hint: str = "", status: int = 200
    ) -> Page:
        """A page that says why there is no other; findings of `publish.yaml` stand there where it cannot be used."""
        shown = look.loaded.found if look.loaded.subject is None else ()
        findings = [Finding(one) for one in shown]
        values = {"heading": heading, "findings": findings, "message": message, "hint": hint, "here": ""}
        return Page(self._render("message.html.j2", path, look, **values), status)

    def _render(self, template: str, path: str, look: Look, **values: Any) -> str:
        policy = POLICY.format(images="")
        return self._renderer.page(template, path, number=look.number, policy=policy, failure=look.failure, **values)
