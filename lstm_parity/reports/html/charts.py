"""Shapes and colours of the pictures, and their text alternatives: templates draw them as SVG."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import groupby, pairwise
from typing import Any

from lstm_parity.judging.places import DIRECTIONS, GATES
from lstm_parity.judging.spread import BIN_EDGES
from lstm_parity.judging.verdict import WORST_LIMIT
from lstm_parity.reports.certificate_text import format_distance

__all__ = ["DIRECTIONS", "GATES"]  # for templates, beside what is defined here

WIDTH, HEIGHT, BAR, GAP = 172.0, 56.0, 11.0, 2.0
_WITHIN = BIN_EDGES.index(WORST_LIMIT)  # bins up to the limit
BIN_NAMES = [f"{low:.2g} to {high:.3g}" for low, high in pairwise(BIN_EDGES)] + ["above 1e4"]
LIMIT_X = _WITHIN * BAR + GAP / 2
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
        x = k * BAR + (2 * GAP if k >= _WITHIN else 0.0)
        found.append({"x": x, "y": HEIGHT - height, "height": height, "beyond": k >= _WITHIN, "count": count})
    return found


def describe_bars(tensor: str, counts: Sequence[int], worst: float) -> str:
    """Return what a histogram shows, in a sentence."""
    total, beyond = sum(counts), sum(counts[_WITHIN:])
    if not total:
        return f"{tensor}: nothing is compared"
    below = sum(counts[: _WITHIN // 3]) / total
    return (
        f"{tensor}: {total:,} elements, {100 * below:.1f} % of them within {BIN_EDGES[_WITHIN // 3]:.2g} noises; "
        f"{beyond:,} beyond the limit of {WORST_LIMIT:g}; the worst is {_write(worst)}"
    )


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


def describe_tail(tensor: str, counts: Sequence[int], worst: float, per_noise: int) -> str:
    """Return what such a histogram shows, in a sentence."""
    total, within = sum(counts), sum(counts[:per_noise])
    if not total:
        return f"{tensor}: nothing is compared"
    return (
        f"{tensor}: {total:,} elements, {100 * within / total:.1f} % of them within one noise; "
        f"the worst is {_write(worst)}, the limit {WORST_LIMIT:g}"
    )


def describe_map(found: Mapping[str, Any]) -> str:
    """Return what a map of distances shows, in a sentence."""
    cells = [
        (worst, row, column)
        for row, line in zip(found["rows"], found["worst"], strict=True)
        for column, worst in zip(found["columns"], line, strict=True)
        if worst is not None
    ]
    bad = [one for one in cells if not one[0] <= WORST_LIMIT]
    if not bad:
        return f"none of {len(cells)} cells is beyond the limit"
    worst, row, column = max(bad, key=lambda one: math.inf if math.isnan(one[0]) else one[0])
    across = found["across"]
    columns = sorted({column for _, _, column in bad})
    span = f"{across} {columns[0]}" if len(columns) == 1 else f"{across}s {columns[0]} to {columns[-1]}"
    return (
        f"{len(bad)} of {len(cells)} cells deviate, at {span}; the worst, {_write(worst)}, is {row}, {across} {column}"
    )


def curve(points: Sequence[Sequence[float]], width: float = 320.0, height: float = 90.0) -> dict[str, Any]:
    """Return the path of an error curve, of (argument, low, high) in order, with the range it is drawn in."""
    if not points:
        return {"path": "", "low": 0.0, "high": 0.0, "zero": height / 2, "first": 0.0, "last": 0.0}
    first, last = points[0][0], points[-1][0]
    size = max(max(abs(low), abs(high)) for _, low, high in points) or 1.0

    def place(z: float, error: float) -> str:
        x = width * (z - first) / ((last - first) or 1.0)
        return f"{x:.1f} {height / 2 * (1 - error / size):.1f}"

    upper = [place(z, high) for z, _, high in points]
    lower = [place(z, low) for z, low, _ in reversed(points)]
    path = "M" + " L".join([*upper, *lower]) + " Z"
    return {"path": path, "low": -size, "high": size, "zero": height / 2, "first": first, "last": last}


def _write(worst: float) -> str:
    return format_distance(worst) if math.isfinite(worst) else "beyond all noise"
