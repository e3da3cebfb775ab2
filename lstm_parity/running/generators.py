"""The random generators of the process, seeded for the time of a call: what is drawn from them can be drawn again."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from lstm_parity.running.protocol import LSTM


@contextmanager
def seed_generators(seed: int) -> Iterator[None]:
    """Seed the generators of torch on the CPU, of NumPy and of Python, and leave them as they were afterwards."""
    drawn, state = np.random.get_state(), random.getstate()  # noqa: NPY002 (the one that people use)
    with torch.random.fork_rng(devices=[]):
        try:
            torch.default_generator.manual_seed(seed)
            np.random.seed(seed)  # noqa: NPY002
            random.seed(seed)
            yield
        finally:
            np.random.set_state(drawn)  # noqa: NPY002
            random.setstate(state)


@dataclass(frozen=True, eq=False)
class SeededLSTM:
    """An LSTM that draws from the same seed in every call, and leaves the generators as they were.

    One in another process, which has `call_seeded`, is seeded there.
    """

    lstm: LSTM
    seed: int

    def __call__(self, input: Any, hx: Any = None) -> Any:
        """Call as the LSTM."""
        there = getattr(self.lstm, "call_seeded", None)
        if there is not None:
            return there(self.seed, input, hx)
        with seed_generators(self.seed):
            return self.lstm(input, hx)
