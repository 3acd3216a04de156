"""Builds the site: puts the pages together, has Zensical make HTML of them, and checks what came out.

    python -m docs.site        # or make docs

A page of `docs/` with a line `<!-- generated: NAME -->` gets that part of the reference there. Every rule gets a page
of its own. Links to files that are no page of the site lead to the repository, where it is known.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.site import check, reference, rules

ROOT = Path(__file__).parents[2]
WORK = ROOT / "build" / "docs"
SITE = WORK / "site"
BESIDE = {"CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md", "SECURITY.md": "security.md"}
"""Pages of the site that lie at the top of the repository."""
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#|<)([^)#\s]*)((?:#[^)\s]*)?)(?=\))")


def main() -> None:
    """Build everything anew; a failure of any step ends the process with 1."""
    shutil.rmtree(WORK, ignore_errors=True)
    shutil.rmtree(SITE, ignore_errors=True)
    pages = dict(assembled())
    for name, text in pages.items():
        path = WORK / "source" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    for path in sorted({*(ROOT / "docs").rglob("*.svg"), *(ROOT / "docs").rglob("*.png"), *schemas(), *styles()}):
        copy = WORK / "source" / path.relative_to(ROOT / "docs")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)
    (WORK / "zensical.toml").write_text(configuration(), encoding="utf-8")
    zensical = [str(Path(sys.executable).with_name("zensical")), "build", "--strict", "--clean"]
    ran = subprocess.run([*zensical, "--config-file", str(WORK / "zensical.toml")], check=False)
    if ran.returncode:
        sys.exit(1)
    problems = [*check.problems(SITE), *check.rendered_otherwise(SITE, pages), *check.outside(navigation(), pages)]
    for problem in problems:
        print(problem, file=sys.stderr)
    print(f"{len(pages)} pages in {SITE.relative_to(ROOT)}, {len(problems)} problems")
    sys.exit(1 if problems else 0)


def assembled() -> Iterator[tuple[str, str]]:
    """Every page of the site as Markdown, by its path."""
    for path in sorted((ROOT / "docs").rglob("*.md")):
        name = path.relative_to(ROOT / "docs").as_posix()
        text = path.read_text(encoding="utf-8")
        text = re.sub(
            r"^<!-- generated: (\w+) -->\n", lambda found: reference.PARTS[found[1]](), text, flags=re.MULTILINE
        )
        yield name, relinked(rules.with_own_pages(name, text), path.relative_to(ROOT))
    for name, copy in BESIDE.items():
        yield copy, relinked((ROOT / name).read_text(encoding="utf-8"), Path(name))
    yield from rules.pages()


def relinked(text: str, path: Path) -> str:
    """The text of a file of the repository, with links that lead to the same places from where it is in the site."""
    home = Path(BESIDE.get(path.as_posix(), "")) if path.as_posix() in BESIDE else path.relative_to("docs")

    def leads(found: re.Match[str]) -> str:
        target = Path(os.path.normpath(path.parent / found[1])).as_posix()
        if target in BESIDE:
            page = BESIDE[target]
        elif target.startswith("docs/"):
            page = target.removeprefix("docs/")
            if target == "docs/schemas":
                page = "reference/json.md"
            elif not (ROOT / target).exists():
                return found[0]  # a page that is generated, or a broken link, which Zensical reports
        elif not (ROOT / target).exists():
            return found[0]
        else:
            return f"{repository()}/blob/HEAD/{target}{found[2]}"
        return f"{os.path.relpath(page, home.parent)}{found[2]}"

    outside_code = re.split(r"(^```.*?^```$|`[^`\n]+`)", text, flags=re.MULTILINE | re.DOTALL)
    return "".join(part if at % 2 else LINK.sub(leads, part) for at, part in enumerate(outside_code))


def repository() -> str:
    """Where the repository is; GitHub says so to its workflows."""
    server = os.environ.get("GITHUB_SERVER_URL", "https://github.com")
    return f"{server}/{os.environ.get('GITHUB_REPOSITORY', 'OWNER/REPOSITORY')}"


def schemas() -> Iterator[Path]:
    """The JSON Schemas, which editors read from the site."""
    yield from (ROOT / "docs" / "schemas").glob("*.json")


def styles() -> Iterator[Path]:
    """What the site adds to Zensical's own style."""
    yield from (ROOT / "docs" / "site").glob("site.*s")


def navigation() -> list[Any]:
    """The pages in their order, as zensical.toml has them, with those of the rules below their topics."""
    base: dict[str, Any] = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))
    return rules.with_rules(base["project"]["nav"])


def configuration() -> str:
    """zensical.toml, with what only the build knows."""
    text = (ROOT / "zensical.toml").read_text(encoding="utf-8")
    known = {"docs_dir": "source", "site_dir": "site", "site_url": os.environ.get("DOCS_URL", "")}
    if "GITHUB_REPOSITORY" in os.environ:
        known |= {"repo_url": repository(), "repo_name": os.environ["GITHUB_REPOSITORY"]}
    lines = [f"{key} = {json.dumps(value)}" for key, value in known.items() if value]
    nav = f"nav = {_toml(navigation())}"
    return re.sub(r"^nav = \[.*?^\]$", lambda _: "\n".join([*lines, nav]), text, flags=re.MULTILINE | re.DOTALL)


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(key)} = {_toml(one)}" for key, one in value.items()) + "}"
    return f"[{', '.join(map(_toml, value))}]" if isinstance(value, list) else json.dumps(value)


if __name__ == "__main__":
    main()
