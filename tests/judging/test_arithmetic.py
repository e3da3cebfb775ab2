"""The likeliest arithmetic is the one an LSTM was computed in."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.stack import FromCell
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.exactness import is_half_exact
from lstm_parity.judging.forward import judge
from lstm_parity.reference.noise.arithmetics import find_arithmetic
from lstm_parity.running.observe import observe
from specimens import correct_cells as lstms
from specimens.coarse_gates import CLASSES, NARROW, WRONG

PROFILES = ("normal", "trained", "tiny", "sparse", "one_hot", "x10", "saturating", "memory")


def found(cell, dtype="float32", hidden_size=7):
    """The explanation of a cell's run on a few cases of every profile."""
    setting = Setting(Architecture(5, hidden_size), Call(4, 3), Runtime(dtype))
    return explain(
        [observe(FromCell("cell", cell), draw_case(setting, p, seed)) for p in PROFILES for seed in range(4)]
    )


def run_coarse(fault):
    """The run of one case by an LSTM with these functions."""
    case = draw_case(Setting(Architecture(3, 4), Call(5, 3)), seed=2)
    return observe(adapt("module", fault.name, CLASSES[fault.name]), case, chain=False)


@pytest.mark.parametrize(
    ("cell", "name"),
    [
        (lstms.per_gate, "float32"),
        (lstms.fused, "float32"),
        (lstms.Written(matmul=lstms.column_sums), "float32"),
        (lstms.inside(torch.float64), "float64 inside, rounded to float32"),
    ],
    ids=["per gate", "fused", "column sums", "float64 inside"],
)
def test_a_correct_lstm_written_otherwise_has_parity(cell, name):
    """Whatever the order of its sums, in the arithmetic it is computed in."""
    explanation = found(cell)

    assert (explanation.parity, explanation.arithmetic.name) == (True, name)


@pytest.mark.parametrize(
    ("cell", "dtype", "name"),
    [
        (lstms.Written(sigmoid=lstms.tanh_sigmoid), "float32", "float32 with absolute-accuracy activations"),
        (lstms.Written(matmul=lstms.products_of(11)), "float32", "float32 with TF32 products"),
        (lstms.Written(matmul=lstms.products_of(8)), "float32", "float32 with bfloat16 products"),
        (lstms.Written(store=lstms.stored_as(torch.float16)), "float32", "float32 with float16 states"),
        (lstms.Written(matmul=lstms.accumulated_in(torch.float16)), "float32", "float32 with float16 accumulation"),
        (lstms.Written(tanh=lstms.tanh_off_by(1e-5)), "float32", "float32 with activations accurate to 1e-05"),
        (lstms.inside(torch.float32), "float64", "float32 inside a float64 layer"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_precision_mistake_deviates_and_is_named(cell, dtype, name):
    """What is computed too coarsely is told apart from rounding, and said by name."""
    explanation = found(cell, dtype)

    assert (explanation.parity, explanation.arithmetic.name) == (False, name)


def test_a_wrong_formula_is_explained_by_no_arithmetic():
    """A mistake in the equations is not a matter of precision."""
    swapped = lstms.Written(sigmoid=torch.tanh, tanh=torch.sigmoid)

    assert found(swapped).arithmetic is None


@pytest.mark.parametrize("fault", WRONG, ids=lambda fault: fault.name)
def test_no_arithmetic_explains_one_wrong_function(fault):
    """Half of a step is exact to the dtype: every gate but one."""
    assert explain([run_coarse(fault)]).arithmetic is None


@pytest.mark.parametrize("fault", NARROW, ids=lambda fault: fault.name)
def test_functions_that_are_all_coarse_are_an_arithmetic(fault):
    """Tables in every gate, a small float, sums rounded by chance."""
    assert explain([run_coarse(fault)]).arithmetic is not None


@pytest.mark.parametrize("profile", ["normal", "trained", "saturating"])
def test_a_saturated_gate_refutes_no_arithmetic(profile):
    """A table is exact there."""
    setting = Setting(Architecture(5, 7), Call(6, 4))
    case = draw_case(setting, profile, 1)
    large = replace(case, weights=case.weights.map(lambda w: 20.0 * w))
    seen = observe(adapt("module", "tables", CLASSES["TablesNearest"]), large, chain=False)

    assert not is_half_exact(judge(seen), find_arithmetic("activations accurate to 1e-02", "float32"))
