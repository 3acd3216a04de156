"""What a pipeline says where changes are reviewed, on GitHub, GitLab or Azure DevOps, with Python alone.

One comment on a pull request, one issue, one pull request of a release, and the plan that a pull request showed. What
the service refuses is a warning in the log: neither a comment nor an issue decides whether models are published.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
import zipfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import ModuleType

import azure_devops
import github
import gitlab
from rest import Refused


def host_of(environ: Mapping[str, str]) -> ModuleType:
    """What runs this pipeline."""
    return azure_devops if environ.get("TF_BUILD") else gitlab if environ.get("GITLAB_CI") else github


HOST = host_of(os.environ)


def body_of(text: str, marker: str, most: int) -> str:
    """A text that can be found again by its marker, cut to bytes that the service takes."""
    mark, rest = f"<!-- {marker} -->\n", "\n\n*The rest is in the summary of the run.*\n"
    room = most - len(mark.encode()) - len(rest.encode())
    raw = text.encode()
    if len(raw) > room:
        # At the end of a line, and outside of a block of code that would swallow the rest.
        kept = raw[:room].decode(errors="ignore").rpartition("\n")[0]
        fence = re.findall(r"^(`{3,})", kept, re.MULTILINE)
        room -= len(fence[-1]) + 1 if len(fence) % 2 else 0
        kept = raw[:room].decode(errors="ignore").rpartition("\n")[0]
        text = kept + (f"\n{fence[-1]}" if len(fence) % 2 else "") + rest
    return mark + text


def comment(marker: str, text: str) -> str:
    """Put a text into the one comment of this kind on the pull request."""
    body = body_of(text, marker, HOST.COMMENT_BYTES)
    there = _marked(HOST.comments(), marker)
    if not there:
        HOST.add_comment(body)
        return "commented"
    HOST.change_comment(there[0], body)
    return "updated the comment"


def issue(marker: str, title: str, text: str) -> str:
    """Keep one issue of this kind: opened where there is a text, kept up to date, and closed where there is none."""
    there = _marked(HOST.issues(marker), marker)
    if not text.strip():
        return _closed(there, HOST.close_issue, "issue")
    body = body_of(text, marker, HOST.ISSUE_BYTES)
    if not there:
        HOST.add_issue(marker, title, body)
        return "opened an issue"
    HOST.change_issue(there[0], title, body)
    return "updated the issue"


def pull(branch: str, base: str, title: str, text: str) -> str:
    """Keep one pull request from a branch: opened where there is a text, kept up to date, else closed."""
    there = [*HOST.pulls(branch)]
    if not text.strip():
        return _closed(there, HOST.close_pull, "pull request")
    body = body_of(text, branch, HOST.PULL_BYTES)
    if not there:
        HOST.add_pull(branch, base, title, body)
        return "opened a pull request"
    HOST.change_pull(there[0], title, body)
    return "updated the pull request"


def plan(name: str, out: Path) -> str:
    """Bring the plan that the pull request of this commit showed."""
    found, said = HOST.shown_plan(name)
    if found is not None:
        out.write_bytes(found)
    return str(said)


def _marked(entries: Iterable[tuple[str, str]], marker: str) -> list[str]:
    return [address for address, text in entries if text.startswith(f"<!-- {marker} -->")]


def _closed(there: list[str], close: Callable[[str], None], noun: str) -> str:
    for one in there:
        close(one)
    return f"closed {len(there)} {noun}{'s' * (len(there) != 1)}" if there else "nothing to report"


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8") if file.exists() else ""


def _parse(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, first in (("comment", "marker"), ("issue", "marker"), ("pull", "branch"), ("plan", "name")):
        one = commands.add_parser(name)
        one.add_argument(first)
        one.add_argument("file", type=Path)
        if name in ("issue", "pull"):
            one.add_argument("--title", required=True)
        if name == "pull":
            one.add_argument("--base", required=True)
    return parser.parse_args(arguments)


def main(arguments: list[str]) -> int:
    """Run one command; what the service refuses is a warning."""
    given = _parse(arguments)
    try:
        match given.command:
            case "plan":
                done = plan(given.name, given.file)
            case "issue":
                done = issue(given.marker, given.title, _text(given.file))
            case "pull":
                done = pull(given.branch, given.base, given.title, _text(given.file))
            case _:
                text = _text(given.file)
                done = comment(given.marker, text) if text else "nothing to say"
    except (Refused, KeyError, ValueError, zipfile.BadZipFile) as error:
        status = error if isinstance(error, Refused) else type(error).__name__
        said = f"{HOST.NAME} did not take the {given.command}: {status}. The log and artifacts of this run have it all."
        print(HOST.warning(said))
        return 0
    print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
