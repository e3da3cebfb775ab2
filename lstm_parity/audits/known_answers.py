"""Known answers, read from their files, and runs judged by them: the stored numbers are what is compared with.

The format is known_answers/README.md's. Our own references provide the rounding noise only, not the answer.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.cases.case import Case, round_case
from lstm_parity.cases.setting import DTYPES, Architecture, Call, Runtime, Setting
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome, Verdict, compare, decide
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.forward import Expected
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights, named_weights
from lstm_parity.reports.failure import ParityError
from lstm_parity.running.evidence import TENSORS, TRAJECTORY, Observation, Outputs
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

_FORMAT = "lstm-parity known answer, format 1"
VECTORS = Path(__file__).parents[1] / "known_answers" / "vectors"


class KnownAnswerError(ValueError):
    """A file that is no known answer of the format that is read here."""


@dataclass(frozen=True, eq=False)
class KnownAnswer:
    """A known answer. Arrays are float64 and canonical: time first, padded, with a batch axis (B is 1 if unbatched).

    input: (T, B, I); h_0: (L*D, B, P) and c_0: (L*D, B, H), zeros where the call gives none; answer: what is returned.
    """

    name: str
    purpose: str
    architecture: Architecture
    call: Call
    weights: LSTMWeights
    input: Array
    h_0: Array
    c_0: Array
    answer: Outputs

    @property
    def given(self) -> list[Array]:
        """All arrays that an implementation is given."""
        return [*(value for _, value in self.weights.items()), self.input, self.h_0, self.c_0]

    @cached_property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes that hold every given number exactly: in any other it would be another vector."""
        return tuple(
            dtype for dtype in DTYPES if all((round_case(array, dtype) == array).all() for array in self.given)
        )

    def case(self, dtype: str, device: str = "cpu") -> Case:
        """Return what an implementation is given, in one of the dtypes."""
        setting = Setting(self.architecture, self.call, Runtime(dtype, device))
        return Case(setting, "known answer", 0, self.weights, self.input, self.h_0, self.c_0)


def read_known_answers(path: Path) -> KnownAnswer:
    """Read the known answer in a file. Raises KnownAnswerError if the format is another, or numbers are missing."""
    stored = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(stored, dict) or stored.get("format") != _FORMAT:
        raise KnownAnswerError(f"{path} was given, but must be a JSON object whose format is {_FORMAT!r}")
    try:
        return _parse_answer(stored)
    except (KeyError, ValueError) as error:
        raise KnownAnswerError(f"{path} is no known answer, see known_answers/README.md: {error!r}") from error


def read_all_known_answers(folder: Path = VECTORS) -> dict[str, KnownAnswer]:
    """Return all known answers of a folder by their names, those with the fewest numbers first.

    Raises KnownAnswerError if there is none, or if a file holds none.
    """
    if not (found := [read_known_answers(path) for path in sorted(folder.glob("*.json"))]):
        raise KnownAnswerError(f"{folder} was given, but no known answer is there: name the folder of the *.json files")
    return {known.name: known for known in sorted(found, key=lambda known: sum(array.size for array in known.given))}


def known_answers_of_dtype(dtype: str) -> list[KnownAnswer]:
    """Return the known answers whose numbers this dtype holds exactly, those with the fewest first."""
    return [known for known in read_all_known_answers().values() if dtype in known.dtypes]


def judge_known_answer(known: KnownAnswer, implementation: Implementation, dtype: str, device: str = "cpu") -> Verdict:
    """Run an implementation on a known answer in one of its dtypes, and judge it by the stored numbers.

    NOT JUDGED where the noise of the trajectory is too large. Raises ValueError for a dtype that does not hold them.
    """
    if dtype not in known.dtypes:
        raise ValueError(f"{dtype} was given, but {known.name} has numbers that only {', '.join(known.dtypes)} hold")
    observation = observe(implementation, known.case(dtype, device), chain=False)
    arithmetic = observation.expected_arithmetic
    if not observation.evidence or not observation.evidence[0].outputs.complete:
        return judge(observation, arithmetic)
    outputs, noise = observation.evidence[0].outputs, known_answer_noise(known, arithmetic)
    told = Observation(observation.case)  # without evidence, nothing but the stored answer speaks in a message
    if noise is None:
        return Verdict(Outcome.NOT_JUDGED, told, arithmetic, reason="the trajectory's noise is too large")
    pairs = {name: (getattr(outputs, name), getattr(known.answer, name)) for name in TENSORS}
    measured = tuple(compare(name, TRAJECTORY, got, exact, noise[name]) for name, (got, exact) in pairs.items())
    return Verdict(decide(outputs.faults, measured), told, arithmetic, measured, outputs.faults)


def require_known_answer(known: KnownAnswer, verdict: Verdict) -> None:
    """Return where the outcome is PARITY; raise `ParityError`, naming the vector and its purpose, where it is not."""
    __tracebackhide__ = True
    if verdict.outcome is not Outcome.PARITY:
        numbers = f"numbers: known_answers/vectors/{known.name}.json"
        context = (f"known answer: {known.name}. {known.purpose}", numbers)
        raise ParityError(verdict, context, f"pytest parity_tests/test_known_answers.py -k {known.name}")


@lru_cache(maxsize=1024)
def known_answer_noise(known: KnownAnswer, arithmetic: Arithmetic) -> dict[str, Array] | None:
    """Return the noise of each tensor, from the initial states on; None if it is too large to mean something."""
    answers = answer_of(known, arithmetic)
    return None if answers is None else {name: getattr(answers, name)[0].deviation for name in TENSORS}


def answer_of(known: KnownAnswer, arithmetic: Arithmetic) -> Expected | None:
    """Compute our own answer and its noise, with a leading axis of one case; None if the noise is too large."""
    return exact_trajectory(known.case(known.dtypes[0]), arithmetic)


def _parse_answer(stored: Mapping[str, Any]) -> KnownAnswer:
    architecture = Architecture(**{name: stored[name] for name in Architecture.__dataclass_fields__})
    lengths = None if stored["lengths"] is None else tuple(stored["lengths"])
    states = stored["h_0"] is not None
    call = Call(stored["time"], stored["batch"], lengths, stored["enforce_sorted"], states)
    arrays = {name: _to_canonical(stored, name) for name in ("input", *TENSORS)}
    shapes = arrays["h_n"].shape, arrays["c_n"].shape
    h_0, c_0 = (
        _to_canonical(stored, name) if states else np.zeros(shape)
        for name, shape in zip(("h_0", "c_0"), shapes, strict=True)
    )
    answer = Outputs(arrays["output"], arrays["h_n"], arrays["c_n"])
    weights = _weights({name: _array(array) for name, array in stored["weights"].items()}, architecture)
    return KnownAnswer(
        stored["name"], stored["purpose"], architecture, call, weights, arrays["input"], h_0, c_0, answer
    )


def _array(stored: Mapping[str, Any]) -> Array:
    numbers = [float.fromhex(number) for number in stored["values"]]
    return np.asarray(numbers, np.float64).reshape(tuple(map(int, stored["shape"])))


def _to_canonical(stored: Mapping[str, Any], name: str) -> Array:
    """Return an array as it is stored, in the layout of the call, brought to time first with a batch axis."""
    array = _array(stored[name])
    if stored["batch"] is None:
        return array[:, None]
    return array.swapaxes(0, 1) if stored["batch_first"] and name in ("input", "output") else array


def _weights(arrays: Mapping[str, Array], architecture: Architecture) -> LSTMWeights:
    return named_weights(arrays, architecture.num_layers, architecture.num_directions)
