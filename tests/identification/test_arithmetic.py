"""The data sheet: what is rounded where is measured from outside, and nothing is said of plain arithmetic."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from experiments.data_sheets import adapt_step, judge
from lstm_parity.audits.data_sheet import HEADINGS, sheet_cells, sheet_text
from lstm_parity.cases.setting import DTYPES, Runtime
from lstm_parity.identification.arithmetic.activations import exact_values
from lstm_parity.identification.arithmetic.orders import KnownOrder, orders
from lstm_parity.identification.arithmetic.sheet import measure_data_sheet
from lstm_parity.implementations.torch_modules import TorchLSTM
from specimens.planted_arithmetics import PLAIN, PLANTED

BY_NAME = {planted.name: planted for planted in (*PLAIN, *PLANTED)}
SEVERAL = (
    "plain-float32",
    "tf32-factors-and-half-h",
    "three-tf32-products",
    "sixteen-bit-accumulator",
    "blocks-of-four",
    "c-from-exp",
    "f-in-single",
    "input-product-fused",
    "no-subnormal-results",
    "full-quads",
    "drawn-accumulators",
    "o-overflows",
)


@pytest.mark.parametrize("name", SEVERAL)
def test_a_planted_arithmetic_is_named(name: str):
    """All that was planted in a step, and nothing else."""
    planted = BY_NAME[name]
    sheet = measure_data_sheet(adapt_step(planted), Runtime(planted.dtype), 8)

    assert judge(planted, sheet) == "right"


@pytest.mark.parametrize("dtype", DTYPES)
def test_torch_lacks_nothing(dtype: str):
    """nn.LSTM works in the dtype that it is called in; where the processor multiplies bfloat16, it flushes."""
    lacks = measure_data_sheet(TorchLSTM(), Runtime(dtype), 8).lacks
    flushes = dtype == "bfloat16" and torch.ops.mkldnn._is_mkldnn_bf16_supported()

    assert not lacks or (flushes and list(lacks) == ["flushed"])


@pytest.mark.parametrize("n", [2, 5, 16])
def test_every_known_order_adds_all_terms(n: int):
    """The largest part of a sum has all terms in it, whatever the order; so has that of the first and last term."""
    places = tuple(range(n))

    def total(order: KnownOrder) -> float:
        return float(order.sizes(places).max())

    assert {total(order) for order in orders(n)} == {n}


def test_what_is_no_number_is_measured_too():
    """A step that returns NaN or infinity has a data sheet, in which it is marked."""

    def step(x, h, c, *weights):
        return np.full_like(h, np.nan), np.full_like(c, np.inf)

    sheet = measure_data_sheet(adapt_step(replace(BY_NAME["plain-float32"], step=step)), Runtime("float32"), 4)

    assert set(sheet.lacks["overflow"]) >= {"o", "c'"}


def test_exact_values_are_exact():
    """tanh of a tiny number is that number less a third of its cube."""
    z = np.array([2.0**-20])
    high, low = exact_values("tanh", z)

    assert (high - z)[0] + low[0] == pytest.approx(-(2.0**-60) / 3.0, rel=1e-9)


def test_the_text_marks_what_is_less_than_the_dtype_allows():
    """Factors of eleven bits in float32, and states of eleven."""
    sheet = measure_data_sheet(adapt_step(BY_NAME["tf32-factors-and-half-h"]), Runtime("float32"), 4)
    marked = [line.split()[1] for line in sheet_text(sheet).splitlines() if line.startswith(">")]

    assert marked == ["factors", "states"]


def test_a_row_of_the_page_has_a_cell_for_each_heading():
    """So that the table stays one."""
    assert len(sheet_cells(measure_data_sheet(TorchLSTM(), Runtime("float32"), 4))) == len(HEADINGS)
