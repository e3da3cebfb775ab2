"""Shapes and colours of the pictures, and their text alternatives: templates draw them as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from lstm_parity.judging.places import DIRECTIONS, GATES
from lstm_parity.judging.spread import BIN_EDGES
from lstm_parity.judging.verdict import WORST_LIMIT

PLACE = ("layer", "direction", "gate", "step", "row", "unit", "column")  # in the order of words
NAMED = {"direction": DIRECTIONS, "gate": GATES}  # what is named, not numbered

WIDTH, HEIGHT, BAR, GAP = 172.0, 56.0, 11.0, 2.0
WITHIN = BIN_EDGES.index(WORST_LIMIT)  # bins up to the limit
NEAR = WITHIN // 3  # bins that a caption counts
BIN_NAMES = [f"{low:.2g} to {high:.3g}" for low, high in pairwise(BIN_EDGES)] + ["above 1e4"]
LIMIT_X = WITHIN * BAR + GAP / 2
SHADES = (0.25, 0.35, 0.45, 0.6, 1.0)  # of the limit


def shade(worst: float | None) -> str:
    """Return the class of a cell's colour: s1 to s5 within the limit, s6 beyond, s0 if nothing is compared."""
    if worst is None:
        return "s0"
    return next((f"s{k}" for k, part in enumerate(SHADES, 1) if worst <= part * WORST_LIMIT), "s6")


def share(worst: float) -> int:
    """Return how much of the limit a distance is, in per cent, at most 100."""
    return 100 if not worst <= WORST_LIMIT else round(100 * worst / WORST_LIMIT)


def runs(columns: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """Return the names of implementations that head columns, each with the number of its columns."""
    return [{"name": name, "count": len(list(some))} for name, some in groupby(columns, lambda column: column[0])]


def group_spreads(spreads: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the indices of spreads by dtype."""
    found: dict[str, list[int]] = {}
    for k, one in enumerate(spreads):
        found.setdefault(one["dtype"], []).append(k)
    return [{"dtype": dtype, "indices": indices} for dtype, indices in found.items()]


def bars(counts: Sequence[int]) -> list[dict[str, Any]]:
    """Return the bars of a histogram: heights grow with the logarithm of the count, so that a single one is visible."""
    most = max(counts, default=0)
    found = []
    for k, count in enumerate(counts):
        height = HEIGHT * math.log1p(count) / math.log1p(most) if most else 0.0
        x = k * BAR + (2 * GAP if k >= WITHIN else 0.0)
        found.append({"x": x, "y": HEIGHT - height, "height": height, "beyond": k >= WITHIN, "count": count})
    return found


def tail_bars(counts: Sequence[int], per_noise: int) -> list[dict[str, Any]]:
    """Return the bars of a histogram whose bins are parts of a noise, the last without an upper end."""
    most, width = max(counts, default=0), WIDTH / max(len(counts), 1)
    found = []
    for k, count in enumerate(counts):
        height = HEIGHT * math.log1p(count) / math.log1p(most) if most else 0.0
        size = {"x": k * width, "y": HEIGHT - height, "width": 0.85 * width, "height": height}
        found.append({**size, "beyond": k >= WORST_LIMIT * per_noise, "count": count})
    return found


def tail_limit(counts: Sequence[int], per_noise: int) -> float:
    """Return where the limit lies in such a histogram."""
    return WIDTH * WORST_LIMIT * per_noise / max(len(counts), 1)


def curve(points: Sequence[Sequence[float]], width: float = 320.0, height: float = 90.0) -> dict[str, Any]:
    """Return the path of an error curve, of (argument, low, high) in order.

    first, last, farthest: where in the points its ends are and its largest error is, as ends of JSON pointers.
    """
    sizes = [(abs(error), f"/{k}/{side}") for k, point in enumerate(points) for side, error in enumerate(point) if side]
    size, farthest = max(sizes, default=(0.0, ""))
    path = _outline(points, size or 1.0, width, height) if points else ""
    ends = {"first": "/0/0", "last": f"/{len(points) - 1}/0"}
    return {"path": path, "zero": height / 2, **ends, "farthest": farthest}


def _outline(points: Sequence[Sequence[float]], size: float, width: float, height: float) -> str:
    first, last = points[0][0], points[-1][0]

    def place(z: float, error: float) -> str:
        x = width * (z - first) / ((last - first) or 1.0)
        return f"{x:.1f} {height / 2 * (1 - error / size):.1f}"

    upper = [place(z, high) for z, _, high in points]
    lower = [place(z, low) for z, low, _ in reversed(points)]
    return "M" + " L".join([*upper, *lower]) + " Z"
