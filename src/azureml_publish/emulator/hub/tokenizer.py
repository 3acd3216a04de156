"""A small WordPiece tokenizer in the file formats of the real one.

Special tokens have their real names and numbers, every printable ASCII character is a token, and so are the most common
English words; anything else falls apart into characters. So any English text is tokenized without an unknown token.
"""

import json
import string
from importlib.resources import files
from typing import Any

_RESERVED = 99
"""The real vocabularies keep this many unused numbers between [PAD] and [UNK], which puts [UNK] at 100."""

_SPECIAL = ("[UNK]", "[CLS]", "[SEP]", "[MASK]")


def vocabulary(*, cased: bool) -> tuple[str, ...]:
    """The tokens in the order of their numbers; the same on every machine.

    Args:
        cased: Whether upper and lower case differ; words then come in both spellings.
    """
    first = 1 if cased else 0
    tokens = ["[PAD]", *(f"[unused{number}]" for number in range(first, first + _RESERVED)), *_SPECIAL]
    letters = string.ascii_letters if cased else string.ascii_lowercase
    characters = string.punctuation + string.digits + letters
    tokens += [*characters, *(f"##{character}" for character in characters)]
    for word in files(__package__).joinpath("words.txt").read_text(encoding="utf-8").split():
        tokens.append(word)
        if cased and not word.startswith("##"):
            tokens.append(word.capitalize())
    return tuple(dict.fromkeys(tokens))


def vocabulary_file(*, cased: bool) -> bytes:
    """`vocab.txt`: one token a line."""
    return "".join(f"{token}\n" for token in vocabulary(cased=cased)).encode()


def tokenizer_config(*, cased: bool) -> dict[str, Any]:
    """`tokenizer_config.json`, as short as the real one."""
    return {"do_lower_case": not cased, "model_max_length": 512}


def tokenizer_file(*, cased: bool) -> bytes:
    """`tokenizer.json`, in the format of the `tokenizers` library."""
    vocab = {token: number for number, token in enumerate(vocabulary(cased=cased))}
    special = ("[PAD]", *_SPECIAL)
    single = [_template("[CLS]"), _sequence("A", 0), _template("[SEP]")]
    flags = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": True}
    document = {
        "version": "1.0",
        "truncation": None,
        "padding": None,
        "added_tokens": [{"id": vocab[token], "content": token, **flags} for token in special],
        "normalizer": {
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": not cased,
        },
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {
            "type": "TemplateProcessing",
            "single": single,
            "pair": [*single, _sequence("B", 1), _template("[SEP]", 1)],
            "special_tokens": {
                token: {"id": token, "ids": [vocab[token]], "tokens": [token]} for token in ("[CLS]", "[SEP]")
            },
        },
        "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": True},
        "model": {
            "type": "WordPiece",
            "unk_token": "[UNK]",
            "continuing_subword_prefix": "##",
            "max_input_chars_per_word": 100,
            "vocab": vocab,
        },
    }
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _template(token: str, type_id: int = 0) -> dict[str, Any]:
    return {"SpecialToken": {"id": token, "type_id": type_id}}


def _sequence(name: str, type_id: int) -> dict[str, Any]:
    return {"Sequence": {"id": name, "type_id": type_id}}
