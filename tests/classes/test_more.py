"""Functions with arguments of their own; classes with lengths, projections and backward passes, and scripted ones."""

from __future__ import annotations

import importlib
import warnings

import numpy as np
import pytest
import torch
from torch import nn

from lstm_parity.cases.case import parse_case
from lstm_parity.classes.find import find_class
from lstm_parity.implementations.from_function import USUAL, find_roles
from lstm_parity.implementations.from_numpy import computes_with_numpy
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.target import TargetError
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.observe import observe
from specimens.classes_more import MORE, backwards
from specimens.classes_more.backwards import CourseLayer

PLAIN, ALONE = "I3-H5-T4-B2-float64-normal-1", "I3-H5-T4-B2-nostates-float64-normal-1"
PACKED, PACKED_ALONE = "I3-H5-T4-B3-packed2.4.3-float64-normal-1", "I3-H5-T4-B3-packed2.4.3-nostates-float64-normal-1"
CASES = {  # in which the fault is seen
    "params_first_layer": PACKED,
    "course_forward": ALONE,
    "lua_cell": PLAIN,
    "twelve_cell": PACKED,
    "flat_lstm": "I3-H5-L2-T4-B2-float64-normal-1",
    "MaskedEncoder": PACKED_ALONE,
    "SeqLensLSTM": PACKED,
    "ReversingBiLSTM": "I3-H5-bi-T4-B3-packed2.4.3-nostates-float64-normal-1",
    "SortingEncoder": "I3-H5-L2-T4-B3-packed2.4.3-nostates-float64-normal-1",
    "PackedOnlyLSTM": PACKED,
    "EitherLSTM": PACKED,
    "PackedInPaddedOut": PACKED_ALONE,
    "ProjectedLSTM": "I3-H5-P2-T4-B2-float64-normal-1",
    "LSTMPCell": "I3-H5-P2-T4-B2-float64-normal-1",
    "AcousticLSTM": "I3-H5-P2-T4-B2-float64-x10-1",
    "GradsDictLSTM": PLAIN,
    "AccumulatingLSTM": PLAIN,
    "ScriptMethodLSTM": PLAIN,
}
GRADIENTS = {"CourseLayer": ALONE, "GradsDictLSTM": PLAIN, "BpttLSTM": ALONE, "AccumulatingLSTM": PLAIN}
WRONG_WAY_BACK = ("CourseLayer", "BpttLSTM")


def load(name, faulty=False):
    """Adapt a specimen, or its faulty twin."""
    entry = MORE[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = importlib.import_module(f"specimens.{entry.file[:-3].replace('/', '.')}")
        return adapt(entry.kind, name, getattr(module, entry.faulty if faulty else name))


def gradients_of(implementation, name):
    """The outcome of the gradients of one case."""
    case = parse_case(name.replace("float64", "float64-grad"))
    return judge_gradients(implementation, case, adjoints(case)).outcome


@pytest.mark.parametrize("faulty", [False, True], ids=["right", "faulty"])
@pytest.mark.parametrize("name", CASES)
def test_specimens_and_their_twins_are_told_apart(name, faulty):
    """On one case, which is none of those by which it was found how they are used."""
    outcome = judge(observe(load(name, faulty), parse_case(CASES[name]), chain=False)).outcome

    assert outcome is (Outcome.DEVIATES if faulty else Outcome.PARITY)


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_backward_pass_of_its_own_is_judged(name):
    """With the gradients of parameters in attributes, in dicts and in what is returned."""
    assert gradients_of(load(name), GRADIENTS[name]) is Outcome.PARITY


@pytest.mark.parametrize("name", WRONG_WAY_BACK)
def test_a_wrong_backward_pass_deviates(name):
    """Though no call before it does."""
    wrong = load(name, faulty=True)

    assert judge(observe(wrong, parse_case(GRADIENTS[name]))).outcome is Outcome.PARITY
    assert gradients_of(wrong, GRADIENTS[name]) is Outcome.DEVIATES


def test_gradients_of_states_that_it_does_not_give_are_refused():
    """And those of calls without states are judged."""
    assert gradients_of(load("BpttLSTM"), PLAIN) is Outcome.REFUSED


def test_a_method_is_declared(tmp_path):
    """By a name that says nothing; with no backward pass, gradients are refused, in words."""

    class Hidden(backwards.BpttLSTM):
        bptt = None
        way_home = backwards.BpttLSTM.bptt

    (tmp_path / "map.toml").write_text('[backward]\nmethod = "way_home"\n')
    silent = adapt("class", "Hidden", Hidden)
    declared = adapt("class", "Hidden", Hidden, file=str(tmp_path / "map.toml"))

    assert "its gradients are not judged" in silent.remarks[-1]
    assert [gradients_of(one, ALONE) for one in (silent, declared)] == [Outcome.REFUSED, Outcome.PARITY]


def test_what_was_found_of_a_backward_pass_is_said():
    """Where each gradient is."""
    described = find_class(CourseLayer).describe()[-1]

    assert "of x in returned[0]; of h_0 in returned[1]; of Wx in self.dWx" in described


def test_a_class_with_a_projection_by_name_is_judged_with_and_without():
    """nn.LSTM's own among them, packed and in layers."""
    found = adapt("class", "LSTM", nn.LSTM)
    names = ("I3-H5-L2-bi-P2-T4-B3-packed2.4.3-float64-normal-1", PACKED)

    assert [judge(observe(found, parse_case(name), chain=False)).outcome for name in names] == [Outcome.PARITY] * 2


class SortedAlone(nn.LSTM):
    """It packs its rows itself, and demands that they are sorted."""

    def __init__(self, input_size, hidden_size):
        super().__init__(input_size, hidden_size)

    def forward(self, x, lengths):
        packed = nn.utils.rnn.pack_padded_sequence(x, lengths)
        output, last = super().forward(packed)
        return nn.utils.rnn.pad_packed_sequence(output)[0], last


def test_a_class_that_takes_sorted_rows_alone_is_asked_about_these_alone():
    """The others are refused."""
    found, names = (
        adapt("class", "SortedAlone", SortedAlone),
        (PACKED_ALONE.replace("packed2.4.3", "sorted4.3.2"), PACKED_ALONE),
    )

    assert [judge(observe(found, parse_case(n))).outcome for n in names] == [Outcome.PARITY, Outcome.REFUSED]


def of_arrays(x):
    """It names NumPy."""
    return np.tanh(x)


def of_tensors(x):
    """It names both."""
    return torch.from_numpy(np.tanh(x))


@pytest.mark.parametrize(
    ("function", "expected"), [(of_arrays, True), (of_tensors, False), (torch.tanh, False), (len, False)]
)
def test_it_is_found_out_what_a_function_computes_with(function, expected):
    """Without calling it."""
    assert computes_with_numpy(function) is expected


def test_arguments_in_another_order_are_known_by_name():
    """And torch.lstm's own order where names say nothing."""

    def named(params, x, h0, c0, n_layers):
        """Arguments with other names."""

    assert find_roles("named", named) == ("weights", "input", "h_0", "c_0", "num_layers")
    assert find_roles("lstm", lambda a, b, c, d, e, f, g, h, i: None) == USUAL


def test_an_argument_that_is_not_known_is_named():
    """With what would help."""

    def odd(x, weights, flavour):
        """An argument too many."""

    with pytest.raises(TargetError, match="flavour is, is not known: name it like"):
        find_roles("odd", odd)
