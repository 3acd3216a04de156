"""The files that say which packages a model needs, checked alone, against each other and against what loads it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from azureml_publish.content.packaging.mlflow_folder import requirement_mistakes
from azureml_publish.content.packaging.mlflow_model import package_of
from azureml_publish.content.packaging.transformers_facts import find_tokenizer
from azureml_publish.documents import mapping_of
from azureml_publish.lint.cards.findings import short
from azureml_publish.patterns import pattern

ENVIRONMENT = ("requirements.txt", "conda.yaml", "python_env.yaml")
"""The environment files that MLflow writes beside an MLmodel (https://mlflow.org/docs/latest/ml/model/#storage-format).
"""

_IS_ONE = pattern(r"(?:.*/)?(?:requirements[\w.-]*\.txt|(?:conda|conda_env|environment|python_env)\.ya?ml)")


def is_environment(path: str) -> bool:
    """Whether pip, conda or MLflow builds an environment from this file."""
    return _IS_ONE.fullmatch(path) is not None


class Mistake(NamedTuple):
    """A mistake in an environment file: path, line, message, hint. `breaks`: nothing can be installed from the file."""

    path: str
    line: int
    message: str
    hint: str
    breaks: bool = False


def environment_mistakes(texts: Mapping[str, str]) -> Iterator[Mistake]:
    """Entries that nobody else can install: malformed ones, and those that only one machine or team has access to."""
    for path, text in texts.items():
        if "<<<<<<<" in text:
            continue
        for line, message in requirement_mistakes(text if path.endswith(".txt") else _of_pip(text)):
            yield Mistake(
                path, line, f"{path}: {message}", "Write each package once, with == and its version.", breaks=True
            )
        if match := _OF_A_MACHINE.search(text):
            what = f"{path} installs {short(match['path'])}, which is on somebody's own machine."
            hint = "Write the package and its version, or take the file into the folder and name it by its path there."
            if match["prefix"]:
                what = f"{path} has the prefix {short(match['path'])}, a folder of somebody's own machine."
                hint = "Take the line out: conda export wrote it."
            yield Mistake(path, text.count("\n", 0, match.start("path")) + 1, what, hint)
        elif match := _OF_A_TEAM.search(text):
            message = f"{path} installs {short(match['what'])}, which only people with access there can install."
            hint = "Publish the package and write its version, or take its code into the folder."
            yield Mistake(path, text.count("\n", 0, match.start("what")) + 1, message, hint)
        if match := _PIP_WITHOUT_COLON.search(text):
            message = (
                f"{path} has packages below `- pip` without a colon, so that conda takes them for one package name."
            )
            yield Mistake(path, text.count("\n", 0, match.start()) + 1, message, "Write `- pip:`.", breaks=True)
        if message := _too_old_python(text):
            yield Mistake(
                path, 1, f"{path}: {message}", "Write versions that fit together: pip finds no solution with these."
            )
        named = _FURTHER.search(text)
        above = path.rpartition("/")[0]
        others = [one for one in texts if one != path and one.endswith(".txt")]
        if named and f"{above}/{named['file']}".lstrip("/") not in texts and others:
            message = f"{path} takes requirements from {short(named['file'])}, which is missing beside {others[0]}."
            line = text.count("\n", 0, named.start("file")) + 1
            yield Mistake(path, line, message, "Name the file that is there.", breaks=True)
        if message := _together(text):
            hint = "Write versions that were made for each other: pip finds no solution with these."
            yield Mistake(path, 1, f"{path}: {message}", hint)


_OF_A_MACHINE = pattern(
    r"^(?:(?P<prefix>prefix: *)|[ \t\"'-]*(?:e(?:ditable)?[ =]|[\w.-]{1,60}(?:\[[\w,-]{1,60}\])? ?@ ?)?)[\"']?"
    r"(?P<path>(?:file://)?/(?:home|Users|root|tmp|croot|opt/conda/conda-bld)/[^\s\"']+"
    r"|(?:file:///)?[A-Za-z]:[\\/][^\s\"']+)",
    re.MULTILINE,
)
"""A requirement that is a file on the machine where the model was made: a user's folder or a build folder of conda."""

_OF_A_TEAM = pattern(
    r"^[ \t\"'-]*(?:e(?:ditable)?[ =]|[\w.-]{1,60}(?:\[[\w,-]{1,60}\])? ?@ ?)?[\"']?"
    r"(?P<what>git\+ssh://[^\s\"']+|git\+https?://[^/\s\"'@]+@[^\s\"']+|(?:git\+)?git@[^\s\"']+"
    r"|(?:--(?:extra-)?index-url|-i|--find-links|-f)[ =]+https?://(?:localhost|127\.|10\.|192\.168\.|[\w.-]+\.(?:internal|local|corp|lan)\b)[^\s\"']*"
    r"|--?e(?:ditable)?[ =]+\.\.?(?:/[^\s\"']*)?$)",
    re.MULTILINE,
)
"""A repository that needs somebody's key, a package index inside one network, or code in a neighbouring folder."""

_FURTHER = pattern(r"^[ \t\"'-]*(?:-r|--requirement)[ =]+(?P<file>[\w./-]+\.txt)\b", re.MULTILINE)
_LIST_OF_PIP = pattern(r"^(?P<indent>[ \t]*)- pip:[ \t]*\n(?P<list>(?:(?P=indent)[ \t]*- [^\n]*\n?)*)", re.MULTILINE)


def _of_pip(text: str) -> str:
    """The pip requirements of a conda.yaml, each on its own line number; all other lines are empty."""
    match = _LIST_OF_PIP.search(text)
    if match is None:
        return ""
    lines = [re.sub(r"^[ \t]*- [\"']?|[\"']$", "", line) for line in match["list"].splitlines()]
    return "\n" * text.count("\n", 0, match.start("list")) + "\n".join(lines)


_PIP_WITHOUT_COLON = pattern(r"^(?P<indent>[ \t]*)- pip[ \t]*\n(?P=indent)[ \t]+- ", re.MULTILINE)
_PYTHON = pattern(r"^[ \t]*(?:- )?python(?:==?|: ?)3\.(\d+)", re.MULTILINE)
_NEEDS: Mapping[str, tuple[tuple[int, int], int]] = {
    "mlflow": ((2, 0), 8), "transformers": ((4, 31), 8), "torch": ((2, 0), 8), "pandas": ((2, 1), 9),
    "numpy": ((2, 0), 9), "scikit-learn": ((1, 3), 8), "scipy": ((1, 11), 9), "xgboost": ((2, 0), 8),
    "matplotlib": ((3, 8), 9), "accelerate": ((0, 20), 8), "sentence-transformers": ((2, 3), 8),
}  # fmt: skip
"""A package, the first version that needs a later Python, and that Python's minor version (Requires-Python on
https://pypi.org)."""


def _too_old_python(text: str) -> str:
    python = _PYTHON.search(text)
    for name, version in _PINNED.findall(text) if python else ():
        since, needed = _NEEDS.get(name.lower().replace("_", "-"), ((0, 0), 0))
        numbers = tuple(int(one) for one in version.split(".")[:2] if one.isdecimal())
        if python and needed > int(python[1]) and numbers >= since:
            return f"{name} {version} needs Python 3.{needed}, and Python is 3.{python[1]}."
    return ""


_PIN = pattern(r"^[ \t]*+(?:-[ \t]*+)?(torch|torchvision|torchaudio)==([0-9]+)\.([0-9]+)", re.MULTILINE)


def _together(text: str) -> str:
    """Versions of PyTorch's packages that were not made for each other (https://pypi.org/project/torchvision/)."""
    pins = {name: (int(major), int(minor)) for name, major, minor in _PIN.findall(text)}
    torch, vision, audio = (pins.get(name) for name in ("torch", "torchvision", "torchaudio"))
    if torch is None:
        return ""
    wanted = torch[1] + 15 if torch[0] == 2 else torch[1] + 1  # torchvision 0.15 belongs to torch 2.0
    if vision is not None and vision != (0, wanted):
        return f"torchvision {vision[0]}.{vision[1]} does not fit torch {torch[0]}.{torch[1]}, which needs 0.{wanted}."
    if audio is not None and torch[0] == 2 and audio != torch and torch[1] < _LAST_TOGETHER:
        return f"torchaudio {audio[0]}.{audio[1]} does not fit torch {torch[0]}.{torch[1]}."
    return ""


_LAST_TOGETHER = 9
"""From torch 2.9 on, torchaudio no longer requires one exact version of torch."""


_PINNED = pattern(r"^[ \t]*+(?:-[ \t]*+)?([A-Za-z][\w.-]*)==([0-9][\w.]*)(?![\w.*]|[^\n]*;)", re.MULTILINE)
"""A version pinned for every machine. A `;` would begin a marker that limits it to some."""


def two_environments(texts: Mapping[str, str]) -> str:
    """How requirements.txt and conda.yaml beside MLmodel differ: in a version, or a package that one of them lacks."""
    pins = [
        {name.lower().replace("_", "-"): version for name, version in _PINNED.findall(texts.get(path, ""))}
        for path in ("requirements.txt", "conda.yaml")
    ]
    for name in sorted(pins[0].keys() & pins[1].keys()):
        one, other = pins[0][name], pins[1][name]
        if release(one, 3) != release(other, 3):
            return f"requirements.txt installs {name} {one}, and conda.yaml {other}."
    apart = sorted(pins[0].keys() ^ pins[1].keys())
    whole = all(not _ELSEWHERE_IN.search(texts.get(path, "")) for path in ("requirements.txt", "conda.yaml"))
    if (
        whole
        and "mlflow" in pins[0]
        and "mlflow" in pins[1]
        and 0 < len(apart) <= max(1, min(len(one) for one in pins) // 2)
    ):
        name = apart[0]
        has, lacks = ("requirements.txt", "conda.yaml") if name in pins[0] else ("conda.yaml", "requirements.txt")
        return (
            ""
            if _names(texts[lacks], name)
            else f"{has} installs {name} {(pins[0] | pins[1])[name]}, {lacks} does not."
        )
    return ""


_ELSEWHERE_IN = pattern(r"^[ \t-]*(?:-r\b|--requirement|-c\b|--constraint)", re.MULTILINE)


def _names(text: str, package: str) -> bool:
    return (
        re.search(rf"^[ \t'\"-]*{re.escape(package)}\b", text.replace("_", "-"), re.MULTILINE | re.IGNORECASE)
        is not None
    )


def release(version: str, parts: int) -> list[str]:
    """The parts of a version for comparison, as pip reads it: without a build (`+cu128`) and without trailing zeros."""
    numbers = version.partition("+")[0].split(".")
    while len(numbers) > 1 and not numbers[-1].strip("0"):
        numbers.pop()
    return numbers[:parts]


def agree(written: object, installed: str, parts: int, *, whole: bool) -> bool:
    """Whether two versions are the same. YAML reads 3.10 as the number 3.1; a common start is enough unless `whole`."""
    theirs = release(installed, parts)
    length = parts if whole else len(theirs)
    ways = (str(written), f"{written}0") if isinstance(written, float) else (str(written),)
    return any(release(one, parts)[:length] == theirs for one in ways)


_ELSEWHERE = (
    *("azureml", "sklearn", "-r ", "--requirement", "://", "git+", " @ "),
    *("optimum", "peft", "setfit", "lightning", "timm", "fastai", "imbalanced-learn", "pycaret"),
)
"""Requirements that may install packages that they do not name."""


def lacks(text: str, package: str) -> bool:
    """Whether a package list lacks a package. Only lists that name mlflow are judged: those are complete."""
    names = text.lower().replace("_", "-")
    listed = re.search(r"^[ \t-]*mlflow(?:-skinny)?[=<>~\[\s]", names, re.MULTILINE)
    return listed is not None and not any(one in names for one in (package, *_ELSEWHERE))


VERSION_KEYS: Mapping[str, str] = {
    **{
        f"{name}_version": name
        for name in ("transformers", "catboost", "onnx", "keras", "tensorflow", "spacy", "python")
    },
    **{f"{name}_version": name for name in ("prophet", "pmdarima", "statsmodels", "langchain", "diffusers", "fastai")},
    **{f"{name}_version": name for name in ("peft", "setfit", "accelerate", "openai", "llama-index", "pyspark")},
    "sentence_transformers_version": "sentence-transformers",
    "sklearn_version": "scikit-learn",
    "xgb_version": "xgboost",
    "lgb_version": "lightgbm",
    "pytorch_version": "torch",
    "torch_version": "torch",
    "cloudpickle_version": "cloudpickle",
}
"""Keys of MLflow's flavours that give the version of a package."""

OWN_PACKAGES = frozenset(
    {"transformers", "sklearn", "xgboost", "lightgbm", "pytorch", "sentence_transformers", "catboost", "onnx"}
)
"""Flavours that need the package whose version they state."""


_OF_AZURE = frozenset({"hftransformers", "hftransformersv2"})


def version_differences(data: Mapping[str, Any], texts: Mapping[str, str]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Keys of MLmodel with a version that an environment file contradicts or does not install, each with a message."""
    for name, written in mapping_of(data.get("flavors")).items():
        flavour = mapping_of(written)
        for key, package in VERSION_KEYS.items():
            value = flavour.get(key)
            message = _version_contradiction(key, value, package, texts) if value else ""
            if value and not message and name in OWN_PACKAGES | _OF_AZURE:
                path = next((path for path, text in texts.items() if lacks(text, package)), "")
                message = f"{key} is {value}, while {path} names no {package}." if path else ""
            if message:
                yield ("flavors", name, key), message
        framework = flavour.get("framework")
        package = {"pt": "torch", "tf": "tensorflow"}.get(str(framework), "")
        path = next((path for path, text in texts.items() if package and lacks(text, package)), "")
        if path:
            yield ("flavors", name, "framework"), f"framework is {framework}, while {path} names no {package}."
    logged = data.get("mlflow_version")
    if logged and (message := _version_contradiction("mlflow_version", logged, "mlflow", texts)):
        yield ("mlflow_version",), message


def _version_contradiction(key: str, value: object, package: str, texts: Mapping[str, str]) -> str:
    for path, text in texts.items():
        other = re.search(rf"^[ \t'\"-]*{package}(==?|: )([0-9][\w.]*)(\*?)", text, re.MULTILINE)
        whole = other is not None and other[1] != "=" and not other[3] and package != "mlflow"
        if other and not agree(value, other[2], 2 if package == "python" else 4, whole=whole):
            return f"{key} is {value}, while {path} installs {package} {other[2]}."
    return ""


_IMPORTED = pattern(r"^(?:import|from) (\w+)", re.MULTILINE)
_PACKAGE_OF = {
    "PIL": "pillow", "cv2": "opencv", "sentence_transformers": "sentence-transformers", "pmdarima": "pmdarima",
    **{
        name: name
        for name in (
            *("torch", "transformers", "xgboost", "lightgbm", "catboost", "librosa", "soundfile", "sentencepiece"),
            *("nltk", "spacy", "onnxruntime", "tensorflow", "prophet", "statsmodels", "torchvision", "torchaudio"),
            *("timm", "peft", "accelerate", "einops", "tiktoken", "gensim", "shap", "torch_geometric"),
        )
    },
}  # fmt: skip
"""Modules and the packages that provide them, other than those that MLflow installs itself."""


def imports_missing(texts: Mapping[str, str], code: Mapping[str, str]) -> str:
    """A message on a package that Python code beside MLmodel imports and an environment file lacks; empty for none."""
    for place, source in code.items():
        for module in _IMPORTED.findall(source):
            package = _PACKAGE_OF.get(module, "").replace("_", "-")
            brought = (package, *_BRING.get(package, ()))
            path = next((path for path, text in texts.items() if all(lacks(text, one) for one in brought)), "")
            if package and path and not any(one.endswith(f"/{module}.py") for one in code):
                return f"{place} imports {module}, and {path} names no {package}."
    return ""


class Loaded(NamedTuple):
    """The settings beside the weights that decide which packages loading needs."""

    config: Mapping[str, Any]
    tokenizer: Mapping[str, Any]
    prepared: Mapping[str, Any]
    adapter: bool


_BRING = {
    "peft": ("vllm", "unsloth", "axolotl", "adapters", "lorax", "optimum", "trl", "llamafactory"),
    "sentencepiece": ("vllm", "sentence-transformers", "sglang"),
    "timm": ("vllm", "transformers[timm]"),
    "pillow": ("torchvision", "timm", "vllm", "matplotlib", "scikit-image", "opencv-python", "datasets", "gradio"),
    "autoawq": ("awq", "vllm", "gptqmodel", "sglang", "lmdeploy", "autoawq-kernels"),
    "gptqmodel": ("auto-gptq", "optimum", "vllm", "sglang", "exllamav2"),
    "bitsandbytes": ("vllm",),
    "compressed-tensors": ("vllm", "llmcompressor", "sglang"),
    "torch": ("tensorflow", "jax", "flax", "onnxruntime", "vllm", "accelerate", "torchvision", "sentence-transformers"),
}
"""Packages, each with others that install it or replace it."""


def packages_missing(texts: Mapping[str, str], loaded: Loaded) -> Iterator[Mistake]:
    """Packages that transformers needs to load these weights, where a list that names transformers lacks them."""
    needed = [*_needed(loaded)]
    for path, text in texts.items():
        packages = {package_of(re.sub(r"^[\s\"'-]+", "", line)) for line in text.splitlines() if line.strip(" -")}
        if "transformers" not in packages or any(one in text for one in _ELSEWHERE[:7]) or not _LISTED.search(text):
            continue
        for package, what in needed:
            if packages.isdisjoint((package, *_BRING.get(package, ()))):
                yield Mistake(path, 1, f"{path} names no {package}, which {what}.", f"Add {package} and its version.")
                return


_LISTED = pattern(r"^[ \t\"'-]*transformers(?:\[[\w,-]+\])?[ \t]*(?:[=<>~!]|$)", re.MULTILINE)
_IMAGES_BY_TIMM = frozenset({"detr", "conditional_detr", "deformable_detr", "table-transformer"})
_QUANTISED_BY = {"awq": "autoawq", "gptq": "gptqmodel", "bitsandbytes": "bitsandbytes"}
_QUANTISED_BY |= {"compressed-tensors": "compressed-tensors"}


def _needed(loaded: Loaded) -> Iterator[tuple[str, str]]:
    if loaded.adapter:
        yield "peft", "loads the adapter of adapter_config.json"
    slow, fast = find_tokenizer(str(loaded.tokenizer.get("tokenizer_class") or ""), "")
    if slow is not None and slow.packages and fast is None:
        yield slow.packages[0], f"{slow.name} of tokenizer_config.json imports"
    quantised = loaded.config.get("quantization_config")
    method = str(quantised.get("quant_method")) if isinstance(quantised, Mapping) else ""
    if method in _QUANTISED_BY:
        yield _QUANTISED_BY[method], f"loads the {method} weights that config.json states"
    backbone = isinstance(loaded.config.get("backbone"), str) and loaded.config.get("use_timm_backbone", True)
    if str(loaded.config.get("model_type")) in _IMAGES_BY_TIMM and backbone:
        yield "timm", "brings the backbone of config.json"
    if "image_processor_type" in loaded.prepared:
        yield "pillow", "the image processor of preprocessor_config.json imports"
    if loaded.config.get("model_type"):
        yield "torch", "runs the weights"


_SINCE: Mapping[str, tuple[int, int]] = {
    "llama": (4, 28), "mistral": (4, 34), "mixtral": (4, 36), "phi": (4, 36), "qwen2": (4, 37), "siglip": (4, 37),
    "gemma": (4, 38), "stablelm": (4, 38), "starcoder2": (4, 39), "cohere": (4, 39), "mamba": (4, 39),
    "llava_next": (4, 39), "olmo": (4, 40), "dbrx": (4, 40), "qwen2_moe": (4, 40), "jamba": (4, 40), "phi3": (4, 41),
    "paligemma": (4, 41), "gemma2": (4, 42), "nemotron": (4, 44), "mamba2": (4, 44), "granite": (4, 45),
    "qwen2_vl": (4, 45), "olmoe": (4, 45), "mllama": (4, 45), "granitemoe": (4, 45), "pixtral": (4, 45),
    "phimoe": (4, 46), "olmo2": (4, 47), "cohere2": (4, 48), "modernbert": (4, 48), "qwen2_5_vl": (4, 49),
    "gemma3": (4, 50), "gemma3_text": (4, 50), "mistral3": (4, 50), "qwen3": (4, 51), "qwen3_moe": (4, 51),
    "llama4": (4, 51), "deepseek_v3": (4, 51), "smollm3": (4, 53), "gemma3n": (4, 53), "gpt_oss": (4, 55),
}  # fmt: skip
"""The first version of transformers that knows a model type (https://github.com/huggingface/transformers/releases)."""


def too_old(version: object, config: Mapping[str, Any]) -> str:
    """Why a version of transformers does not know the model type of the weights; empty where it does, or may."""
    kind, numbers = str(config.get("model_type")), re.match(r"(\d+)\.(\d+)", str(version or ""))
    since = _SINCE.get(kind)
    if since is None or numbers is None or config.get("auto_map") or (int(numbers[1]), int(numbers[2])) >= since:
        return ""
    return f"transformers {version} does not know models of the type {kind}; {since[0]}.{since[1]} does."


def installed_transformers(texts: Mapping[str, str]) -> Iterator[tuple[str, int, str]]:
    """Path, line and version of each environment file that pins transformers."""
    for path, text in texts.items():
        if match := re.search(r"^[ \t\"'-]*transformers(?:\[[\w,-]+\])?==([0-9][\w.]*)", text, re.MULTILINE):
            yield path, text.count("\n", 0, match.start(1)) + 1, match[1]
