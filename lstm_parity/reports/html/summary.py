"""What a page shows of a certificate that no row holds by itself: sums over rows, and the cases that lead a map."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from lstm_parity.judging.spread import BIN_EDGES
from lstm_parity.judging.verdict import WORST_LIMIT
from lstm_parity.reports.certificate import ALL_VALUES, OUTPUTS, Certificate, Row, Tally
from lstm_parity.reports.html.charts import NEAR, WITHIN
from lstm_parity.reports.lines import repeat_case

_MAX_COLUMNS = 16  # of a map
_MAX_VALUES = 400  # lines of a map
_MAX_LEADING = 150  # cases that a map leads to
_LEADER = "implementation", "dtype", "question", "case", "command"
_GROUPS = "judged", "deviating", "failed", "refused", "unjudged"


def _worst_of(numbers: Iterable[float]) -> float:
    """Return the largest number; NaN is larger than all."""
    return max(numbers, key=lambda n: (math.isnan(n), n), default=0.0)


def summarize(certificate: Certificate) -> dict[str, Any]:
    """Return the sums, as JSON holds them."""
    rows = certificate.rows
    columns = _list_columns(rows)
    axes = _map_axes(columns)
    return {
        "totals": _total(rows),
        "columns": [name for name, _ in columns],
        "axes": axes,
        "leading": _list_leading(axes),
        "spreads": _sum_spreads(rows),
        "steps": _sum_steps(rows),
        "reasons": _sum_reasons(rows),
    }


def _total(rows: Sequence[Row]) -> dict[str, Any]:
    counts = {name: sum(row.counts.get(name, 0) for row in rows) for name in rows[0].counts} if rows else {}
    judged = counts.get("PARITY", 0) + counts.get("DEVIATES", 0)
    return {
        "judged": judged,
        "deviate": counts.get("DEVIATES", 0) + counts.get("FAILED", 0),
        "refused": counts.get("REFUSED", 0),
        "not judged": counts.get("NOT JUDGED", 0),
        "worst": _worst_of(row.worst for row in rows),
        "implementations": len({row.implementation for row in rows}),
        "rows": len(rows),
    }


def _list_columns(rows: Sequence[Row]) -> list[tuple[list[str], list[Row]]]:
    """Group the rows by implementation and dtype; if these are too many by implementation, else all together."""
    for key in (lambda r: (r.implementation, r.dtype), lambda r: (r.implementation,)):
        groups: dict[tuple[str, ...], list[Row]] = {}
        for row in rows:
            groups.setdefault(key(row), []).append(row)
        if len(groups) <= _MAX_COLUMNS:
            return [(list(name), some) for name, some in groups.items()]
    return [([f"all {len({row.implementation for row in rows})} implementations"], list(rows))]


def _tallies(row: Row) -> Mapping[str, Mapping[str, Tally]]:
    """Return the tallies of a row, or what its coverage says, if it has none."""
    return row.tallies or {
        axis: {value: Tally(count) for value, count in values.items()} for axis, values in row.coverage.items()
    }


def _map_axes(columns: Sequence[tuple[list[str], list[Row]]]) -> list[dict[str, Any]]:
    found = [[_tallies(row) for row in some] for _, some in columns]
    names = dict.fromkeys(axis for tallies in found for one in tallies for axis in one)
    left, axes = _MAX_VALUES, []
    for axis in names:
        known = ALL_VALUES.get(axis, ())
        seen = dict.fromkeys(value for tallies in found for one in tallies for value in one.get(axis, {}))
        values = [*known, *sorted(seen.keys() - set(known), key=_order)][: max(left, 0)]
        left -= len(values)
        cells = [
            [_join(some, tallies, axis, value) for (_, some), tallies in zip(columns, found, strict=True)]
            for value in values
        ]
        axes.append({"axis": axis, "values": values, "cells": cells})
    return [one for one in axes if one["values"]]


def _order(value: str) -> tuple[float, str]:
    """Return what values are sorted by: the number that one begins with, then its letters."""
    number = re.match(r"\d+", value)
    return float(number[0]) if number else math.inf, value


def _join(rows: Sequence[Row], tallies: Sequence[Mapping[str, Mapping[str, Tally]]], axis: str, value: str) -> Any:
    """Join the tallies of several rows at one value; None if none of their cases has it."""
    pairs = [(row, one[axis][value]) for row, one in zip(rows, tallies, strict=True) if value in one.get(axis, {})]
    if not pairs:
        return None
    row, leader = max(pairs, key=lambda pair: (bool(pair[1].case), math.isnan(pair[1].worst), pair[1].worst))
    counts = {name: sum(getattr(one, name) for _, one in pairs) for name in _GROUPS}
    lead = {"case": leader.case, "question": row.question, "dtype": row.dtype, "implementation": row.implementation}
    command = repeat_case(row.command, leader.case, row.question) if row.command and leader.case else ""
    return {**counts, "worst": leader.worst if leader.case else None, **lead, "command": command}


def _list_leading(axes: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """List the cases that lead the cells of a map, the worst first, and leave only their number in each cell."""
    leaders: list[tuple[float, tuple[str, ...], dict[str, Any]]] = []
    for cell in (cell for axis in axes for line in axis["cells"] for cell in line if cell is not None):
        key = tuple(cell.pop(name) for name in _LEADER)
        cell["leading"] = None
        if cell["worst"] is not None:
            leaders.append((cell["worst"], key, cell))
    found: dict[tuple[str, ...], dict[str, Any]] = {}
    for worst, key, cell in sorted(leaders, key=lambda one: (math.isnan(one[0]), one[0]), reverse=True):
        if key in found or len(found) < _MAX_LEADING:
            entry = {"number": len(found) + 1, **dict(zip(_LEADER, key, strict=True)), "worst": worst}
            cell["leading"] = found.setdefault(key, entry)["number"]
    return list(found.values())


def _sum_spreads(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Sum up the distances by dtype and tensor."""
    found: dict[tuple[str, str], list[Any]] = {}
    for row in rows:
        for spread in row.spreads:
            found.setdefault((row.dtype, spread.tensor), []).append(spread)
    return [
        {
            "dtype": dtype,
            "tensor": tensor,
            **count_distances(_add_counts([one.counts for one in some])),
            "worst": _worst_of(one.worst for one in some),
        }
        for (dtype, tensor), some in found.items()
        if len(some[0].counts) == len(BIN_EDGES)
    ]


def count_distances(counts: Sequence[int]) -> dict[str, Any]:
    """Return counts of `BIN_EDGES`, with how many distances there are, are near, and are beyond the limit."""
    sums = {"elements": sum(counts), "near": sum(counts[:NEAR]), "beyond": sum(counts[WITHIN:])}
    return {"counts": list(counts), **sums}


def sum_map(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a map of distances shows: how many cells, how many beyond the limit, where, the worst."""
    lines = zip(found["rows"], found["worst"], strict=True)
    cells = [(one, row, column) for row, line in lines for column, one in zip(found["columns"], line, strict=True)]
    known = [cell for cell in cells if cell[0] is not None]
    bad = [cell for cell in known if not cell[0] <= WORST_LIMIT]
    columns = [column for *_, column in bad]
    worst, row, column = max(bad, key=lambda cell: (math.isnan(cell[0]), cell[0]), default=(None, None, None))
    span = {"first": min(columns, default=None), "last": max(columns, default=None)}
    return {"cells": len(known), "beyond": len(bad), **span, "worst": worst, "row": row, "column": column}


def _sum_steps(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Sum up the distances of outputs over the steps, by dtype."""
    found: dict[str, dict[tuple[int, int], list[Any]]] = {}
    for row in rows:
        for one in row.steps if row.question == OUTPUTS else ():
            found.setdefault(row.dtype, {}).setdefault((one.first, one.last), []).append(one)
    return [
        {"dtype": dtype, "parts": [_join_steps(*span, some) for span, some in sorted(spans.items())]}
        for dtype, spans in found.items()
    ]


def _join_steps(first: int, last: int, some: Sequence[Any]) -> dict[str, Any]:
    count = sum(one.count for one in some)
    square = sum(one.rms**2 * one.count for one in some) if all(one.rms < 1e100 for one in some) else math.inf
    rms = math.sqrt(square / count) if count else 0.0
    sums = {"count": count, "rms": rms, "worst": _worst_of(one.worst for one in some)}
    return {"first": first, "last": last, **sums, **count_distances(_add_counts([one.counts for one in some]))}


def _add_counts(some: Sequence[Sequence[int]]) -> list[int]:
    """Add counts bin by bin; none if one of them was not kept."""
    return [sum(counts) for counts in zip(*some, strict=True)] if all(some) else []


def _sum_reasons(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Sum up why cases were not judged, the most frequent first."""
    found: dict[str, list[tuple[Row, int]]] = {}
    for row in rows:
        for reason, count in row.reasons.items():
            found.setdefault(reason, []).append((row, count))
    summed: list[dict[str, Any]] = [
        {
            "reason": reason,
            "count": sum(count for _, count in some),
            "implementations": sorted({row.implementation for row, _ in some})[:8],
        }
        for reason, some in found.items()
    ]
    return sorted(summed, key=lambda one: -one["count"])[:200]
