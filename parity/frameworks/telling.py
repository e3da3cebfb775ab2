"""A report on frameworks as text, for people, and as JSON, for programs."""

from __future__ import annotations

import io
import json
from typing import Any

from rich.console import Console
from rich.table import Table

from parity.certificate.as_json import numbers
from parity.certificate.as_text import distance
from parity.frameworks.judging import Judged, Report, Result
from parity.judge import RMS, WORST

FORMAT = "lstm-parity frameworks 1"
BEYOND = "No gradients, no dropout, no narrow types and no device but the CPU was asked for."


def as_text(report: Report, width: int = 120) -> str:
    """The whole report, plain text of at most `width` columns."""
    file = io.StringIO()
    console = Console(file=file, width=width, color_system=None, legacy_windows=False, markup=False, emoji=False)
    console.print("LSTM PARITY OF OTHER FRAMEWORKS\n")
    for name, value in report.provenance.items():
        console.print(f"  {name:<10} {value}", highlight=False)
    console.print(_table(report))
    console.print(
        "worst and RMS are distances from the exact answer in units of the expected rounding noise of that arithmetic; "
        f"the limits are {WORST:g} and {RMS:g}.\n"
    )
    for title, lines in (("Stated", _stated(report)), ("Not judged", [*_unjudged(report), BEYOND])):
        console.print(f"{title}:")
        for line in lines:
            console.print(f"  {line}", highlight=False, soft_wrap=True)
    console.print("\n" + _conclusion(report), highlight=False, soft_wrap=True)
    return file.getvalue()


def _table(report: Report) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title="")
    for name in ("framework", "version", "dtype", "verdict", "in arithmetic"):
        table.add_column(name, overflow="fold")
    for name in ("cases", "worst", "RMS"):
        table.add_column(name, justify="right")
    for result in report.results:
        for judged in result.judged:
            table.add_row(*_cells(result, judged))
        if result.missing:
            table.add_row(result.framework.title, "", "", "NOT JUDGED")
    return table


def _cells(result: Result, judged: Judged) -> list[str]:
    found = judged.row
    cases = str(sum(found.counts.values()))
    version = result.versions.split(",")[0].split()[-1]
    stated = "" if judged.statement is None else ", wrong" * bool(judged.wrong) + ", as stated" * (not judged.wrong)
    arithmetic = found.arithmetic or "none that is known"
    distances = [distance(found.worst), distance(found.rms)]
    return [result.framework.title, version, found.dtype, found.outcome.value + stated, arithmetic, cases, *distances]


def _stated(report: Report) -> list[str]:
    lines = {
        f"{result.framework.title} {judged.statement.what}": None
        for result in report.results
        for judged in result.judged
        if judged.statement is not None and not judged.wrong
    }
    return list(lines) or ["nothing."]


def _unjudged(report: Report) -> list[str]:
    lines = [f"{one.framework.title}: {one.missing}" for one in report.results if one.missing]
    return lines + [
        f"{one.framework.title}, {feature}: {reason}"
        for one in report.results
        if not one.missing
        for feature, reason in one.framework.lacks.items()
    ]


def _conclusion(report: Report) -> str:
    if report.wrong:
        return "NOT AS STATED:\n" + "\n".join(report.wrong)
    if not any(result.judged for result in report.results):
        return "NOTHING WAS JUDGED."
    return "AS STATED: every difference that was judged is rounding noise, but for what is stated above."


def as_json(report: Report) -> str:
    """The whole report; an infinite distance is written as the string "inf"."""
    content = {
        "format": FORMAT,
        "as_stated": not report.wrong,
        "limits": {"worst": WORST, "rms": RMS},
        "provenance": report.provenance,
        "frameworks": [_result(result) for result in report.results],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def _result(result: Result) -> dict[str, Any]:
    one = result.framework
    rows = [
        numbers(judged.row) | {"stated": judged.statement and judged.statement.what, "wrong": judged.wrong}
        for judged in result.judged
    ]
    told = {"name": one.name, "title": one.title, "versions": result.versions, "missing": result.missing}
    return told | {"lacks": dict(one.lacks), "rows": rows}
