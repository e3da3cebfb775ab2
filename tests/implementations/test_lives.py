"""The life of a module: what second calls, train mode and changed weights do to it, here and in another process."""

from __future__ import annotations

import pytest
from torch import nn

from lstm_parity.audits.named import LOADERS
from lstm_parity.cases.case import parse_case
from lstm_parity.diagnosis.probes import observe_in
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import parse_target
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.evidence import LATE, OFTEN, RELOADED, TRAINING, TWICE, WHOLE
from specimens.unseen_faults import CLASSES

CASE = parse_case("I3-H5-L2-T4-B3-nostates-float32-normal-1")
FAULTS = {
    "ScaledInTraining": TRAINING,
    "NoStateInTraining": None,  # without a state it is right
    "BothInTraining": None,  # one direction is right
    "NarrowInTraining": TRAINING,
    "WeightsOfFirstCall": RELOADED,
    "BiasesOfFirstCall": RELOADED,
    "WeightsByAddress": RELOADED,
    "SecondCallScaled": TWICE,
    "TenthCall": OFTEN,
    "GoesOn": TWICE,
    "BufferReused": LATE,
}
EVERY = (WHOLE, TWICE, LATE, OFTEN, TRAINING, RELOADED)
ways = pytest.mark.parametrize("way", EVERY)


@ways
def test_torch_is_right_in_every_use(way):
    """The same numbers, whatever happened to the module before."""
    assert judge(observe_in(way, adapt("module", "nn.LSTM", nn.LSTM), CASE)).outcome is Outcome.PARITY


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_shows_in_its_use(name):
    """In that one at least; a whole call by itself is right."""
    verdicts = {way: judge(observe_in(way, adapt("module", name, CLASSES[name]), CASE)) for way in EVERY}
    wrong = {way for way, verdict in verdicts.items() if verdict.outcome is Outcome.DEVIATES}

    assert (FAULTS[name] in wrong or FAULTS[name] is None, WHOLE in wrong) == (True, False)


@pytest.mark.parametrize("name", ["ScaledInTraining", "WeightsOfFirstCall", "SecondCallScaled"])
def test_a_use_is_the_same_in_another_process(name):
    """Train mode and load_state_dict reach the module there."""
    target = parse_target(f"module:specimens.unseen_faults:{name}", loaders=LOADERS)
    with RemoteImplementation(target) as there:
        outcomes = [judge(observe_in(way, there, CASE)).outcome for way in (WHOLE, FAULTS[name])]

    assert outcomes == [Outcome.PARITY, Outcome.DEVIATES]


@ways
def test_a_function_has_no_life(way):
    """A layer has neither train mode nor state_dict: it is called with other weights, and is right."""
    target = parse_target("layer:examples/layer.py:lstm_forward", loaders=LOADERS)
    with RemoteImplementation(target) as there:
        assert judge(observe_in(way, there, CASE)).outcome is Outcome.PARITY
