"""Sweeps as tests of JUnit: one for each dtype and each biased mean; of two sweeps, one for each cell that is worse."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_parity.reports.formats.junit import Ending, JUnitTest, junit_xml, make_whole

if TYPE_CHECKING:
    from lstm_parity.audits.sweep.comparison import SweepComparison
    from lstm_parity.audits.sweep.report import SweepReport

_SHOWN = 20  # cells that are worse, of a comparison


def sweep_junit(report: SweepReport, about: dict[str, str], conclusion: str, wrong: str) -> str:
    """Write a sweep; about: its properties; wrong: the text on its wrong cells, with commands that repeat them."""
    name = report.head["name"]
    tests = [
        JUnitTest(
            name,
            f"{one.axis} = {one.value}",
            Ending.FAILURE if one.wrong else Ending.PASSED,
            f"{one.wrong} of {one.judged} cells are wrong",
        )
        for one in report.axes
        if one.axis == "dtype"
    ]
    biased = [
        JUnitTest(name, f"{one.kind} of {one.tensor}, {one.words}", Ending.FAILURE, "the mean error is biased")
        for one in report.biases
    ]
    return junit_xml(
        "lstm-parity sweep", [*tests, *biased, make_whole("sweep", report.exit_code, conclusion, wrong)], about
    )


def sweep_comparison_junit(found: SweepComparison, about: dict[str, str], conclusion: str) -> str:
    """Write a comparison of two sweeps; about: its properties. Of the cells that are worse it has the first."""
    worse = [
        JUnitTest(one.question, one.id, Ending.FAILURE, f"{one.old} -> {one.new}", one.detail)
        for one in found.changed
        if one.is_worse
    ]
    drift = [
        JUnitTest("drift", f"{one.kind} of {one.tensor}, {one.words}", Ending.FAILURE, "the mean error drifts")
        for one in found.drift
    ]
    whole = make_whole("sweeps", found.exit_code, conclusion)
    return junit_xml("lstm-parity sweep compare", [*worse[:_SHOWN], *drift[:_SHOWN], whole], about)
