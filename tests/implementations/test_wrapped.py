"""A wrapper keeps what the implementation inside it offers: its arithmetic, its gradients, its process."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from lstm_parity.audits.modes.run import AlwaysRuns
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.from_numpy import WithoutGradients
from lstm_parity.implementations.lives import CalledOften, CalledTwice, FromExpandedStates, InTrainMode, Reloaded
from lstm_parity.implementations.load import Declared, declare
from lstm_parity.implementations.remote.purity import WatchedImplementation
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.reference.noise.arithmetics import find_arithmetic
from lstm_parity.running.protocol import expected_arithmetic, finds_gradients, runs_cases

SETTING = Setting(Architecture(3, 4), Call(2, 2), Runtime("float32"))
PRODUCTS = find_arithmetic("TF32 products", "float32")


@dataclass(frozen=True)
class Everything(TorchLSTM):
    """nn.LSTM with all optional protocols."""

    def arithmetic(self, setting):
        return PRODUCTS

    def parameters(self, lstm):
        return {}

    def evidence(self, case, chain):
        return ()

    def found_by_autograd(self, case, d):
        return {}


WRAPPERS = {
    "Wrapped": Wrapped,
    "Declared": lambda inner: Declared(inner, ("packed",), ""),
    "WithoutGradients": WithoutGradients,
    "CalledTwice": lambda inner: CalledTwice(inner, late=False),
    "CalledOften": CalledOften,
    "WatchedImplementation": lambda inner: WatchedImplementation(inner, lambda: None),
    "AlwaysRuns": AlwaysRuns,
    "InTrainMode": InTrainMode,
    "Reloaded": Reloaded,
    "FromExpandedStates": FromExpandedStates,
}
OTHERWISE = {"CalledTwice": {"evidence", "found_by_autograd"}, "AlwaysRuns": {"evidence"}} | {
    name: {"evidence", "found_by_autograd"} for name in ("CalledOften", "InTrainMode", "Reloaded", "FromExpandedStates")
}


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_has_the_optional_protocols_of_what_it_wraps(name):
    """All of them, except those that it must not pass on."""
    wrapper = WRAPPERS[name](Everything())
    has = {
        "arithmetic": expected_arithmetic(wrapper, SETTING) == PRODUCTS,
        "parameters": hasattr(wrapper, "parameters"),
        "evidence": runs_cases(wrapper),
        "found_by_autograd": finds_gradients(wrapper),
    }

    assert {protocol for protocol, there in has.items() if not there} == OTHERWISE.get(name, set())


@pytest.mark.parametrize("name", WRAPPERS)
def test_a_wrapper_invents_no_protocol(name):
    """Around nn.LSTM there is no process and no gradient of its own."""
    wrapper = WRAPPERS[name](TorchLSTM())

    assert (runs_cases(wrapper), finds_gradients(wrapper)) == (False, False)


def test_a_second_call_is_judged_in_the_declared_arithmetic():
    """`--arithmetic` holds for the probes that call twice."""
    declared = declare(TorchLSTM(), (), "float16 states")

    assert expected_arithmetic(CalledTwice(declared, late=True), SETTING).name == "float32 with float16 states"
