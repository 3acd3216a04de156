"""A page for each rule, from its section in `docs/rules`, its example, and the place where that is found."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from azureml_publish.lint.rule_book import RulePage, rule_pages, rulebook
from tests.unit.lint.examples import example, expected_places

MOST_LINES = 60
"""An example with more is not shown."""
TITLES = {"json": "json", "yaml": "yaml", "yml": "yaml", "j2": "jinja", "md": "markdown"}


def pages() -> Iterator[tuple[str, str]]:
    """The page of every rule, by its path."""
    for page in rule_pages():
        if page.page:
            yield f"rules/{page.rule.code}.md", _page(page)


def with_own_pages(name: str, text: str) -> str:
    """A page of `docs/rules`: each rule leads to its own page, which is the one that the search finds."""
    if not name.startswith("rules/"):
        return text
    linked = re.sub(
        r"^(## ([A-Z]+[0-9]{3}) .*)\n",
        lambda found: f"{found[1]}\n\n[With an example]({found[2]}.md)\n",
        text,
        flags=re.MULTILINE,
    )
    return f"---\nsearch:\n  exclude: true\n---\n\n{linked}"


def with_rules(nav: list[Any]) -> list[Any]:
    """The navigation, where each page of `docs/rules` becomes a section with its rules."""
    by_page: dict[str, list[str]] = {}
    for page in rule_pages():
        by_page.setdefault(page.page, []).append(f"rules/{page.rule.code}.md")

    def grown(one: Any) -> Any:
        if isinstance(one, list):
            return [grown(part) for part in one]
        ((title, target),) = one.items()
        found = re.fullmatch(r"rules/(\w+)\.md", target) if isinstance(target, str) else None
        if found is None:
            return {title: grown(target)} if isinstance(target, list) else one
        own = [{Path(path).stem: path} for path in by_page.get(found[1], [])]
        return {title: [target, *own]} if own else one

    return [grown(one) for one in nav]


def _page(page: RulePage) -> str:
    rule = page.rule
    always = "" if rule.code in rulebook().optional else " It is always reported: nothing can suppress it."
    what = page.what.replace("\n", "\n\n", 1)  # a list is begun by an empty line
    parts = [
        f"# {rule.code} {rule.name}\n",
        f"{rule.summary}\n",
        f"**Severity:** {rule.severity}.{always}\n",
        *(f"**{title}:** {text}\n" for title, text in (("What", what), ("Why", page.why)) if text),
        *(f"**{title}:** {text}\n" for title, text in (("Bad", page.bad), ("Good", page.good))),
        f"**Fix:** {page.fix}\n",
        *([f"**Source:** {page.source}\n"] if page.source else []),
        *_example(rule.code),
        "## On the command line\n",
        f"```text\npublish rule {rule.code}\npublish lint --select {rule.code}\n```\n",
        f"[All rules of this topic]({page.page}.md#{rule.code.lower()}-{rule.name})\n",
        "[Severity, suppressing, fixing](../rules.md)\n",
    ]
    return "\n".join(parts)


def _example(code: str) -> Iterator[str]:
    places = expected_places(code)
    if not places:
        return
    bad, good = example("bad", code), example("good", code)
    yield "## Example\n"
    for path, content in bad.items():
        text = _shown(content)
        if content == good.get(path) or text is None:
            continue
        yield f"`{path}`\n"
        yield f"````{TITLES.get(path.rpartition('.')[2], 'text')}\n{text}````\n"
    yield "`publish lint` finds it there:\n"
    yield "```text\n" + "".join(f"{place}\n" for place in places) + "```\n"


def _shown(content: bytes) -> str | None:
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return None
    if len(text.splitlines()) > MOST_LINES or max(map(len, text.splitlines()), default=0) > 400 or not text.strip():
        return None
    return text if text.endswith("\n") else f"{text}\n"
