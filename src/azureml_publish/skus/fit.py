"""Which sizes a model fits on, from the bytes of its weights: a rule of thumb with a source for each figure.

No estimate replaces a run. It leaves out what has no source: the memory of CUDA itself, fragmentation, and a
key-value cache beyond the 20 % for inference.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal, TypeAlias

from azureml_publish.assets import Scenario
from azureml_publish.skus.catalogue import Sku

Precision: TypeAlias = Literal["fp32", "fp16", "bf16", "int8", "int4"]
"""How the weights are stored."""

Tuning: TypeAlias = Literal["full", "lora"]

BYTES_PER_PARAMETER = {"fp32": 4.0, "fp16": 2.0, "bf16": 2.0, "int8": 1.0, "int4": 0.5}

GIB = 2**30

ZERO = "ZeRO, arXiv:1910.02054"
LORA = "LoRA, arXiv:2106.09685"
ACCELERATE = "accelerate, usage_guides/model_size_estimator, after EleutherAI's Transformer Math 101"
SPREAD = "accelerate, usage_guides/big_modeling: device_map='auto'"
ANATOMY = "transformers, model_memory_anatomy"
PEFT = "peft, quicktour: mt0-large with r=8 trains 2,359,296 of 1,231,940,608 parameters"

INFERENCE_OVERHEAD = 0.2
LORA_SHARE = 0.0019
"""Share of the parameters that LoRA trains, as in peft's quicktour; `--lora-share` changes it."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The sizes that determine activations: hidden size, layers, tokens per sequence, sequences per GPU in a batch."""

    hidden: int
    layers: int
    sequence: int
    batch: int = 1


@dataclass(frozen=True, slots=True)
class Workload:
    """The work to fit. `weights` is the size in bytes of the weights as stored, in `precision`.

    `tuning` and `zero_stage` (0: none) are for fine-tuning only; int8 and int4 weights allow LoRA only.
    """

    weights: int
    precision: Precision
    scenario: Scenario
    tuning: Tuning = "lora"
    zero_stage: int = 0
    lora_share: float = LORA_SHARE
    shape: Shape | None = None

    @property
    def parameters(self) -> float:
        """The number of parameters in the weights."""
        return self.weights / BYTES_PER_PARAMETER[self.precision]


@dataclass(frozen=True, slots=True)
class Part:
    """One part of the memory that a run needs.

    Attributes:
        size: bytes for the whole model, before ZeRO divides it.
        divided: whether it is divided over the GPUs of a machine.
        source: the source of the figure.
    """

    name: str
    size: float
    divided: bool
    why: str
    source: str


@dataclass(frozen=True, slots=True)
class Fit:
    """One size and the workload: the bytes that a GPU (or a machine without GPUs) needs, and has; None: unknown."""

    sku: Sku
    need: float | None
    have: float | None

    @property
    def fits(self) -> bool:
        """Whether it fits; False if that is unknown."""
        return self.need is not None and self.have is not None and self.need <= self.have


def gpu_memory(sku: Sku) -> float | None:
    """Memory in bytes of one GPU (or of the size's part of one); None if the catalogue does not say.

    It is in `gpu_model`, as on the page in `source`: "NVIDIA Tesla T4 16GB", "1/6 of NVIDIA A10 24GB". GB is
    taken as 10^9 bytes, the more cautious reading.
    """
    stated = re.search(r"(\d+)\s*GB", sku.gpu_model)
    if not sku.gpus or stated is None:
        return None
    part = re.match(r"(\d+)/([1-9]\d*) of ", sku.gpu_model)
    share = Fraction(int(part[1]), int(part[2])) if part else Fraction(1)
    return float(int(stated[1]) * 10**9 * share)


def parts(work: Workload) -> tuple[Part, ...]:
    """The parts of GPU memory that the workload needs."""
    if work.scenario != "finetune":
        return _inference(work)
    found = _full(work) if work.tuning == "full" else _lora(work)
    if work.shape is not None:
        shape = work.shape
        size = 24.0 * shape.hidden * shape.batch * shape.sequence * shape.layers
        why = "12 x hidden x batch x sequence x layers values of 16 bits, nothing recomputed; each GPU its own batch"
        found = (*found, Part("activations", size, divided=False, why=why, source=f"{ZERO}, section 3.2"))
    return found


def _inference(work: Workload) -> tuple[Part, ...]:
    return (
        _shared("weights", work.weights, "as they are stored, over the GPUs of one machine", SPREAD),
        _shared("overhead", work.weights * INFERENCE_OVERHEAD, "activations and the rest: up to 20 %", ACCELERATE),
    )


def _shared(name: str, size: float, why: str, source: str) -> Part:
    return Part(name, size, divided=True, why=why, source=source)


def _full(work: Workload) -> tuple[Part, ...]:
    count = work.parameters
    if work.precision == "fp32":
        return (
            Part("weights", 4 * count, work.zero_stage >= 3, "4 bytes a parameter", ANATOMY),
            Part("gradients", 4 * count, work.zero_stage >= 2, "4 bytes a parameter", ANATOMY),
            Part("optimiser", 8 * count, work.zero_stage >= 1, "Adam: two moments of 4 bytes", ANATOMY),
        )
    return (
        Part("weights", 2 * count, work.zero_stage >= 3, "2 bytes a parameter", f"{ZERO}, section 3.1"),
        Part("gradients", 2 * count, work.zero_stage >= 2, "2 bytes a parameter", f"{ZERO}, section 3.1"),
        Part(
            "optimiser",
            12 * count,
            work.zero_stage >= 1,
            "Adam in mixed precision: a copy of the weights and two moments, 4 bytes each",
            f"{ZERO}, section 3.1",
        ),
    )


def _lora(work: Workload) -> tuple[Part, ...]:
    trained = work.parameters * work.lora_share
    share = f"{work.lora_share:.2%} of the parameters"
    source = f"{ZERO}, section 3.1; share: {PEFT}"
    return (
        Part(
            "weights",
            work.weights,
            work.zero_stage >= 3,
            "frozen: no gradients, no optimiser states",
            LORA,
        ),
        Part("adapters", 2 * trained, work.zero_stage >= 3, f"{share}, 2 bytes each", source),
        Part("gradients", 2 * trained, work.zero_stage >= 2, f"{share}, 2 bytes each", source),
        Part("optimiser", 12 * trained, work.zero_stage >= 1, f"{share}, 12 bytes each", source),
    )


def need_per_gpu(work: Workload, gpus: int) -> float:
    """Bytes that each GPU needs, if one machine has this many."""
    return math.fsum(part.size / gpus if part.divided else part.size for part in parts(work))  # the same in any Python


def fit(skus: Iterable[Sku], work: Workload, *, cpu: bool = False) -> tuple[Fit, ...]:
    """How the workload fits each size that has GPUs, or for which that is unknown; in the given order.

    With `cpu`, sizes without GPUs as well: there it uses the machine's own memory.
    """
    found = []
    for sku in skus:
        if sku.gpus == 0:
            if cpu:
                memory = None if sku.memory_gib is None else sku.memory_gib * GIB
                found.append(Fit(sku, need_per_gpu(work, 1) if memory is not None else None, memory))
            continue
        have = gpu_memory(sku)
        need = need_per_gpu(work, sku.gpus) if sku.gpus and have is not None else None
        found.append(Fit(sku, need, have))
    return tuple(found)
