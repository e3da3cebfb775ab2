"""Classes without states, with fixed or lazy weights, NumPy cells with backward passes; what their twins compute."""

from __future__ import annotations

import importlib

import pytest

from lstm_parity.audits.identify import identify_calls
from lstm_parity.cases.case import parse_case
from lstm_parity.implementations.load import adapt
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.observe import observe
from specimens.classes import CLASSES
from specimens.classes_later import LATER
from specimens.classes_more import MORE

PLAIN, ALONE = "I3-H5-T4-B2-float64-normal-1", "I3-H5-T4-B2-nostates-float64-normal-1"
CASES = {  # in which the fault is seen
    "LazyLSTM": ALONE,
    "CellStackLSTM": "I3-H5-L2-T4-B2-nostates-float64-normal-1",
    "FeatureFirstLSTM": ALONE,
    "NumpyBiLSTM": "I3-H5-bi-T4-B2-nostates-float64-normal-1",
    "BufferProjectionLSTM": "I3-H5-P2-T4-B2-float64-normal-1",
    "DimsLSTM": PLAIN,
    "CarryFirstCell": PLAIN,
}
NAMES = {
    "LastOnlyLSTM": "f = tanh(z_f) instead of f = sigmoid(z_f)",
    "CellStackLSTM": "h_0 and c_0 of a layer are those in which the layer below ended",
    "TheanoLSTM": "w_hh c",
    "MaskedEncoder": "h_n and c_n are those after the padding of a row, not those at its end",
    "StatefulLSTM": "a second call without states starts from those in which the first ended",
    "CourseLayer": "the derivative of z by w_hh is h after the step, not h before it",
}
GRADIENTS = ("CourseCell", "CacheCell", "GatesCell")


def load(name, faulty=False):
    """Adapt a specimen, or its faulty twin."""
    entry = {**CLASSES, **MORE, **LATER}[name]
    module = importlib.import_module(f"specimens.{entry.file[:-3].replace('/', '.')}")
    return adapt(entry.kind, name, getattr(module, entry.faulty if faulty else name))


@pytest.mark.parametrize("faulty", [False, True], ids=["right", "faulty"])
@pytest.mark.parametrize("name", CASES)
def test_specimens_and_their_twins_are_distinguished(name, faulty):
    """On one case, which is none of those by which it was found how they are used."""
    outcome = judge(observe(load(name, faulty), parse_case(CASES[name]), chain=False)).outcome

    assert outcome is (Outcome.DEVIATES if faulty else Outcome.PARITY)


@pytest.mark.parametrize("faulty", [False, True], ids=["right", "faulty"])
@pytest.mark.parametrize("name", GRADIENTS)
def test_the_backward_pass_of_a_cell_is_judged(name, faulty):
    """Step by step, with what its call returned for it."""
    case = parse_case(PLAIN.replace("float64", "float64-grad"))
    outcome = judge_gradients(load(name, faulty), case, adjoints(case)).outcome

    assert outcome is (Outcome.DEVIATES if faulty else Outcome.PARITY)


@pytest.mark.parametrize("name", NAMES)
def test_a_fault_that_no_single_step_shows_is_named(name):
    """Without states, in stacks, in rows of other lengths, in a second call, or on the way back."""
    assert NAMES[name] in identify_calls(load(name, faulty=True)).summary


@pytest.mark.parametrize("name", ["CellStackLSTM", "CourseLayer"])
def test_a_right_class_has_no_name(name):
    """Whatever is searched for, its numbers are nn.LSTM's."""
    assert identify_calls(load(name)).is_right
