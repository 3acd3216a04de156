"""Which repositories there are, at which commits, with which files: stand-ins, and folders that the user put in."""

import asyncio
import hashlib
import re
import shutil
import threading
import uuid
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from azureml_publish.emulator.hub.adding import is_repository_name
from azureml_publish.emulator.hub.standins import FORMAT, STAND_INS, write_stand_in
from azureml_publish.emulator.routing import RefusedError
from azureml_publish.emulator.state import Database, DataFolder

_COMMIT = re.compile(r"[0-9a-f]{40}")
_RESOLVE = re.compile(r"/([^/]+)/([^/]+)/resolve/([^/]+)/(.+)")
_LFS_BYTES = 10 * 1024 * 1024
"""Files above this size are kept in LFS, as on the Hub."""
_LFS_SUFFIXES = frozenset({".safetensors", ".bin", ".h5", ".msgpack"})
_READ = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class HubFile:
    """One file at one commit."""

    name: str
    """Path inside the repository, with slashes."""
    path: Path
    size: int
    git: str
    """Git blob id of what git holds: the content, or for LFS the pointer."""
    sha256: str | None
    """Known for LFS files only, as on the Hub."""
    pointer_size: int

    @property
    def etag(self) -> str:
        """What the Hub takes for one: SHA-256 for LFS, git blob id otherwise."""
        return self.sha256 or self.git


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A repository at a commit, its files in the order of their names."""

    repository: str
    commit: str
    files: tuple[HubFile, ...]
    stand_in: bool = False
    """Whether the files are made up: another repository's names, with small random weights."""

    def file(self, name: str) -> HubFile:
        """A file by its path; 404 with `EntryNotFound` if there is none."""
        for each in self.files:
            if each.name == name:
                return each
        raise refused("EntryNotFound", f"Entry not found: {name} is not in {self.repository} at {self.commit}.")


def refused(code: str, message: str) -> RefusedError:
    """A 404 with the header by which huggingface_hub tells them apart."""
    return RefusedError(404, code, message)


def git_blob_id(content: bytes) -> str:
    """Git's name for a file: SHA-1 over `blob {size}`, a zero byte and the content."""
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


def lfs_pointer(sha256: str, size: int) -> bytes:
    """What git holds in the place of an LFS file."""
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n".encode()


class Checkpoints:
    """All repositories of the emulator's Hub."""

    def __init__(self, folder: DataFolder, database: Database, weights_size: int | None) -> None:
        """Prepare; a stand-in is written at the first request for it.

        Args:
            database: Remembers digests, so that a file is hashed once.
            weights_size: Bytes of each stand-in's `model.safetensors`, None for its natural size.
        """
        self._folder = folder
        self._database = database
        self._weights_size = weights_size
        self._lock = threading.Lock()
        self._stand_ins = {each.repository: each for each in STAND_INS}
        self._aliases = {each.alias: each.repository for each in STAND_INS}

    def canonical(self, name: str) -> str | None:
        """The full name behind one without an organisation, None if there is none."""
        return self._aliases.get(name)

    async def snapshot(self, repository: str, revision: str, only: str | None = None) -> Snapshot:
        """A repository at a commit or at `main`; with `only` just that file of it, if it is there.

        Raises:
            RefusedError: 404 with `RepoNotFound` or `RevisionNotFound`.
        """
        return await asyncio.to_thread(self._snapshot, repository, revision, only)

    async def resolve_url(self, path: str) -> HubFile | None:
        """The file behind `/{org}/{name}/resolve/{revision}/{path}`, None for any other path or a file not there."""
        match = _RESOLVE.fullmatch(path)
        if match is None:
            return None
        org, name, revision, file = match.groups()
        try:
            return (await self.snapshot(f"{org}/{name}", revision, file)).file(file)
        except RefusedError:
            return None

    def _snapshot(self, repository: str, revision: str, only: str | None) -> Snapshot:
        commit, folder = self._locate(repository, revision)
        if only is None:
            paths = sorted(path for path in folder.rglob("*") if path.is_file())
        else:
            # A request for one of thousands of files must not look at all of them.
            path = folder / only
            inside = ".." not in PurePosixPath(only).parts and path.is_relative_to(folder) and path.is_file()
            paths = [path] if inside else []
        files = (self._describe(path, path.relative_to(folder).as_posix()) for path in paths)
        made_up = folder.is_relative_to(self._folder.stand_ins)
        return Snapshot(repository, commit, tuple(sorted(files, key=lambda file: file.name)), made_up)

    def _locate(self, repository: str, revision: str) -> tuple[str, Path]:
        org, _, name = repository.partition("/")
        stand_in = self._stand_ins.get(repository)
        own: dict[str, Path] = {}
        if is_repository_name(repository) and (self._folder.hub / org / name).is_dir():
            found = (each for each in (self._folder.hub / org / name).iterdir() if _COMMIT.fullmatch(each.name))
            own = {each.name: each for each in sorted(found, key=lambda each: each.stat().st_mtime) if each.is_dir()}
        if stand_in is None and not own:
            raise refused("RepoNotFound", f"Repository not found: {repository}.")
        if revision == "main":
            revision = stand_in.commit if stand_in is not None else list(own)[-1]
        if revision in own:
            return revision, own[revision]
        if stand_in is None or revision != stand_in.commit:
            raise refused("RevisionNotFound", f"Invalid rev id: {revision} of {repository}.")
        return revision, self._stand_in_folder(repository)

    def _stand_in_folder(self, repository: str) -> Path:
        """The folder of a stand-in, written in full before it gets its name."""
        stand_in = self._stand_ins[repository]
        kind = f"{FORMAT}-{self._weights_size or 'natural'}"
        folder = self._folder.stand_ins / kind / repository / stand_in.commit
        with self._lock:
            if not folder.is_dir():
                building = self._folder.incoming / uuid.uuid4().hex
                building.mkdir()
                try:
                    write_stand_in(stand_in, building, self._weights_size)
                    folder.parent.mkdir(parents=True, exist_ok=True)
                    building.rename(folder)
                except OSError:
                    if not folder.is_dir():  # else another emulator on the same data folder was faster
                        raise
                finally:
                    shutil.rmtree(building, ignore_errors=True)
        return folder

    def _describe(self, path: Path, name: str) -> HubFile:
        size = path.stat().st_size
        git, sha256 = self._digests(path)
        if size <= _LFS_BYTES and PurePosixPath(name).suffix not in _LFS_SUFFIXES:
            return HubFile(name, path, size, git, None, 0)
        pointer = lfs_pointer(sha256, size)
        return HubFile(name, path, size, git_blob_id(pointer), sha256, len(pointer))

    def _digests(self, path: Path) -> tuple[str, str]:
        """Git blob id and SHA-256 of a file, computed once for each state of it."""
        status = path.stat()
        key = (str(path), status.st_size, status.st_mtime_ns)
        with self._database.read() as connection:
            row = connection.execute(
                "SELECT git, sha256 FROM digests WHERE path = ? AND size = ? AND modified = ?", key
            ).fetchone()
        if row is not None:
            return row["git"], row["sha256"]
        git = hashlib.sha1(b"blob %d\0" % status.st_size, usedforsecurity=False)
        sha256 = hashlib.sha256()
        with path.open("rb", buffering=0) as file:
            while chunk := file.read(_READ):
                git.update(chunk)
                sha256.update(chunk)
        with self._database.write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO digests VALUES (?, ?, ?, ?, ?)", (*key, sha256.hexdigest(), git.hexdigest())
            )
        return git.hexdigest(), sha256.hexdigest()
