"""Which sizes a model fits on, with the arithmetic and its sources, as text and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date

from azureml_publish.reporters.diagnostics import as_json
from azureml_publish.reporters.paint import PLAIN, Paint
from azureml_publish.reporters.tables import shortened, table
from azureml_publish.skus.derive import derive_min_spec
from azureml_publish.skus.fit import GIB, Fit, Workload, parts


def fit_text(work: Workload, fits: Sequence[Fit], as_of: date, paint: Paint = PLAIN) -> str:
    """The needed memory part by part, then the sizes that have it, then the sizes that are unknown."""
    return "".join(f"{line}\n" for line in _lines(work, fits, as_of, paint))


def _lines(work: Workload, fits: Sequence[Fit], as_of: date, paint: Paint) -> Iterator[str]:
    count = f"{work.parameters / 1e9:.2f} billion parameters"
    yield f"{paint(_describe(work), 'bold')}: {_gib(work.weights)} GiB of weights, {count}"
    yield ""
    found = parts(work)
    sources = list(dict.fromkeys(part.source for part in found))
    rows = [
        (
            part.name,
            _gib(part.size),
            _how(divided=part.divided),
            f"{part.why} [{sources.index(part.source) + 1}]",
        )
        for part in found
    ]
    yield table(("NEEDS", "GIB", "GPUS", "WHY"), rows, paint, right=("GIB",)).rstrip("\n")
    yield from (paint(f"[{number}] {source}", "dim") for number, source in enumerate(sources, 1))
    yield ""
    if work.scenario == "finetune" and work.shape is None:
        yield "Without activations: give --hidden, --layers and --sequence to count them."
        yield ""
    good = [one for one in fits if one.fits]
    yield from _proposed(good, as_of, paint)
    small = [one.sku.name for one in fits if one.need is not None and not one.fits]
    unknown = [one.sku.name for one in fits if one.need is None]
    if small:
        yield f"Too small: {shortened(small, 6)}."
    if unknown:
        yield f"Not judged, because the catalogue does not know their GPUs: {shortened(unknown, 6)}."
    yield "A rule of thumb: it leaves out what has no source. Try the smallest before you promise it."


def _proposed(good: Sequence[Fit], as_of: date, paint: Paint) -> Iterator[str]:
    if not good:
        yield f"{paint(f'No size holds it as of {as_of}.', 'red')} Fewer bits, LoRA or a higher ZeRO stage need less."
        return
    rows = [
        (
            one.sku.name,
            str(one.sku.gpus or "none"),
            _gib(one.need or 0),
            _gib(one.have or 0),
            f"{(one.need or 0) / (one.have or 1):.0%}",
            one.sku.gpu_model or f"{one.sku.vcpus} vCPUs",
        )
        for one in good
    ]
    titles = ("SIZE", "GPUS", "NEED GIB", "HAS GIB", "USED", "GPU")
    yield table(titles, rows, paint, right=("GPUS", "NEED GIB", "HAS GIB", "USED"))
    spec = str(derive_min_spec(one.sku for one in good).spec or "?")
    yield f"min {paint(spec, 'bold')} over these {len(good)} as of {as_of}"


def _describe(work: Workload) -> str:
    if work.scenario != "finetune":
        return f"{work.scenario}, {work.precision}"
    how = "LoRA" if work.tuning == "lora" else "every parameter"
    zero = f", ZeRO stage {work.zero_stage}" if work.zero_stage else ""
    return f"finetune, {how}, {work.precision}{zero}"


def _how(*, divided: bool) -> str:
    if divided:
        return "share it"
    return "each hold it"


def _gib(size: float) -> str:
    return f"{size / GIB:.1f}" if size >= GIB / 10 else f"{size / GIB:.3f}"


def fit_json(work: Workload, fits: Sequence[Fit], as_of: date) -> str:
    """The result as a JSON object; sizes in bytes, `need` and `have` for one GPU, null if unknown."""
    good = [one.sku for one in fits if one.fits]
    spec = derive_min_spec(good).spec
    return as_json(
        {
            "as_of": str(as_of),
            "scenario": work.scenario,
            "precision": work.precision,
            "tuning": work.tuning if work.scenario == "finetune" else None,
            "zero_stage": work.zero_stage,
            "parameters": round(work.parameters),
            "parts": [
                {
                    "name": one.name,
                    "size": round(one.size),
                    "divided": one.divided,
                    "why": one.why,
                    "source": one.source,
                }
                for one in parts(work)
            ],
            "sizes": [
                {
                    "name": one.sku.name,
                    "gpus": one.sku.gpus,
                    "need": None if one.need is None else round(one.need),
                    "have": None if one.have is None else round(one.have),
                    "fits": one.fits if one.need is not None else None,
                }
                for one in fits
            ],
            "min_sku": str(spec) if spec else None,
        }
    )
