"""Whether code of a card can be what it claims: read as Python, YAML, JSON or commands, with the names that it uses."""

from __future__ import annotations

import ast
import difflib
import json
import re
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from azureml_publish.content.packaging.transformers_facts import stated
from azureml_publish.documents import DUPLICATE_KEY, MALFORMED, parse_yaml
from azureml_publish.patterns import pattern


class Mistake(NamedTuple):
    """The line of the code (from 1), a sentence on it, and what to write where that is known."""

    line: int
    message: str
    hint: str = "Fix it here or just before, so that people can copy it; for no program, write text after the fence."


def mistake_in(language: str, text: str) -> Mistake | None:
    """The first mistake of code in a language that is known. Elisions, templates and differences are let pass."""
    look = _READERS.get(language)
    if (
        look is None
        or len(text) > _MOST_CODE
        or _NO_PROGRAM.search(text)
        or (">>> " not in text and _SHORTENED.search(text))
    ):
        return None
    return look(text)


_MOST_CODE = 20_000
_NO_PROGRAM = pattern(
    r"^[ \t>]*(?:In \[|Out\[|Traceback|\?|@@)|<[A-Za-z_][\w .-]*>|\u2026|\{\{|\{%|[\[({,] ?\.\.\."
    r" ?[\])},]",
    re.MULTILINE,
)
"""What differences, templates and shortened code hold."""
_SHORTENED = pattern(r"^[ \t]*\.\.\.", re.MULTILINE)
_PROMPT = pattern(r"^[ \t]*(?:>>>|\.\.\.) ?", re.MULTILINE)
_MAGIC = pattern(r"^[ \t]*[%!][^\n]*", re.MULTILINE)
_OTHER_CELL = pattern(r"^\s*%%(?!time|timeit|capture|prun)")


def _typed(text: str) -> str | None:
    """What was typed into Python, on its lines; None for a difference, a cell of another language, or a command."""
    if _OTHER.search(text) or _OTHER_CELL.match(text):
        return None
    if ">>> " in text:
        if _WITHOUT_PROMPT.search(text):
            return None
        lines = text.split("\n")
        text = "\n".join(_PROMPT.sub("", line) if _PROMPT.match(line) else "" for line in lines)
    return _MAGIC.sub("", text) if "%" in text or "!" in text else text


_OTHER = pattern(r"^(?:[-+] |[ \t]*\$ )", re.MULTILINE)
_WITHOUT_PROMPT = pattern(r"^[ \t]*>>>[^\n]*[(\[{,\\]\n(?![ \t]*(?:\.\.\.|>>>))", re.MULTILINE)
"""A line of a session that goes on in lines without a prompt."""


def _python(text: str) -> Mistake | None:
    typed = _typed(text)
    if typed is None:
        return None
    program = textwrap.dedent(typed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of escapes in strings, which work
        try:
            tree = ast.parse(program)
        except SyntaxError as error:
            line = min(error.lineno or 1, typed.count("\n") + 1)
            if _NEWER.search(typed.split("\n")[line - 1]):
                return None
            reason = error.msg.partition(" (")[0].rstrip(".?")
            return Mistake(line, f"This is not Python: {reason}." if _LASTING.match(reason) else "This is not Python.")
        except (ValueError, RecursionError, MemoryError):
            return None
    if outside := _RETURN.search(typed):
        line = typed.count("\n", 0, outside.start()) + 1
        return Mistake(line, "This is not Python: it returns outside of a function.")
    return min(_names(tree), default=None, key=lambda one: one.line)


_RETURN = pattern(r"^return\b", re.MULTILINE)
"""Parts of a function are let pass where they keep their indentation."""


_NEWER = pattern(
    r"\b(?:[ft]r?|r[ft])[\"']|^\s*type \w+ ?[=\[]|\b(?:def|class) \w+\[|\bexcept\*? \w[\w.]*, |^\s*lazy ", re.IGNORECASE
)
"""Syntax that Pythons after 3.11 have, and f-strings, in which they take more: lint is silent of it under each of them.

Source: https://docs.python.org/3/whatsnew/, "Other Language Changes" and "New Features" of 3.12 to 3.15.
"""
_LASTING = pattern(
    r"'.' was never closed|unmatched '|unterminated (?:string|triple)|(?:unexpected|expected an) indent|unindent does"
)
"""What every Python since 3.11 says in the same words, at the same place."""


_KNOWN: dict[str, tuple[str, ...]] = {
    "transformers": (
        *("pipeline", "Trainer", "TrainingArguments", "BitsAndBytesConfig", "GenerationConfig", "TextIteratorStreamer"),
        *("AutoTokenizer", "AutoProcessor", "AutoConfig", "AutoImageProcessor", "AutoFeatureExtractor", "AutoBackbone"),
        *("AutoModelForPreTraining", "AutoModelForMultipleChoice", "AutoModelForNextSentencePrediction"),
    ),
    "huggingface_hub": ("snapshot_download", "hf_hub_download", "InferenceClient"),
    "datasets": ("load_dataset", "load_from_disk", "DatasetDict"),
    "sentence_transformers": ("SentenceTransformer", "CrossEncoder"),
    "diffusers": ("DiffusionPipeline", "StableDiffusionPipeline", "StableDiffusionXLPipeline"),
    "peft": ("PeftModel", "PeftConfig", "LoraConfig", "get_peft_model"),
    "azure.ai.ml": ("MLClient",),
    "azure.identity": ("DefaultAzureCredential", "InteractiveBrowserCredential"),
}
"""Names that cards import from libraries."""
_MODULES = (
    *(
        "torch",
        "torchvision",
        "torchaudio",
        "numpy",
        "pandas",
        "requests",
        "mlflow",
        "tensorflow",
        "matplotlib",
        "sklearn",
    ),
    *("accelerate", "onnxruntime", "tokenizers", "evaluate", "safetensors", "librosa", "soundfile", "transformers"),
    *("huggingface_hub", "datasets", "sentence_transformers", "diffusers", "bitsandbytes", "openai", "llama_cpp"),
)
_METHODS = ("from_pretrained", "save_pretrained", "apply_chat_template", "batch_decode", "push_to_hub", "load_model")
_SINGULAR = {"transformer": "transformers", "dataset": "datasets", "diffuser": "diffusers", "request": "requests"}


def _names(tree: ast.AST) -> Iterator[Mistake]:
    """Modules, names and tasks of libraries that are almost known ones."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield from _module(node.lineno, alias.name, ())
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names = [alias.name for alias in node.names]
            yield from _module(node.lineno, node.module, names)
            known = _KNOWN.get(node.module, ())
            autos = tuple(stated()["models"]) if node.module == "transformers" else ()
            for name in names if known else ():
                meant = almost(name, (*known, *autos), 0.94 if name.startswith("Auto") else 0)
                if meant:
                    yield Mistake(node.lineno, f"{node.module} has no {name}.", f"Write {meant}.")
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if meant := almost(node.func.attr, _METHODS):
                yield Mistake(node.lineno, f"No class has a method {node.func.attr}.", f"Write {meant}.")
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pipeline" and node.args
        ):
            task = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            tasks = (*stated()["tasks"], *stated()["aliases"])
            if isinstance(task, str) and "-" in task and (meant := almost(task, tasks, 0.85)):
                yield Mistake(node.lineno, f"transformers has no task '{task}'.", f"Write {meant}.")


def _module(line: int, module: str, names: Iterable[str]) -> Iterator[Mistake]:
    root = module.partition(".")[0]
    meant = almost(root, _MODULES)
    if root in _SINGULAR:
        known = _KNOWN.get(_SINGULAR[root], ())
        meant = _SINGULAR[root] if any(name in known or name.startswith("Auto") for name in names) else None
    if meant:
        yield Mistake(line, f"There is no module {root}.", f"Write {meant}.")


def almost(name: str, known: Iterable[str], alike: float = 0) -> str | None:
    """The known name that one is by a slip of the hand: a letter lost, doubled or in the wrong place; or that alike."""
    names = tuple(known)
    if name in names or len(name) < _SHORTEST or len(name) > _LONGEST:
        return None
    close = next((one for one in names if mistyped(name, one)), None)
    near = difflib.get_close_matches(name, names, n=1, cutoff=alike) if alike and close is None else []
    return close or (near[0] if near else None)


_SHORTEST, _LONGEST = 4, 60


def mistyped(written: str, meant: str) -> bool:
    """Whether a letter is missing, stands twice or has changed places; another letter makes another name."""
    if len(written) == len(meant):
        return sorted(written) == sorted(meant) and sum(a != b for a, b in zip(written, meant, strict=True)) == 2
    short_one, long_one = sorted((written, meant), key=len)
    one_less = (long_one[:at] + long_one[at + 1 :] for at in range(len(long_one)))
    return len(long_one) == len(short_one) + 1 and short_one in one_less


def _yaml(text: str) -> Mistake | None:
    if text[:1].isspace() or re.search(r"^(?:---|\.\.\.)", text.lstrip("- \n"), re.MULTILINE):
        return None  # what is to be put below something else, or several documents
    kinds = (MALFORMED.code, DUPLICATE_KEY.code)
    wrong = next((one for one in parse_yaml(textwrap.dedent(text), "")[1] if one.code in kinds), None)
    if wrong is None:
        return None
    if wrong.code == DUPLICATE_KEY.code:
        alternatives = re.search(r"#.*\bor\b", text, re.IGNORECASE)
        return None if alternatives else Mistake(wrong.location.line, wrong.message, wrong.hint)
    reason = wrong.message.removeprefix("This is not YAML: ").rstrip(".?")
    return Mistake(wrong.location.line, f"This is not YAML: {reason}.")


def _json(text: str) -> Mistake | None:
    """A key that stands twice; whether it is JSON at all, SMPL001 says."""
    twice: list[str] = []

    def keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        twice.extend(key for key, _ in pairs if [one for one, _ in pairs].count(key) > 1) if len(found) < len(
            pairs
        ) else ()
        return found

    try:
        json.loads(text, object_pairs_hook=keys)
    except (ValueError, RecursionError):
        return None
    if not twice:
        return None
    places = [match.start() for match in re.finditer(rf'"{re.escape(twice[0])}"\s*:', text)]
    line = text.count("\n", 0, places[-1]) + 1 if places else 1
    return Mistake(line, f"The key '{twice[0][:60]}' stands twice.", "Keep one of the two: programs read the last.")


_JSON_SENT = pattern(r"(?:-d|--data(?:-raw|-binary)?)[ =]*'(\{[^']{1,5000}\})'")
_PINNED = pattern(
    r"^[^#\n]{0,200}\bpip3? install [^#\n]{0,300}?(?<![=<>!~\w.-])[A-Za-z][\w.-]*(?:\[[\w,]+\])?(=[0-9][\w.]*)",
    re.MULTILINE,
)
_HERE_TEXT = pattern(r"<<-?\s*['\"]?\w")
_DASH = pattern(r"(?:^|(?<=\s))[\u2013\u2014]-?[A-Za-z][\w-]*", re.MULTILINE)
_REDIRECTED = pattern(r"\bpip3? install\b[^\n#|;&]*?\s[A-Za-z][\w.-]*(?:\[[\w,-]+\])?[<>]=?\s?\d")
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


def _shell(text: str) -> Mistake | None:
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
        return Mistake(line, "This is not what pip reads: a version follows ==, not =.")
    found = _commands(text)
    bare = re.sub(r"\\[\s\S]", lambda one: "\n" * one[0].count("\n"), text)
    if found or _HERE_TEXT.search(bare):
        return found
    bare = _QUOTES_AND_NOTES.sub(lambda one: "\n" * one[0].count("\n"), bare)
    at = re.search(r"[\"']", bare)
    if at is not None:
        line = bare.count("\n", 0, at.start()) + 1
        return Mistake(line, f"This is not a command: nothing ends the quote {at[0]}.")
    return _blocks(bare)


def _session(text: str) -> Mistake | None:
    """Commands behind a `$ `, with what they go on with; the rest is what they print."""
    if re.search(r"^[ \t]*[%!] ", text, re.MULTILINE):
        return None
    lines, goes_on = [], False
    for line in text.split("\n"):
        begins = line.lstrip().startswith("$ ")
        lines.append(line.lstrip()[2:] if begins else line if goes_on else "")
        goes_on = (begins or goes_on) and line.rstrip().endswith("\\")
    return _commands("\n".join(lines))


def _console(text: str) -> Mistake | None:
    return _session(text) if re.search(r"^[ \t]*\$ ", text, re.MULTILINE) else None


def _commands(text: str) -> Mistake | None:
    """Slips in single commands: of letters, of dashes, of what a shell reads as a redirection."""
    bare = _QUOTES_AND_NOTES.sub(lambda one: "''" + "\n" * one[0].count("\n"), text)
    slips: tuple[tuple[re.Pattern[str], str, str], ...] = (
        (_DASH, "A dash of typography stands before an option.", "Write - or --."),
        (_REDIRECTED, "A shell reads > and < as names of files follow.", "Put the requirement between quotes."),
        (_BLANK_AFTER, "A blank follows the backslash, so that the command ends here.", "Take the blank out."),
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
        elif word and tool in _TOOLS and (meant := almost(word, _TOOLS[tool].split())):
            found.append(Mistake(line, f"{tool} has no command {word}.", f"Write {meant}."))
    return min(found, default=None, key=lambda one: one.line)


def _blocks(bare: str) -> Mistake | None:
    """An `if`, a loop or a `case` that nothing ends; a part of a script may end what it did not begin."""
    opened: list[tuple[str, int]] = []
    for match in _WORDS.finditer(bare):
        if match[1] in _ENDS:
            opened.append((match[1], bare.count("\n", 0, match.start(1)) + 1))
        elif opened:
            opened.pop()
    if not opened:
        return None
    word, line = opened[-1]
    return Mistake(line, f"Nothing ends this {word}.", f"Write {_ENDS[word]} after it.")


_QUOTES_AND_NOTES = pattern(r"\"[^\"]*\"|'[^']*'|(?:^|(?<=\s))#[^\n]*", re.MULTILINE)


_READERS: dict[str, Callable[[str], Mistake | None]] = {
    **dict.fromkeys(("python", "py", "python3", "pycon", "ipython"), _python),
    **dict.fromkeys(("yaml", "yml"), _yaml),
    **dict.fromkeys(("json", "jsonc"), _json),
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), _shell),
    **dict.fromkeys(("console", "shell-session", "shellsession", "terminal"), _console),
}
