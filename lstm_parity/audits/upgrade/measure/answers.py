"""What torch's modules answer to the fixed cases: outputs, states and gradients, every bit of them.

The cases are cases.txt, which pages/record_cases.py wrote: for every dtype a design in which every pair of values
of every two axes of the lattice stands together. Their numbers are the same everywhere; a record has their checksums.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from lstm_parity.audits.upgrade.record import FORWARD, GRADIENTS, SAMPLE_SIZE, Answer, SampledArray, sample_array
from lstm_parity.cases.case import Case, on_device, parse_case, round_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.autograd import adjoints, found_by_autograd
from lstm_parity.running.evidence import TENSORS
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation, expected_arithmetic


@cache
def fixed_cases() -> tuple[str, ...]:
    """Return the ids of the cases of every record."""
    return tuple(Path(__file__).with_name("cases.txt").read_text(encoding="utf-8").split())


def record_answers(ids: Iterable[str], device: str = "cpu") -> Iterator[Answer]:
    """Yield what nn.LSTM and, if it adds anything, nn.LSTMCell do with these cases on a device.

    The answers are known by the same ids on every device, so that those of two can be compared.
    """
    for name in ids:
        one = on_device(parse_case(name), device)
        for implementation in (TorchLSTM(), TorchLSTMCell()) if _is_for_cell(one) else (TorchLSTM(),):
            told = expected_arithmetic(implementation, one.setting).name
            arithmetic = "" if told == one.setting.runtime.dtype else told
            for answer in _answer_of(implementation, one):
                yield replace(answer, case=name, arithmetic=arithmetic)


def _is_for_cell(one: Case) -> bool:
    """Whether a cell in a loop can compute the case: a single layer, in a call form that is not one of layers only."""
    architecture, call = one.setting.architecture, one.setting.call
    layers = architecture.num_layers > 1 or architecture.bidirectional or architecture.proj_size
    return not layers and call.lengths is None


def _answer_of(implementation: Implementation, one: Case) -> Iterator[Answer]:
    yield answer_forward(implementation, one)
    if one.setting.runtime.grad_mode == "grad" and one.profile != "non_finite":
        yield answer_gradients(implementation, one)


def answer_forward(implementation: Implementation, one: Case) -> Answer:
    """Return the results of a call."""
    observation = observe(implementation, one, chain=False)
    if not observation.evidence:
        raised = (observation.refused or observation.failed or "").strip().splitlines()
        return Answer(implementation.name, one.id, FORWARD, raised=raised[-1] if raised else "no words")
    outputs = observation.evidence[0].outputs
    found = {name: array for name in TENSORS if (array := getattr(outputs, name)) is not None}
    return Answer(implementation.name, one.id, FORWARD, _sample_all(found, one, FORWARD), outputs.faults)


def answer_gradients(implementation: Implementation, one: Case) -> Answer:
    """Return the gradients of inputs, states and weights by a loss on all three results."""
    if (reason := implementation.unsupported_reason(one.setting)) is not None:
        return Answer(implementation.name, one.id, GRADIENTS, raised=reason.splitlines()[0])
    try:
        found = found_by_autograd(implementation, one, adjoints(one))
    except Exception as error:  # any exception of torch is its answer
        words = (str(error) or "no words").splitlines()[0]
        return Answer(implementation.name, one.id, GRADIENTS, raised=f"{type(error).__name__}: {words}")
    missing = tuple(f"{name} has no gradient" for name, gradient in found.items() if gradient is None)
    there = {name: gradient for name, gradient in found.items() if gradient is not None}
    return Answer(implementation.name, one.id, GRADIENTS, _sample_all(there, one, GRADIENTS), missing)


def _sample_all(arrays: dict[str, Array], one: Case, way: str) -> dict[str, SampledArray]:
    dtype = one.setting.runtime.dtype
    return {name: sample_array(array, _dtype(array, dtype), SAMPLE_SIZE[way]) for name, array in arrays.items()}


def _dtype(array: Array, dtype: str) -> str:
    """Return the dtype that holds the values: the case's, unless something else was returned."""
    for name in (dtype, *DTYPES):
        with np.errstate(over="ignore"):
            if np.array_equal(round_case(array, name), array, equal_nan=True):
                return name
    return "float64"
