"""Sizes on the command line: one notation for every option."""

from __future__ import annotations

import click
import pytest

from azureml_publish.cli.options import Bytes
from tests.conftest import Run


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("2048", 2048),
        ("512B", 512),
        ("1G", 1_000_000_000),
        ("1GB", 1_000_000_000),
        ("1Gi", 1_073_741_824),
        ("1GiB", 1_073_741_824),
        ("1.5 g", 1_500_000_000),
        ("13.5GB", 13_500_000_000),
        ("400K", 400_000),
        ("50MiB", 52_428_800),
        ("1tib", 1_099_511_627_776),
        (7, 7),
    ],
)
def test_decimal_and_binary_units(text: str | int, size: int) -> None:
    assert Bytes().convert(text, None, None) == size
    assert Bytes(per_second=True).convert(text, None, None) == size


def test_a_rate_may_name_the_second() -> None:
    assert Bytes(per_second=True).convert("50 MiB/s", None, None) == 52_428_800
    with pytest.raises(click.BadParameter):
        Bytes().convert("50 MiB/s", None, None)


@pytest.mark.parametrize(
    "text", ["", "fast", "0", "0.4", "-5M", "5 MiB/min", "MiB", "1e9", "1EB", "1 G B", "²", "1,5G"]
)
def test_anything_else_is_a_usage_error(text: str) -> None:
    for kind in (Bytes(), Bytes(per_second=True)):
        with pytest.raises(click.BadParameter, match="MiB"):
            kind.convert(text, None, None)


def test_each_verb_reads_the_same_size(publish: Run) -> None:
    fit = ["skus", "fit", "--weights"]
    assert publish(*fit, "1G").out == publish(*fit, "1GB").out == publish(*fit, "1000000000").out
    assert publish(*fit, "1G").out != publish(*fit, "1GiB").out
    for verb in (fit, ["emulator", "--hub-weights"], ["apply", "--bandwidth"]):
        ran = publish(*verb, "1E")
        assert ran.code == 2
        assert "MiB is 2^20 bytes; MB and M are 10^6" in ran.err
