"""A report on frameworks as text, for people, and as JSON, for programs."""

from __future__ import annotations

from typing import Any

from rich.table import Table

from lstm_parity.audits.frameworks.run import FrameworkResult, FrameworkRow, FrameworksReport
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT
from lstm_parity.reports.certificate_json import row_fields
from lstm_parity.reports.certificate_text import format_distance
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import make_table, render_page, render_text

_BEYOND = "Gradients, dropout, narrow types and devices other than the CPU are not judged."


def frameworks_text(report: FrameworksReport, width: int = 120) -> str:
    """The whole report, plain text of at most `width` columns."""
    console = render_page("LSTM PARITY OF OTHER FRAMEWORKS", report.provenance, width)
    console.print(_table(report))
    console.print(
        "worst and RMS are distances from the exact answer in units of the expected rounding noise of that arithmetic; "
        f"the limits are {WORST_LIMIT:g} and {RMS_LIMIT:g}.\n"
    )
    for title, lines in (("Stated", _disagreement_lines(report)), ("Not judged", [*_unjudged_lines(report), _BEYOND])):
        console.print(f"{title}:")
        for line in lines:
            console.print(f"  {line}", highlight=False, soft_wrap=True)
    console.print("\n" + conclude_frameworks(report), highlight=False, soft_wrap=True)
    return render_text(console)


def _table(report: FrameworksReport) -> Table:
    rows = list[list[str]]()
    for result in report.results:
        rows += [_cells(result, judged) for judged in result.judged]
        rows += [[result.framework.title, "", "", "NOT JUDGED"]] * bool(result.missing)
    return make_table(("framework", "version", "dtype", "verdict", "in arithmetic"), ("cases", "worst", "RMS"), rows)


def _cells(result: FrameworkResult, judged: FrameworkRow) -> list[str]:
    found = judged.row
    cases = str(sum(found.counts.values()))
    version = result.versions.split(",")[0].split()[-1]
    stated = "" if judged.statement is None else ", wrong" * bool(judged.wrong) + ", as known" * (not judged.wrong)
    arithmetic = found.arithmetic or "none that is known"
    distances = [format_distance(found.worst), format_distance(found.rms)]
    return [result.framework.title, version, found.dtype, found.outcome.value + stated, arithmetic, cases, *distances]


def _disagreement_lines(report: FrameworksReport) -> list[str]:
    lines = {
        f"{result.framework.title} {judged.statement.what}": None
        for result in report.results
        for judged in result.judged
        if judged.statement is not None and not judged.wrong
    }
    return list(lines) or ["nothing."]


def _unjudged_lines(report: FrameworksReport) -> list[str]:
    lines = [f"{one.framework.title}: {one.missing}" for one in report.results if one.missing]
    return lines + [
        f"{one.framework.title}, {feature}: {reason}"
        for one in report.results
        if not one.missing
        for feature, reason in one.framework.lacks.items()
    ]


def conclude_frameworks(report: FrameworksReport) -> str:
    """Say whether everything is as it is stated."""
    if report.wrong:
        return "NOT AS EXPECTED:\n" + "\n".join(report.wrong)
    if not any(result.judged for result in report.results):
        return "NOTHING WAS JUDGED."
    return "AS EXPECTED: every difference that was judged is rounding noise, except the known disagreements above."


def frameworks_json(report: FrameworksReport) -> str:
    """Write the whole report."""
    return json_text("frameworks", 1, frameworks_fields(report))


def frameworks_fields(report: FrameworksReport) -> dict[str, Any]:
    """Return the whole report as JSON holds it."""
    return {
        "as_stated": not report.wrong,
        "limits": {"worst": WORST_LIMIT, "rms": RMS_LIMIT},
        "provenance": report.provenance,
        "frameworks": [_result(result) for result in report.results],
    }


def _result(result: FrameworkResult) -> dict[str, Any]:
    one = result.framework
    rows = [
        row_fields(judged.row) | {"stated": judged.statement and judged.statement.what, "wrong": judged.wrong}
        for judged in result.judged
    ]
    told = {"name": one.name, "title": one.title, "versions": result.versions, "missing": result.missing}
    return told | {"lacks": dict(one.lacks), "rows": rows}
