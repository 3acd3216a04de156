"""Licences, by the names that specs and cards give them and by their texts."""

from __future__ import annotations

import re

from azureml_publish.patterns import pattern

KNOWN = frozenset(
    (
        "0bsd", "aal", "afl-1.1", "afl-2.0", "afl-2.1", "afl-3.0", "agpl-1.0", "agpl-3.0", "agpl-3.0-only",
        "agpl-3.0-or-later", "apache-1.1", "apache-2.0", "apple-amlr", "apple-ascl", "artistic-1.0",
        "artistic-2.0", "bigcode-openrail-m", "bigscience-bloom-rail-1.0", "bigscience-openrail-m",
        "blueoak-1.0.0", "bsd", "bsd-1-clause", "bsd-2-clause", "bsd-2-clause-patent", "bsd-3-clause",
        "bsd-3-clause-clear", "bsd-3-clause-lbnl", "bsd-4-clause", "bsl-1.0", "busl-1.1", "c-uda", "cc",
        "cc-by-1.0", "cc-by-2.0", "cc-by-2.5", "cc-by-3.0", "cc-by-4.0", "cc-by-nc-2.0", "cc-by-nc-3.0",
        "cc-by-nc-4.0", "cc-by-nc-nd-3.0", "cc-by-nc-nd-4.0", "cc-by-nc-sa-2.0", "cc-by-nc-sa-3.0",
        "cc-by-nc-sa-4.0", "cc-by-nd-4.0", "cc-by-sa-3.0", "cc-by-sa-4.0", "cc0-1.0", "cddl-1.0",
        "cdla-permissive-1.0", "cdla-permissive-2.0", "cdla-sharing-1.0", "cecill-2.1", "cpl-1.0",
        "creativeml-openrail++-m", "creativeml-openrail-m", "custom", "deepfloyd-if-license", "ecl-2.0", "epl-1.0",
        "epl-2.0", "etalab-2.0", "eupl-1.1", "eupl-1.2", "fair-noncommercial-research-license", "gemma", "gfdl",
        "gfdl-1.3", "gnu agpl v3.0", "gpl", "gpl-2.0", "gpl-2.0-only", "gpl-2.0-or-later", "gpl-3.0",
        "gpl-3.0-only", "gpl-3.0-or-later", "grok2-community", "h-research", "intel-research", "isc", "lgpl",
        "lgpl-2.1", "lgpl-2.1-only", "lgpl-2.1-or-later", "lgpl-3.0", "lgpl-3.0-only", "lgpl-3.0-or-later",
        "lgpl-lr", "llama 3.1 community licensed", "llama2", "llama3", "llama3.1", "llama3.2", "llama3.3",
        "llama4", "mit", "mit-0", "mit-modern-variant", "mpl-1.1", "mpl-2.0", "ms-pl", "ms-rl", "msrla",
        "mulanpsl-2.0", "ncsa", "odbl-1.0", "odc-by", "odc-by-1.0", "ofl-1.1", "open-mdw", "openmdw-1.0",
        "openrail", "openrail++", "osl-3.0", "other", "pddl", "pddl-1.0", "php-3.01", "postgresql", "proprietary",
        "psf-2.0", "python-2.0", "ruby", "unicode-dfs-2016", "unknown", "unlicense", "upl-1.0", "vim", "w3c",
        "wtfpl", "x11", "zlib", "zpl-2.1",
    )
)  # fmt: skip
"""Lower-case identifiers: those of the Hub (https://huggingface.co/docs/hub/repositories-licenses), those of SPDX that
models use (https://spdx.org/licenses/), those that Azure's catalogue adds, and `proprietary`."""

OPEN_ENDED = frozenset(("custom", "other", "proprietary", "unknown", "msrla"))
"""Identifiers that do not say which text applies."""

_V = r"[\s,_-]*(?:v(?:ersion)?\.?)?[\s_-]*"
"""What may be between a name and its version."""

_GNU = r"general public licen[cs]e,?\s*(?:version|v) ?"
_FORMS: dict[str, tuple[str, ...]] = {
    "apache-2.0": (
        rf"apache(?:[\s_-]+software)?(?:[\s_-]+licen[cs]e)?{_V}2(?:\.0)?\b",
        r"apache\.org/licenses/license-2\.0",
    ),
    "mit": (
        r"(?<![\w-])mit(?=\s*(?:$|[\s)\].,;*_\"'`<|]))",
        r"opensource\.org/licenses?/mit\b",
        r"\bmit[\s-]licen[cs]ed?\b",
    ),
    "bsd-3-clause": (r"bsd[\s-]*3(?:[\s-]*clause)?", "3-clause bsd", "new bsd licen[cs]e"),
    "bsd-2-clause": (r"bsd[\s-]*2(?:[\s-]*clause)?", "2-clause bsd", "simplified bsd"),
    "cc-by-nc-nd-4.0": (
        r"cc[\s-]by[\s-]nc[\s-]nd(?:[\s-]4(?:\.0)?)?",
        "noncommercial-noderivatives 4",
        "licenses/by-nc-nd/4",
    ),
    "cc-by-nc-sa-4.0": (
        r"cc[\s-]by[\s-]nc[\s-]sa(?:[\s-]4(?:\.0)?)?",
        "noncommercial-sharealike 4",
        "licenses/by-nc-sa/4",
    ),
    "cc-by-nc-4.0": (r"cc[\s-]by[\s-]nc(?![\s-](?:nd|sa))(?:[\s-]4(?:\.0)?)?", "noncommercial 4", "licenses/by-nc/4"),
    "cc-by-sa-4.0": (r"cc[\s-]by[\s-]sa[\s-]4(?:\.0)?", "attribution-sharealike 4", "licenses/by-sa/4"),
    "cc-by-sa-3.0": (r"cc[\s-]by[\s-]sa[\s-]3(?:\.0)?", "attribution-sharealike 3", "licenses/by-sa/3"),
    "cc-by-4.0": (r"cc[\s-]by[\s-]4(?:\.0)?", r"attribution 4\.0 international", "licenses/by/4"),
    "cc0-1.0": (r"cc0(?:[\s-]1(?:\.0)?)?", "publicdomain/zero/1"),
    "agpl-3.0": (rf"\bagpl{_V}3(?:\.0)?", "gnu affero general public licen[cs]e"),
    "lgpl-3.0": (rf"\blgpl{_V}3(?:\.0)?", f"gnu lesser {_GNU}3"),
    "gpl-3.0": (rf"(?<![al])gpl{_V}3(?:\.0)?", f"gnu {_GNU}3"),
    "gpl-2.0": (rf"(?<![al])gpl{_V}2(?:\.0)?", f"gnu {_GNU}2"),
    "mpl-2.0": (rf"\bmpl{_V}2(?:\.0)?", rf"mozilla public licen[cs]e(?:{_V}2(?:\.0)?)?"),
    **{
        f"llama{version}": (
            rf"llama[\s-]?{re.escape(version)}[\s-](?:community[\s-])?licen[cs]ed?",
            rf"^llama[\s-]?{re.escape(version)}$",
        )
        for version in ("2", "3", "3.1", "3.2", "3.3", "4")
    },
    "qwen": (r"qwen[\s-](?:research |community )?licen[cs]e", "tongyi qianwen"),
    "nvidia-open-model-license": ("nvidia open model licen[cs]e",),
    "falcon-llm-license": (r"falcon[\s-](?:llm[\s-]|180b[\s-]tii[\s-])?licen[cs]e",),
    "stabilityai-ai-community": ("stability ai (?:non-?commercial research )?community licen[cs]e",),
    "mrl": ("mistral (?:ai )?(?:research|non-production) licen[cs]e",),
    "gemma": ("gemma (?:terms of use|licen[cs]e)", "^gemma$"),
    "creativeml-openrail++-m": (r"creativeml[\s-]open[\s-]?rail\s*\+\+[\s-]?m",),
    "creativeml-openrail-m": (r"creativeml[\s-]open[\s-]?rail[\s-]?m",),
    "bigscience-bloom-rail-1.0": (r"bigscience[\s-](?:bloom[\s-])?rail(?:[\s-]licen[cs]e)?(?:[\s-]v?1\.0)?",),
    "bigcode-openrail-m": (r"bigcode[\s-]open[\s-]?rail[\s-]?m",),
    "unlicense": (r"\bunlicense\b",),
    "wtfpl": (r"\bwtfpl\b",),
    "isc": (r"\bisc licen[cs]e\b", "^isc$"),
    "zlib": (r"\bzlib licen[cs]e\b", "^zlib$"),
}
_COMPILED = {name: pattern("|".join(forms), re.IGNORECASE | re.MULTILINE) for name, forms in _FORMS.items()}
_SAME = {"llama 3.1 community licensed": "llama3.1", "gnu agpl v3.0": "agpl-3.0", "mit-modern-variant": "mit"}
_FULL_TEXTS: tuple[tuple[str, str], ...] = (
    ("mit", "permission is hereby granted, free of charge, to any person obtaining a copy"),
    ("apache-2.0", "apache license version 2.0"),
    ("agpl-3.0", "gnu affero general public license"),
    ("gpl-3.0", "gnu general public license version 3"),
    ("gpl-2.0", "gnu general public license version 2"),
    ("mpl-2.0", "mozilla public license version 2.0"),
    ("cc-by-nc-4.0", "attribution-noncommercial 4.0 international"),
    ("cc-by-nc-sa-4.0", "attribution-noncommercial-sharealike 4.0 international"),
    ("cc-by-sa-4.0", "attribution-sharealike 4.0 international"),
    ("cc-by-4.0", "attribution 4.0 international"),
    ("cc-by-nc-nd-4.0", "attribution-noncommercial-noderivatives 4.0 international"),
    ("lgpl-3.0", "gnu lesser general public license version 3"),
    ("bsd-3-clause", "bsd 3-clause license"),
    ("bsd-2-clause", "bsd 2-clause license"),
    ("isc", "isc license"),
    ("unlicense", "this is free and unencumbered software released into the public domain"),
    ("cc0-1.0", "cc0 1.0 universal"),
    ("llama2", "llama 2 community license agreement"),
    ("llama3", "meta llama 3 community license agreement"),
    ("llama3.1", "llama 3.1 community license agreement"),
    ("llama3.2", "llama 3.2 community license agreement"),
    ("llama3.3", "llama 3.3 community license agreement"),
    ("gemma", "gemma terms of use"),
)
_BEGINNING = 1500
"""The first characters of a licence text say which one it is; later ones may mention others."""


def canonical(identifier: str) -> str:
    """An identifier for comparison: in lower case, without SPDX's suffixes for later versions."""
    plain = identifier.strip().lower()
    plain = re.sub(r"-(?:only|or-later)$", "", plain)
    return _SAME.get(plain, plain)


def licences_in(text: str) -> frozenset[str]:
    """The identifiers of all known licences that a text names."""
    plain = text.strip().strip("*_`\"'.").strip()
    if canonical(plain) in KNOWN:
        return frozenset((canonical(plain),))
    return frozenset(name for name, form in _COMPILED.items() if form.search(text))


def licence_of_text(text: str) -> str:
    """The identifier for a complete licence text; empty where it is unknown."""
    plain = re.sub(r"[^a-z0-9.,-]+", " ", text[: _BEGINNING * 2].lower())[:_BEGINNING]
    found = [name for name, words in _FULL_TEXTS if words in plain]
    return found[0] if len(found) == 1 else ""


_PAGE = pattern(
    r"https?://(?:www\.)?(?:spdx\.org/licenses|opensource\.org/licenses?|choosealicense\.com/licenses|gnu\.org/licenses"
    r"|(?:old\.)?opensource\.org/licenses)/(?P<id>[\w.+-]+?)(?:-license)?(?:\.(?:html|txt|php|en|json))*/?(?:#.*)?",
    re.IGNORECASE,
)
_PAGES = (
    (pattern(r"https?://(?:www\.)?apache\.org/licenses/LICENSE-2\.0(?:\.\w+)?/?", re.IGNORECASE), "apache-2.0"),
    (pattern(r"https?://(?:www\.)?mit-license\.org/?", re.IGNORECASE), "mit"),
)
_CREATIVE = pattern(
    r"https?://creativecommons\.org/licenses/(?P<kind>by[a-z-]*)/(?P<version>\d\.\d)\b.*", re.IGNORECASE
)


def licence_of_page(url: str) -> str:
    """The identifier for the page of a licence; empty for other pages."""
    if match := _CREATIVE.fullmatch(url):
        found = f"cc-{match['kind']}-{match['version']}".lower()
    elif match := _PAGE.fullmatch(url):
        found = canonical(match["id"])
    else:
        found = next((name for form, name in _PAGES if form.fullmatch(url)), "")
    return found if found in KNOWN else ""


def may_be_one(one: str, other: str) -> bool:
    """Whether two identifiers may mean one licence: `bsd` may be any BSD licence, `gpl` any GPL."""
    if {one, other} == {"openrail++", "creativeml-openrail++-m"}:  # the Hub has both
        return True
    return one == other or one.startswith(f"{other}-") or other.startswith(f"{one}-")
