"""What fifty digits say: every implementation, and both references on their own, against the stored numbers."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from parity.judge import Outcome
from parity.known import against, answered, demand_known, read_all
from parity_tests.small_lstms import close
from reference import numpy_lstm, torch_lstm
from reference.arithmetics import FLOAT64

KNOWN = read_all()
POINTS = [pytest.param(name, dtype, id=f"{name}-{dtype}") for name, known in KNOWN.items() for dtype in known.dtypes]
every_vector = pytest.mark.parametrize("name", KNOWN)


@pytest.mark.parametrize(("name", "dtype"), POINTS)
def test_an_implementation_returns_the_known_answers(implementation, name, dtype):
    """In every dtype that holds the given numbers, what is returned is what fifty digits say, to rounding noise."""
    verdict = against(KNOWN[name], implementation, dtype)
    if verdict.outcome is Outcome.REFUSED:
        pytest.skip(verdict.reason)
    demand_known(KNOWN[name], verdict)


@every_vector
@pytest.mark.parametrize(
    ("forward", "array"),
    [(torch_lstm.lstm_forward, torch.tensor), (numpy_lstm.lstm_forward, np.array)],
    ids=["torch", "NumPy"],
)
def test_a_reference_returns_the_known_answers(forward, array, name):
    """Without the engine, in float64, both references are within 1e-15 of what fifty digits say."""
    known = KNOWN[name]
    hx = array(known.h_0), array(known.c_0)
    output, last = forward(array(known.input), hx, known.weights.map(array), lengths=known.call.lengths)

    close((output, *last), tuple(map(array, exact(known))), 1e-15)


@every_vector
def test_the_judge_knows_the_known_answers(name):
    """What the judge takes for exact is within 1e-15 of what fifty digits say."""
    answers = answered(KNOWN[name], FLOAT64)

    close((answers.output.value[0], answers.h_n.value[0], answers.c_n.value[0]), exact(KNOWN[name]), 1e-15)


def exact(known):
    """The stored answer: output, h_n, c_n."""
    return known.answer.output, known.answer.h_n, known.answer.c_n
