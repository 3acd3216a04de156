"""Defects for sound asset folders, one a copy: each says what must then be found.

A seed is a function from the files of a folder to those that it changes; it returns None where a folder has nothing to
spoil. The texts are those of real mistakes: Azure/azureml-assets up to 4b41f8ccbc, and cards on the Hub.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

Files: TypeAlias = Mapping[str, str]
Change: TypeAlias = Callable[[Files], dict[str, str] | None]

CARD, SPEC, ENTRY, ORIGIN, MLMODEL = "description.md", "spec.yaml", "asset.yaml", "model.yaml", "MLmodel"


@dataclass(frozen=True, slots=True)
class Seed:
    """One defect: its name, the codes of which one must be found, and the change."""

    name: str
    codes: frozenset[str]
    change: Change


SEEDS: list[Seed] = []


def seed(*codes: str) -> Callable[[Change], Change]:
    """Decorator: a function is a seed, named after it, that findings of any of these codes find."""

    def keep(change: Change) -> Change:
        SEEDS.append(Seed(change.__name__.replace("_", " "), frozenset(codes), change))
        return change

    return keep


def _sub(files: Files, name: str, pattern: str, replacement: str) -> dict[str, str] | None:
    """The file with the first match replaced; None where there is no such file or no match."""
    text = files.get(name, "")
    changed = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
    return {name: changed} if changed != text else None


def _add(files: Files, text: str, name: str = CARD) -> dict[str, str]:
    return {name: f"{files[name].rstrip()}\n\n{text}\n"}


def _metadata(files: Files, line: str) -> dict[str, str] | None:
    if f"\n  {line.partition(':')[0]}:" in files[SPEC]:
        return None
    return _sub(files, SPEC, r"^system_metadata:\n", f"system_metadata:\n  {line}\n")


def _licence(files: Files) -> str:
    match = re.search(r"^\s+license: (\S+)", files[SPEC], re.MULTILINE)
    return match[1].lower() if match else ""


def _other_licence(files: Files) -> str | None:
    known = {"mit": "Apache 2.0", "apache-2.0": "MIT"}
    return known.get(_licence(files))


def _name(files: Files) -> str:
    match = re.search(r"^name: (\S+)", files[SPEC], re.MULTILINE)
    return match[1] if match else ""


_SIBLINGS: tuple[tuple[str, str], ...] = (
    ("-base-", "-large-"),
    ("-large-", "-base-"),
    ("-small", "-large"),
    ("-mini-", "-medium-"),
    ("-7B-", "-13B-"),
)
_SIBLINGS += (("-1.5B", "-14B"), ("-8B-", "-70B-"), ("8x7B", "8x22B"), ("-uncased", "-cased"), ("patch32", "patch16"))


def sibling(name: str) -> str | None:
    """Another size or variant of a model; None for a name that says none."""
    return next(
        (name.replace(one, other) for one, other in _SIBLINGS if one.lower() in name.lower() and one in name), None
    )


@seed("MATCH005")
def licence_line_of_the_card(files: Files) -> dict[str, str] | None:
    other = _other_licence(files)
    if other is None:
        return None
    return _sub(files, CARD, r"^- \*\*License:\*\* .*$", f"- **License:** {other}") or _add(
        files, f"**License:** {other}"
    )


@seed("MATCH005")
def licence_section_of_the_card(files: Files) -> dict[str, str] | None:
    other = _other_licence(files)
    if other is None or re.search(r"licen[cs]e", files[CARD], re.IGNORECASE):
        return None
    return _add(files, f"# License\n\nThe model weights are made available under the {other} license.")


@seed("MATCH005")
def licence_file_of_another(files: Files) -> dict[str, str] | None:
    texts = {
        "mit": "Apache License\nVersion 2.0, January 2004",
        "apache-2.0": "MIT License\n\nCopyright (c) Contoso\n\nPermission is",
    }
    text = texts.get(_licence(files))
    return (
        None
        if text is None
        else {"LICENSE": f"{text} hereby granted, free of charge, to any person obtaining a copy\n"}
    )


REPLACED = (
    ("licence misspelled", "SPEC031 GATE001", SPEC, r"^(\s+)license: .*$", r"\1license: apche-2.0"),
    ("licence gone", "SPEC008", SPEC, r"^\s+license: .*\n", ""),
    ("language by name", "GATE001 SPEC036", SPEC, r"^(\s+)- en$", r"\1- english"),
    (
        "task of mlmodel",
        "SPEC022 MATCH006",
        MLMODEL,
        r"^(\s+)task(_type)?: (?:fill-mask|text-generation|chat-completion)$",
        r"\1task\2: token-classification",
    ),
    ("device of another build", "MATCH010", SPEC, r"^(\s+)device: (?:cpu|gpu)$", r"\1device: npu"),
    ("device of the card", "MATCH010", CARD, r"inference on (?:CUDA GPUs|CPUs|GPUs)", "inference on Qualcomm NPUs"),
    ("bytes in megabytes", "MATCH011", SPEC, r"(fileSizeBytes: \d+)\d{6}$", r"\1"),
    ("input of other columns", "SMPL002", CARD, r'"columns": \["', '"columns": ["unexpected_'),
    ("sample that is no json", "SMPL001", CARD, r'("input_data": (?:\[|\{))', r"\1,"),
    ("row too wide", "SMPL003", CARD, r'("data": \[\s*\[)', r'\1"one too many", '),
    ("minimum that is another", "SKU004 SKU007 SKU013", SPEC, r"^(\s+inferenceMinSkuSpec: )\d+", r"\g<1>77"),
    ("version that is text", "SPEC003", SPEC, r"^version: .*$", "version: latest"),
    (
        "task misspelled",
        "SPEC034 GATE001",
        SPEC,
        r"^(\s+)- (?:fill-mask|chat-completion|text-generation)$",
        r"\1- text-genration",
    ),
)
"""Name, codes, file, and what in it becomes what: a regular expression and what is written for its first match."""

SEEDS += [
    Seed(name, frozenset(codes.split()), partial(_sub, name=file, pattern=pattern, replacement=replacement))
    for name, codes, file, pattern, replacement in REPLACED
]


@seed("SPEC004")
def hub_id_of_a_sibling(files: Files) -> dict[str, str] | None:
    match = re.search(r"huggingFaceModelId: (\S+)", files[SPEC])
    other = sibling(match[1]) if match else None
    return (
        None
        if match is None or other is None
        else _sub(files, SPEC, f"huggingFaceModelId: {re.escape(match[1])}$", f"huggingFaceModelId: {other}")
    )


@seed("MATCH001", "SPEC004")
def base_of_a_sibling_in_mlmodel(files: Files) -> dict[str, str] | None:
    match = re.search(r"base_model_name: (\S+)", files.get(MLMODEL, ""))
    other = sibling(match[1]) if match else None
    return (
        None
        if match is None or other is None
        else _sub(files, MLMODEL, f"base_model_name: {re.escape(match[1])}", f"base_model_name: {other}")
    )


@seed("MATCH001", "PATH004")
def files_of_a_sibling(files: Files) -> dict[str, str] | None:
    name = _name(files)
    other = sibling(name)
    text = files[ORIGIN]
    return {ORIGIN: text.replace(name, other)} if other is not None and name in text else None


@seed("MATCH001")
def parent_of_a_sibling(files: Files) -> dict[str, str] | None:
    match = re.search(r"/models/([^/\s]+)/versions", files[SPEC])
    other = sibling(match[1] + "-") if match else None
    return (
        None
        if match is None or other is None
        else _sub(files, SPEC, f"/models/{re.escape(match[1])}/", f"/models/{other.rstrip('-')}/")
    )


@seed("MATCH002", "CARD027", "CARD029", "CARD063", "MATCH009")
def card_of_a_sibling(files: Files) -> dict[str, str] | None:
    name = _name(files).removesuffix("-generic-cpu").removesuffix("-cuda-gpu")
    beginning = files[CARD][:500]
    plain = next((one for one in (name, name.replace("v0-2", "v0.2")) if one in beginning), None)
    other = sibling(plain) if plain else None
    return {CARD: files[CARD].replace(plain, other)} if plain and other else None


@seed("SPEC035")
def other_name_in_asset_yaml(files: Files) -> dict[str, str] | None:
    return {ENTRY: f"name: another-{_name(files)}\n{files[ENTRY]}"}


@seed("SPEC035")
def other_version_in_asset_yaml(files: Files) -> dict[str, str] | None:
    return {ENTRY: f"version: 977\n{files[ENTRY]}"}


@seed("MATCH007")
def languages_of_the_card(files: Files) -> dict[str, str] | None:
    if not re.search(r"languages:\n\s+- en\n(?!\s+- [a-z]{2}\n)", files[SPEC]):
        return None
    return _add(files, "- **Language(s) (NLP):** English, German, French")


@seed("MATCH006")
def task_of_the_card(files: Files) -> dict[str, str] | None:
    if "token-classification" in files[SPEC]:
        return None
    return _add(files, "| Property | Value |\n|---|---|\n| Task | token-classification |")


@seed("MATCH006")
def weights_for_another_task(files: Files) -> dict[str, str] | None:
    if "fill-mask" not in files[SPEC]:
        return None
    return {"config.json": json.dumps({"architectures": ["BertForTokenClassification"], "model_type": "bert"})}


@seed("MATCH008")
def context_of_the_card(files: Files) -> dict[str, str] | None:
    match = re.search(r"(?:textContextWindow|contextLength): (\d+)", files[SPEC])
    if match is None:
        return None
    other = "8K" if int(match[1]) > 60000 else "128K"
    text = re.sub(r"\b(?:4K|8K|16K|128K|32K)\b", other, files[CARD])
    return {CARD: f"{text.rstrip()}\n\nIt supports a context length of {other} tokens.\n"}


@seed("MATCH008")
def context_of_the_weights(files: Files) -> dict[str, str] | None:
    if not re.search(r"(?:textContextWindow|contextLength): \d+", files[SPEC]):
        return None
    return {"config.json": json.dumps({"max_position_embeddings": 2048})}


@seed("MATCH009", "CARD063")
def parameters_of_a_sibling(files: Files) -> dict[str, str] | None:
    if not re.search(r"(?<![x\d.])(?:7B|8B|1\.5B)(?![\w.])", _name(files)) or re.search(r"\d+B param", files[CARD]):
        return None
    return _add(files, "This model has 70 billion parameters.")


@seed("MATCH010")
def quantisation_of_the_card(files: Files) -> dict[str, str] | None:
    if "RTN" not in files[SPEC]:
        return None
    return _sub(files, CARD, r"uses RTN quantization", "uses GPTQ quantization") or _add(
        files, "This model uses GPTQ quantization."
    )


@seed("SMPL008")
def output_of_other_columns(files: Files) -> dict[str, str] | None:
    if '"name": "score"' not in files.get(MLMODEL, "").partition("outputs")[2]:
        return None
    return _sub(files, CARD, r'"score":', '"probability":')


ADDED_TO_A_CARD = (
    ("mojibake in the card", "CARD040", "The modelâ€™s limitations are known."),
    ("control character in the card", "CARD048", "It is trained\x08 on books."),
    ("bidi override in the card", "CARD049", "Access is \u202egranted\u202c to all."),
    ("placeholder in the card", "CARD010", "# Limitations\n\n[More Information Needed]"),
    ("quotes in code", "CARD043", "```python\nmodel = load(“little”)\n```"),
    ("empty image", "CARD022 CARD064", "![Architecture]()"),
    ("image beside the card", "CARD064", "![Architecture](./images/architecture.png)"),
    ("html image beside the card", "CARD064", '<p align="center"><img src="assets/architecture.png" width="400"></p>'),
    ("image over http", "CARD020", "![Architecture](http://example.com/architecture.png)"),
    (
        "image that is a page",
        "CARD057",
        "![Architecture](https://github.com/contoso/models/blob/main/architecture.png)",
    ),
    ("link that runs code", "CARD056", "[Try it](javascript:window.open('x'))"),
    ("script in the card", "CARD056", '<script src="https://example.com/track.js"></script>'),
    (
        "anchor that is not closed",
        "CARD055",
        'See <a href="https://example.com/p" target="_blank">the paper for more.',
    ),
    (
        "tag without its end",
        "CARD055",
        'See <a href="https://example.com/p" target="_blank"\nthe paper</a> for more.',
    ),
    ("fence that is not closed", "CARD054", "```python\nprint(1)\n\nMore text, which nobody meant to be code."),
    ("malformed address", "CARD023", "[The paper](https:/example.com/paper)"),
)
"""Name, codes and what is added to the end of a card."""

SEEDS += [Seed(name, frozenset(codes.split()), partial(_add, text=text)) for name, codes, text in ADDED_TO_A_CARD]


@seed("CARD040")
def mojibake_in_the_spec(files: Files) -> dict[str, str] | None:
    return _metadata(files, "summary: The Licensorâ€™s model")


@seed("CARD040")
def mojibake_in_the_notes(files: Files) -> dict[str, str] | None:
    changed = _metadata(files, "notes: notes.md") if "notes:" not in files[SPEC] else {}
    return None if changed is None else {**changed, "notes.md": "The cafÃ© model.\n"}


@seed("CARD049")
def bidi_override_in_the_spec(files: Files) -> dict[str, str] | None:
    return _metadata(files, "summary: Access is \u202egranted\u202c to all")


@seed("CARD010")
def placeholder_in_the_spec(files: Files) -> dict[str, str] | None:
    return _metadata(files, "summary: TODO")


@seed("CARD053")
def front_matter(files: Files) -> dict[str, str] | None:
    return {CARD: f"---\ntags:\n- azure\n---\n{files[CARD]}"}


@seed("CARD052")
def empty_card(files: Files) -> dict[str, str] | None:
    return {CARD: "# Model\n"}


@seed("CARD027")
def page_of_a_sibling(files: Files) -> dict[str, str] | None:
    match = re.search(r"huggingFaceModelId: (\S+)", files[SPEC])
    other = sibling(match[1]) if match else None
    return None if other is None else _add(files, f"See the [original model card](https://huggingface.co/{other}).")


@seed("SPEC037")
def retirement_before_deprecation(files: Files) -> dict[str, str] | None:
    first, last = ("'2027-06-30T00:00:00.000000Z'", "'2027-01-31T00:00:00.000000Z'")
    dates = f"{{inferenceDeprecationDate: {first}, inferenceRetirementDate: {last}}}"
    return _metadata(files, f"deprecation: {dates}") if "deprecation:" not in files[SPEC] else None


@seed("SPEC017", "SPEC018")
def retired_and_shown(files: Files) -> dict[str, str] | None:
    if "isArchived: true" in files[SPEC] or "deprecation:" in files[SPEC]:
        return None
    return _metadata(files, "deprecation: {inferenceRetirementDate: '2025-01-31T00:00:00.000000Z'}")


@seed("SKU003")
def size_that_there_is_not(files: Files) -> dict[str, str] | None:
    changed = files[SPEC].replace("Standard_NC24ads_A100_v4", "Standard_NC24adz_A100_v4")
    return {SPEC: changed} if changed != files[SPEC] else None


@seed("SPEC021")
def fine_tuning_without_tasks(files: Files) -> dict[str, str] | None:
    if "fineTuningTasks" in files[SPEC]:
        return None
    return _add(
        files,
        "# Finetuning samples\n\nTask|Notebook\n--|--\nAny|[a](https://aka.ms/azureml-ft-sdk-text-classification)",
    )


@seed("CARD028")
def sample_of_another_task(files: Files) -> dict[str, str] | None:
    if not re.search(r"fill-mask|text-generation|chat-completion", files[SPEC]):
        return None
    return _add(files, "[Sample](https://aka.ms/azureml-infer-online-sdk-image-classification)")
