"""More defects for sound asset folders: what stays behind where a folder or a text was copied from another model's.

`SEEDS` has them and all others.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tests.unit.lint.defects_of_maintainers import SEEDS
from tests.unit.lint.seeded_defects import CARD, ENTRY, MLMODEL, ORIGIN, SPEC, Files, Seed

__all__ = ["SEEDS"]


def _keep(name: str, change: Callable[[Files], dict[str, str] | None], *codes: str) -> None:
    SEEDS.append(Seed(name, frozenset(codes), change))


def _replaced(name: str, file: str, pattern: str, replacement: str, *codes: str) -> None:
    def change(files: Files) -> dict[str, str] | None:
        text = files.get(file, "")
        changed = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
        return {file: changed} if changed != text else None

    _keep(name, change, *codes)


def _in_card(name: str, text: str, *codes: str) -> None:
    _keep(name, lambda files: {CARD: f"{files[CARD].rstrip()}\n\n{text}\n"}, *codes)


def _with_key(name: str, lines: str, *codes: str) -> None:
    key = lines.partition(":")[0]
    _replaced(name, SPEC, rf"\A((?:(?!^\s+{key}:)[\s\S])*?)^system_metadata:\n(?![\s\S]*^  {key}:)",
              rf"\1system_metadata:\n  {lines}\n", *codes)  # fmt: skip


_replaced("category of another task", ENTRY, r"(categories: \[.*)\]", r"\1, Speech Recognition]", "MATCH014")
_replaced("category of another family", ENTRY, r"(categories: \[.*)\]", r"\1, Llama]", "MATCH014")
_with_key("publisher misspelled", "publisher: Mircosoft", "MATCH013")
_with_key("only sound in", "inputModalities: [audio]", "MATCH015")
_with_key("summary of another", "summary: Mixtral is a mixture of experts.", "MATCH002")
_with_key("display name of a copy", "displayName: Copy of the reader", "CARD010")
_replaced("base of another family", MLMODEL, r"base_model_name: bert\S*", "base_model_name: gpt2-xl", "MATCH001")
_replaced("hub id with a space", SPEC, r"(huggingFaceModelId: [\w-]+)/", r"\1/ ", "SPEC004")
_replaced("hub id of another owner", SPEC, r"huggingFaceModelId: openai/", "huggingFaceModelId: laion/", "SPEC004")
_replaced("path of another family", ORIGIN, r"(container_path: ).*bert.*/", r"\1huggingface/gpt2/1/", "PATH002")
_replaced("path with a slash before", ORIGIN, r"(container_path: )", r"\1/", "PATH006")
_replaced("container of a template", ORIGIN, r"container_name: .*", "container_name: your-container-name", "PATH006")
_replaced("path to a folder that is not there", SPEC, r"^path: \./$", "path: ./weights", "SPEC015")
_replaced("role of nobody", CARD, '"role": "user"', '"role": "usr"', "SMPL006")
_replaced("turn without content", CARD, '"content":', '"contents":', "SMPL006")
_replaced("parameter misspelled", CARD, '"max_new_tokens"', '"max_new_token"', "SMPL006")
_replaced("bytes as text", SPEC, r"(fileSizeBytes: )\d+$", r"\g<1>1.5 GB", "MATCH011")
_replaced("provider misspelled", SPEC, r"ExecutionProvider$", "ExecutionProvder", "MATCH010")
_replaced("name that Microsoft keeps", SPEC, r"^name: ", "name: azure-", "GATE008")

_in_card("code of another family", '```python\nm = pipeline("fill-mask", model="tiiuae/falcon-7b")\n```', "CARD068")
_in_card("code of another kind", '```python\nm = Wav2Vec2ForCTC.from_pretrained("./model")\n```', "CARD069")
_in_card("size that is retired", "Deploy it on Standard_NC6s_v2.", "SKU016")
_in_card("share above the whole", "| Task | Accuracy (%) |\n| --- | --- |\n| MNLI | 912 |", "CARD071")
_in_card("entry without its end", "```bibtex\n@article{a,\n  title={B}\n```", "CARD073")
_in_card("paper of month thirteen", "[paper](https://arxiv.org/abs/2413.12345)", "CARD073")
_in_card("letter of another alphabet", "It is by Micr\u043esoft.", "CARD074")
_in_card("date still to come", "Training cut-off date: March 2035", "CARD075")
_in_card("licence of the badge", "![l](https://img.shields.io/badge/license-GPL--3.0-blue)", "MATCH005")
_in_card("name left out", "Contact [Your Name].", "CARD010")
_in_card("figure unknown", "Accuracy: ???", "CARD010")
_in_card("note of the authors", "<!-- TODO: ask whether this is right -->", "CARD010")
_in_card("code without end", "Load it with `pipeline() and go on.", "CARD066")
_in_card("host twice", "[page](https://huggingface.co/huggingface.co/contoso/a)", "CARD023")
_in_card("footnote that is nowhere", "It counts well.[^9]", "CARD066")
_in_card("heading without text", "##\n\nIt counts well.", "CARD067")
_in_card("host with an empty part", "[page](https://example..org/a)", "CARD023")
_in_card("data still to come", "The data was collected until June 2033.", "CARD075")
_in_card("mailbox without host", "[write to us](mailto:team@)", "CARD023")
_in_card("style of a page", "<style>h1 {color: red}</style>", "CARD056")
_in_card("blank without width", "en\u200bcoder", "CARD042")


def _twice(files: Files) -> dict[str, str]:
    return {CARD: f"{files[CARD].rstrip()}\n\n{files[CARD]}"}


def _own_count(files: Files) -> dict[str, str] | None:
    fits = re.search(r"^name: \S*-(?:7B|8B|14B|1\.5B)(?![\w.])", files[SPEC], re.MULTILINE)
    return {CARD: f"{files[CARD].rstrip()}\n\nThis model has 170 billion parameters.\n"} if fits else None


def _languages(files: Files) -> dict[str, str] | None:
    fits = "trained on English" in files[CARD] and "languages:\n  - en\n" in files[SPEC]
    return {SPEC: files[SPEC].replace("languages:\n  - en\n", "languages:\n  - de\n")} if fits else None


def _page_of_another(files: Files) -> dict[str, str] | None:
    text = re.sub(r"(\]\(https://huggingface\.co/contoso/)[\w.-]+\)", r"\1Zebra-70B)", files[CARD])
    return {CARD: text} if text != files[CARD] else None


def _bsd(files: Files) -> dict[str, str] | None:
    if "LICENSE" in files and "license: mit" not in files[SPEC]:
        return None
    text = "BSD 3-Clause License\n\nRedistribution and use in source and binary forms are permitted.\n"
    return {"LICENSE": text} if re.search(r"^\s+license: (mit|MIT|apache-2.0)$", files[SPEC], re.MULTILINE) else None


_keep("page of another under its name", _page_of_another, "CARD027")
_keep("licence file of bsd", _bsd, "MATCH005")
_keep("languages of the data", _languages, "MATCH007")
_keep("card twice", _twice, "CARD065")
_keep("parameters in a sentence", _own_count, "MATCH009")
