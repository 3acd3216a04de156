"""Tasks of models, and which of them are equivalent."""

from __future__ import annotations

_TASK_GROUPS = tuple(
    frozenset(row.split())
    for row in (
        "fill-mask",
        "audio-classification",
        "text-classification sentiment-analysis zero-shot-classification",
        "token-classification ner named-entity-recognition",
        "question-answering extractive-qa",
        "text-generation chat-completion conversational completions text-to-text image-text-to-text",
        "text2text-generation summarization translation text-translation text-generation chat-completion",
        "automatic-speech-recognition speech-recognition",
        "embeddings feature-extraction sentence-similarity image-feature-extraction text-embeddings",
        "image-classification image-feature-extraction zero-shot-image-classification",
        "object-detection image-object-detection zero-shot-object-detection video-multi-object-tracking",
        "image-segmentation image-instance-segmentation mask-generation instance-segmentation",
        "text-to-image text-to-image-inpainting image-to-image",
        "image-to-text visual-question-answering image-text-to-text",
    )
)
"""Tasks in one row are names for the same task, or are served by the same models."""

KNOWN_TASKS = frozenset[str]().union(*_TASK_GROUPS)


def tasks_agree(task: str, others: tuple[str, ...]) -> bool:
    """Whether a task is one of the others, or equivalent to one."""
    return any(task == other or any(task in row and other in row for row in _TASK_GROUPS) for other in others)
