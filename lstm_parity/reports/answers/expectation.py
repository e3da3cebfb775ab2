"""How far correct LSTMs are apart, as text and as JSON: `lstm-parity expect`."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

from lstm_parity.reports.formats.markdown import Document, bullets, fold, plain, table
from lstm_parity.reports.formats.report import Report
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import make_table, print_line, render_page, render_text

if TYPE_CHECKING:
    from lstm_parity.audits.expectation.expect import Expectation, Row

_WIDTH = 120
_NAMED = 3  # arithmetics
_NUMBERS = ("exact: median", "99 %", "largest", "two: median", "99 %", "largest")
_DEFAULT = "nn.LSTM's initialisation, drawn anew for each case"
_TRAINED = "Weights that were trained until gates saturate differ otherwise: give them with --weights FILE."
_EXPLAINED = """\
The largest absolute difference over all elements of output, h_n and c_n: of one implementation from the exact answer
(a float64 run, rounded), and of two implementations from one another, whose roundings have nothing in common."""


def expectation_text(found: Expectation, width: int = _WIDTH) -> str:
    """Write the table, and what the given difference is."""
    given = found.weights == "default"
    console = render_page("How far apart correct LSTMs are", _describe(found), width)
    print_line(console, f"\n{_EXPLAINED}\n")
    console.print(make_table(("in arithmetic",), _NUMBERS, map(_write_row, found.rows)), highlight=False)
    words = (textwrap.fill(line, width) for line in [*_conclude(found), *[_TRAINED] * given])
    return render_text(console) + "\n" + "\n".join(words) + "\n"


def _describe(found: Expectation) -> dict[str, str]:
    a, call = found.setting.architecture, found.setting.call
    words = [f"hidden_size {a.hidden_size}", f"input_size {a.input_size}"]
    words += [f"{a.num_layers} layers"] * (a.num_layers > 1) + ["bidirectional"] * a.bidirectional
    words += [f"proj_size {a.proj_size}"] * bool(a.proj_size) + ["no bias"] * (not a.bias)
    words += [f"{call.time} steps", f"batch of {call.rows}"]
    return {
        "nn.LSTM": f"{found.setting.runtime.dtype}, {', '.join(words)}",
        "weights": _DEFAULT if found.weights == "default" else "as given",
        "inputs": "normal, deviation 1; initial states 0",
        "draws": f"{found.draws} simulated runs, seed {found.seed}",
    }


def _write_row(row: Row) -> list[str]:
    if not row.is_small:
        return [row.arithmetic, "too large", "", "", "too large", "", ""]
    return [
        row.arithmetic,
        *(f"{value:.1e}" for spread in (row.exact, row.pair) for value in (spread.median, spread.high, spread.largest)),
    ]


def _conclude(found: Expectation) -> list[str]:
    own, difference = found.rows[0], found.difference
    if not own.is_small:
        return [
            f"In {own.arithmetic} rounding noise is as large as the values there, so that no difference can be called "
            "noise or a bug: compare fewer steps."
        ]
    if difference is None:
        return [f"Up to {own.limit:.1e} is noise of {own.arithmetic}. Is yours? Give it with --difference."]
    others = found.explaining
    if found.is_noise:
        return [f"{difference:g} is noise of {own.arithmetic}, which reaches {own.limit:.1e}."]
    if others:
        return [
            f"{difference:g} is not noise of {own.arithmetic}, which reaches {own.limit:.1e}, but of "
            f"{_name_some([row.arithmetic for row in others])}. Or it is a bug: send numbers to `lstm-parity judge`.",
            "Where it is typical:",
            *(f"* {row.arithmetic}: {row.found_on}." for row in others if difference >= 0.5 * row.exact.median),
        ]
    return [
        f"{difference:g} is noise of none of these: {own.arithmetic} reaches {own.limit:.1e}. It is a bug, or an "
        "activation that is not sigmoid or tanh, or other weights: send numbers to `lstm-parity judge`."
    ]


def _name_some(names: Sequence[str]) -> str:
    """Name the first three, and count the others."""
    more = [f"{len(names) - _NAMED} more"] if len(names) > _NAMED else []
    *first, last = [*names[:_NAMED], *more]
    return f"{', '.join(first)} or {last}" if first else last


def _expectation_json(found: Expectation) -> str:
    """Write it for programs."""
    content = {
        "setting": found.setting.name,
        "weights": found.weights,
        "draws": found.draws,
        "seed": found.seed,
        "difference": found.difference,
        "is_noise": found.is_noise,
        "explaining": [row.arithmetic for row in found.explaining],
        "rows": [
            asdict(row) | {"limit": row.limit, "is_small": row.is_small, "found_on": row.found_on} for row in found.rows
        ],
    }
    return json_text("expectation", 1, content)


def _expectation_markdown(found: Expectation) -> Document:
    """Write it in blocks."""
    first, *more = _conclude(found)
    return [
        f"### {plain(first)}",
        *map(plain, more),
        table(("in arithmetic",), _NUMBERS, map(_write_row, found.rows)),
        fold("what this holds for", plain(_EXPLAINED), bullets(f"{k}: {v}" for k, v in _describe(found).items())),
    ]


def expectation_report(found: Expectation) -> Report:
    """Return it in all forms."""
    return Report(
        lambda width: expectation_text(found, width),
        lambda: _expectation_markdown(found),
        lambda: _expectation_json(found),
    )
