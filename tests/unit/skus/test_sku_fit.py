from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from azureml_publish.skus.catalogue import load_catalogue
from azureml_publish.skus.fit import BYTES_PER_PARAMETER, GIB, Shape, Workload, fit, gpu_memory, need_per_gpu, parts

CATALOGUE = load_catalogue()
GB = 10**9


@pytest.mark.parametrize(
    ("name", "memory"),
    [
        ("Standard_NC4as_T4_v3", 16),
        ("Standard_ND96asr_v4", 40),
        ("Standard_NC24ads_A100_v4", 80),
        ("Standard_NC40ads_H100_v5", 94),
        ("Standard_ND96isr_MI300X_v5", 192),
        ("Standard_NV6ads_A10_v5", 4),
        ("Standard_NV18ads_A10_v5", 12),
        ("Standard_NV12s_v3", 8),
    ],
)
def test_the_memory_of_a_gpu_is_what_its_model_says(name: str, memory: float) -> None:
    sku = CATALOGUE.get(name)
    assert sku is not None
    assert gpu_memory(sku) == memory * GB


def test_every_size_with_a_known_number_of_gpus_has_a_known_memory() -> None:
    for sku in CATALOGUE:
        assert (gpu_memory(sku) is not None) == bool(sku.gpus), sku


def test_a_gpu_without_a_stated_memory_is_not_judged() -> None:
    sku = CATALOGUE.get("Standard_NC4as_T4_v3")
    assert sku is not None
    (one,) = fit([replace(sku, gpu_model="NVIDIA Something")], Workload(GIB, "fp16", "inference"))
    assert (one.need, one.have, one.fits) == (None, None, False)
    (unknown,) = fit([replace(sku, gpus=None)], Workload(GIB, "fp16", "inference"))
    assert (unknown.need, unknown.fits) == (None, False)


def test_inference_takes_the_weights_and_a_fifth() -> None:
    work = Workload(10 * GIB, "fp16", "inference")
    assert need_per_gpu(work, 1) == pytest.approx(12 * GIB)
    assert need_per_gpu(work, 4) == pytest.approx(3 * GIB)


def test_the_figures_of_the_zero_paper_come_out() -> None:
    """ZeRO, arXiv:1910.02054, figure 1: 7.5 billion parameters on 64 GPUs: 120, 31.4, 16.6 and 1.9 GB."""
    work = Workload(int(7.5e9 * 2), "fp16", "finetune", "full")
    needs = [need_per_gpu(replace(work, zero_stage=stage), 64) / GB for stage in (0, 1, 2, 3)]
    assert needs == pytest.approx([120, 31.4, 16.6, 1.9], abs=0.05)


def test_the_activations_of_the_zero_paper_come_out() -> None:
    """Section 3.2: GPT-2 with 1.5 billion parameters, 1K tokens and a batch of 32 takes about 60 GB."""
    work = Workload(
        int(1.5e9 * 2), "fp16", "finetune", "full", shape=Shape(hidden=1600, layers=48, sequence=1024, batch=32)
    )
    activations = next(part for part in parts(work) if part.name == "activations")
    assert activations.size / GB == pytest.approx(60, rel=0.02)
    assert not activations.divided


def test_full_precision_takes_16_bytes_a_parameter_too() -> None:
    assert need_per_gpu(Workload(4 * GIB, "fp32", "finetune", "full"), 1) == 16 * GIB


def test_lora_holds_the_frozen_weights_and_little_more() -> None:
    work = Workload(12 * GIB, "fp16", "finetune", "lora", lora_share=0.01)
    assert need_per_gpu(work, 1) == pytest.approx(12 * GIB + 6 * GIB * 0.01 * 16)
    quantised = Workload(3 * GIB, "int4", "finetune", "lora", lora_share=0.01)
    assert need_per_gpu(quantised, 1) == pytest.approx(3 * GIB + 6 * GIB * 0.01 * 16)
    sharded = replace(work, zero_stage=3)
    assert need_per_gpu(sharded, 8) == pytest.approx(need_per_gpu(work, 1) / 8)


def test_every_part_names_its_source() -> None:
    for scenario in ("inference", "evaluation", "finetune"):
        for tuning in ("full", "lora"):
            work = Workload(GIB, "fp16", scenario, tuning, shape=Shape(1, 1, 1))
            assert all(part.source and part.why for part in parts(work))


def test_sizes_keep_their_order_and_those_without_gpus_come_along_when_asked() -> None:
    work = Workload(12 * GIB, "fp16", "inference")
    names = [one.sku.name for one in fit(CATALOGUE, work)]
    assert names == [sku.name for sku in CATALOGUE if sku.gpus != 0]
    machines = {one.sku.name: one for one in fit(CATALOGUE, work, cpu=True)}
    assert machines["Standard_D4s_v5"].fits
    assert not machines["Standard_D2s_v5"].fits


@given(
    st.integers(1, 2**41),
    st.sampled_from(sorted(BYTES_PER_PARAMETER)),
    st.sampled_from(["full", "lora"]),
    st.integers(0, 2),
    st.integers(1, 8),
)
@example(157955023, "fp32", "lora", 2, 1)  # whole and broken numbers: Python 3.12 adds them in another way
def test_a_higher_stage_and_more_gpus_never_need_more(
    weights: int, precision: str, tuning: str, stage: int, gpus: int
) -> None:
    work = Workload(weights, precision, "finetune", tuning, stage)  # type: ignore[arg-type]
    need = need_per_gpu(work, gpus)
    assert need_per_gpu(replace(work, zero_stage=stage + 1), gpus) <= need
    assert need_per_gpu(work, gpus + 1) <= need
