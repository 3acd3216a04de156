"""What a workflow says on GitHub: one comment on a pull request, one issue, and the plan that a pull request showed.

Run by the workflows with Python alone, against GITHUB_API_URL with GITHUB_TOKEN. What GitHub refuses is a warning in
the log: neither a comment nor an issue decides whether models are published.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import re
import sys
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from http.client import HTTPMessage
from pathlib import Path
from typing import IO, Any

MOST = 65_536
"""Characters of a comment or issue (https://docs.github.com/rest/issues/comments); counted here in bytes of UTF-8."""

PLAN_BYTES = 256 * 1024 * 1024


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token belongs to GitHub and not to the storage that it leads to."""

    def redirect_request(  # noqa: PLR0917 - as urllib calls it
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """Nothing."""


_OPENER = urllib.request.build_opener(_Stay)


def call(method: str, path: str, body: object = None) -> bytes:
    """What GitHub answers.

    Raises:
        urllib.error.URLError: it refuses, or cannot be reached.
    """
    url = (
        path
        if path.startswith("http")
        else f"{os.environ['GITHUB_API_URL']}/repos/{os.environ['GITHUB_REPOSITORY']}{path}"
    )
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {os.environ['GITHUB_TOKEN']}",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers, method=method)  # noqa: S310 - the address is GitHub's own
    try:
        with _OPENER.open(request, timeout=60) as answer:
            found: bytes = answer.read()
            return found
    except urllib.error.HTTPError as redirect:
        location = redirect.headers.get("Location")
        if redirect.code not in (301, 302, 307, 308) or location is None or method != "GET":
            raise
        with urllib.request.urlopen(location, timeout=300) as answer:  # noqa: S310 - where GitHub says, without the token
            archive: bytes = answer.read(PLAN_BYTES)
            return archive


def pages(path: str) -> Iterator[dict[str, Any]]:
    """The entries of a list, page by page."""
    for page in range(1, 31):
        entries = json.loads(call("GET", f"{path}{'&' if '?' in path else '?'}per_page=100&page={page}"))
        yield from entries
        if len(entries) < 100:
            return


def body_of(text: str, marker: str) -> str:
    """A text that can be found again by its marker, cut to what GitHub takes."""
    mark, rest = f"<!-- {marker} -->\n", "\n\n*The rest is in the summary of the run.*\n"
    room = MOST - len(mark.encode()) - len(rest.encode())
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
    """Put a text into the one comment of this kind on the pull request of the event."""
    event = json.loads(Path(os.environ["GITHUB_EVENT_PATH"]).read_text(encoding="utf-8"))
    number = event["pull_request"]["number"]
    there = [one for one in pages(f"/issues/{number}/comments") if f"<!-- {marker} -->" in (one["body"] or "")]
    body = {"body": body_of(text, marker)}
    if not there:
        call("POST", f"/issues/{number}/comments", body)
        return "commented"
    call("PATCH", f"/issues/comments/{there[0]['id']}", body)
    return "updated the comment"


def issue(marker: str, title: str, text: str) -> str:
    """Keep one issue of this kind: opened where there is a text, kept up to date, and closed where there is none."""
    listed = pages("/issues?state=open")
    there = [one for one in listed if "pull_request" not in one and f"<!-- {marker} -->" in (one["body"] or "")]
    if not text.strip():
        for one in there:
            call("PATCH", f"/issues/{one['number']}", {"state": "closed", "state_reason": "completed"})
        return f"closed {len(there)} issue{'s' * (len(there) != 1)}" if there else "nothing to report"
    body = {"title": title, "body": body_of(text, marker)}
    if not there:
        call("POST", "/issues", body)
        return "opened an issue"
    call("PATCH", f"/issues/{there[0]['number']}", body)
    return "updated the issue"


def plan(name: str, out: Path) -> str:
    """Bring the plan that the pull request of this commit showed, from the artifacts of its run."""
    pulls = json.loads(call("GET", f"/commits/{os.environ['GITHUB_SHA']}/pulls"))
    for head in (pull["head"]["sha"] for pull in pulls):
        found = json.loads(call("GET", f"/actions/artifacts?name={name}-{head}"))["artifacts"]
        for artifact in sorted(found, key=lambda one: -one["id"]):
            if artifact["expired"]:
                return f"the plan of {head[:12]} has expired"
            with zipfile.ZipFile(io.BytesIO(call("GET", artifact["archive_download_url"]))) as archive:
                if archive.getinfo("plan.json").file_size > PLAN_BYTES:
                    return f"the plan of {head[:12]} is too large"
                out.write_bytes(archive.read("plan.json"))
            return f"the plan of {head[:12]}"
    return "no pull request of this commit has a plan"


def main(arguments: list[str]) -> int:
    """Run one command; what GitHub refuses is a warning."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name in ("comment", "issue"):
        one = commands.add_parser(name)
        one.add_argument("marker")
        one.add_argument("file", type=Path)
        if name == "issue":
            one.add_argument("--title", required=True)
    fetch = commands.add_parser("plan")
    fetch.add_argument("name")
    fetch.add_argument("file", type=Path)
    given = parser.parse_args(arguments)
    try:
        if given.command == "plan":
            done = plan(given.name, given.file)
        else:
            text = given.file.read_text(encoding="utf-8") if given.file.exists() else ""
            if given.command == "comment":
                done = comment(given.marker, text) if text else "nothing to say"
            else:
                done = issue(given.marker, given.title, text)
    except (urllib.error.URLError, TimeoutError, KeyError, ValueError, zipfile.BadZipFile) as error:
        status = f"{error.code} {error.reason}" if isinstance(error, urllib.error.HTTPError) else type(error).__name__
        print(f"::warning::GitHub did not take the {given.command}: {status}. The summary of this run has it all.")
        return 0
    print(done)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
