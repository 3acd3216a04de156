"""Languages, by their codes and English names."""

from __future__ import annotations

import difflib
import re

from azureml_publish.patterns import pattern

NAMES = {
    "af": "afrikaans", "ar": "arabic", "bg": "bulgarian", "bn": "bengali", "ca": "catalan", "cs": "czech",
    "da": "danish", "de": "german", "el": "greek", "en": "english", "es": "spanish", "et": "estonian",
    "eu": "basque", "fa": "persian", "fi": "finnish", "fr": "french", "gl": "galician", "gu": "gujarati",
    "he": "hebrew", "hi": "hindi", "hr": "croatian", "hu": "hungarian", "hy": "armenian", "id": "indonesian",
    "is": "icelandic", "it": "italian", "ja": "japanese", "ka": "georgian", "kk": "kazakh", "kn": "kannada",
    "ko": "korean", "lt": "lithuanian", "lv": "latvian", "mk": "macedonian", "ml": "malayalam", "mr": "marathi",
    "ms": "malay", "nb": "norwegian", "nl": "dutch", "pa": "punjabi", "pl": "polish", "pt": "portuguese",
    "ro": "romanian", "ru": "russian", "sk": "slovak", "sl": "slovenian", "sq": "albanian", "sr": "serbian",
    "sv": "swedish", "sw": "swahili", "ta": "tamil", "te": "telugu", "th": "thai", "tl": "tagalog",
    "tr": "turkish", "uk": "ukrainian", "ur": "urdu", "uz": "uzbek", "vi": "vietnamese", "zh": "chinese",
}  # fmt: skip
"""ISO 639-1 codes and English names."""

_CODES = {name: code for code, name in NAMES.items()} | {"mandarin": "zh", "farsi": "fa", "castilian": "es"}
_SAME = {"no": "nb", "nn": "nb", "iw": "he", "in": "id", "jw": "jv", "fil": "tl"}
_SEPARATORS = pattern(r"\s*(?:,|;|/|&|\band\b|\+)\s*", re.IGNORECASE)


def plain(code: str) -> str:
    """A language code for comparison: without script and region, and with one of two equivalent codes."""
    base = code.strip().lower().replace("_", "-").partition("-")[0]
    return _SAME.get(base, base)


def code_of(word: str) -> str:
    """The code for a code or an English name; empty where it is unknown."""
    bare = (re.sub(r"\s*\(.*?\)", "", word) if "(" in word else word).strip(" .*`_\"'").lower()
    if bare in _CODES:
        return _CODES[bare]
    if len(bare) > 3 and bare.isalpha():  # an ordinary word
        return ""
    return plain(bare) if plain(bare) in NAMES and re.fullmatch(r"[a-z]{2,3}(?:[-_]\w+)?", bare) else ""


def meant_language(word: str) -> str:
    """The code that a word probably means: a code, a name, a misspelt name or a longer tag; empty otherwise."""
    close = difflib.get_close_matches(word.strip().lower(), _CODES, n=1, cutoff=0.8)
    if found := code_of(word) or (_CODES[close[0]] if close else ""):
        return found
    import langcodes  # noqa: PLC0415 - slow to begin with

    try:
        return plain(langcodes.standardize_tag(word)) if langcodes.tag_is_valid(word) else ""
    except ValueError:  # not a tag
        return ""


def languages_in(text: str) -> frozenset[str]:
    """The languages in a list; none where any of its words is not a known language."""
    words = [word for word in _SEPARATORS.split(text.strip()) if word.strip(" .")]
    codes = [code_of(word) for word in words]
    return frozenset(codes) if codes and all(codes) else frozenset()


def is_language(code: str) -> bool:
    """Whether a code is a BCP 47 tag, such as `en`, `pt-BR` or `zh-Hans`."""
    if code.lower() in NAMES:
        return True
    import langcodes  # noqa: PLC0415 - slow to begin with, and most codes are known without it

    try:
        return langcodes.tag_is_valid(code)
    except ValueError:  # not a tag
        return False


_FREQUENT = {
    "en": "the of and is to in that it are was not with",
    "de": "der die das und ist nicht ein eine zu mit den von",
    "fr": "le la les est et des une dans pour que pas du",
    "es": "el los las es una por con del que no y muy",
    "it": "il \u00e8 di che gli della per una con sono del non",
    "pt": "o os uma n\u00e3o \u00e9 do da para com que as em",
    "nl": "de het een van en is niet dat zijn te op met",
}
"""Words in almost every text of a language."""

DISTINGUISHED = frozenset(_FREQUENT)
"""The languages that `language_of` can tell apart."""


def language_of(text: str) -> str:
    """The language of a text, by its most frequent words; empty where they do not decide."""
    words = re.findall(r"\w+", text.lower())
    counts = {code: sum(word in own.split() for word in words) for code, own in _FREQUENT.items()}
    first, second = sorted(counts, key=lambda code: -counts[code])[:2]
    return first if counts[first] > _FEWEST and counts[first] >= 2 * counts[second] else ""


_FEWEST = 2
