"""How Python loads the files of a custom model, by what lies among them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from types import MappingProxyType

from azureml_publish.content.packaging.transformers_facts import find_task


@dataclass(frozen=True, slots=True)
class Loading:
    """What Python imports, the file that it finds, and the call."""

    imports: str
    file: str
    call: str


ADAPTERS = MappingProxyType(
    {
        "text-generation": "CausalLM",
        "chat-completion": "CausalLM",
        "text2text-generation": "Seq2SeqLM",
        "summarization": "Seq2SeqLM",
        "translation": "Seq2SeqLM",
        "text-translation": "Seq2SeqLM",
        "text-classification": "SequenceClassification",
        "token-classification": "TokenClassification",
        "question-answering": "QuestionAnswering",
        "feature-extraction": "FeatureExtraction",
        "embeddings": "FeatureExtraction",
    }
)
"""The end of PEFT's Auto class by task (https://huggingface.co/docs/peft/package_reference/auto_class)."""

_CHECKPOINT = 'checkpoint = torch.load(file, map_location="cpu", weights_only=True)'
_LIGHTNING = (
    f"{_CHECKPOINT}\n"
    'weights = checkpoint["state_dict"]\n'
    "# With the class that was trained: model = MyModule.load_from_checkpoint(file)"
)

_LOADERS = (
    ("modules.json", "from sentence_transformers import SentenceTransformer", "model = SentenceTransformer({folder})"),
    (
        "model_index.json",
        "from diffusers import DiffusionPipeline",
        "model = DiffusionPipeline.from_pretrained({folder})",
    ),
    ("*.onnx", "import onnxruntime", "session = onnxruntime.InferenceSession(str(file))"),
    ("*.gguf", "from llama_cpp import Llama", "model = Llama(str(file))"),
    ("*.keras", "import keras", "model = keras.models.load_model(file)"),
    ("saved_model.pb", "import tensorflow", "model = tensorflow.saved_model.load({folder})"),
    ("*.joblib", "import joblib", "model = joblib.load(file)  # runs code of the file"),
    ("*.pkl", "import joblib", "model = joblib.load(file)  # runs code of the file"),
    ("*.safetensors", "from safetensors.torch import load_file", "tensors = load_file(str(file))"),
    ("epoch=*.ckpt", "import torch", _LIGHTNING),
    *((pattern, "import torch", _CHECKPOINT) for pattern in ("*.ckpt", "*.pt", "*.pth", "pytorch_model*.bin")),
)
"""What loads a model, by the name of one of its files: the first that is there decides. An adapter goes before them,
and before plain tensors a checkpoint of transformers with a task that MLflow does not serve."""


def find_loading(task: str, files: Iterable[str]) -> Loading | None:
    """How a custom model is loaded; None where nothing among its files says it."""
    names = [PurePosixPath(path).name for path in files]
    if "adapter_config.json" in names:
        return _adapter(task)
    for pattern, imports, call in _LOADERS:
        if pattern == "*.safetensors" and _is_transformers(names) and (known := find_task(task)) is not None:
            named = f'model = pipeline("{known.name}", model=str(file.parent))'
            return Loading("from transformers import pipeline", "config.json", named)
        if found := next((name for name in names if PurePosixPath(name).match(pattern)), None):
            return Loading(imports, found, call.replace("{folder}", "str(file.parent)"))
    return None


def _adapter(task: str) -> Loading:
    """PEFT's Auto class of a task; without one, what the adapter says of itself."""
    name = f"AutoPeftModelFor{ADAPTERS[task]}" if task in ADAPTERS else ""
    if not name:
        call = "adapter = PeftConfig.from_pretrained(str(file.parent))  # names its base model and task_type"
        return Loading("from peft import PeftConfig", "adapter_config.json", call)
    call = f"model = {name}.from_pretrained(str(file.parent))"
    return Loading(f"from peft import {name}", "adapter_config.json", call)


def _is_transformers(names: list[str]) -> bool:
    return "config.json" in names and not {"tokenizer_config.json", "preprocessor_config.json"}.isdisjoint(names)
