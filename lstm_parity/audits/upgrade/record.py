"""A record: what one torch did on the fixed cases, with bad calls, in its modes, and how fast, as plain values."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from lstm_parity.reference.noise.model import Array

# elements that are kept of one array; of a larger one so many, spread over it, and a hash of all
FORWARD, GRADIENTS = "forward", "gradients"
SAMPLE_SIZE = {FORWARD: 64, GRADIENTS: 24}
# the units of speeds; the first comes with torch, the others do not
PRODUCT, PYTHON, NUMPY = "torch's matrix product", "plain Python", "NumPy"
ITSELF = "itself, in milliseconds"  # the call of a unit that is the unit's own time
Speeds = Mapping[str, Mapping[str, tuple[float, ...]]]


@dataclass(frozen=True, eq=False)
class SampledArray:
    """An array of which some elements are known, flat and in float64, and a hash of all its elements.

    dtype: that the values were returned in, and are stored in; they are exact.
    """

    dtype: str
    shape: tuple[int, ...]
    values: Array
    hash: str

    @property
    def whole(self) -> bool:
        """Whether every element is known."""
        return len(self.values) == int(np.prod(self.shape, dtype=int))

    def same_bits(self, other: SampledArray) -> bool:
        """Whether all elements of both arrays are the same, signs of zeros and places of NaN included."""
        return (self.dtype, self.shape, self.hash) == (other.dtype, other.shape, other.hash)


def sample_array(array: Array, dtype: str, count: int) -> SampledArray:
    """Return the kept elements of a float64 array whose values `dtype` holds exactly: so many, or all it has."""
    plain = np.where(np.isnan(array), np.nan, array)  # one NaN for all
    digest = hashlib.sha256(np.ascontiguousarray(plain, "<f8").tobytes()).hexdigest()[:16]
    return SampledArray(dtype, array.shape, plain.reshape(-1)[sample_indices(array.size, count)], digest)


def sample_indices(size: int, count: int) -> Array:
    """Return the flat indices that are kept of an array: all, or so many, spread evenly over rows and columns."""
    if size <= count:
        return np.arange(size)
    step = int(size * 0.6180339887498949)
    while np.gcd(step, size) > 1:
        step += 1
    return np.sort(np.arange(count) * step % size)


@dataclass(frozen=True, eq=False)
class Answer:
    """What a module did with one case: arrays by name, or the exception it raised; faults: what is wrong in form.

    way: "forward" (output, h_n, c_n, canonical) or "gradients" (by input, states and every weight).
    arithmetic: the expected one, if that is not its dtype's own.
    """

    subject: str
    case: str
    way: str
    arrays: Mapping[str, SampledArray] = field(default_factory=dict)
    faults: tuple[str, ...] = ()
    raised: str = ""
    arithmetic: str = ""

    @property
    def key(self) -> tuple[str, str, str]:
        """What the answer of another record is found by."""
        return self.subject, self.way, self.case


@dataclass(frozen=True)
class CallOutcome:
    """What became of a call in a child process: how often it ended in which way, and the words it was refused with.

    endings: counts by "refused", "accepted", "overrun" (refused by luck, after reading past an end), "crashed",
    "exited" and "hung"; words: the exception's class and message, or what was returned, of the first ending.
    """

    endings: Mapping[str, int]
    words: str = ""

    @property
    def times(self) -> int:
        """How often the call was made."""
        return sum(self.endings.values())

    @property
    def refused(self) -> bool:
        """Whether it was refused every time."""
        return set(self.endings) == {"refused"}

    @property
    def died(self) -> int:
        """How often the process ended."""
        return self.endings.get("crashed", 0) + self.endings.get("exited", 0)


@dataclass(frozen=True, eq=False)
class Record:
    """All that is known of one torch.

    conditions: what may change bits without being a bug. cases: checksums by case. conducts: by subject and call.
    capabilities: "" if a thing works, else why not. kernels: names by call. speeds: by unit and call, times in that
    unit, measured in the same moment, once for each round; of `ITSELF`, the unit's own milliseconds.
    """

    conditions: Mapping[str, str]
    cases: Mapping[str, str] = field(default_factory=dict)
    answers: tuple[Answer, ...] = ()
    bad_calls: Mapping[str, CallOutcome] = field(default_factory=dict)
    capabilities: Mapping[str, str] = field(default_factory=dict)
    kernels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    speeds: Speeds = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The torch that it is of."""
        return f"torch {self.conditions.get('torch', 'of no known version')}"
