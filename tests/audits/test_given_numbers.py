"""Folders of numbers that somebody reports: some of the tensors, in wider files, and what computes them."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch
from torch import nn

from lstm_parity.audits.folders.run import judge_folders
from lstm_parity.cases.case import parse_case
from lstm_parity.catalogue.mistakes import find_mistake
from lstm_parity.diagnosis.numbers import search_numbers
from lstm_parity.identification.variants import apply_variants, list_variants
from lstm_parity.implementations.load import adapt
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.observe import observe
from specimens.coarse_gates import CLASSES as COARSE
from specimens.coarse_gates import NARROW, WRONG
from specimens.joined_equations import CLASSES as JOINED
from specimens.reset_equations import CLASSES
from specimens.rounded_results import OTHERS, ROUNDED
from specimens.unseen_equations import CLASSES as UNSEEN
from tests.support.folders import answered, judge_row, written


class SteepTwice(nn.LSTM):
    """Gates read as i, g, f, o, and 1 added to the forget gate: what ports from TensorFlow forget."""

    def load_state_dict(self, state_dict, *args, **kwargs):
        """Load the rows in another order, with a bias more."""
        moved = {}
        for name, value in state_dict.items():
            i, g, f, o = value.chunk(4)
            moved[name] = torch.cat([i, f + ("bias_ih" in name), g, o])
        return super().load_state_dict(moved, *args, **kwargs)


PORT = adapt("module", "port", SteepTwice)


def verdict_on(implementation, name="I3-H4-T4-B2-float32-normal-1"):
    """The verdict on one case."""
    return judge(observe(implementation, parse_case(name), chain=False))


@pytest.mark.parametrize("given", [("output",), ("h_n",), ("output", "c_n")])
def test_some_of_the_tensors_are_judged_alone(given, tmp_path):
    """nn.LSTM's, with what is not given said to be so."""
    folder = answered(written(tmp_path))
    absent = [name for name in ("output", "h_n", "c_n") if name not in given]
    for name in absent:
        (folder / f"{name}.npy").unlink()
    row = judge_row(folder)

    assert (row.outcome, [*row.reasons]) == (Outcome.PARITY, [f"judged in part, {n} is not given" for n in absent])


def test_a_mistake_is_named_by_the_output_alone(tmp_path):
    """The gates in another order, in two layers."""
    folder = answered(written(tmp_path, "I3-H4-L2-T4-B2-float32-normal-1"), find_mistake("gates-ifog"))
    for name in ("h_n", "c_n"):
        (folder / f"{name}.npy").unlink()

    assert judge_folders(folder).diagnosis[0].startswith("behaves like: gates-ifog")


def test_a_wider_file_is_as_good(tmp_path):
    """The results of a float32 layer in float64."""
    folder = answered(written(tmp_path))
    for name in ("output", "h_n", "c_n"):
        np.save(folder / f"{name}.npy", np.load(folder / f"{name}.npy").astype(np.float64))

    assert judge_row(folder).outcome is Outcome.PARITY


@pytest.mark.parametrize("shape", ["", "L2-", "bi-"])
def test_a_gate_that_multiplies_h_is_named_by_numbers_alone(shape):
    """The forget gate, before the candidate reads h."""
    reset = adapt("module", "reset", CLASSES["CandidateReadsForgotten"])
    (model,) = search_numbers([verdict_on(reset, f"I3-H4-{shape}T4-B2-float32-normal-1")], 60.0).models

    assert model.summary.partition(" instead")[0].endswith("; w_hh (f * h) in the place of w_hh h in g")


@pytest.mark.parametrize("fault", WRONG[1::3], ids=lambda fault: fault.name)
def test_one_wrong_function_is_named_by_its_values(fault):
    """If the numbers show that all others are exact, and that it depends on its argument alone."""
    verdict = verdict_on(adapt("module", fault.name, COARSE[fault.name]), "I3-H12-T6-B4-float32-normal-1")
    (model,) = search_numbers([verdict], 60.0).models

    assert (model.differing, " = u(" in model.summary or " * u(" in model.summary) == (fault.parts, True)


@pytest.mark.parametrize("name", ["OutputLinearAndHiddenGelu", "CandidateSquareAndLastHiddenNegated"])
def test_what_depends_on_its_argument_nearly_alone_is_no_function(name):
    """Two functions of which one is nearly right; and one beside an h_n that is not the last h."""
    verdict = verdict_on(adapt("module", name, {**UNSEEN, **JOINED}[name]), "I3-H16-bi-T5-B3-float32-normal-2")

    assert search_numbers([verdict], 1.0).models == ()


@pytest.mark.parametrize("fault", NARROW[::3], ids=lambda fault: fault.name)
def test_functions_that_are_all_coarse_are_no_equation(fault):
    """However they are computed: an arithmetic explains them."""
    verdict = verdict_on(adapt("module", fault.name, COARSE[fault.name]), "I3-H12-T6-B4-float32-normal-1")

    assert search_numbers([verdict], 1.0).models == ()


@pytest.mark.parametrize("fault", ROUNDED, ids=lambda fault: fault.name)
def test_results_that_are_rounded_once_are_named(fault):
    """Which ones, and to which type."""
    (model,) = search_numbers([verdict_on(adapt("module", fault.name, fault.module), fault.case)], 1.0).models

    verb = "is" if len(fault.results) == 1 else "are"
    assert f"{fault.results[-1]} {verb} rounded " in model.summary
    assert fault.kept_in in model.summary


@pytest.mark.parametrize("name", [name for name in OTHERS if name != "Right"])
def test_what_is_rounded_at_every_step_is_no_rounded_result(name):
    """Nor is a call of one step, in which both are the same."""
    made, case = OTHERS[name]
    models = search_numbers([verdict_on(adapt("module", name, made), case)], 0.1).models

    assert [model.summary for model in models if "when" in model.summary] == []


@pytest.mark.parametrize("shape", ["", "L2-", "bi-"])
def test_two_faults_of_a_port_are_named_together(shape):
    """An order of gates and a forget bias, in one layer, two, and both directions."""
    (model,) = search_numbers([verdict_on(PORT, f"I3-H4-{shape}T4-B2-float32-normal-1")], 60.0).models

    assert model.differing == ("z", "f")


def test_what_a_right_lstm_returns_has_no_other_name():
    """Even if its files have the wrong form."""
    assert search_numbers([verdict_on(adapt("module", "nn.LSTM", nn.LSTM))], 60.0).models == ()


def test_every_order_of_gates_is_another_line():
    """All 24 but nn.LSTM's are variants, and say so."""
    orders = [apply_variants((v,)).lines["z"] for v in list_variants() if v.thing == "order"]

    assert {line.partition("in rows ")[2] for line in orders} == {
        ", ".join(order) for order in permutations("ifgo") if order != tuple("ifgo")
    }


class _OnGrid(nn.LSTM):
    """One layer of a few steps, whose states are multiples of 1/128 after every one."""

    def forward(self, input, hx=None):
        """Run it with time first."""
        (h, c), outputs = (state[0] for state in hx), []
        for x in input:
            h, c = torch._VF.lstm_cell(x, (h, c), *self.all_weights[0])
            h, c = ((128 * state).round() / 128 for state in (h, c))
            outputs.append(h)
        return torch.stack(outputs), (h[None], c[None])


class _FewDecimals(nn.LSTM):
    """nn.LSTM with weights of three decimals."""

    def load_state_dict(self, state_dict, *args, **kwargs):
        """Round them."""
        return super().load_state_dict({name: w.mul(1e3).round().div(1e3) for name, w in state_dict.items()}, *args)


class _FourBits(nn.LSTM):
    """nn.LSTM with weights of four bits, a scale for each row, and biases as they are."""

    def load_state_dict(self, state_dict, *args, **kwargs):
        """Round the weights."""
        return super().load_state_dict({name: self._round(w) for name, w in state_dict.items()}, *args)

    @staticmethod
    def _round(w):
        scale = w.abs().amax(-1, keepdim=True) / 7
        return (w / scale).round() * scale if w.ndim == 2 else w


@pytest.mark.parametrize(
    ("lstm", "words"),
    [
        (_FourBits, "the weights are rounded to 4 bits, a scale for each row of max / 7"),
        (_OnGrid, "h and c are rounded to multiples of 1/128 after every step"),
        (_FewDecimals, "the weights and biases are rounded to 3 decimals"),
    ],
)
def test_numbers_on_a_grid_are_named_before_an_arithmetic(lstm, words, tmp_path):
    """Integer states and printed weights: bits refute that the activations are inaccurate or the products narrow."""
    folder = answered(written(tmp_path, "I3-H4-T6-B3-float32-normal-1"), adapt("module", "grid", lstm))
    (said,) = judge_folders(folder).diagnosis

    assert words in said
