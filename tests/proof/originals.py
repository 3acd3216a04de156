"""Makes small models with transformers, and asks them: `python originals.py FOLDER` in the models' own environment.

Writes `checkpoints/NAME/` as `save_pretrained` does, `saved/NAME/` as `mlflow.transformers.save_model` does, and prints
as JSON what each pipeline answers. It is a program of its own, because the tool and the models it publishes live in
different environments, as they do on Azure.
"""

import json
import sys
from pathlib import Path

import mlflow
import torch
import transformers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers

TEXTS = (
    "Paris is the capital of France, and Berlin is the capital of Germany.",
    "The goal of life is happiness.",
    "She reads a book in the library every day.",
    "translate English to German: The house is wonderful.",
    "summarize: studies have shown that owning a dog is good for you.",
)
"""What the tokenizers are trained on."""

MASKED = ("Paris is the [MASK] of France.", "She reads a [MASK] in the library.", "The goal of life is [MASK].")
SOURCES = ("translate English to German: The house is wonderful.", "summarize: a dog is good for you.", "Paris")

SHORT_CONFIG = {"do_lower_case": True, "model_max_length": 512}
"""`tokenizer_config.json` as the first checkpoints on the Hub have it: the class of the tokenizer is not named."""


def word_piece(*, lowercase: bool) -> Tokenizer:
    """A WordPiece tokenizer with BERT's normalization and special tokens, trained on `TEXTS`."""
    tokenizer = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    special = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
    trainer = trainers.WordPieceTrainer(vocab_size=160, special_tokens=special, show_progress=False)
    tokenizer.train_from_iterator(TEXTS, trainer)
    numbers = tokenizer.get_vocab()
    tokenizer.post_processor = processors.BertProcessing(("[SEP]", numbers["[SEP]"]), ("[CLS]", numbers["[CLS]"]))
    return tokenizer


def unigram() -> Tokenizer:
    """A Unigram tokenizer with T5's special tokens, trained on `TEXTS`."""
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=120, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    tokenizer.train_from_iterator(TEXTS, trainer)
    end = ("</s>", tokenizer.token_to_id("</s>"))
    tokenizer.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[end])
    return tokenizer


def make_bert(folder: Path) -> None:
    """A cased BERT; its tokenizer's files are as transformers saves them."""
    tokenizer = transformers.BertTokenizerFast(tokenizer_object=word_piece(lowercase=False), do_lower_case=False)
    # A spread ten times the usual one, so that the answers differ clearly from each other without any training.
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=4, intermediate_size=64,
        initializer_range=0.2,
    )  # fmt: skip
    transformers.BertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)


def make_distilbert(folder: Path) -> None:
    """An uncased DistilBERT; its tokenizer's files are those of the first checkpoints on the Hub."""
    tokenizer = transformers.DistilBertTokenizerFast(tokenizer_object=word_piece(lowercase=True))
    config = transformers.DistilBertConfig(
        vocab_size=len(tokenizer), dim=32, n_layers=2, n_heads=4, hidden_dim=64, initializer_range=0.2
    )
    transformers.DistilBertForMaskedLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / "special_tokens_map.json").unlink()
    (folder / "tokenizer_config.json").write_text(json.dumps(SHORT_CONFIG))


def make_t5(folder: Path) -> None:
    """A T5 that says in `config.json` and `generation_config.json` how it generates, as the real ones do."""
    tokenizer = transformers.T5TokenizerFast(tokenizer_object=unigram(), extra_ids=0)
    length = {"min_new_tokens": 8, "max_new_tokens": 9, "num_beams": 3}
    config = transformers.T5Config(
        vocab_size=len(tokenizer), d_model=32, d_kv=8, d_ff=64, num_layers=2, num_heads=4, decoder_start_token_id=0,
        initializer_factor=4.0,
        task_specific_params={
            "text2text-generation": length,
            "translation_en_to_de": {**length, "prefix": "translate English to German: "},
        },
    )  # fmt: skip
    model = transformers.T5ForConditionalGeneration(config)
    model.generation_config = transformers.GenerationConfig(
        decoder_start_token_id=0, eos_token_id=1, pad_token_id=0, repetition_penalty=3.0, suppress_tokens=[0, 2]
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)


MODELS = {
    "tiny-bert": (make_bert, "fill-mask", MASKED),
    "tiny-distilbert": (make_distilbert, "fill-mask", MASKED),
    "tiny-t5": (make_t5, "text2text-generation", SOURCES),
    "tiny-translator": (make_t5, "translation_en_to_de", SOURCES),
}


def main(folder: Path) -> None:
    """Make, save and ask every model."""
    torch.set_num_threads(1)
    told = {}
    for name, (make, task, inputs) in MODELS.items():
        torch.manual_seed(20)
        checkpoint = folder / "checkpoints" / "contoso" / name
        make(checkpoint)
        pipeline = transformers.pipeline(task, model=str(checkpoint), tokenizer=str(checkpoint))
        told[name] = {"inputs": inputs, "answers": [pipeline(text) for text in inputs]}
        versions = [f"{module.__name__}=={module.__version__}" for module in (mlflow, torch, transformers)]
        mlflow.transformers.save_model(pipeline, str(folder / "saved" / name), pip_requirements=versions)
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
