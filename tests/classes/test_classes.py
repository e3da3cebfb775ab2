"""Any class as it stands: how it is constructed, called and filled is found, and a wrong one is no other layout."""

from __future__ import annotations

import importlib
import warnings

import numpy as np
import pytest
import torch
from torch import nn

import lstm_parity
from lstm_parity.cases.case import parse_case
from lstm_parity.classes.constructors.constructor import UnknownClassError, find_constructor
from lstm_parity.classes.constructors.roles import find_role
from lstm_parity.classes.find import find_class
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.target import TargetError
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.observe import observe
from specimens.classes import CLASSES

ROLES = {
    "input_sz": "input_size",
    "n_in": "input_size",
    "dim_in": "input_size",
    "d_in": "input_size",
    "ninp": "input_size",
    "embedding_dim": "input_size",
    "in_features": "input_size",
    "input_depth": "input_size",
    "hidden_sz": "hidden_size",
    "n_out": "hidden_size",
    "num_units": "hidden_size",
    "nhid": "hidden_size",
    "rnn_size": "hidden_size",
    "nlayers": "num_layers",
    "depth": "num_layers",
    "use_bias": "bias",
    "time_major": "time_first",
    "activation": None,
}
NAMED = {
    "NaiveLSTM": {"g"},
    "ConcatLSTM": {"h'"},
    "NoBiasLSTM": {"z"},
    "TFStyleCell": {"c'"},
    "LuaCell": {"f"},
    "StackedLSTM": {"wiring"},
    "NamedTupleLSTM": {"wiring"},
    "OnnxLSTM": {"h'"},
}


def load(name: str) -> type:
    """Import a specimen, or the faulty twin of one."""
    entry = CLASSES[name.removesuffix("Faulty")]
    return getattr(importlib.import_module(f"specimens.{entry.file[:-3].replace('/', '.')}"), name)


@pytest.mark.parametrize("name", ROLES)
def test_an_argument_is_known_by_its_name(name):
    """In the words of tutorials, ports and papers."""
    assert find_role(name) == ROLES[name]


@pytest.mark.parametrize("name", CLASSES)
def test_a_class_is_constructed_called_and_filled_as_it_stands(name):
    """Then it computes what nn.LSTM does, on small numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert find_class(load(name)).is_exact


@pytest.mark.parametrize("name", NAMED)
def test_a_wrong_class_is_no_other_layout(name):
    """The nearest layout and what it computes are named together."""
    found = lstm_parity.identify(load(f"{name}Faulty"), "class")

    assert set(found.differing) == NAMED[name]


@pytest.mark.parametrize("name", ["NaiveLSTM", "TheanoLSTM", "BiLSTM"])
def test_a_class_has_parity(name):
    """With states or without, with all results or some, with one size or two."""
    assert lstm_parity.check(load(name), "class", dtypes=["float64"]) > 5


@pytest.mark.parametrize("name", ["FourGatesLSTM", "BiLSTM", "KerasLSTM"])
def test_a_wrong_class_that_cannot_be_probed_deviates(name):
    """It takes no states, so that nothing is named."""
    with pytest.raises(AssertionError, match="deviates"):
        lstm_parity.check(load(f"{name}Faulty"), "class", dtypes=["float64"])


class Sizeless(nn.Module):
    """Nothing says how large it is to be."""

    def __init__(self, flavour):
        super().__init__()


class Silent(nn.Module):
    """An LSTM's arguments, and nothing that could be one."""

    def __init__(self, input_size, hidden_size):
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(hidden_size, input_size))

    def forward(self, x):
        """Return a number."""
        return x.sum()


class ThreeGates(nn.GRU):
    """Another network, called like an LSTM without states."""


class DropsWeights(nn.LSTM):
    """An argument of its own, and the others passed on: as torchnlp's WeightDropLSTM."""

    def __init__(self, *args, weight_dropout=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.weight_dropout = weight_dropout


class NeedsBias(nn.LSTMCell):
    """An argument of nn.LSTMCell's that has no default: as Opacus's cell."""

    def __init__(self, input_size, hidden_size, bias):
        super().__init__(input_size, hidden_size, bias)


class OneWay(nn.LSTM):
    """An argument that one value of is refused by the constructor: as torchrl's LSTM."""

    def __init__(self, input_size, hidden_size, num_layers=1, bidirectional=False):
        if bidirectional:
            raise NotImplementedError("not supported yet")
        super().__init__(input_size, hidden_size, num_layers)


@pytest.mark.parametrize("made", [nn.LSTMCell, DropsWeights, NeedsBias, OneWay])
def test_constructors_of_packages_are_found(made):
    """Whatever they inherit, need or refuse."""
    implementation = adapt("class", made.__name__, made)

    assert judge(observe(implementation, parse_case("I3-H5-T4-B2-float64-normal-1"))).outcome is Outcome.PARITY


def test_what_a_constructor_refuses_is_refused():
    """In its own words."""
    found = observe(adapt("class", "OneWay", OneWay), parse_case("I3-H5-bi-T4-B2-float64-normal-1"))

    assert "not supported yet" in (found.refused or "")


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (Sizeless, "which of these is the hidden size"),
        (Silent, "no way was found to call it: no call returned what may be the output"),
        (ThreeGates, r"not the weights of four gates in a known layout: .* weight_ih_l0 \(15, 3\)"),
    ],
)
def test_what_is_not_found_is_said(made, words):
    """With what would help."""
    with pytest.raises(TargetError, match=words):
        adapt("class", made.__name__, made)


def test_a_function_is_no_class():
    """It is refused in words."""
    with pytest.raises(TargetError, match="a class must be a class"):
        adapt("class", "sigmoid", np.tanh)


def test_two_sizes_without_telling_names_are_told_apart_by_one_that_is_known():
    """Here hidden_size is."""

    class Two(nn.Module):
        def __init__(self, foo, hidden_size):
            super().__init__()

    assert find_constructor(Two).roles == {"hidden_size": "hidden_size", "input_size": "foo"}


def test_an_unknown_class_error_is_no_traceback():
    """A constructor that raises is quoted."""

    class Broken(nn.Module):
        def __init__(self, input_size, hidden_size):
            raise ValueError("not today")

    with pytest.raises(UnknownClassError, match="ValueError: not today"):
        find_class(Broken)
