"""What a bad call is, and the good call that it differs from: 5 steps, 2 rows, 3 features, 2 layers of 4 units."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch.nn.utils.rnn import pack_padded_sequence

from lstm_parity.reference.errors import RefusedError
from lstm_parity.reference.weights import CellWeights, LSTMWeights

zeros = torch.zeros
CELL, NEXT = (
    CellWeights(zeros(16, 3), zeros(16, 4), zeros(16), zeros(16)),
    CellWeights(zeros(16, 4), zeros(16, 4), zeros(16), zeros(16)),
)
PROJECTED = CellWeights(zeros(16, 3), zeros(16, 2), zeros(16), zeros(16), zeros(2, 4))
H_0 = _C_0 = zeros(2, 2, 4)
EQUAL, VARYING = pack_padded_sequence(zeros(5, 2, 3), [5, 5]), pack_padded_sequence(zeros(5, 2, 3), [5, 2])
UNSORTED = pack_padded_sequence(zeros(5, 2, 3), [2, 5], enforce_sorted=False)

GOOD: dict[str, dict[str, Any]] = {
    "lstm_forward": {"input": zeros(5, 2, 3), "hx": (H_0, _C_0), "weights": LSTMWeights(((CELL,), (NEXT,)))},
    "lstm_layer": {"x": zeros(5, 2, 3), "state": (zeros(2, 4), zeros(2, 4)), "weights": CELL},
    "lstm_cell": {"x": zeros(2, 3), "state": (zeros(2, 4), zeros(2, 4)), "weights": CELL},
}


@dataclass(frozen=True, eq=False)
class BadCall:
    """A call that no LSTM answers.

    changes: what differs from the good call of that function of the references; kind, words: how they refuse it.
    module: how the arguments of nn.LSTM, or nn.LSTMCell, differ in the same call; None if it has no such call.
    """

    changes: Mapping[str, Any]
    kind: type[RefusedError]
    words: str
    module: Mapping[str, Any] | None = field(default_factory=dict)
    function: str = "lstm_forward"

    @property
    def arguments(self) -> dict[str, Any]:
        """All arguments of the function, with tensors."""
        return GOOD[self.function] | dict(self.changes)


def stack_weights(**changes: Any) -> LSTMWeights:
    """Two layers, the first of them with some weights changed."""
    return LSTMWeights(((replace(CELL, **changes),), (NEXT,)))


def single_cell(**changes: Any) -> LSTMWeights:
    """One projected layer with some weights changed."""
    return LSTMWeights(((replace(PROJECTED, **changes),),))
