"""Finds templates, and reports one that fails with its file and line."""

from __future__ import annotations

import os
import re
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from importlib.resources import files
from pathlib import Path, PurePath
from typing import Any

from jinja2 import FunctionLoader, meta
from jinja2.exceptions import SecurityError, TemplateError, TemplateNotFound, TemplateSyntaxError, UndefinedError

from azureml_publish.diagnostics import Diagnostic, Location, Rule, Severity
from azureml_publish.files import UnusableFile, read_file, resolve_inside
from azureml_publish.origins import SourceMap
from azureml_publish.project import shown_path
from azureml_publish.render.budget import MAX_SECONDS
from azureml_publish.render.card_structure import check_structure
from azureml_publish.render.sandbox import TemplateSandbox
from azureml_publish.render.tracing import Traced, TracingSandbox

UNDEFINED = Rule(
    "TMPL001", "template-undefined-variable", Severity.ERROR, "A template uses a name that does not exist."
)
SYNTAX = Rule("TMPL002", "template-syntax", Severity.ERROR, "A template is not valid Jinja.")
RUNAWAY = Rule("TMPL003", "template-runaway", Severity.ERROR, "A template does something forbidden, or too much.")
NOT_FOUND = Rule("TMPL004", "template-not-found", Severity.ERROR, "A template extends or includes a missing one.")
FAILED = Rule("TMPL005", "template-fails", Severity.ERROR, "A template fails with an error.")

_STOPPED = {
    RecursionError: "it calls itself without end",
    MemoryError: "it takes up all memory",
    SyntaxError: "its blocks are nested too deep",
    IndentationError: "its blocks are nested too deep",
}
_FAILURES = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RuntimeError,
    TemplateError,
    TypeError,
    ValueError,
)
"""What an expression of a template can raise, Jinja's own errors included."""


def default_templates() -> Path:
    """The templates that come with the package: inside the wheel, or beside `src` in a checkout."""
    packaged = Path(str(files("azureml_publish"))) / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "templates"


def _leads_out(folder: Path, root: Path, defaults: Path) -> bool:
    """Whether a link leads a project's folder of templates out of it, which reading the project reports."""
    try:
        resolve_inside(folder, defaults if folder == defaults else root)
    except UnusableFile:
        return True
    return False


class Templates:
    """The templates of a project: its own folder before the defaults, file by file.

    A project's template can use the default of the same name as `default/<name>`.
    """

    def __init__(self, root: Path, own: Path, defaults: Path, clock: Callable[[], float] = time.thread_time) -> None:
        self._root = root
        self._own = own
        self._folders = [
            folder for folder in (own, defaults) if folder.is_dir() and not _leads_out(folder, root, defaults)
        ]
        self._defaults = defaults
        self._clock = clock
        self._deadline: float | None = None
        self._cards: dict[str, tuple[str, str]] = {}
        self._sandbox = TemplateSandbox(FunctionLoader(self._load), clock)

    @cached_property
    def _tracer(self) -> TracingSandbox:
        return TracingSandbox(FunctionLoader(self._load), lambda path: self.shown(Path(path)), self._clock)

    def __reduce__(self) -> tuple[type[Templates], tuple[Path, Path, Path]]:
        return type(self), (self._root, self._own, self._defaults)  # another process compiles its own

    @contextmanager
    def one_model(self) -> Iterator[None]:
        """Render all that belongs to one model, within its time."""
        self._deadline = self._clock() + MAX_SECONDS
        try:
            yield
        finally:
            self._deadline = None

    def find(self, name: str) -> Path | None:
        """The file of a template; None if no folder has it."""
        default = name.startswith("default/")
        folders, below = ([self._defaults], name.removeprefix("default/")) if default else (self._folders, name)
        if not below or PurePath(below).is_absolute() or ".." in PurePath(below).parts or "\0" in below:
            return None
        return next((folder / below for folder in folders if os.path.lexists(folder / below)), None)

    def read(self, path: Path) -> bytes:
        """The content of one of them.

        Raises:
            UnusableFile: it cannot be read, or a link leads out of the project.
        """
        return read_file(path, self._root if path.is_relative_to(self._own) else self._defaults)

    def shown(self, path: Path) -> str:
        """A template's path in messages: relative to the project, or `<defaults>/name` for the package's."""
        if path.is_relative_to(self._defaults) and not path.is_relative_to(self._root):
            return f"<defaults>/{path.relative_to(self._defaults).as_posix()}"
        return shown_path(self._root, path)

    def behind(self, source: str) -> tuple[Path, ...]:
        """The templates that a template extends, imports or includes, directly or not, the nearest first."""
        found: dict[str, Path] = {}
        waiting = [source]
        while waiting:
            for name in meta.find_referenced_templates(self._sandbox.parse(waiting.pop(0))):
                path = self.find(name or "")
                if name is not None and name not in found and path is not None:
                    try:
                        waiting.append(self.read(path).decode())
                    except (UnusableFile, UnicodeDecodeError):  # rendering reports it
                        continue
                    found[name] = path
        return tuple(found.values())

    def render(self, name: str, values: Mapping[str, Any]) -> tuple[str, tuple[Diagnostic, ...]]:
        """Render a template of the project; empty, with a diagnostic, if it fails."""
        return self._attempt(name, values)

    def render_card(self, path: Path, source: str, values: Mapping[str, Any]) -> tuple[str, tuple[Diagnostic, ...]]:
        """Render a model's own card template from its source."""
        name = shown_path(self._root, path)
        self._cards[name] = (source, str(path))
        try:
            text, found = self._attempt(name, values, fresh=True)
            return text, found or tuple(check_structure(source, name, self._source))
        finally:
            del self._cards[name]

    def _source(self, name: str) -> str | None:
        """The source of a template; None where there is none."""
        try:
            return self._sandbox.loader.get_source(self._sandbox, name)[0] if self._sandbox.loader else None
        except TemplateNotFound:
            return None

    def trace_card(self, path: Path, source: str, values: Mapping[str, Any]) -> SourceMap | None:
        """The source map of a card, `Traced` values included; None if it fails."""
        name = shown_path(self._root, path)
        self._cards[name] = (source, str(path))
        try:
            text, _ = self._attempt(name, values, self._tracer, fresh=True)
        finally:
            del self._cards[name]
        return SourceMap(text.stretches) if isinstance(text, Traced) else None

    def _load(self, name: str) -> tuple[str, str, None] | None:
        if known := self._cards.get(name):
            return (*known, None)
        path = self.find(name)
        try:
            return (self.read(path).decode(), str(path), None) if path else None
        except UnusableFile as error:
            raise TemplateNotFound(name, f"{self.shown(error.path)} {error.reason}.") from error

    def _attempt(
        self, name: str, values: Mapping[str, Any], sandbox: TemplateSandbox | None = None, *, fresh: bool = False
    ) -> tuple[str, tuple[Diagnostic, ...]]:
        chosen = sandbox or self._sandbox
        chosen.renew_budget(self._deadline)
        try:
            template = chosen.load(name) if fresh else chosen.get_template(name)
            return template.render(values), ()
        except TemplateSyntaxError as error:
            where = Location(self.shown(Path(error.filename)) if error.filename else name, error.lineno)
            hint = "Correct the Jinja tag in this line or the block it opens."
            what = str(error.message).removesuffix(".")
            return "", (SYNTAX.at(where, f"This is not Jinja: {what}.", hint),)
        except TemplateNotFound as error:
            where = self._where(error, name, str(error.name))
            message = f"There is no template '{error.name}'." if error.message == error.name else str(error.message)
            return "", (NOT_FOUND.at(where, message, "Correct the name, or add the file."),)
        except UndefinedError as error:
            missing = re.findall(r"'([^']+)'", str(error))
            where = self._where(error, name, missing[-1] if missing else "")
            hint = "Correct the name; templates/card.md.j2 lists what a card can use."
            return "", (UNDEFINED.at(where, f"Undefined in the template: {error}.", hint),)
        except (SecurityError, RecursionError, MemoryError, SyntaxError) as error:
            what = _STOPPED.get(type(error), str(error).removesuffix("."))
            where = self._where(error, name, "")
            hint = "Keep a template to what a card needs: values, conditions and short loops."
            return "", (RUNAWAY.at(where, f"The template was stopped: {what}.", hint),)
        except _FAILURES as error:
            where = self._where(error, name, "")
            return "", (FAILED.at(where, f"The template fails: {error}.", "Correct the expression in this line."),)

    def _where(self, error: BaseException, name: str, word: str) -> Location:
        """The innermost template line of an error; with the column of `word` if the line has it."""
        known: dict[str, str | None] = {str(path): None for folder in self._folders for path in folder.rglob("*")}
        known |= {path: source for source, path in self._cards.values()}
        for frame in reversed(traceback.extract_tb(error.__traceback__)):
            if frame.filename in known and frame.lineno is not None:
                source = known[frame.filename] or self.read(Path(frame.filename)).decode()
                line = source.splitlines()[frame.lineno - 1] if frame.lineno <= len(source.splitlines()) else ""
                column = max(line.find(word), 0) + 1 if word else 1
                return Location(self.shown(Path(frame.filename)), frame.lineno, column)
        return Location(name)
