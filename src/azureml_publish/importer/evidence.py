"""What the files of a model say about it: its type and its task, as far as they do. Nothing is guessed."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any

from azureml_publish.content.packaging.rules import some
from azureml_publish.content.packaging.transformers_facts import find_task, models_of
from azureml_publish.content.packaging.weights import INDEX, WHOLE
from azureml_publish.content.sources.selection import find_pickles, is_leftover
from azureml_publish.globs import matches_any

READ = ("config.json", "adapter_config.json", "MLmodel", "modules.json")
"""The small files that evidence is taken from."""

_WEIGHTS = (".safetensors", ".gguf", ".onnx", ".bin", ".pt", ".pth", ".pkl", ".ckpt", ".joblib")
_NO_WEIGHTS = frozenset({"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state.pth"})

_LOADED = ("*.safetensors", "pytorch_model*.bin")
_NOT_LOADED = ("consolidated*",)
"""What transformers loads of the weights at the top, and what it does not, as it is another loader's."""

_ARCHITECTURES = MappingProxyType(
    {
        "ForMaskedLM": "fill-mask",
        "ForCausalLM": "text-generation",
        "LMHeadModel": "text-generation",
        "ForSequenceClassification": "text-classification",
        "ForTokenClassification": "token-classification",
        "ForQuestionAnswering": "question-answering",
        "ForImageClassification": "image-classification",
        "ForObjectDetection": "object-detection",
        "ForSemanticSegmentation": "image-segmentation",
        "ForDepthEstimation": "depth-estimation",
        "ForVideoClassification": "video-classification",
        "ForAudioClassification": "audio-classification",
        "ForSpeechSeq2Seq": "automatic-speech-recognition",
        "ForCTC": "automatic-speech-recognition",
    }
)
"""Tasks by the end of an architecture's name, where it has but one (https://huggingface.co/docs/transformers/tasks)."""

_ADAPTERS = MappingProxyType(
    {
        "CAUSAL_LM": "text-generation",
        "SEQ_2_SEQ_LM": "text2text-generation",
        "SEQ_CLS": "text-classification",
        "TOKEN_CLS": "token-classification",
        "QUESTION_ANS": "question-answering",
        "FEATURE_EXTRACTION": "feature-extraction",
    }
)
"""Tasks by PEFT's `task_type` (https://huggingface.co/docs/peft/package_reference/peft_types)."""

_SPEECH = frozenset({"whisper", "speech_to_text", "moonshine"})
"""Types of models whose `ForConditionalGeneration` writes down speech."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is known of a model before its folder is written.

    Attributes:
        files: the paths of its files.
        serves: whether MLflow's transformers flavour serves a task.
        texts: the data of those of `READ` that are there and could be read.
        task: the task that its makers name; empty if they name none.
        library: likewise the library.
    """

    files: tuple[str, ...]
    serves: Callable[[str], bool]
    texts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    task: str = ""
    library: str = ""


@dataclass(frozen=True, slots=True)
class Choice:
    """The type and task that follow from the evidence.

    Attributes:
        type: of the model.
        task: for inference; empty if nothing says it.
        why: what the type and the task follow from, as the sentence goes on that names the type.
        base: the base model that an adapter belongs to.
        notes: what a person has to know or do before the model can be published.
        needs_task: whether a person has to write the task.
        needs_pickles: whether the model is not whole without its pickles.
        exclude: pickles that are left out, because they hold the same weights as another file, or none.
    """

    type: str
    task: str
    why: str
    base: str = ""
    notes: tuple[str, ...] = ()
    needs_task: bool = False
    needs_pickles: bool = False
    exclude: tuple[str, ...] = ()


def find_text(name: str, files: Collection[str]) -> str:
    """Where a file of `READ` lies: at the top, and an adapter's settings in a folder, too; empty if nowhere."""
    if name in files or name != "adapter_config.json":
        return name if name in files else ""
    return next((path for path in sorted(files) if PurePosixPath(path).name == name), "")


def choose(found: Evidence) -> Choice:
    """Choose type and task, and what becomes of pickles."""
    choice = _choose(found)
    pickles = find_pickles(path for path in found.files if not is_leftover(path))
    if choice.type == "mlflow_model" and "MLmodel" not in found.files:
        # Of a checkpoint, transformers takes the weights at the top, and pickles only where there are no others.
        safe = any(path.endswith(".safetensors") for path in found.files if "/" not in path)
        pickles = () if safe else tuple(path for path in pickles if "/" not in path and not _is_of_training(path))
        return _with_pickles(choice, pickles)
    if choice.type == "mlflow_model":
        return _with_pickles(choice, pickles)
    safe_folders = {path.rpartition("/")[0] for path in found.files if path.endswith(".safetensors")}
    spare = tuple(path for path in pickles if path.rpartition("/")[0] in safe_folders or _is_of_training(path))
    choice = _with_pickles(choice, tuple(path for path in pickles if path not in spare))
    if not spare:
        return choice
    note = f"These pickles stay behind, as the model is whole without them: {some(spare)}."
    return replace(choice, exclude=spare, notes=(*choice.notes, note))


def _with_pickles(choice: Choice, needed: tuple[str, ...]) -> Choice:
    if not needed:
        return choice
    note = (
        f"Its weights are pickles, which run code on the machine that loads them: {some(needed)}. If you trust its "
        "makers, write allow_pickle: true into source; else take weights in safetensors."
    )
    return replace(choice, needs_pickles=True, notes=(*choice.notes, note))


def _is_of_training(path: str) -> bool:
    return PurePosixPath(path).name in _NO_WEIGHTS


def _choose(found: Evidence) -> Choice:
    names = {PurePosixPath(path).name: path for path in found.files}
    config = found.texts.get("config.json", {})
    weights = _weights(found.files)
    task = found.task or _task_of(config)
    if "MLmodel" in found.files:
        return _mlflow_folder(found)
    if _is_triton(found.files):
        return Choice(
            "triton_model",
            task,
            "its models lie in numbered folders of versions, beside config.pbtxt where Triton needs one.",
        )
    if "adapter_config.json" in names and WHOLE not in found.files and INDEX not in found.files:
        adapter = found.texts.get("adapter_config.json", {})
        base = str(adapter.get("base_model_name_or_path") or "")
        task = task or _ADAPTERS.get(str(adapter.get("task_type")), "")
        note = f"It is an adapter{f' for {base}' if base else ''}: loading it needs the base model, too."
        return Choice("custom_model", task, "adapter_config.json says that it is an adapter.", base, (note,))
    if weights and all(path.lower().endswith(".gguf") for path in weights):
        return _gguf(weights, task)
    return _checkpoint(found, config, task, [path for path in weights if "/" not in path])


def _gguf(weights: list[str], task: str) -> Choice:
    several = len(weights) > 1 and not _are_parts(weights)
    note = f"It holds {len(weights)} GGUF files; name those to publish: source: {{include: [{weights[0]}]}}."
    why = "its weights are GGUF alone, which MLflow does not load."
    return Choice("custom_model", task, why, notes=(note,) if several else ())


def _checkpoint(found: Evidence, config: Mapping[str, Any], task: str, weights: Collection[str]) -> Choice:
    """What follows for files that no other form claims, of which `weights` lie at the top."""
    notes: tuple[str, ...] = ()
    why = ""
    weighs = any(matches_any(path, _LOADED) and not matches_any(path, _NOT_LOADED) for path in weights)
    hidden = "config.json" in found.files and "config.json" not in found.texts
    if hidden:
        notes = (*notes, "config.json could not be read: check type and task in model.yaml.")
    if not ((config.get("model_type") or hidden) and weighs) or found.library in ("timm", "diffusers"):
        why = (
            "its files are published as they are. It is not a checkpoint of transformers: that has config.json with a "
            "model_type, and safetensors or pytorch_model.bin beside it."
        )
        if "config.json" not in found.files and (below := _below(found.files)):
            notes = (*notes, f"{below} does not lie at its top: begin with its folder if that is the model.")
    elif "modules.json" in found.files:
        why = "it is a sentence-transformers model, whose modules MLflow's transformers flavour would lose."
    elif task and not found.serves(task):
        why = f"MLflow's transformers flavour does not serve {task}."
    if why:
        return Choice("custom_model", task, why, notes=notes)
    if not task:
        notes = (*notes, "Nothing says its task: write `tasks` into model.yaml.")
    reason = (
        "its makers name the task" if found.task else "its architecture says the task" if task else "no task is named"
    )
    why = f"it is a checkpoint of transformers, and {reason}."
    return Choice("mlflow_model", task, why, notes=notes, needs_task=not task)


def _below(files: Collection[str]) -> str:
    """The file in a folder that makes it a model of MLflow or transformers; empty where none does."""
    named = sorted(path for path in files if PurePosixPath(path).name in ("MLmodel", "config.json"))
    return next((path for path in named if path.endswith("MLmodel")), next(iter(named), ""))


def _mlflow_folder(found: Evidence) -> Choice:
    flavors = found.texts.get("MLmodel", {}).get("flavors")
    names = [str(name) for name in flavors] if isinstance(flavors, Mapping) else []
    own = flavors.get("transformers") if isinstance(flavors, Mapping) else None
    task = str(own.get("task") or "") if isinstance(own, Mapping) else ""
    why = f"MLmodel says that MLflow wrote it ({', '.join(names) or 'no flavour'})."
    return Choice("mlflow_model", found.task or task, why)


def _weights(files: Collection[str]) -> list[str]:
    """The files of weights, sorted; where there are safetensors, what else is beside them does not count."""
    named = sorted(path for path in files if path.lower().endswith(_WEIGHTS))
    named = [path for path in named if PurePosixPath(path).name not in _NO_WEIGHTS]
    safe = [path for path in named if path.endswith(".safetensors")]
    return safe or named


def _task_of(config: Mapping[str, Any]) -> str:
    """The task that an architecture has; empty where it has none, or several."""
    listed = config.get("architectures")
    name = str(listed[0]) if isinstance(listed, list) and listed else ""
    kind = str(config.get("model_type") or "")
    if name.endswith("ForConditionalGeneration") and kind in _SPEECH:
        return "automatic-speech-recognition"
    meant = next((task for end, task in _ARCHITECTURES.items() if name.endswith(end)), "")
    # transformers has the last word where it knows the class: Wav2Vec2ForSequenceClassification listens, and
    # LayoutLMForQuestionAnswering reads documents or texts.
    served = [task for task in _OF_OTHER_KINDS if _loads(task, kind, name)]
    if not meant or not served:
        return meant
    return served[0] if len(served) == 1 and not _loads(meant, kind, name) else ""


_OF_OTHER_KINDS = (
    "audio-classification", "document-question-answering", "table-question-answering", "visual-question-answering",
)  # fmt: skip
"""Tasks whose classes of models are named like those for plain text."""


def _loads(task: str, kind: str, architecture: str) -> bool:
    """Whether a task of transformers loads an architecture for a type of models."""
    known = find_task(task)
    return known is not None and any(architecture in models_of(auto).get(kind, ()) for auto in known.models)


def _is_triton(files: Collection[str]) -> bool:
    folders = {str(PurePosixPath(path).parent) for path in files if PurePosixPath(path).name == "config.pbtxt"}
    versions = {str(PurePosixPath(path).parent) for path in files}
    if any(re.fullmatch(r"[^/]+/[1-9][0-9]*/model\.(onnx|plan|graphdef|savedmodel/.+)", path) for path in files):
        return True
    return any(re.fullmatch(rf"(?:{re.escape(folder)}/)?[0-9]+", one) for folder in folders for one in versions)


def _are_parts(weights: Collection[str]) -> bool:
    """Whether files are the numbered parts of one."""
    return len({re.sub(r"-[0-9]{5}-of-[0-9]{5}", "", path) for path in weights}) == 1
