"""A report on frameworks as text, for people, and as JSON, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from lstm_parity.audits.frameworks.run import FrameworkResult, FrameworkRow, FrameworksReport
from lstm_parity.audits.known.entry import Deviation, KnownResult, describe_features
from lstm_parity.audits.known.judge import KnownFile
from lstm_parity.cases.case import parse_case
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT
from lstm_parity.reports.certificate_json import row_fields
from lstm_parity.reports.certificate_text import format_distance
from lstm_parity.reports.formats.junit import Ending, JUnitTest, junit_xml, known_tests
from lstm_parity.reports.formats.known import known_fields, known_markdown, known_text
from lstm_parity.reports.formats.markdown import Document, bullets, fold, fold_page, plain, table
from lstm_parity.reports.formats.report import Report
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.page import FittedTable, make_table, print_line, render_page, render_text, wrap_line

_BEYOND = "Gradients, dropout, narrow types and devices other than the CPU are not judged."

_WORDS = ("framework", "version", "dtype", "verdict", "in arithmetic")
_UNITS = (
    "worst and RMS are distances from the exact answer in units of the expected rounding noise of that arithmetic; "
    f"the limits are {WORST_LIMIT:g} and {RMS_LIMIT:g}."
)
_NUMBERS = ("cases", "worst", "RMS")


def frameworks_text(report: FrameworksReport, width: int = 120) -> str:
    """Return the whole report, plain text of at most `width` columns."""
    console = render_page("LSTM PARITY OF OTHER FRAMEWORKS", report.provenance, width)
    console.print(_table(report))
    print_line(console, wrap_line(_UNITS, width, 0) + "\n")
    for title, lines in (("Stated", _disagreement_lines(report)), ("Not judged", [*_list_unjudged(report), _BEYOND])):
        print_line(console, f"{title}:")
        for line in lines:
            print_line(console, f"  {line}")
    print_line(console, "\n" + conclude_frameworks(report))
    return render_text(console)


def _table(report: FrameworksReport) -> FittedTable:
    rows = list[list[str]]()
    for result in report.results:
        rows += [_cells(result, judged) for judged in result.judged]
        rows += [[result.framework.title, "", "", "NOT JUDGED"]] * bool(result.missing)
    return make_table(_WORDS, _NUMBERS, rows)


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


def _list_unjudged(report: FrameworksReport) -> list[str]:
    lines = [f"{one.framework.title}: {one.missing}" for one in report.results if one.missing]
    return lines + [
        f"{one.framework.title}, {feature}: {reason}"
        for one in report.results
        if not one.missing
        for feature, reason in one.framework.lacks.items()
    ]


def conclude_frameworks(report: FrameworksReport) -> str:
    """Say whether everything is as expected."""
    if report.wrong:
        return "NOT AS EXPECTED:\n" + "\n".join(report.wrong)
    if not any(result.judged for result in report.results):
        return "NOTHING WAS JUDGED."
    return "AS EXPECTED: every difference that was judged is rounding noise, except the known disagreements above."


def frameworks_json(report: FrameworksReport, known: KnownResult | None = None) -> str:
    """Write the whole report."""
    return json_text("frameworks", 1, frameworks_fields(report, known))


def frameworks_fields(report: FrameworksReport, known: KnownResult | None = None) -> dict[str, Any]:
    """Return the whole report as JSON holds it."""
    return {
        "as_stated": not report.wrong,
        "limits": {"worst": WORST_LIMIT, "rms": RMS_LIMIT},
        "provenance": report.provenance,
        "frameworks": [_result(result) for result in report.results],
        **({"known": known_fields(known)} if known else {}),
    }


def _result(result: FrameworkResult) -> dict[str, Any]:
    one = result.framework
    rows = [
        row_fields(judged.row) | {"stated": judged.statement and judged.statement.what, "wrong": judged.wrong}
        for judged in result.judged
    ]
    told = {"name": one.name, "title": one.title, "versions": result.versions, "missing": result.missing}
    return told | {"lacks": dict(one.lacks), "rows": rows}


def _frameworks_markdown(report: FrameworksReport) -> Document:
    """Write the whole report in blocks: what is not as expected first, what is folded."""
    judged = [(result, one) for result in report.results for one in result.judged]
    bad = [_cells(result, one) for result, one in judged if one.wrong]
    good = [_cells(result, one) for result, one in judged if not one.wrong]
    first, *_ = conclude_frameworks(report).splitlines()
    return [
        f"### Other frameworks: {plain(first)}",
        *(bullets(report.wrong[k : k + 1]) for k in range(len(report.wrong))),
        table(_WORDS, _NUMBERS, bad) if bad else "",
        fold(f"{len(good)} rows are as stated", table(_WORDS, _NUMBERS, good)) if good else "",
        fold("known disagreements", bullets(_disagreement_lines(report))),
        fold("not judged", bullets([*_list_unjudged(report), _BEYOND])),
        fold_page(report.provenance.items(), _UNITS),
    ]


def frameworks_report(report: FrameworksReport, known: KnownFile | None = None) -> tuple[Report, int]:
    """Return the report in all forms, and the exit code: 1 if something is not as stated, or nothing was judged."""
    deviations = [one for result in report.results for judged in result.judged for one in _list_wrong(result, judged)]
    found = known.judge(deviations, [one.framework.name for one in report.results if one.judged]) if known else None
    beyond = len(report.wrong) - sum(bool(judged.wrong) for result in report.results for judged in result.judged)
    holds = found.holds and not beyond if found else not report.wrong

    def write_text(width: int) -> str:
        text = frameworks_text(report, width)
        return "\n".join([text, known_text(found), ""]) if found else text

    def write_junit() -> str:
        unknown = found.unknown if found else deviations
        tests = [test for result in report.results for test in _test_framework(result, unknown)]
        return junit_xml("lstm-parity frameworks", [*tests, *known_tests(found)], report.provenance)

    forms = Report(
        write_text,
        lambda: [*_frameworks_markdown(report), *(known_markdown(found) if found else ())],
        lambda: frameworks_json(report, found),
        {"junit": write_junit},
        found,
    )
    return forms, 0 if holds and any(result.judged for result in report.results) else 1


def _list_wrong(result: FrameworkResult, judged: FrameworkRow) -> list[Deviation]:
    """List the cases of a row that is not as stated, or the row, if none of its cases is wrong."""
    row, name = judged.row, result.framework.name
    if not judged.wrong:
        return []
    cases = [(case, describe_features(parse_case(case))) for case in row.failing] or [("", frozenset[str]())]
    worst = row.worst if row.outcome.is_wrong else 0.0
    verdict = row.outcome.value
    return [Deviation(name, verdict, row.dtype, "", worst, judged.wrong, some, case) for case, some in cases]


def _test_framework(result: FrameworkResult, unknown: Sequence[Deviation]) -> list[JUnitTest]:
    title = result.framework.title
    if result.missing:
        return [JUnitTest(title, "everything", Ending.SKIPPED, result.missing)]
    tests = list[JUnitTest]()
    for judged in result.judged:
        name = ", ".join(filter(None, (judged.row.dtype, judged.statement.what if judged.statement else "")))
        is_known = not any(one in unknown for one in _list_wrong(result, judged))
        ending = Ending.PASSED if not judged.wrong else Ending.SKIPPED if is_known else Ending.FAILURE
        tests.append(JUnitTest(title, name, ending, judged.row.outcome.value, judged.wrong))
    return tests
