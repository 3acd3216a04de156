"""Whether shell commands in a card can be run as they are written."""

from __future__ import annotations

import json
import re

from azureml_publish.lint.cards.typing_errors import Mistake, almost
from azureml_publish.patterns import pattern

_JSON_SENT = pattern(r"(?:-d|--data(?:-raw|-binary)?)[ =]*'(\{[^']{1,5000}\})'")
_PINNED = pattern(
    r"^[^#\n]{0,200}\bpip3? install [^#\n]{0,300}?(?<![=<>!~\w.-])[A-Za-z][\w.-]*(?:\[[\w,]+\])?(=[<>]?[0-9][\w.]*)",
    re.MULTILINE,
)
_HERE_TEXT = pattern(r"<<-?\s*['\"]?\w")
_DASH = pattern(r"(?:^|(?<=\s))[\u2013\u2014]-?[A-Za-z][\w-]*", re.MULTILINE)
_REDIRECTED = pattern(r"\bpip3? install\b[^\n#|;&]*?\s[A-Za-z][\w.-]*(?:\[[\w,-]+\])?[<>]=?\s?\d")
_ASSIGNED = pattern(r"^[ \t]*(?:export[ \t]+[A-Za-z_]\w*|[A-Z][A-Z0-9_]{2,})[ \t]+=[ \t]*\S", re.MULTILINE)
_CUT = pattern(r"(?:&&|\|\||\||\\)\s*\Z")
_GAP = pattern(r"(?<!\\)\\\n[ \t]*\n(?=[ \t]+\S)")
_BLANK_AFTER = pattern(r"(?<![\\\s])[ \t]*\\[ \t]+\n(?=[ \t]*\S)")
_WORDS = pattern(
    r"(?:^|[;&|(]|\b(?:then|do|else)\b)[ \t]*(if|for|while|until|case|fi|done|esac)\b(?![=-])", re.MULTILINE
)
_ENDS = {"if": "fi", "for": "done", "while": "done", "until": "done", "case": "esac"}
_TOOLS = {
    "pip": "install uninstall download list show freeze check config search cache index wheel hash debug inspect",
    "conda": "create install activate deactivate env list update remove info run init config search clean",
    "docker": "run pull build push compose exec ps images login tag stop start rm rmi logs volume network image",
    "git": "clone pull push fetch checkout commit add status lfs config submodule init branch merge rebase switch log",
    "huggingface-cli": "login logout download upload whoami repo scan-cache delete-cache env tag version",
    "mlflow": "models run server ui experiments artifacts deployments doctor gc runs db",
}
_TOOLS["pip3"] = _TOOLS["pip"]
_COMMAND = pattern(
    r"^[ \t]*(?:sudo +|(?:[A-Z_]+=\S+ +)+)?(?:python3? +-m +)?(?P<tool>[a-z][\w-]{2,16})(?:"
    r" +(?P<word>[a-z][a-z-]{2,20}))?(?=\s|$)",
    re.MULTILINE,
)
_COMMANDS = ("python", "python3", "docker", "conda", "huggingface-cli", "mlflow")


def in_commands(text: str) -> Mistake | None:
    """The first mistake in commands, or in a session that shows them after prompts."""
    if re.search(r"^[ \t]*[$%!] ", text, re.MULTILINE):
        return _session(text)
    for match in _JSON_SENT.finditer(text):
        try:
            json.loads(match[1])
        except (ValueError, RecursionError) as error:
            line = text.count("\n", 0, match.start(1)) + getattr(error, "lineno", 1)
            reason = getattr(error, "msg", "it is nested too deeply").rstrip(".?")
            return Mistake(line, f"This is not JSON that a server reads: {reason}.")
    if pinned := _PINNED.search(text):
        line = text.count("\n", 0, pinned.start(1)) + 1
        written = pinned[1].rstrip("0123456789._abcdefghijklmnopqrstuvwxyz") or "="
        return Mistake(line, f"pip does not read this: a version follows == or >=, not {written}.")
    found = _commands(text)
    bare = re.sub(r"\\[\s\S]", lambda one: "\n" * one[0].count("\n"), text)
    if found or _HERE_TEXT.search(bare):
        return found
    bare = _QUOTES_AND_NOTES.sub(lambda one: "\n" * one[0].count("\n"), bare)
    at = re.search(r"[\"']", bare)
    if at is not None:
        line = bare.count("\n", 0, at.start()) + 1
        return Mistake(line, f"This is not a command: the quote {at[0]} is not closed.")
    return _blocks(bare)


def _session(text: str) -> Mistake | None:
    """The commands after `$ ` prompts, with their continuation lines; the rest is output."""
    if re.search(r"^[ \t]*[%!] ", text, re.MULTILINE):
        return None
    lines, goes_on = [], False
    for line in text.split("\n"):
        begins = line.lstrip().startswith("$ ")
        lines.append(line.lstrip()[2:] if begins else line if goes_on else "")
        goes_on = (begins or goes_on) and line.rstrip().endswith("\\")
    return _commands("\n".join(lines))


def in_session(text: str) -> Mistake | None:
    """The first mistake in what was typed after a `$ `; text without prompts may be anything."""
    return _session(text) if re.search(r"^[ \t]*\$ ", text, re.MULTILINE) else None


def _commands(text: str) -> Mistake | None:
    """Mistakes in single commands: misspellings, typographic dashes, unintended redirections."""
    bare = _QUOTES_AND_NOTES.sub(lambda one: "''" + "\n" * one[0].count("\n"), text)
    slips: tuple[tuple[re.Pattern[str], str, str], ...] = (
        (_DASH, "The dash before an option is a typographic one.", "Write - or --."),
        (_REDIRECTED, "A shell takes > and < for redirections to files.", "Put the requirement between quotes."),
        (_ASSIGNED, "With a space before =, a shell takes the name for a command.", "Take the spaces around = out."),
        (_CUT, "The command continues, and nothing follows.", "Write the rest of it, or take the sign out."),
        (_GAP, "An empty line ends the command, which was to continue.", "Take the empty line out."),
        (_BLANK_AFTER, "A space follows the backslash, so the command ends here.", "Take the space out."),
    )
    found = [
        Mistake(
            bare.count("\n", 0, match.end() - len(match[0].lstrip()) + match[0].strip().count("\n")) + 1, message, hint
        )
        for form, message, hint in slips
        if (match := form.search(bare))
    ]
    for match in _COMMAND.finditer(bare):
        tool, word, line = match["tool"], match["word"], bare.count("\n", 0, match.start()) + 1
        line += match[0].count("\n")
        if meant := almost(tool, _COMMANDS):
            found.append(Mistake(line, f"There is no command {tool}.", f"Write {meant}."))
        elif (wrong := _packages(bare, match)) is not None:
            found.append(Mistake(line, f"There is no package {wrong[0]} to install.", f"Write {wrong[1]}."))
        elif word and tool in _TOOLS and (meant := almost(word, _TOOLS[tool].split())):
            found.append(Mistake(line, f"{tool} has no command {word}.", f"Write {meant}."))
    return min(found, default=None, key=lambda one: one.line)


_NOT_NAMES = {
    "sklearn": "scikit-learn",
    "PIL": "pillow",
    "cv2": "opencv-python",
    "pytorch": "torch",
    "skimage": "scikit-image",
    "llama_cpp": "llama-cpp-python",
    "azure.ai.ml": "azure-ai-ml",
    "transformer": "transformers",
}
"""Modules or everyday names of libraries, and the packages to install instead."""
_PACKAGES = (
    *("transformers", "accelerate", "torchvision", "torchaudio", "datasets", "diffusers", "safetensors"),
    *("sentencepiece", "huggingface_hub", "huggingface-hub", "sentence-transformers", "bitsandbytes", "optimum"),
    *("onnxruntime", "mlflow", "tokenizers", "scikit-learn", "tensorflow", "azure-ai-ml", "azure-identity"),
    *("numpy", "pandas", "requests", "pillow"),
)


def _packages(bare: str, match: re.Match[str]) -> tuple[str, str] | None:
    """A misspelt package after `pip install`."""
    if match["tool"] not in ("pip", "pip3") or match["word"] != "install":
        return None
    end = bare.find("\n", match.end())
    for word in bare[match.end() : end if end >= 0 else len(bare)].split():
        if word in ("|", "&&", ";", "-r", "-e", "-f", "--index-url", "--extra-index-url"):
            return None
        name = re.split(r"[\[<>=!~;]", word)[0]
        if meant := _NOT_NAMES.get(name) or almost(name, _PACKAGES):
            return name, meant
    return None


def _blocks(bare: str) -> Mistake | None:
    """An `if`, a loop or a `case` without its end. An extract may well end what it does not begin."""
    opened: list[tuple[str, int]] = []
    for match in _WORDS.finditer(bare):
        if match[1] in _ENDS:
            opened.append((match[1], bare.count("\n", 0, match.start(1)) + 1))
        elif opened:
            opened.pop()
    if not opened:
        return None
    word, line = opened[-1]
    return Mistake(line, f"This {word} has no end.", f"Write {_ENDS[word]} after it.")


_QUOTES_AND_NOTES = pattern(r"\"[^\"]*\"|'[^']*'|(?:^|(?<=\s))#[^\n]*", re.MULTILINE)
