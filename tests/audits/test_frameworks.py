"""What is stated of other frameworks is strict, and who is missing is said to be; no framework is needed here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from lstm_parity.audits.frameworks import run as judging
from lstm_parity.audits.frameworks.cases import framework_cases
from lstm_parity.audits.frameworks.expected_failures import KnownDisagreement
from lstm_parity.audits.frameworks.report import frameworks_json, frameworks_text
from lstm_parity.audits.frameworks.run import FrameworkResult, FrameworksReport, judge_dtype, judge_frameworks
from lstm_parity.cases.case import parse_case
from lstm_parity.implementations.frameworks.registry import FRAMEWORKS, find_framework
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.running.observe import observe
from specimens.altered_results import Altered

ROOT = Path(__file__).parents[2]
ONE = find_framework("paddle")
CASES = [parse_case(f"I5-H7-T4-B3-float32-normal-{seed}") for seed in range(3)]
RIGHT = [observe(TorchLSTM(), one) for one in CASES]
OFF = [observe(Altered(lambda output, h_n, c_n: (output + 1e-5, (h_n, c_n))), one) for one in CASES]
COARSE = "float32 with activations accurate to 1e-05"
names = pytest.mark.parametrize("name", [one.name for one in FRAMEWORKS])


def stated(arithmetic=None):
    """A statement on every case."""
    return KnownDisagreement(("paddle",), "is off", lambda case: True, arithmetic)


def wrong(statement, observations):
    """What is wrong with one framework's results."""
    return judge_dtype(ONE, "float32", statement, observations).wrong


def test_what_agrees_is_as_it_ought_to_be():
    """Where nothing is stated."""
    assert wrong(None, RIGHT) == ""


def test_what_deviates_without_a_statement_is_wrong():
    """And its story is told."""
    assert "output deviates" in wrong(None, OFF)


def test_what_deviates_as_stated_is_not_wrong():
    """In none of the arithmetics that are known."""
    assert wrong(stated(), OFF) == ""


def test_a_statement_of_which_nothing_is_seen_is_wrong():
    """It was mended, or the statement was never true."""
    assert "no longer occurs" in wrong(stated(), RIGHT)


def test_a_statement_names_the_arithmetic_in_which_they_agree_all_the_same():
    """And is wrong where they do not."""
    assert [bool(wrong(stated(name), OFF)) for name in (COARSE, "float32 with activations accurate to 1e-06")] == [0, 1]


def test_who_is_missing_is_not_judged_and_said_to_be():
    """In the table, below it, and as JSON."""
    report = judge_frameworks(only=[replace(ONE, packages=("no-such-package",))])

    assert [
        text.count("no-such-package is not installed") for text in (frameworks_text(report), frameworks_json(report))
    ] == [1, 1]


@pytest.mark.parametrize(("demanded", "expected"), [((), 0), (("paddle",), 1), (("keras",), 0)])
def test_who_is_missing_though_demanded_is_wrong(demanded, expected):
    """`make frameworks FRAMEWORKS=paddle` demands it."""
    assert len(FrameworksReport({}, (FrameworkResult(ONE, "", missing="gone"),), demanded).wrong) == expected


@names
def test_its_packages_are_pinned(name):
    """In the file of its group."""
    one = find_framework(name)
    files = ROOT.glob(f"requirements/{one.group}*.txt")
    pinned = {line.partition("==")[0].partition("[")[0] for file in files for line in file.read_text().split()}

    assert one.packages[0] in pinned


@pytest.mark.parametrize("name", ["onnxruntime", "equinox"])
def test_it_is_asked_only_what_it_has(name):
    """No case of its design needs a feature that it lacks."""
    one = find_framework(name)
    needs = {"projection": lambda c: c.setting.architecture.proj_size, "packed": lambda c: c.setting.call.lengths}

    assert not [c for c in framework_cases(one, "float32") for f, need in needs.items() if f in one.lacks and need(c)]


@pytest.mark.parametrize(("seen", "expected"), [(stated(), 0), (None, 1)])
def test_a_statement_that_speaks_of_no_case_that_was_asked_is_wrong(monkeypatch, seen, expected):
    """It could never be seen to be wrong."""
    monkeypatch.setattr(judging, "DISAGREEMENTS", (stated(),) if seen is None else (seen,))
    result = FrameworkResult(ONE, "", (replace(judge_dtype(ONE, "float32", seen, OFF), wrong=""),))

    assert len(FrameworksReport({}, (result,)).wrong) == expected
