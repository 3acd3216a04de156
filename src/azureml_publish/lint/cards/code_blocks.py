"""Whether code in a card is what its fence says: Python, YAML, JSON or commands, and the names that it uses."""

from __future__ import annotations

import ast
import builtins
import difflib
import json
import re
import textwrap
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from azureml_publish.content.packaging.transformers_facts import stated
from azureml_publish.documents import DUPLICATE_KEY, MALFORMED, parse_yaml
from azureml_publish.lint.cards.commands import in_commands, in_session
from azureml_publish.lint.cards.typing_errors import Mistake, almost, mistyped
from azureml_publish.patterns import pattern


def mistake_in(language: str, text: str, whole: str) -> Mistake | None:
    """The first mistake in code of a known language. `whole`: all code of the card, which may import further names.

    Omissions (`...`), templates and diffs are not judged.
    """
    look = _READERS.get(language)
    if look is _python and (empty := _IMPORTS_NOTHING.search(text)):
        line = text.count("\n", 0, empty.start()) + 1
        return Mistake(line, "This is not Python: three dots are no name to import.", "Write what it imports.")
    if (
        look is None
        and language.isalpha()
        and (meant := almost(language, _LANGUAGES))
        and language not in _OTHER_LANGUAGES
    ):
        return Mistake(0, f"There is no language {language}.", f"Write {meant} after the fence.")
    if (
        look is None
        or len(text) > _MOST_CODE
        or _NO_PROGRAM.search(text)
        or (">>> " not in text and _SHORTENED.search(text))
    ):
        return None
    return _python(text, whole) if look is _python else look(text)


_IMPORTS_NOTHING = pattern(r"^[ \t]*(?:from [\w.]+ )?import \.\.\.[ \t]*$", re.MULTILINE)
"""What templates of cards leave to be written."""
_LANGUAGES = (
    *("python", "bash", "shell", "json", "yaml", "console", "bibtex", "javascript", "typescript"),
    *("powershell", "text"),
)
_OTHER_LANGUAGES = frozenset(("jsonc", "jsonl", "python3", "jsons", "bibtex", "tex", "latex", "bib"))
_MOST_CODE = 20_000
_NO_PROGRAM = pattern(
    r"^[ \t>]*(?:In \[|Out\[|Traceback|\?|@@|[-=]{1,2}> |[\u2192\u21d2] |(?:Output|Result)s?: )"
    r"|<[A-Za-z_][\w .-]*>|\u2026|\{\{|\{%|[\[({,] ?\.\.\."
    r" ?[\])},]|^[ \t]*\|[ \t]*$",
    re.MULTILINE,
)
"""Text in fences that is no program: diffs, templates, shortened code, sessions, and code with its results below it."""
_SHORTENED = pattern(r"^[ \t]*\.\.\.", re.MULTILINE)
_PROMPT = pattern(r"^[ \t]*(?:>>>|\.\.\.) ?", re.MULTILINE)
_MAGIC = pattern(r"^[ \t]*[%!][^\n]*", re.MULTILINE)
_OTHER_CELL = pattern(r"^\s*%%(?!time|timeit|capture|prun)")


def _typed(text: str) -> str | None:
    """What was typed into Python, each line on its own line number; None for a diff, another language or commands."""
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
"""A line that begins a session without prompts on its further lines."""


def _python(text: str, whole: str = "") -> Mistake | None:
    typed = _typed(text)
    if typed is None:
        return None
    program = textwrap.dedent(typed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # invalid escapes in strings, which only warn
        try:
            tree = ast.parse(program)
        except SyntaxError as error:
            return _unreadable(error, typed)
        except (ValueError, RecursionError, MemoryError):
            return None
    if misplaced := _misplaced(typed, program):
        return misplaced
    begins = "import" in typed or "pipeline(" in typed or ".from_pretrained(" in typed
    found = (*_names(tree), *_unimported(tree, whole), *_never_made(tree, whole)) if begins else _names(tree)
    return min(found, default=None, key=lambda one: one.line)


_COMMAND = pattern(
    r"[ \t]*(?:pip3? (?:un)?install |git (?:clone|lfs) |conda (?:install|create|activate) |apt(?:-get)? install "
    r"|python3? (?:-m |[\w/.-]+\.py\b)|cd [\w./~-]+$|export \w+=|wget |curl |huggingface-cli )"
)
"""The beginning of a line that a shell reads."""


def _unreadable(error: SyntaxError, typed: str) -> Mistake | None:
    """The mistake for which Python reads nothing; None for what newer ones read."""
    line = min(error.lineno or 1, typed.count("\n") + 1)
    shown = typed.split("\n")[line - 1]
    if _NEWER.search(shown):
        return None
    if _COMMAND.match(shown):
        return Mistake(line, "This is a command, and not Python.", "Write bash after the fence of commands.")
    reason = error.msg.partition(" (")[0].rstrip(".?")
    return Mistake(line, f"This is not Python: {reason}." if _LASTING.match(reason) else "This is not Python.")


def _misplaced(typed: str, program: str) -> Mistake | None:
    """A program that begins in a further column, or that returns outside of a function."""
    if program != typed and (begun := _INDENTED.match(typed)):
        line = typed.count("\n", 0, begun.start("import")) + 1
        hint = "Begin its lines in the first column."
        return Mistake(line, "All lines of this code are indented, so that Python refuses it as a program.", hint)
    if outside := _RETURN.search(typed):
        line = typed.count("\n", 0, outside.start()) + 1
        return Mistake(line, "This is not Python: it returns outside of a function.")
    return None


_INDENTED = pattern(r"(?:[ \t]*(?:#[^\n]*)?\n)*(?P<import>[ \t]{2,}(?:import \w|from [\w.]+ import ))")
"""A program, by its imports; not a part of one, which keeps its indentation."""
_RETURN = pattern(r"^return\b", re.MULTILINE)
"""A `return` in an indented part of a function is not judged."""


_NEWER = pattern(
    r"\b(?:[ft]r?|r[ft])[\"']|^\s*type \w+ ?[=\[]|\b(?:def|class) \w+\[|\bexcept\*? \w[\w.]*, |^\s*lazy ", re.IGNORECASE
)
"""Syntax newer than Python 3.11, and f-strings, which later versions parse more generously: not judged, so that
findings do not depend on the Python that runs the linter.

Source: https://docs.python.org/3/whatsnew/, "Other Language Changes" and "New Features" of 3.12 to 3.15.
"""
_LASTING = pattern(
    r"'.' was never closed|unmatched '|unterminated (?:string|triple)|(?:unexpected|expected an) indent|unindent does"
)
"""Messages that every Python since 3.11 gives in the same words, at the same place."""


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
    *("torch", "torchvision", "torchaudio", "numpy", "pandas", "requests", "mlflow", "tensorflow", "matplotlib"),
    *("sklearn", "accelerate", "onnxruntime", "tokenizers", "evaluate", "safetensors", "librosa", "soundfile"),
    *("transformers", "huggingface_hub", "datasets", "sentence_transformers", "diffusers", "bitsandbytes"),
    *("openai", "llama_cpp"),
)
_BELOW = {
    "sklearn": (
        *("cluster", "compose", "datasets", "decomposition", "discriminant_analysis", "dummy", "ensemble"),
        *(
            "inspection",
            "feature_extraction",
            "feature_selection",
            "impute",
            "linear_model",
            "manifold",
            "metrics",
            "mixture",
        ),
        *("model_selection", "multioutput", "naive_bayes", "neighbors", "neural_network", "pipeline", "preprocessing"),
        *("tree", "utils"),
    ),
    "mlflow": ("catboost", "lightgbm", "onnx", "pyfunc", "pytorch", "sklearn", "spacy", "transformers", "xgboost"),
    "torch": ("functional", "hub", "nn", "optim", "utils"),
}
"""Modules of libraries (https://scikit-learn.org/stable/api, https://mlflow.org/docs/latest, https://pytorch.org)."""
_METHODS = ("from_pretrained", "save_pretrained", "apply_chat_template", "batch_decode", "push_to_hub", "load_model")
_SINGULAR = {"transformer": "transformers", "dataset": "datasets", "diffuser": "diffusers", "request": "requests"}


def _names(tree: ast.AST) -> Iterator[Mistake]:
    """Misspelt modules, names and tasks of libraries."""
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
            yield from _arguments(node, _ARGUMENTS.get(node.func.attr, ()))
        elif (
            isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "pipeline" and node.args
        ):
            task = node.args[0].value if isinstance(node.args[0], ast.Constant) else None
            yield from _arguments(node, _ARGUMENTS["pipeline"])
            tasks = (*stated()["tasks"], *stated()["aliases"])
            if isinstance(task, str) and "-" in task and (meant := almost(task, tasks, 0.85)):
                yield Mistake(node.lineno, f"transformers has no task '{task}'.", f"Write {meant}.")


_LIBRARY = frozenset(
    (
        *("torch", "np", "pd", "plt", "requests", "AutoTokenizer", "AutoProcessor", "AutoConfig", "AutoImageProcessor"),
        *("load_dataset", "pipeline", "snapshot_download", "hf_hub_download", "SentenceTransformer", "PeftModel"),
    )
)


def _unimported(tree: ast.Module, whole: str) -> Iterator[Mistake]:
    """Names of libraries that a program uses and nothing imports; judged where a program imports or loads something."""
    nodes = list(ast.walk(tree))
    imported = [alias for node in nodes if isinstance(node, ast.Import | ast.ImportFrom) for alias in node.names]
    loaded = [node.value for node in nodes if isinstance(node, ast.Attribute) and node.attr == "from_pretrained"]
    loads = len({node.id for node in loaded if isinstance(node, ast.Name)}) > 1  # a single line may just be shown
    if not (imported or loads) or any(alias.name == "*" for alias in imported) or _STAR.search(whole):
        return
    known = {(alias.asname or alias.name).partition(".")[0] for alias in imported}
    for node in nodes:
        if not isinstance(node, ast.Name) or not isinstance(node.ctx, ast.Load) or node.id in known:
            continue
        if node.id in _LIBRARY or node.id.startswith("AutoModel"):
            if not re.search(
                rf"\b(?:import\b[^\n]*\b{node.id}\b|import \([^)]*\b{node.id}\b|{node.id} ?=|def {node.id}\b)", whole
            ):
                yield Mistake(node.lineno, f"Nothing imports {node.id}.", "Import it at the beginning.")
            known.add(node.id)


_OF_LOADERS = (
    *("torch_dtype", "device_map", "trust_remote_code", "low_cpu_mem_usage", "attn_implementation"),
    *("quantization_config", "load_in_4bit", "load_in_8bit", "max_memory", "offload_folder", "revision"),
    *("subfolder", "token", "use_auth_token", "cache_dir", "local_files_only", "use_safetensors", "variant"),
    *("dtype", "num_labels", "ignore_mismatched_sizes", "model_max_length", "padding_side", "use_fast"),
    *("output_hidden_states", "output_attentions"),
)
_OF_GENERATE = (
    *("max_new_tokens", "min_new_tokens", "max_length", "min_length", "do_sample", "temperature", "top_k", "top_p"),
    *("num_beams", "num_return_sequences", "repetition_penalty", "no_repeat_ngram_size", "eos_token_id", "streamer"),
    *("early_stopping", "length_penalty", "use_cache", "stopping_criteria", "pad_token_id", "bos_token_id"),
    *("return_dict_in_generate", "attention_mask", "input_ids", "generation_config", "output_scores"),
)
_ARGUMENTS = {
    "from_pretrained": _OF_LOADERS,
    "generate": _OF_GENERATE,
    "apply_chat_template": (
        *("tokenize", "add_generation_prompt", "return_tensors", "continue_final_message", "return_dict"),
        *("chat_template", "padding", "truncation", "max_length", "enable_thinking"),
    ),
    "pipeline": (*_OF_LOADERS, "model", "tokenizer", "device", "framework", "model_kwargs", "task", "config", "top_k"),
}
"""Arguments that cards pass, by the name of the function.

Source: https://huggingface.co/docs/transformers/main_classes (model, pipelines, text_generation).
"""


_STAR = pattern(r"^[ \t>]*from [\w.]+ import \*", re.MULTILINE)
_PARTS = frozenset(("model", "tokenizer", "processor", "pipe", "feature_extractor", "image_processor"))


def _never_made(tree: ast.Module, whole: str) -> Iterator[Mistake]:
    """A name that nothing in the card defines, where it is known what was meant."""
    nodes = list(ast.walk(tree))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    made = {node.id: node.lineno for node in names if not isinstance(node.ctx, ast.Load)}
    imports = [one for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom) for one in node.names]
    if not imports or not made or _STAR.search(whole):
        return
    used = {node.id for node in names if isinstance(node.ctx, ast.Load)}
    bound = {one.asname or one.name.partition(".")[0]: one for one in imports}
    spare = [one for one, held in bound.items() if held.asname and one not in used]
    in_vain = sorted(made.keys() - used)
    bases = {id(node.value) for node in nodes if isinstance(node, ast.Attribute)}
    loads = any(isinstance(node, ast.Attribute) and node.attr == "from_pretrained" for node in nodes)
    called = {id(node.func) for node in nodes if isinstance(node, ast.Call) and loads}
    reported: set[str] = set()
    for node in names:
        name = node.id
        if name not in used or name in made or name in bound or name in reported or hasattr(builtins, name):
            continue
        meant = [one for one, held in bound.items() if held.asname and held.name == name]
        if not meant and re.search(_BINDING.replace("NAME", name), whole):
            continue
        meant += [one for one in bound if len(one) > _SHORT and mistyped(name, one)]
        meant += spare if len(spare) == 1 and id(node) in bases and len(name) < _SHORT else []
        above = [one for one in in_vain if made[one] < node.lineno and one.islower() == name.islower()]
        meant += difflib.get_close_matches(name, above, n=1, cutoff=0.75)
        meant += [one for one in above if one in name.split("_") or name in one.split("_")]
        if meant or name in _PARTS or (id(node) in called and "_" in name):
            lacking = f"Define it first: {name} = ..." if name in _PARTS else "Import it, or define it."
            reported.add(name)
            yield Mistake(node.lineno, f"Nothing defines {name}.", f"Write {meant[0]}." if meant else lacking)


_SHORT = 5
_BINDING = (
    r"\bNAME\b[ \t]*(?:,[^=\n()]*|:[^=\n]*)?=(?!=)|\b(?:as|def|class|for|import|global|lambda)\b[^\n=(]*\bNAME\b"
    r"|\bdef \w+\([^)]*\bNAME\b|,[ \t]*NAME\b[^\n=()]*=(?!=)|import \([^)]*\bNAME\b"
)


def _arguments(call: ast.Call, known: tuple[str, ...]) -> Iterator[Mistake]:
    """Misspelt keyword arguments, some of which libraries ignore silently.

    Names that begin with `_` are private to libraries, which accept them: `_attn_implementation`.
    """
    for keyword in call.keywords if known else ():
        name = keyword.arg or "_"
        if name[0] != "_" and (meant := almost(name, known)) and meant.rstrip("s") != name.rstrip("s"):
            yield Mistake(keyword.lineno, f"There is no argument {name}.", f"Write {meant}.")


def _module(line: int, module: str, names: Iterable[str]) -> Iterator[Mistake]:
    root = module.partition(".")[0]
    meant = almost(root, _MODULES)
    if root in _SINGULAR:
        known = _KNOWN.get(_SINGULAR[root], ())
        meant = _SINGULAR[root] if any(name in known or name.startswith("Auto") for name in names) else None
    if meant:
        yield Mistake(line, f"There is no module {root}.", f"Write {meant}.")
    below = module.split(".")[1:2]
    if below and (meant := almost(below[0], _BELOW.get(root, ()))):
        yield Mistake(line, f"There is no module {root}.{below[0]}.", f"Write {root}.{meant}.")


def _yaml(text: str) -> Mistake | None:
    if text[:1].isspace() or re.search(r"^(?:---|\.\.\.)", text.lstrip("- \n"), re.MULTILINE):
        return None  # an extract to put below another key, or several documents
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
    """A repeated key. Whether the text is JSON at all is reported by SMPL001."""
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
    return Mistake(line, f"The key '{twice[0][:60]}' is there twice.", "Keep one of the two: programs read the last.")


_READERS: dict[str, Callable[[str], Mistake | None]] = {
    **dict.fromkeys(("python", "py", "python3", "pycon", "ipython"), _python),
    **dict.fromkeys(("yaml", "yml"), _yaml),
    **dict.fromkeys(("json", "jsonc"), _json),
    **dict.fromkeys(("bash", "sh", "shell", "zsh"), in_commands),
    **dict.fromkeys(("console", "shell-session", "shellsession", "terminal"), in_session),
}
