"""`publish skus fit`: sizes for a model from the bytes of its weights."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import click

from azureml_publish.assets import Scenario
from azureml_publish.cli.options import Bytes, as_of_option, output_options
from azureml_publish.cli.output import Output
from azureml_publish.cli.skus.options import catalogue_here, require_selected
from azureml_publish.errors import UsageProblem
from azureml_publish.pipeline.load import day_of
from azureml_publish.reporters.sku_fit import fit_json, fit_text
from azureml_publish.skus.catalogue import is_retired
from azureml_publish.skus.fit import BYTES_PER_PARAMETER, LORA_SHARE, Precision, Shape, Tuning, Workload, fit
from azureml_publish.skus.query import select
from azureml_publish.spec import SkuQuery

_SHAPE = ("hidden", "layers", "sequence")


@click.command("fit")
@click.option("--weights", type=Bytes(), required=True, help="Bytes of the weights as stored: 12GiB, 13.5GB.")
@click.option("--precision", type=click.Choice(list(BYTES_PER_PARAMETER)), default="fp16", show_default=True)
@click.option("--scenario", type=click.Choice(["inference", "evaluation", "finetune"]), default="inference")
@click.option("--full", "tuning", flag_value="full", help="Fine-tune every parameter, with Adam.")
@click.option("--lora", "tuning", flag_value="lora", help="Fine-tune adapters alone. [default for finetune]")
@click.option(
    "--zero-stage", type=click.IntRange(1, 3), metavar="N", help="Divide over a machine's GPUs with DeepSpeed ZeRO."
)
@click.option("--lora-share", type=click.FloatRange(0, 100, min_open=True), metavar="PERCENT", help="Of LoRA.")
@click.option("--hidden", type=click.IntRange(1), metavar="N", help="For activations: the model's hidden size.")
@click.option("--layers", type=click.IntRange(1), metavar="N", help="For activations: its layers.")
@click.option("--sequence", type=click.IntRange(1), metavar="N", help="For activations: tokens in a sequence.")
@click.option(
    "--batch", type=click.IntRange(1), metavar="N", default=1, show_default=True, help="Sequences a GPU works on."
)
@click.option("--cpu", is_flag=True, help="Propose sizes without GPUs as well; not for fine-tuning.")
@click.option("--family", "families", multiple=True, metavar="NAME", help="Only this VM family. May be repeated.")
@as_of_option
@output_options
def command(
    *, output: Output, weights: int, precision: Precision, scenario: Scenario, families: tuple[str, ...],
    as_of: datetime | None, cpu: bool, **options: Any
) -> None:  # fmt: skip
    """Propose sizes for a model from the bytes of its weights, by a rule of thumb whose figures name their sources.

    A rule of thumb: it sorts out what cannot work and shows the arithmetic. It does not replace a run.
    """
    work = _workload(weights, precision, scenario, options)
    if cpu and scenario == "finetune":
        raise UsageProblem("Fine-tuning is not proposed without GPUs.", hint="Leave --cpu out.")
    catalogue = catalogue_here(output)
    day = day_of(output.run, as_of)
    skus = tuple(sku for sku in catalogue if not is_retired(sku, day))
    if families:
        selection = select(catalogue, SkuQuery.model_construct(families=families), day)
        require_selected(selection, output)
        skus = selection.skus
    fits = fit(skus, work, cpu=cpu)
    output.data(fit_json(work, fits, day) if output.json else fit_text(work, fits, day, output.paint))


def _workload(weights: int, precision: Precision, scenario: Scenario, options: dict[str, Any]) -> Workload:
    tuning: Tuning | None = options["tuning"]
    stage: int = options["zero_stage"] or 0
    given = [name for name in _SHAPE if options[name] is not None]
    if scenario != "finetune" and (tuning or stage or given or options["lora_share"] is not None):
        raise UsageProblem(
            "--full, --lora, --zero-stage and the figures of activations are for fine-tuning.",
            hint="Add --scenario finetune, or leave them out.",
        )
    if tuning == "full" and precision in ("int8", "int4"):
        raise UsageProblem(
            f"Weights of {precision} cannot be trained; only adapters on top of them can (peft, Quantization).",
            hint="Write --lora instead of --full.",
        )
    if given and len(given) < len(_SHAPE):
        missing = ", ".join(f"--{name}" for name in _SHAPE if name not in given)
        raise UsageProblem(f"Activations need {missing} as well.", hint="They stand in the model's config.json.")
    shape = Shape(options["hidden"], options["layers"], options["sequence"], options["batch"]) if given else None
    share = LORA_SHARE if options["lora_share"] is None else options["lora_share"] / 100
    return Workload(weights, precision, scenario, tuning or "lora", stage, share, shape)
