"""The names of tasks that the Hub and the service have, and the one that a misspelled name was meant to be."""

from __future__ import annotations

import difflib
import re
from types import MappingProxyType

TASKS = frozenset(
    [
        *("any-to-any", "audio-classification", "audio-text-to-text", "audio-to-audio", "automatic-speech-recognition"),
        *("chat-completion", "conversational", "data-generation", "depth-estimation", "document-question-answering"),
        *("embeddings", "feature-extraction", "fill-mask", "forecasting", "graph-ml", "image-classification"),
        *("image-feature-extraction", "image-instance-segmentation", "image-object-detection", "image-segmentation"),
        *("image-text-to-image", "image-text-to-text", "image-text-to-video", "image-to-3d", "image-to-image"),
        *("image-to-text", "image-to-video", "keypoint-detection", "mask-generation", "multiple-choice"),
        *("object-detection", "protein-design", "protein-structure-prediction", "question-answering", "ranking"),
        *("reinforcement-learning", "responses", "robotics", "sentence-similarity", "speech-recognition"),
        *("summarization", "table-question-answering", "table-to-text", "tabular-classification"),
        *("tabular-regression", "tabular-to-text", "text-classification", "text-generation", "text-ranking"),
        *("text-retrieval", "text-to-3d", "text-to-audio", "text-to-image", "text-to-image-inpainting"),
        *("text-to-speech", "text-to-video", "text-translation", "text2text-generation", "time-series-forecasting"),
        *("token-classification", "translation", "unconditional-image-generation", "video-classification"),
        *("video-multi-object-tracking", "video-object-segmentation", "video-text-to-text", "video-to-video"),
        *("visual-document-retrieval", "visual-question-answering", "voice-activity-detection"),
        *("zero-shot-classification", "zero-shot-image-classification", "zero-shot-object-detection"),
    ]
)
"""Tasks of the Hub (https://huggingface.co/docs/hub/models-tasks) and of Azure/azureml-assets at 4b41f8ccbc."""

_OTHER_NAMES = MappingProxyType(
    {
        "asr": "automatic-speech-recognition",
        "mlm": "fill-mask",
        "ner": "token-classification",
        "sentiment-analysis": "text-classification",
        "vqa": "visual-question-answering",
    }
)
"""Short names that transformers takes for a task, or people do."""

_SERVICE_NAMES = MappingProxyType(
    {
        "conversational": "chat-completion",
        "feature-extraction": "embeddings",
        "image-text-to-image": "image-to-image",
        "sentence-similarity": "embeddings",
        "text2text-generation": "text-generation",
        "video-classification": "video-analysis",
    }
)
"""Tasks of the Hub that the service has under another name."""

UNNAMED = frozenset(
    [
        *("any-to-any", "audio-text-to-text", "audio-to-audio", "depth-estimation", "document-question-answering"),
        *("graph-ml", "image-instance-segmentation", "image-object-detection", "image-text-to-video", "image-to-video"),
        *("keypoint-detection", "mask-generation", "multiple-choice", "ranking", "reinforcement-learning", "robotics"),
        *("speech-recognition", "table-question-answering", "table-to-text", "tabular-classification"),
        *("tabular-regression", "tabular-to-text", "text-ranking", "text-retrieval", "text-to-audio"),
        *("text-to-image-inpainting", "text-to-video", "unconditional-image-generation"),
        *("video-multi-object-tracking", "video-object-segmentation", "video-to-video", "visual-document-retrieval"),
        *("voice-activity-detection", "zero-shot-object-detection"),
    ]
)
"""Tasks that the service has no name for, as its vocabulary was seen on 2026-11-28."""

TASK_TAG = "task"
"""The tag for such a task in the layout `system_metadata`; the layout `tags` has every task there."""

ALIKE = 0.9
"""How much of two names is the same where one is taken for a misspelling: `text-to-video-3d` is a name of its own."""


def meant_task(name: str) -> str:
    """The task that a misspelled name was meant to be; empty for a known name, and for one that is like no other."""
    if name in TASKS:
        return ""
    plain = re.sub(r"[\s_-]+", "-", name.strip().lower())
    if plain in TASKS:
        return plain
    if plain in _OTHER_NAMES:
        return _OTHER_NAMES[plain]
    return next(iter(difflib.get_close_matches(plain, sorted(TASKS), n=1, cutoff=ALIKE)), "")


def service_task(name: str) -> str:
    """The name under which the service has a task of the Hub; the name itself where nothing else is known."""
    return _SERVICE_NAMES.get(name, name)


def has_service_name(name: str) -> bool:
    """Whether a task may go up in the system metadata; true of a name that is not a task, which other rules report."""
    return name not in UNNAMED
