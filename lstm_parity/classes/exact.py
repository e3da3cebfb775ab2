"""Whether weights, gates in some order, give what a class returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_parity.classes.layout import GATES
from lstm_parity.reference.noise.model import Array

_EXACT = 1e-9


def computes_lstm(held: Sequence[Array], order: str, results: Mapping[str, Array], directions: int) -> bool:
    """Whether an LSTM with these weights, gates in this order, returns these results."""
    x = results["x"]
    places = [order.index(gate) for gate in GATES]
    outputs, last = list[Array](), list[tuple[Array, Array]]()
    for slot, whole in enumerate(held):
        weights = whole[places]
        reverse = slot % directions == 1
        zeros = np.zeros((x.shape[1], weights.shape[1]))
        h, c = (results[name][slot] if name in results else zeros for name in ("h_0", "c_0"))
        steps = []
        for frame in x[::-1] if reverse else x:
            z = (
                np.einsum("guk,bk->gbu", weights[..., :-2], np.concatenate([frame, h], -1))
                + weights[..., -2:].sum(-1)[:, None]
            )
            i, f, o = (1.0 / (1.0 + np.exp(-z[k])) for k in (0, 1, 3))
            c = f * c + i * np.tanh(z[2])
            h = o * np.tanh(c)
            steps.append(h)
        outputs.append(np.stack(steps[::-1] if reverse else steps))
        last.append((h, c))
        if reverse or directions == 1:
            x = np.concatenate(outputs[-directions:], -1)
    wanted = {"output": x, "h": np.stack([h for h, _ in last]), "c": np.stack([c for _, c in last])}
    pairs = [(results[name], wanted[name]) for name in wanted if name in results]
    return all(one.shape == other.shape and np.abs(one - other).max() <= _EXACT for one, other in pairs)
