"""A case: a setting with weights, input and states, the same numbers on every torch, NumPy and machine.

The numbers come from the raw 64-bit stream of NumPy's PCG64 generator, whose stability NumPy promises (it does not
promise that of `normal()` and its like), through exact arithmetic only; they are then rounded to the setting's dtype.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from lstm_parity.cases.profiles import PROFILES, CaseNumbers
from lstm_parity.cases.setting import Architecture, Setting, SettingError, parse_setting
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights


@dataclass(frozen=True, eq=False)
class Case:
    """What an implementation is given. All arrays are float64 with values that the setting's dtype holds exactly.

    input: (T, B, I); h_0: (L*D, B, P); c_0: (L*D, B, H), zeros where the call gives no states; B is 1 if unbatched.
    """

    setting: Setting
    profile: str
    seed: int
    weights: LSTMWeights
    input: Array
    h_0: Array
    c_0: Array

    @property
    def id(self) -> str:
        """The name that repeats this case exactly: setting, profile and seed."""
        return f"{self.setting.name}-{self.profile}-{self.seed}"

    @cached_property
    def checksum(self) -> str:
        """A hash of every number of the case: it must be the same everywhere."""
        digest = hashlib.sha256()
        for array in (*(value for _, value in self.weights.items()), self.input, self.h_0, self.c_0):
            digest.update(np.ascontiguousarray(array + 0.0, dtype="<f8").tobytes())
        return digest.hexdigest()[:16]

    @cached_property
    def is_finite(self) -> bool:
        """Whether the input and the states hold no NaN and no infinity."""
        return all(np.isfinite(array).all() for array in (self.input, self.h_0, self.c_0))

    @property
    def repeatable(self) -> bool:
        """Whether its id brings back these numbers: not where they were changed by hand after they were drawn."""
        known = self.profile in PROFILES
        return known and draw_case(self.setting, self.profile, self.seed).checksum == self.checksum

    def __repr__(self) -> str:
        return f"case({self.id!r})"


def parse_case(name: str) -> Case:
    """Return the case with that id. Raises SettingError if the id does not name one."""
    words, _, seed = name.rpartition("-")
    setting, _, profile = words.rpartition("-")
    if not seed.isdigit():
        raise SettingError(
            f"{name!r} was given, but a case is SETTING-PROFILE-SEED, as in I5-H7-T4-B2-float32-normal-3"
        )
    return draw_case(parse_setting(setting), profile, int(seed))


def on_device(case: Case, device: str) -> Case:
    """Return the same numbers on another device."""
    return replace(case, setting=replace(case.setting, runtime=replace(case.setting.runtime, device=device)))


@np.errstate(over="ignore")
def draw_case(setting: Setting, profile: str = "normal", seed: int = 0) -> Case:
    """Return the case of a setting, a value profile and a seed. Raises SettingError for a profile that is not known."""
    if profile not in PROFILES:
        raise SettingError(f"profile {profile!r} was given, but it must be one of {', '.join(PROFILES)}")
    stream = _Stream(seed)
    numbers = PROFILES[profile](_make_weights(setting, stream), setting.runtime.dtype, stream.uniform)
    dtype = setting.runtime.dtype
    keep = round_case if setting.call.states else _zeros
    h_0, c_0 = keep(numbers.h_0, dtype), keep(numbers.c_0, dtype)
    weights = numbers.weights.map(lambda w: round_case(w, dtype))
    return Case(setting, profile, seed, weights, round_case(numbers.input, dtype), h_0, c_0)


class _Stream:
    """Numbers from the raw stream of one seed, by exact arithmetic."""

    def __init__(self, seed: int) -> None:
        self._bits = np.random.PCG64(seed)

    def uniform(self, shape: tuple[int, ...]) -> Array:
        """Draw from [0, 1)."""
        raw = np.asarray(self._bits.random_raw(math.prod(shape)))
        return np.asarray((raw >> np.uint64(11)).astype(np.float64) * 2.0**-53).reshape(shape)

    def normal(self, shape: tuple[int, ...]) -> Array:
        """Draw nearly normal numbers, mean 0, variance 1: sums of four 16-bit uniforms, never above 3.5."""
        raw = np.asarray(self._bits.random_raw(math.prod(shape)))
        parts = raw.reshape(-1, 1) >> np.array([0, 16, 32, 48], np.uint64) & np.uint64(0xFFFF)
        centred = parts.sum(1).astype(np.float64) - 2.0 * 65535.0
        return np.asarray(centred * (math.sqrt(3.0) * 2.0**-16)).reshape(shape)


def _make_weights(setting: Setting, stream: _Stream) -> CaseNumbers:
    """Draw torch's default initialisation, U(-1/sqrt(H), 1/sqrt(H)), and normal input and states."""
    a, c = setting.architecture, setting.call
    weights = LSTMWeights(
        tuple(
            tuple(_make_cell_weights(a, layer, stream) for _ in range(a.num_directions))
            for layer in range(a.num_layers)
        )
    )
    states = a.num_layers * a.num_directions, c.rows
    h_0 = 0.5 * stream.normal((*states, a.output_size))
    return CaseNumbers(
        weights, stream.normal((c.time, c.rows, a.input_size)), h_0, stream.normal((*states, a.hidden_size))
    )


def _make_cell_weights(a: Architecture, layer: int, stream: _Stream) -> CellWeights:
    inputs = a.input_size if layer == 0 else a.num_directions * a.output_size
    rows, bias = 4 * a.hidden_size, 4 * a.hidden_size if a.bias else 0
    sizes = np.cumsum([rows * inputs, rows * a.output_size, bias, bias, a.proj_size * a.hidden_size])
    drawn = (2.0 * stream.uniform((int(sizes[-1]),)) - 1.0) * (1.0 / math.sqrt(a.hidden_size))
    w_ih, w_hh, b_ih, b_hh, w_hr = np.split(drawn, sizes[:-1])
    return CellWeights(
        w_ih.reshape(rows, inputs),
        w_hh.reshape(rows, a.output_size),
        b_ih if a.bias else None,
        b_hh if a.bias else None,
        w_hr.reshape(a.proj_size, a.hidden_size) if a.proj_size else None,
    )


def _zeros(array: Array, dtype: str) -> Array:
    return np.zeros_like(array)


def round_case(array: Array, dtype: str) -> Array:
    """Round float64 values to a dtype, to nearest and ties to even, and give them back as float64."""
    if dtype == "bfloat16":
        single = array.astype(np.float32)
        bits = single.view(np.uint32)
        even = bits + np.uint32(0x7FFF) + (bits >> np.uint32(16) & np.uint32(1))
        narrow = np.where(np.isnan(single), np.float32(np.nan), (even & np.uint32(0xFFFF0000)).view(np.float32))
        return np.asarray(narrow.astype(np.float64))
    return np.asarray(array.astype(dtype).astype(np.float64))
