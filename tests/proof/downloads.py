"""Loads what came back from a registry, and asks it: `python downloads.py < ASKED` in the models' own environment.

Standard input is JSON: `models` has by name the downloaded `folder` and the `inputs`, `repositories` by repository of
the Hub at HF_ENDPOINT a commit. What is printed as JSON says how each loads, and what it answers.
"""

import importlib.metadata
import json
import sys
from typing import Any

import mlflow
import torch
import transformers


def ask(folder: str, inputs: list[str]) -> dict[str, Any]:
    """What a downloaded model answers as a pipeline, and as the function that a server would call."""
    pipeline = mlflow.transformers.load_model(folder)
    served = mlflow.pyfunc.load_model(folder)
    return {
        "answers": [pipeline(text) for text in inputs],
        "served": list(served.predict(inputs)),
        "pipeline": type(pipeline).__name__,
        "model": type(pipeline.model).__name__,
        "tokenizer": type(pipeline.tokenizer).__name__,
        "signature": served.metadata.signature.to_dict(),
    }


def open_repository(repository: str, revision: str) -> dict[str, Any]:
    """How a masked language model of the Hub loads, and whether its tokenizer knows its own mask."""
    model, info = transformers.AutoModelForMaskedLM.from_pretrained(
        repository, revision=revision, output_loading_info=True
    )
    tokenizer = transformers.AutoTokenizer.from_pretrained(repository, revision=revision)
    encoded = tokenizer(f"Paris is the {tokenizer.mask_token} of France.", return_tensors="pt")
    with torch.no_grad():
        logits = model(**encoded).logits
    return {
        "model": type(model).__name__,
        "missing": sorted(info["missing_keys"]),
        "unexpected": sorted(info["unexpected_keys"]),
        "mismatched": sorted(info["mismatched_keys"]),
        "tokenizer": type(tokenizer).__name__,
        "unknown": int((encoded["input_ids"] == tokenizer.unk_token_id).sum()),
        "masks": int((encoded["input_ids"] == tokenizer.mask_token_id).sum()),
        "shape": [*logits.shape],
        "tokens": encoded["input_ids"].shape[1],
        "vocabulary": len(tokenizer),
        "finite": bool(torch.isfinite(logits).all()),
    }


def main() -> None:
    """Load and ask everything that standard input names."""
    torch.set_num_threads(1)
    asked = json.load(sys.stdin)
    told = {
        "versions": {name: importlib.metadata.version(name) for name in ("mlflow", "torch", "transformers")},
        "models": {name: ask(**each) for name, each in asked["models"].items()},
        "repositories": {name: open_repository(name, revision) for name, revision in asked["repositories"].items()},
    }
    sys.stdout.write(json.dumps(told))


if __name__ == "__main__":
    main()
