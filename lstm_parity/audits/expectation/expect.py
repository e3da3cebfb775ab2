"""`lstm-parity expect`: how far correct LSTMs of given sizes are apart, in each arithmetic, by simulated rounding."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from lstm_parity.audits.expectation.devices import find_devices
from lstm_parity.audits.folders.weights import _from_safetensors, build_weights, infer_architecture
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.judging.exact import MAX_HIDDEN_NOISE, stack_weights
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic, find_arithmetic, ladder
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.noise.quantised import simulate_kept_weights
from lstm_parity.reference.noise.simulation import Differences, simulate_differences
from lstm_parity.reference.weights import LSTMWeights

MARGIN = 1.5  # most predictions are within this factor of what was measured: experiments/expected_differences.md
_TOO_LARGE = 4.0 * MAX_HIDDEN_NOISE  # differences that are not small, to first order, beside values within 1
_DRAWS, _FEWEST, _ERRORS = 200, 12, 4  # runs by default, at least, and of each case
_BUDGET_KEPT, _FEWEST_KEPT, _PRODUCTS = 2.0, 1, 4e9  # seconds and cases with weights in fewer bits; products a second
_KEPT_FROM, _TOGETHER = 2**20, 8  # the number of the first of these cases; how many are run at a time
_OVERHEAD = 1e-4  # seconds of a step
_BUDGET, _NUMBERS = 4.0, 2.0e7  # seconds, by `_estimate_seconds`; numbers that are kept at a time


class ExpectationError(ValueError):
    """A question that has no answer: what was given, what is needed, what to do."""


@dataclass(frozen=True)
class Spread:
    """How the largest difference of a draw is distributed."""

    median: float
    high: float  # the quantile of 99 %
    largest: float

    @classmethod
    def of(cls, values: Array) -> Spread:
        """Summarise the draws; errors that grew until they overflowed make all of it infinite."""
        if not np.isfinite(values).all():
            return cls(math.inf, math.inf, math.inf)
        return cls(float(np.median(values)), float(np.quantile(values, 0.99)), float(values.max()))


@dataclass(frozen=True)
class Row:
    """What is expected in one arithmetic: differences from the exact answer, and of two implementations.

    alike: of two that add up products in the same order, as kernels of one library often do. draws: of runs.
    """

    arithmetic: str
    exact: Spread
    pair: Spread
    alike: Spread
    draws: int

    @property
    def found_on(self) -> str:
        """Which kinds of devices compute in it."""
        return find_devices(self.arithmetic)

    @property
    def limit(self) -> float:
        """The largest difference that is called noise of this arithmetic."""
        return MARGIN * max(self.exact.high, self.pair.high)

    @property
    def is_small(self) -> bool:
        """Whether the differences are small enough to be predicted."""
        return max(self.exact.largest, self.pair.largest) < _TOO_LARGE


@dataclass(frozen=True)
class Expectation:
    """The rows, the expected arithmetic's first, then the tightest; and the difference that was given, or None."""

    setting: Setting
    weights: str
    draws: int
    seed: int
    rows: tuple[Row, ...]
    difference: float | None

    @property
    def explaining(self) -> tuple[Row, ...]:
        """The arithmetics of which the given difference is noise, the tightest first."""
        if self.difference is None:
            return ()
        wide = [row for row in self.rows if row.is_small and self.difference <= row.limit]
        return tuple(sorted(wide, key=lambda row: row.limit))

    @property
    def is_noise(self) -> bool | None:
        """Whether the given difference is noise of the expected arithmetic; None if that cannot be said."""
        own = self.rows[0]
        return None if self.difference is None or not own.is_small else self.difference <= own.limit


def expect_difference(
    architecture: Architecture,
    time: int,
    batch: int = 1,
    dtype: str = "float32",
    *,
    difference: float | None = None,
    arithmetic: str = "",
    weights: LSTMWeights | None = None,
    draws: int | None = None,
    seed: int = 0,
) -> Expectation:
    """Simulate how far the results of correct LSTMs are apart: the largest difference of output, h_n and c_n.

    difference: what was found, to be called noise or not. arithmetic: in which, by default the dtype's own. weights:
    NumPy arrays; by default nn.LSTM's initialisation, drawn for each case. draws: of runs, by default up to 200,
    as many as take a few seconds. Inputs are normal, the initial states zeros. Raises ExpectationError or SettingError.
    """
    expected = _check_arguments(dtype, difference, arithmetic, draws)
    setting = Setting(architecture, Call(time, batch, states=False), Runtime(dtype))
    draws = draws or _choose_draws(setting)
    rows = [
        Row(a.name, Spread.of(exact[:draws]), Spread.of(pair[:draws]), Spread.of(alike[:draws]), min(draws, len(exact)))
        for a, exact, pair, alike in simulate_draws(setting, weights, draws, seed)
    ]
    rows.sort(key=lambda row: (row.arithmetic != expected, row.limit))
    return Expectation(setting, "default" if weights is None else "given", draws, seed, tuple(rows), difference)


def list_simulated(dtype: str) -> list[Arithmetic]:
    """List the arithmetics whose errors are drawn, or with weights in fewer bits computed: all of the ladder."""
    return list(ladder(dtype))


def _check_arguments(dtype: str, difference: float | None, arithmetic: str, draws: int | None) -> str:
    """Return the name of the expected arithmetic. Raises ExpectationError if an argument has no meaning."""
    if dtype not in NATIVE:
        raise ExpectationError(f"dtype {dtype} was given, but it must be one of {', '.join(NATIVE)}")
    if difference is not None and not 0.0 < difference < math.inf:
        raise ExpectationError(
            f"a difference of {difference:g} was given, but it must be a number above 0: "
            "give the largest absolute difference, such as 3e-4"
        )
    if draws is not None and draws < 2:
        raise ExpectationError(f"{draws} draws were given, but 2 are needed at least: give 200, or leave it out")
    found = find_arithmetic(arithmetic or dtype, dtype)
    if found is None:
        known = "; ".join(a.name for a in list_simulated(dtype))
        raise ExpectationError(f"arithmetic {arithmetic!r} was given, but those known for {dtype} are: {known}")
    return found.name


def read_weights(file: Path, dtype: str) -> tuple[Architecture, LSTMWeights]:
    """Read the LSTM of a state_dict, as a dtype holds it. Raises FolderError if there is none, or several."""
    arrays = _from_safetensors(file, None).arrays
    architecture = infer_architecture(arrays, batch_first=False)
    return architecture, build_weights(arrays, architecture, dtype)


def _estimate_seconds(setting: Setting) -> float:
    """Estimate how long a case with its draws takes: its products, at 20 and at 1 billion a second."""
    a, call = setting.architecture, setting.call
    steps = a.num_layers * a.num_directions * call.time
    products = 4.0 * a.hidden_size * (a.output_size + (a.num_directions * a.output_size) * (a.num_layers > 1))
    return steps * (products * 6.0 * _ERRORS * call.rows / 2e10 + products / 1e9 + call.rows * a.hidden_size * 1e-6)


def _choose_draws(setting: Setting) -> int:
    seconds = _estimate_seconds(setting)
    fewest = _FEWEST if seconds < _BUDGET else _ERRORS
    return max(fewest, min(_DRAWS, _ERRORS * int(_BUDGET / seconds)))


_Found = tuple[Arithmetic, Array, Array, Array]


def simulate_draws(setting: Setting, weights: LSTMWeights | None, draws: int, seed: int) -> list[_Found]:
    """Simulate as many cases as are needed, some at a time; with weights in fewer bits, those that time is for.

    Returns for each arithmetic the largest differences of each run: exact, pair and alike, as in `Row`.
    """
    a, call, count = setting.architecture, setting.call, math.ceil(draws / _ERRORS)
    row = call.time * (a.hidden_size * 24.0 + a.input_size + a.output_size * 6.0 * _ERRORS * (a.num_layers > 1))
    matrices = 8.0 * a.hidden_size * (a.hidden_size + a.input_size) * a.num_layers * a.num_directions
    together, rows = max(1, int(_NUMBERS / (row * call.rows + matrices))), max(1, int(_NUMBERS / row))
    generator, parts = np.random.default_rng(seed), list[Differences]()
    with (
        np.errstate(all="ignore"),
        threadpool_limits(1, user_api="blas"),
    ):  # the products are small: threads would wait for one another
        for start in range(0, count, together):
            cases = _draw_cases(setting, weights, range(start, min(start + together, count)), seed)
            parts.append(_simulate_some(setting, cases, rows, generator))
        found = [(one, *part) for one, part in zip(_plain(setting), _join(parts), strict=True)]
        return found + _simulate_kept(setting, weights, draws, seed, found[0])


def _join(parts: Sequence[Differences]) -> list[tuple[Array, Array, Array]]:
    """Return what belongs to each arithmetic: exact, pair and alike."""
    whole = [np.concatenate([getattr(part, name) for part in parts], 1) for name in ("exact", "pair", "alike")]
    return list(zip(*whole, strict=True))


def _plain(setting: Setting) -> list[Arithmetic]:
    """List the arithmetics that keep all bits of the weights."""
    return [a for a in list_simulated(setting.runtime.dtype) if not a.weights]


def _simulate_kept(
    setting: Setting, weights: LSTMWeights | None, draws: int, seed: int, native: _Found
) -> list[_Found]:
    """Run the arithmetics that keep weights in fewer bits; two runs differ at least by the dtype's own roundings."""
    kept = [a for a in list_simulated(setting.runtime.dtype) if a.weights]
    if not kept:
        return []
    a, call = setting.architecture, setting.call
    layers = a.num_layers * a.num_directions * call.time
    products = 4.0 * a.hidden_size * (a.output_size + max(a.input_size, a.output_size * a.num_directions)) * layers
    left = _BUDGET_KEPT / (1.5 * len(kept)) - layers * _OVERHEAD  # seconds for each arithmetic, of which some run twice
    count = int(np.clip(left * _PRODUCTS / (products * call.rows), _FEWEST_KEPT, draws))
    generator, parts = np.random.default_rng(seed), list[Differences]()
    for start in range(0, count, _TOGETHER):
        numbers = range(_KEPT_FROM + start, _KEPT_FROM + min(start + _TOGETHER, count))
        cases = _draw_cases(setting, weights, numbers, seed)
        x, stacked = np.stack([case.input for case in cases]), stack_weights([case.weights for case in cases])
        parts.append(simulate_kept_weights(kept, x, stacked, generator))
    _, exact, *two = native
    beside = np.resize(exact, count), *(np.resize(one, count) for one in two)
    return [
        (one, *(np.maximum(own, plain) for own, plain in zip(part, beside, strict=True)))
        for one, part in zip(kept, _join(parts), strict=True)
    ]


def _draw_cases(setting: Setting, weights: LSTMWeights | None, numbers: Sequence[int], seed: int) -> list[Case]:
    drawn = [draw_case(setting, "normal", (seed << 32) + k) for k in numbers]
    return drawn if weights is None else [replace(case, weights=weights) for case in drawn]


def _simulate_some(setting: Setting, cases: Sequence[Case], rows: int, generator: np.random.Generator) -> Differences:
    """Simulate these cases, so many rows of the batch at a time."""
    x, stacked = np.stack([case.input for case in cases]), stack_weights([case.weights for case in cases])
    roundoff = NATIVE[setting.runtime.dtype].value
    parts = [
        simulate_differences(_plain(setting), roundoff, x[:, :, k : k + rows], stacked, _ERRORS, generator)
        for k in range(0, x.shape[2], rows)
    ]
    return Differences(*(np.max([getattr(part, name) for part in parts], 0) for name in ("exact", "pair", "alike")))
