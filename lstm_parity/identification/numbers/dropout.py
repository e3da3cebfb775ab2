"""Dropout between two layers, found in what came out: which of the first layer's numbers did not reach the second.

The mask is 0 or 1 / (1 - p) at each step and feature. The second layer's h of the step before is given, so that its
outputs are a function of the mask alone, with about as many equations as unknowns: they are solved for any real mask,
by Levenberg and Marquardt's method. If what is found is nothing but 0 and one other number, and the mask rounded to
these gives every number of those rows to their noise, dropout was on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from torch import Tensor

from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.equations import usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights

if TYPE_CHECKING:
    from lstm_parity.identification.numbers.given import Given

_MOST_UNKNOWN, _MOST_ROWS, _ROUNDS = 400, 3, 60
_NEAR, _WIDTH = 0.05, 10.0  # of a mask, before it is rounded; noises
_LEAST = 4  # elements of either kind


@dataclass(frozen=True, eq=False)
class LastLayer:
    """The last layer of a stack, and what it returned.

    x (T, B, D*H), what the layer below returned; h_0 and c_0 (D, B, H); output (T, B, D*H), c_n (D, B, H) and their
    noise; weights of one layer.
    """

    weights: LSTMWeights
    x: Array
    h_0: Array
    c_0: Array
    output: Array
    c_n: Array
    noise: Array
    noise_c: Array


def find_dropout(layer: LastLayer) -> float | None:
    """Find p of the dropout on x; None if it is none, or if there is too much to solve for.

    The first steps are enough with one direction; both directions need all steps, since one begins at the last.
    """
    T, B, F = layer.x.shape
    two = layer.weights.num_directions == 2
    steps = T if two else min(T, max(1, _MOST_UNKNOWN // F))
    if steps * F > _MOST_UNKNOWN or layer.weights.cells[0][0].w_hr is not None:
        return None
    found = [_find_in_row(layer, row, steps) for row in range(min(B, _MOST_ROWS))]
    if any(p is None for p in found):
        return None
    first = found[0]
    return first if all(p is not None and first is not None and abs(p - first) < _NEAR for p in found) else None


def _find_in_row(layer: LastLayer, row: int, steps: int) -> float | None:
    """Solve for the mask of one row, and return its p if it is one."""
    whole = steps == len(layer.x)
    wanted = [torch.tensor(layer.output[:steps, row]).reshape(-1)]
    noise = [torch.tensor(np.broadcast_to(layer.noise, layer.output.shape)[:steps, row].copy()).reshape(-1)]
    if whole:
        wanted.append(torch.tensor(layer.c_n[:, row]).reshape(-1))
        noise.append(torch.tensor(np.broadcast_to(layer.noise_c, layer.c_n.shape)[:, row].copy()).reshape(-1))
    goal, width = torch.cat(wanted), _WIDTH * torch.cat(noise).clamp_min(1e-12)

    def run(mask: Tensor) -> Tensor:
        return _run_row(layer, row, mask.reshape(steps, -1), with_c=whole)

    mask = _solve(run, goal, torch.ones(steps * layer.x.shape[-1], dtype=torch.float64))
    kept = mask > 0.5
    if min(int(kept.sum()), int((~kept).sum())) < _LEAST:
        return None
    factor = float(mask[kept].median())
    rounded = torch.where(kept, torch.full_like(mask, factor), torch.zeros_like(mask))
    if float((mask - rounded).abs().quantile(0.9)) > _NEAR or factor <= 1.0:
        return None
    share = 1.0 - 1.0 / factor
    for p in (round(share, 2), round(3.0 * share) / 3.0, share):
        exact = torch.where(kept, torch.full_like(mask, 1.0 / (1.0 - p)), torch.zeros_like(mask))
        if bool(((run(exact) - goal).abs() <= width).all()):
            return p
    return None


def _solve(run: Callable[[Tensor], Tensor], goal: Tensor, start: Tensor) -> Tensor:
    """Minimise the squares of `run(x) - goal` by Levenberg and Marquardt's method."""
    x, damping = start, 1e-3
    away = run(x) - goal
    for _ in range(_ROUNDS):
        slope = torch.func.jacrev(run)(x)
        square, gradient = slope.T @ slope, slope.T @ away
        while damping < 1e6:
            step = torch.linalg.solve(square + damping * torch.diag(square.diagonal() + 1e-9), gradient)
            moved = run(x - step) - goal
            if float(moved.square().sum()) < float(away.square().sum()):
                break
            damping *= 4.0
        else:
            return x
        x, away, damping = x - step, moved, max(damping / 10.0, 1e-12)
        if float(step.abs().max()) < 1e-9:
            break
    return x


def _run_row(layer: LastLayer, row: int, mask: Tensor, *, with_c: bool) -> Tensor:
    """Return the outputs of one row, each step from the h that was returned before, and c_n if it is wanted."""
    x = mask * torch.tensor(layer.x[: len(mask), row])
    halves, ends = [], []
    for direction, cell in enumerate(layer.weights.cells[0]):
        output, c = _run_direction(layer, row, x, cell, direction)
        halves.append(output)
        ends.append(c)
    return torch.cat([torch.cat(halves, -1).reshape(-1), *(ends if with_c else ())])


def _run_direction(layer: LastLayer, row: int, x: Tensor, cell: CellWeights, direction: int) -> tuple[Tensor, Tensor]:
    H = cell.hidden_size
    returned = torch.tensor(layer.output[: len(x), row, direction * H : (direction + 1) * H])
    first = torch.tensor(layer.h_0[direction, row])[None]
    before = torch.cat([returned[1:], first]) if direction else torch.cat([first, returned[:-1]])
    z = x @ torch.tensor(cell.w_ih).T + before @ torch.tensor(cell.w_hh).T
    if cell.b_ih is not None and cell.b_hh is not None:
        z = z + torch.tensor(cell.b_ih + cell.b_hh)
    i, f, g, o = z.chunk(4, -1)
    added, kept, o = i.sigmoid() * g.tanh(), f.sigmoid(), o.sigmoid()
    c, outputs = torch.tensor(layer.c_0[direction, row]), [added[0]] * len(x)
    for t in reversed(range(len(x))) if direction else range(len(x)):
        c = kept[t] * c + added[t]
        outputs[t] = o[t] * c.tanh()
    return torch.stack(outputs), c


def identify_dropout(cases: Sequence[Given]) -> Identification | None:
    """Identify dropout between two layers, in what the second one returned; None if there is none in a case."""
    found = set[float]()
    for case in cases:
        part = case.last_layer if case.weights.num_layers == 2 else None
        p = None if part is None else find_dropout(part.as_layer)
        if p is None:
            return None
        found.add(p)
    words = f"dropout of {' and '.join(f'{p:g}' for p in found)} is on between layer 0 and layer 1, as in train mode"
    change = Change(f"{words}: call eval() before the comparison", "parts", lambda parts, place, n, d: parts)
    return Identification(usual_equations(), (change,))
