"""More defects for sound asset folders: what maintainers of catalogues get wrong, listed without a look at the rules.

`SEEDS` has them and those of `seeded_defects`.
"""

from __future__ import annotations

import json
import re

from tests.unit.lint.seeded_defects import CARD, ENTRY, MLMODEL, ORIGIN, SEEDS, SPEC, Files, Seed

__all__ = ["SEEDS"]


def _in_card(name: str, text: str, *codes: str) -> None:
    SEEDS.append(Seed(name, frozenset(codes), lambda files: {CARD: f"{files[CARD].rstrip()}\n\n{text}\n"}))


def _replaced(name: str, file: str, pattern: str, replacement: str, *codes: str) -> None:
    def change(files: Files) -> dict[str, str] | None:
        text = files.get(file, "")
        changed = re.sub(pattern, replacement, text, count=1, flags=re.MULTILINE)
        return {file: changed} if changed != text else None

    SEEDS.append(Seed(name, frozenset(codes), change))


def _beside(name: str, file: str, text: str, *codes: str) -> None:
    SEEDS.append(Seed(name, frozenset(codes), lambda files: None if file in files else {file: text}))


_PARAGRAPH = (
    "It was trained on public texts of many kinds, which were filtered by hand, and it repeats what they say." * 2
)

_in_card("heading without space", "##Intended uses\n\nResearch on language.", "CARD066")
_in_card("bold without end", "**License: as its authors say.", "CARD066")
_in_card("link with space between", "See [the paper] (https://example.com/paper).", "CARD066")
_in_card("link without definition", "See [the paper][paper1].", "CARD066")
_in_card("line ends escaped", "It is small.\\n\\n## Limits\\n\\nIt knows English only.", "CARD066")
_in_card("entity escaped twice", "Inputs are &amp;lt;b&amp;gt;.", "CARD066")
_in_card("conflict in the card", "<<<<<<< HEAD\nIt is small.\n=======\nIt is tiny.\n>>>>>>> card", "CARD058")
_in_card(
    "signature in a link", "[W](https://a.blob.core.windows.net/w?sv=1&sig=Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6%3D)", "CARD059"
)
_in_card("token in code", '```python\nlogin("hf_' + 'AbCdEfGhIjKlMnOpQrStUvWxYz012345")\n```', "CARD059")
_in_card("link into a tenant", "[wiki](https://contoso.sharepoint.com/teams/aml/a.aspx)", "CARD060")
_in_card("link to this machine", "[notebook](http://localhost:8888/demo.ipynb)", "CARD060")
_in_card("path of the author", "Load it from C:\\Users\\jdoe\\models.", "CARD060")
_in_card("paragraph twice", f"{_PARAGRAPH}\n\n{_PARAGRAPH}", "CARD065")
_in_card("empty section", "# Ethical considerations\n\n# Citation\n\nNone.", "CARD067")
_in_card("host misspelled", "[code](https://gihub.com/contoso/code)", "CARD023")
_in_card("comment without end", "<!-- not to be published", "CARD055")
_in_card("page within the page", '<iframe src="https://example.com/"></iframe>', "CARD056")
_in_card("image of a drive", '<img src="C:\\\\temp\\\\a.png" alt="a">', "CARD064")
_in_card("figure left out", "It was trained for XX hours.", "CARD010")
_in_card("link left out", "For details see (insert link here).", "CARD010")
_in_card("address left out", "Contact your-email@contoso.com.", "CARD010")
_in_card("licence sentence", "The model is released under the GPL-2.0 license.", "MATCH005")
_replaced("language twice", SPEC, r"^(  languages:\n)(  - \w+\n)", r"\1\2\2", "SPEC038")
_replaced("hub id as an address", SPEC, r"(huggingFaceModelId: )(\S+)", r"\1https://huggingface.co/\2", "SPEC004")
_replaced("hub id of another family", SPEC, r"(huggingFaceModelId: )\S+", r"\1contoso/zebrafish-125m", "SPEC004")
_replaced("key misspelled", SPEC, r"^version:", "descripton: A model.\nversion:", "SPEC039")
_replaced("schema of a component", SPEC, r"/model\.schema\.json", "/commandComponent.schema.json", "IMP007")
_replaced("categories as text", ENTRY, r"^(type: model)", r"\1\ncategories: Foundation Models", "IMP007", "DOC002")
_replaced("entry key misspelled", ENTRY, r"^extra_config:", "extra_confg:", "SPEC039")
_replaced("type in the plural", ENTRY, r"^type: model$", "type: models", "IMP007")
_replaced(
    "account as an address",
    ORIGIN,
    r"storage_name: (\S+)",
    r"storage_name: https://\1.blob.core.windows.net",
    "PATH006",
)
_replaced("container missing", ORIGIN, r"^  container_name:.*\n", "", "PATH006")
_replaced("published as custom", ORIGIN, r"type: mlflow_model", "type: custom_model", "PATH007")
_replaced("signature broken", MLMODEL, r"inputs: '\[", "inputs: '[[", "PKG014")
_replaced("no flavours", MLMODEL, r"^flavors:", "flavor:", "PKG014")
_replaced(
    "pipeline of images", MLMODEL, r"^(    task: .*)", "\\1\n    instance_type: ImageSegmentationPipeline", "MATCH012"
)
_beside("licence of nobody", "LICENSE", "MIT License\n\nCopyright (c) [year] [fullname]\n", "SPEC041")
_beside("licence as a page", "LICENSE", "<!DOCTYPE html>\n<html><body>404</body></html>\n", "SPEC041")
_beside("configuration broken", "config.json", '{"model_type": "bert",}', "DOC001")
_beside(
    "weights of another kind", "config.json", json.dumps({"architectures": ["ViTForImageClassification"]}), "MATCH006"
)
