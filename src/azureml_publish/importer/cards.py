"""Imports cards: sections that the template renders become blocks; all other text is kept."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from azureml_publish.assets import AllowList, Scenario
from azureml_publish.project import CARD_FILE, FINISHED_CARD, ModelFolder, Sample
from azureml_publish.render import Style, render_card

EXTENDS = '{% extends "card.md.j2" %}\n'

SECTIONS = {
    "Facts": "facts",
    "Model Architecture": "architecture",
    "Intended Use": "intended_use",
    "Training Details": "training",
    "Evaluation Results": "results",
    "Limitations and Biases": "limitations",
    "License": "license",
    "How to use it": "how_to_use",
    "Finetuning samples": "finetune_samples",
    "Model Evaluation samples": "evaluation_samples",
    "Inference samples": "inference_samples",
    "Sample inputs and outputs": "sample_data",
}
"""The sections of templates/card.md.j2 and their blocks, in order."""

_FENCE = re.compile(r"\s{0,3}(`{3,}|~{3,})")


@dataclass(frozen=True, slots=True)
class NewCard:
    """A card as files of a model folder; `blocks`: how many the template makes, None for a whole card."""

    files: Mapping[str, bytes]
    blocks: int | None = None


def make_card(text: str, folder: ModelFolder, allow: Mapping[Scenario, AllowList], style: Style) -> NewCard:
    """A template that renders to exactly this text; the text itself if the project's template cannot."""
    whole = NewCard({FINISHED_CARD: text.encode()})
    parts = _split(text)
    if parts is None or "\r" in text or "{% endraw" in text or style.templates.find("card.md.j2") is None:
        return whole
    summary, sections = parts
    samples = _samples(sections.get("sample_data", ""))
    made = _made_by_template(folder, allow, style, samples)
    if made is None:
        return whole
    banner = made["banner"] if summary.startswith(made["banner"]) else ""
    blocks = {"banner": banner, "summary": summary.removeprefix(banner).strip()} | sections
    source = EXTENDS + "".join(
        f"\n{{% block {name} %}}\n{_raw(blocks[name])}\n{{% endblock %}}\n" if blocks.get(name) else _empty(name)
        for name in ("banner", "summary", *SECTIONS.values())
        if blocks.get(name, "") != made.get(name, "")
    )
    own = replace(folder, card_path=CARD_FILE, card=source, samples=samples, finished=False, carried=())
    rendered, wrong = render_card(own, allow, style)
    if wrong or rendered != text:
        return whole
    files = {CARD_FILE: source.encode()}
    files |= {f"samples/{sample.name}.json": (sample.text + "\n").encode() for sample in samples}
    return NewCard(files, sum(bool(made[name]) and made[name] == blocks.get(name) for name in made))


def _empty(name: str) -> str:
    return f"\n{{% block {name} %}}{{% endblock %}}\n"


def _raw(text: str) -> str:
    return f"{{% raw %}}{text}{{% endraw %}}" if re.search(r"\{[{%#]", text) else text


def _split(text: str) -> tuple[str, dict[str, str]] | None:
    """Summary and sections by block, if the card has the structure of the template; else None."""
    heads: list[tuple[int, int, str]] = []
    fence, position = "", 0
    for line in text.splitlines(keepends=True):
        mark = _FENCE.match(line)
        if mark and not fence:
            fence = mark[1]
        elif mark and mark[1].startswith(fence):
            fence = ""
        elif not fence and line.startswith("# "):
            heads.append((position, position + len(line), line[2:].strip()))
        position += len(line)
    order = list(SECTIONS)
    titles = [title for _, _, title in heads]
    if any(title not in SECTIONS for title in titles) or titles != sorted(set(titles), key=order.index):
        return None
    ends = [*(start for start, _, _ in heads[1:]), len(text)][: len(heads)]
    summary = text[: heads[0][0]].strip() if heads else text.strip()
    sections = {SECTIONS[title]: text[after:end].strip() for (_, after, title), end in zip(heads, ends, strict=True)}
    bodies = [f"# {title}\n\n{sections[SECTIONS[title]]}" for title in titles]
    built = "\n\n".join(part for part in (summary, *bodies) if part) + "\n"
    return (summary, sections) if built == text and all(sections.values()) else None


def _samples(body: str) -> tuple[Sample, ...]:
    """The samples in a section that has the template's form."""
    samples = []
    for kind, text in re.findall(r"^## Sample (input|output)\n\n```json\n(.*?)\n```", body, re.DOTALL | re.MULTILINE):
        try:
            data = json.loads(text)
        except ValueError:
            return ()
        if json.dumps(data, indent=4, ensure_ascii=False) != text:
            return ()
        samples.append(Sample(kind, f"samples/{kind}.json", text, data))
    return tuple(samples)


def _made_by_template(
    folder: ModelFolder, allow: Mapping[Scenario, AllowList], style: Style, samples: tuple[Sample, ...]
) -> dict[str, str] | None:
    """The template's own text for a model, by block."""
    # One path for all models, so that it is compiled once.
    bare = replace(folder, path=Path("bare"), card=EXTENDS, samples=samples, finished=False, carried=())
    rendered, wrong = render_card(bare, allow, style)
    parts = None if wrong else _split(rendered)
    return {"banner": parts[0]} | parts[1] if parts is not None else None
