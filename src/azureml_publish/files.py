"""The one reader and the one writer of a project's files, neither of which a link leads out of it.

A project may come from a stranger's pull request. What is read is a regular file inside the project, and never more of
it than the limit; what is written replaces a file whole or not at all, below no link, and never in git's own folder.
"""

from __future__ import annotations

import codecs
import os
import re
import secrets
import stat
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

from azureml_publish.assets import CarriedFile
from azureml_publish.documents import Document
from azureml_publish.documents.edits import replace_value
from azureml_publish.errors import UsageProblem

CONFIG_FILE = "publish.yaml"
"""The file that makes a folder a project."""

STATE_FOLDER = ".publish"
"""The folder of a project that runs keep their state in: journals, digests, the embedded registry."""

MAX_FILE_BYTES = 4 * 1024 * 1024
"""Files that people write are far smaller. A larger file is not read into memory."""

MAX_CARRIED_BYTES = 64 * 1024 * 1024
"""A file that is copied unchanged beside a card, such as a picture."""

_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(os, "O_BINARY", 0)
"""Opening a pipe or a device must not wait; what is opened is judged by the open file, not by its name."""

_OUT = "Put the file itself there, in place of the link."


class UnusableFile(UsageProblem):
    """A file of a project that is not read as it is.

    Attributes:
        path: the file, as it was named.
        reason: what keeps it from being read, as the end of a sentence that begins with its name.
        missing: whether it is just not there.
    """

    def __init__(self, path: Path, reason: str, *, hint: str, missing: bool = False) -> None:
        super().__init__(f"{path} {reason}.", hint=hint)
        self.path = path
        self.reason = reason
        self.missing = missing


def read_file(path: Path, root: Path | None, *, limit: int = MAX_FILE_BYTES) -> bytes:
    """The content of a regular file.

    Args:
        path: the file; a link is followed, if it stays inside `root` and out of the folders of git and of runs.
        root: the folder that it must lie in when every link is followed; None for a file that the user named.

    Raises:
        UnusableFile: it is not there, no regular file, too large, or outside; or it cannot be read.
    """
    if path.parent == root and hasattr(os, "O_NOFOLLOW") and not is_private(path.name):
        data = peek(str(path), limit=limit)
        if data is not None:
            return data  # no link can lead from there, and nearly all files are read this way
    real = _real(path) if root is None else resolve_inside(path, root)
    try:
        if not stat.S_ISREG(real.stat().st_mode):
            raise _irregular(path)
        descriptor = os.open(real, _FLAGS | getattr(os, "O_NOFOLLOW", 0))
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                raise _irregular(path)
            data = stream.read(limit + 1)
    except FileNotFoundError as error:
        raise UnusableFile(path, "is not there", hint=f"Create {path.name}.", missing=True) from error
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        what = error.strerror if isinstance(error, OSError) else error
        raise UnusableFile(path, f"cannot be read: {what}", hint="Make it a readable file.") from error
    if len(data) > limit:
        hint = "Keep what people write small; weights have a source."
        raise UnusableFile(path, f"is larger than {limit // 2**20} MiB", hint=hint)
    return data


def read_below(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Path below a folder and content of each file in it, sorted, for a digest of all that is there.

    Raises:
        UnusableFile: something below it is a link, no regular file, or larger than the limit; or cannot be read.
    """
    try:
        for name, path in sorted(_below(str(folder), "")):
            yield name, _read_plain(path, MAX_FILE_BYTES)
    except OSError as error:
        raise UnusableFile(folder, f"cannot be read: {error.strerror}", hint="Make it readable.") from error


def peek(path: str, *, limit: int = MAX_FILE_BYTES) -> bytes | None:
    """The content of a small file, for a first look at many; None where `read_file` has to say what is wrong."""
    try:
        return _read_plain(path, limit)
    except (OSError, ValueError, UnusableFile):
        return None


def _read_plain(path: str, limit: int) -> bytes:
    """A regular file that is no link, in as few calls as it takes: thousands are read this way."""
    descriptor = os.open(path, _FLAGS | getattr(os, "O_NOFOLLOW", 0))
    try:
        kept = os.fstat(descriptor)
        if not stat.S_ISREG(kept.st_mode) or kept.st_size > limit:
            raise _irregular(Path(path))
        data = b""
        while part := os.read(descriptor, kept.st_size + 1):
            data += part
            if len(data) > limit:
                raise _irregular(Path(path))
            if len(data) == kept.st_size:
                break  # it is the whole file, and need not be read to its end once more
        return data
    finally:
        os.close(descriptor)


def _below(folder: str, above: str) -> Iterator[tuple[str, str]]:
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_symlink():
                raise UnusableFile(Path(entry.path), "is a link", hint=_OUT)
            if entry.is_dir():
                yield from _below(entry.path, f"{above}{entry.name}/")
            else:
                yield f"{above}{entry.name}", entry.path


def read_carried(file: CarriedFile, *, limit: int = MAX_CARRIED_BYTES) -> bytes:
    """The content of a file that is copied unchanged; a link in its folder leads nowhere else.

    Raises:
        UnusableFile: as `read_file`.
    """
    depth = file.path.count("/")
    return read_file(file.origin, file.origin.parents[depth], limit=limit)


def resolve_inside(path: Path, root: Path) -> Path:
    """Where a path really is, every link followed.

    Raises:
        UnusableFile: outside of the folder, or in a folder of git or of runs below it, whose files hold credentials.
    """
    # As text: it is done for each file of a catalogue, and takes three times as long with paths.
    real, top = os.path.realpath(path), os.path.realpath(root)
    above, below = os.path.normcase(top).rstrip(os.sep), os.path.normcase(real)
    if below != above and not below.startswith(above + os.sep):
        raise UnusableFile(path, f"leads out of {root.name or root}", hint=_OUT)
    parts = below[len(above) :].split(os.sep)  # noqa: PTH206 - see above
    private = next((part for part in parts if is_private(part)), None)
    if private is not None:
        raise UnusableFile(path, f"leads into {private}", hint=_OUT)
    return Path(real)


def _real(path: Path) -> Path:
    return Path(os.path.realpath(path))


def _irregular(path: Path) -> UnusableFile:
    return UnusableFile(path, "cannot be read: it is not a regular file", hint="Put a file with content there.")


@lru_cache(maxsize=4096)
def is_private(part: str) -> bool:
    """Whether a folder's name is git's own, or that of the state of runs."""
    return _is_git(part) or part.lower() == STATE_FOLDER


def _is_git(part: str) -> bool:
    """Whether a file system may take a name for `.git`, as git itself judges it (CVE-2014-9390)."""
    name = re.sub("[\u200c-\u200f\u202a-\u202e\u206a-\u206f\ufeff]", "", part)
    return name.split(":")[0].rstrip(". ").lower() in (".git", "git~1")


_RESERVED = re.compile(
    r"(con|prn|aux|nul|conin\$|conout\$|com[0-9\u00b9\u00b2\u00b3]|lpt[0-9\u00b9\u00b2\u00b3])(\..*)?", re.IGNORECASE
)
"""What Windows takes for a device, whatever stands after the first point
(https://learn.microsoft.com/windows/win32/fileio/naming-a-file)."""


def is_folder_name(name: str) -> bool:
    """Whether a name from elsewhere, such as a registry's, is one folder on every system, and not a hidden one."""
    plain = re.fullmatch(r"[^\x00-\x1f\x7f<>:\"/\\|?*]{1,255}", name) and len(os.fsencode(name)) <= 255
    return bool(plain) and not name.startswith(".") and not name.endswith((".", " ")) and not _RESERVED.fullmatch(name)


def check_target(path: Path, root: Path | None = None) -> None:
    """See that a file or folder may be written.

    Args:
        path: what is to be written.
        root: the folder that it stays in; by default the project around it, where there is one. No folder between the
            two is a link.

    Raises:
        UsageProblem: it would be written through a link, outside of `root`, or in git's own folder.
    """
    lexical = Path(os.path.abspath(path))  # noqa: PTH100 - links are judged below, not followed
    top = _project_of(lexical) if root is None else Path(os.path.abspath(root))  # noqa: PTH100
    if top is not None:
        if not lexical.is_relative_to(top):
            raise UsageProblem(f"{path} is outside of {top}; nothing was written there.", hint="Name a place in it.")
        for folder in lexical.parents[: len(lexical.parts) - len(top.parts) - 1]:
            if folder.is_symlink() or _is_junction(folder):
                hint = "Replace the link by the folder itself, or write elsewhere."
                raise UsageProblem(f"{folder} is a link; nothing is written through it.", hint=hint)
    below = lexical.parts if top is None else lexical.relative_to(top).parts
    if any(_is_git(part) for part in (*below, *(() if top is not None else _real(lexical.parent).parts))):
        raise UsageProblem(f"{path} is in git's own folder; nothing was written there.", hint="Write elsewhere.")


def _is_junction(folder: Path) -> bool:
    return os.name == "nt" and os.path.lexists(folder) and _real(folder) != _real(folder.parent) / folder.name


def _project_of(path: Path) -> Path | None:
    return next((folder for folder in path.parents if (folder / CONFIG_FILE).exists()), None)


def make_folder(path: Path, root: Path | None = None) -> None:
    """Make a folder, and those above it that are missing.

    Raises:
        UsageProblem: as `check_target`; the folder itself may be no link either.
        OSError: it cannot be made.
    """
    check_target(path / "any", root)
    path.mkdir(parents=True, exist_ok=True)


def write_whole(path: Path, text: str, *, durable: bool = True) -> None:
    """As `write_bytes`, for text, which is written as UTF-8 with its line ends as they are."""
    write_bytes(path, text.encode(), durable=durable)


def write_bytes(path: Path, data: bytes, *, durable: bool = True, root: Path | None = None) -> None:
    """Write a file beside its place and move it there, so that nobody sees half of it.

    A new file has the permissions that the umask leaves; an existing one keeps its own. A symbolic link is replaced,
    so that a link in a folder from elsewhere cannot lead a write out of it; `write_edited` follows links.

    Args:
        path: the file; its folder exists.
        durable: whether the content is on disk when this returns. Not needed for what can be made again.
        root: as for `check_target`.

    Raises:
        UsageProblem: as `check_target`.
        OSError: it cannot be written, with the name of the file; the file is as it was.
    """
    check_target(path, root)
    try:
        _replace(path, data, durable=durable)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _replace(path: Path, data: bytes, *, durable: bool) -> None:
    temporary = path.with_name(f".publish-{secrets.token_hex(8)}")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            if durable:
                stream.flush()
                os.fsync(stream.fileno())
        if path.exists() and not path.is_symlink():
            temporary.chmod(path.stat().st_mode & 0o777)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def write_edited(path: Path, text: str) -> None:
    """Write the edited text of a project's document. A byte order mark, which documents do not hold, stays.

    A symbolic link stays, too: the file that it leads to is replaced, if it is in the same project.

    Raises:
        UsageProblem: the link leads out of the project, or a folder on the way is one.
        OSError: as `write_bytes`.
    """
    target = _edited_file(path)
    marked = target.is_file() and target.read_bytes().startswith(codecs.BOM_UTF8)
    write_whole(target, f"\ufeff{text}" if marked else text)


def _edited_file(path: Path) -> Path:
    check_target(path)
    if not path.is_symlink():
        return path
    project = _project_of(path.absolute()) or path.parent
    try:
        return resolve_inside(path, project)
    except UnusableFile as error:
        raise UsageProblem(
            f"{path} is a link to {_real(path)}, which is outside the project or not its own; it was not changed.",
            hint="Make the change in that file, or replace the link by a copy of the file.",
        ) from error


def with_version(document: Document, version: int) -> str:
    """The text of a model.yaml with another version.

    Raises:
        UsageProblem: the version cannot be replaced alone, for example where an anchor shares it.
    """
    try:
        return replace_value(document, ("version",), version)
    except ValueError as error:
        hint = f"Write version: {version} by hand."
        raise UsageProblem(f"{document.path}: the version cannot be replaced alone.", hint=hint) from error
