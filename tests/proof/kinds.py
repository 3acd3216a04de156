"""Makes tiny models of many tasks, and asks them: `python kinds.py make FILE` and `python kinds.py ask FILE`.

`make` writes `checkpoints/contoso/NAME/` as `save_pretrained` does, `saved/NAME/` as `mlflow.transformers.save_model`
does; `ask` loads the folders that `places.json` has by name. FILE gets as JSON what each pipeline answers. It runs in
the models' own environment.
"""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlflow
import numpy as np
import torch
import transformers
from originals import TEXTS, unigram, word_piece  # type: ignore[import-not-found]
from PIL import Image

SMALL = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 64}
SPREAD = {"initializer_range": 0.2}
"""Ten times the usual, so that the answers differ without any training."""

LABELS = {"id2label": {0: "bad", 1: "good", 2: "so-so"}, "label2id": {"bad": 0, "good": 1, "so-so": 2}}
ENTAILS = {
    "id2label": {0: "contradiction", 1: "neutral", 2: "entailment"},
    "label2id": {"contradiction": 0, "neutral": 1, "entailment": 2},
}


def bert_tokenizer(**more: Any) -> Any:
    """A fast tokenizer of BERT's."""
    return transformers.BertTokenizerFast(tokenizer_object=word_piece(lowercase=False), do_lower_case=False, **more)


def bert(head: str, **more: Any) -> dict[str, Any]:
    """A small BERT with a head."""
    tokenizer = bert_tokenizer()
    config = transformers.BertConfig(vocab_size=len(tokenizer), **SMALL, **SPREAD, **more)
    return {"model": getattr(transformers, head)(config), "tokenizer": tokenizer}


def gpt() -> dict[str, Any]:
    tokenizer = bert_tokenizer()
    config = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4, bos_token_id=2, eos_token_id=3, **SPREAD
    )
    return {"model": transformers.GPT2LMHeadModel(config), "tokenizer": tokenizer}


def t5() -> dict[str, Any]:
    tokenizer = transformers.T5TokenizerFast(tokenizer_object=unigram(), extra_ids=0)
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0,
        initializer_factor=4.0,
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=0, eos_token_id=1, pad_token_id=0, suppress_tokens=[0, 2], max_new_tokens=9
    )
    return {"model": model, "tokenizer": tokenizer}


PIXELS = {"image_size": 32, "patch_size": 8}


def vit() -> dict[str, Any]:
    config = transformers.ViTConfig(**SMALL, **SPREAD, **PIXELS, **LABELS)
    processor = transformers.ViTImageProcessor(size={"height": 32, "width": 32})
    return {"model": transformers.ViTForImageClassification(config), "image_processor": processor}


def segformer() -> dict[str, Any]:
    config = transformers.SegformerConfig(
        hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=32,
        **SPREAD, **LABELS,
    )  # fmt: skip
    processor = transformers.SegformerImageProcessor(size={"height": 64, "width": 64})
    return {"model": transformers.SegformerForSemanticSegmentation(config), "image_processor": processor}


def yolos() -> dict[str, Any]:
    config = transformers.YolosConfig(
        **SMALL, **SPREAD, image_size=[32, 32], patch_size=8, num_detection_tokens=5, **LABELS
    )
    processor = transformers.YolosImageProcessor(size={"height": 32, "width": 32}, do_pad=False)
    return {"model": transformers.YolosForObjectDetection(config), "image_processor": processor}


def depth() -> dict[str, Any]:
    config = transformers.GLPNConfig(
        hidden_sizes=[8, 16, 16, 32], depths=[1, 1, 1, 1], num_attention_heads=[1, 2, 2, 4], decoder_hidden_size=32,
        **SPREAD,
    )  # fmt: skip
    return {"model": transformers.GLPNForDepthEstimation(config), "image_processor": transformers.GLPNImageProcessor()}


def clip() -> dict[str, Any]:
    tokenizer = bert_tokenizer(model_input_names=["input_ids", "attention_mask"])
    text = {**SMALL, "vocab_size": len(tokenizer), "max_position_embeddings": 64, "eos_token_id": 3}
    config = transformers.CLIPConfig(text_config=text, vision_config={**SMALL, **PIXELS}, projection_dim=16)
    processor = transformers.CLIPImageProcessor(size={"shortest_edge": 32}, crop_size={"height": 32, "width": 32})
    return {"model": transformers.CLIPModel(config), "tokenizer": tokenizer, "image_processor": processor}


def vilt() -> dict[str, Any]:
    tokenizer = bert_tokenizer()
    config = transformers.ViltConfig(vocab_size=len(tokenizer), **SMALL, **SPREAD, **PIXELS, **LABELS)
    processor = transformers.ViltImageProcessor(size={"shortest_edge": 32})
    return {
        "model": transformers.ViltForQuestionAnswering(config), "tokenizer": tokenizer, "image_processor": processor
    }  # fmt: skip


def captioner() -> dict[str, Any]:
    tokenizer = bert_tokenizer()
    encoder = transformers.ViTConfig(**SMALL, **SPREAD, **PIXELS)
    decoder = transformers.GPT2Config(
        vocab_size=len(tokenizer), n_embd=32, n_layer=2, n_head=4, add_cross_attention=True, is_decoder=True, **SPREAD
    )
    config = transformers.VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    model = transformers.VisionEncoderDecoderModel(config)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=2, eos_token_id=3, pad_token_id=0, max_new_tokens=6
    )
    model.config.decoder_start_token_id, model.config.pad_token_id = 2, 0
    processor = transformers.ViTImageProcessor(size={"height": 32, "width": 32})
    return {"model": model, "tokenizer": tokenizer, "image_processor": processor}


def wav2vec(head: str, **more: Any) -> dict[str, Any]:
    """A small model that hears."""
    config = transformers.Wav2Vec2Config(
        **SMALL, **SPREAD, conv_dim=(8, 8), conv_stride=(5, 4), conv_kernel=(10, 8), num_feat_extract_layers=2,
        num_conv_pos_embeddings=4, num_conv_pos_embedding_groups=2, classifier_proj_size=16, **more,
    )  # fmt: skip
    extractor = transformers.Wav2Vec2FeatureExtractor()
    return {"model": getattr(transformers, head)(config), "feature_extractor": extractor}


def listener() -> dict[str, Any]:
    letters = Path("vocab.json")
    letters.write_text(json.dumps({one: number for number, one in enumerate(["<pad>", "<unk>", "|", *"abcdefghij"])}))
    tokenizer = transformers.Wav2Vec2CTCTokenizer(
        str(letters), bos_token=None, eos_token=None, unk_token="<unk>", pad_token="<pad>"
    )
    return {**wav2vec("Wav2Vec2ForCTC", vocab_size=len(tokenizer)), "tokenizer": tokenizer}


def picture(number: int) -> Image.Image:
    """An image of noise, always the same."""
    return Image.fromarray(np.random.default_rng(number).integers(0, 255, (40, 40, 3), dtype=np.uint8))


def sound(number: int) -> np.ndarray:
    """A tenth of a second of a tone."""
    return np.sin(np.arange(1600) * (0.05 + 0.07 * number)).astype(np.float32)


@dataclass(frozen=True)
class Kind:
    """A task with its model, and what it is asked."""

    task: str
    make: Callable[[], dict[str, Any]]
    ask: Callable[[Any], list[Any]]


def texts(pipeline: Any) -> list[Any]:
    return [pipeline(text) for text in TEXTS[:3]]


def pictures(pipeline: Any) -> list[Any]:
    return [pipeline(picture(number)) for number in range(3)]


def sounds(pipeline: Any) -> list[Any]:
    return [pipeline(sound(number)) for number in range(3)]


LABELLED = {"candidate_labels": ["Paris", "book", "life"]}

KINDS = {
    "classifier": Kind("text-classification", lambda: bert("BertForSequenceClassification", **LABELS), texts),
    "tagger": Kind("token-classification", lambda: bert("BertForTokenClassification", **LABELS), texts),
    "answerer": Kind(
        "question-answering", lambda: bert("BertForQuestionAnswering"),
        lambda ask: [ask(question="Paris is what?", context=text) for text in TEXTS[:3]],
    ),
    "zero-shot": Kind(
        "zero-shot-classification", lambda: bert("BertForSequenceClassification", **ENTAILS),
        lambda ask: [ask(text, **LABELLED) for text in TEXTS[:3]],
    ),
    "features": Kind("feature-extraction", lambda: bert("BertModel"), texts),
    "masked": Kind(
        "fill-mask", lambda: bert("BertForMaskedLM"),
        lambda ask: [ask(text.replace("is", "[MASK]", 1)) for text in TEXTS[:2]],
    ),
    "writer": Kind(
        "text-generation", gpt, lambda ask: [ask(text, do_sample=False, max_new_tokens=6) for text in TEXTS[:3]]
    ),
    "summariser": Kind("summarization", t5, texts),
    "translator": Kind("translation_en_to_de", t5, texts),
    "text-to-text": Kind("text2text-generation", t5, texts),
    "seer": Kind("image-classification", vit, pictures),
    "segmenter": Kind("image-segmentation", segformer, pictures),
    "detector": Kind("object-detection", yolos, lambda ask: [ask(picture(n), threshold=0.0) for n in range(3)]),
    "depth": Kind("depth-estimation", depth, pictures),
    "chooser": Kind(
        "zero-shot-image-classification", clip, lambda ask: [ask(picture(n), **LABELLED) for n in range(3)]
    ),
    "looker": Kind(
        "visual-question-answering", vilt, lambda ask: [ask(image=picture(n), question="What?") for n in range(3)]
    ),
    "captioner": Kind("image-to-text", captioner, pictures),
    "listener": Kind("automatic-speech-recognition", listener, sounds),
    "sound-sorter": Kind(
        "audio-classification", lambda: wav2vec("Wav2Vec2ForSequenceClassification", **LABELS), sounds
    ),
}  # fmt: skip


def plain(answer: Any) -> Any:
    """An answer as JSON holds it: images and arrays by their numbers."""
    if isinstance(answer, dict):
        return {str(key): plain(value) for key, value in answer.items()}
    if isinstance(answer, list | tuple):
        return [plain(one) for one in answer]
    if isinstance(answer, Image.Image):
        return np.asarray(answer).tolist()
    if isinstance(answer, torch.Tensor | np.ndarray):
        return plain(answer.tolist())
    number = answer.item() if isinstance(answer, np.generic) else answer
    return round(number, 4) if isinstance(number, float) else number  # two runs add up in another order


def make(folder: Path) -> dict[str, Any]:
    """Make, save and ask every model."""
    told = {}
    versions = [f"{module.__name__}=={module.__version__}" for module in (mlflow, torch, transformers)]
    for name, kind in KINDS.items():
        torch.manual_seed(20)
        checkpoint = folder / "checkpoints" / "contoso" / name
        parts = kind.make()
        parts["model"].eval()
        for part in parts.values():
            part.save_pretrained(checkpoint)
        pipeline = transformers.pipeline(kind.task, **parts)
        told[name] = {"task": kind.task, "answers": plain(kind.ask(pipeline))}
        mlflow.transformers.save_model(pipeline, str(folder / "saved" / name), pip_requirements=versions)
    return told


def ask(folders: dict[str, str]) -> dict[str, Any]:
    """What downloaded models answer."""
    return {name: plain(KINDS[name].ask(mlflow.transformers.load_model(folder))) for name, folder in folders.items()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    making = sys.argv[1] == "make"
    found = make(Path()) if making else ask(json.loads(Path("places.json").read_text()))
    Path(sys.argv[2]).write_text(json.dumps(found))
