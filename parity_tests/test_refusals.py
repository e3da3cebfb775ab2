"""What no LSTM answers, nn.LSTM and nn.LSTMCell ought to refuse: each call that they do not is an expected failure.

The calls are in bad_calls/, what is known of each release in known_refusals.py, the findings in docs/findings/. A bad
call may end the process, so all are run in child processes.
"""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import pytest
import torch

from lstm_parity.catalogue.bad_calls.callees import ROWS, can_run
from lstm_parity.catalogue.bad_calls.run import is_refused, run_all
from lstm_parity.parity_tests.known_refusals import KNOWN, known
from lstm_parity.running.child_process import CallResult, ProcessServer

FINDINGS = Path(__file__).parents[1] / "docs" / "findings"


@functools.cache
def suspects(subject: str) -> list[str]:
    """The calls that this torch is known not to refuse."""
    return [row for row in ROWS if can_run(subject, row) and known(subject, row, torch.__version__)]


@pytest.fixture(scope="module")
def all_endings(isolation: ProcessServer) -> dict[str, dict[str, CallResult]]:
    """How every bad call ends, by subject and call."""
    return {
        subject: run_all(isolation, subject, [row for row in ROWS if can_run(subject, row)], suspects(subject))
        for subject in ("nn.LSTM", "nn.LSTMCell")
    }


def calls_of(subject: str) -> list[Any]:
    """The names of a subject's bad calls; those that this torch does not refuse are expected to fail."""
    return [
        pytest.param(row, marks=pytest.mark.xfail(strict=True, reason=reason(subject, row)))
        if row in suspects(subject)
        else row
        for row in ROWS
        if can_run(subject, row)
    ]


def reason(subject: str, row: str) -> str:
    """Where it is written down that a call is not refused, and on which releases."""
    finding = known(subject, row, torch.__version__)
    assert finding is not None
    return f"docs/findings/{finding.finding}.md, torch {finding.versions or 'all releases'}"


@pytest.mark.parametrize("row", calls_of("nn.LSTM"))
def test_nn_lstm_refuses_what_no_lstm_answers(all_endings: dict[str, dict[str, CallResult]], row: str) -> None:
    """By an exception: neither with an output, nor by the end of the process."""
    ending = all_endings["nn.LSTM"][row]
    assert is_refused(ending), ending


@pytest.mark.parametrize("row", calls_of("nn.LSTMCell"))
def test_nn_lstm_cell_refuses_what_no_lstm_answers(all_endings: dict[str, dict[str, CallResult]], row: str) -> None:
    """By an exception: neither with an output, nor by the end of the process."""
    ending = all_endings["nn.LSTMCell"][row]
    assert is_refused(ending), ending


@pytest.mark.parametrize("finding", sorted({known.finding for known in KNOWN}))
def test_a_finding_is_written_down(finding: str) -> None:
    """With a reproduction of fewer than 15 lines."""
    program = (FINDINGS / f"{finding}.md").read_text().split("```python\n")[1].split("```")[0]
    assert 1 < len(program.splitlines()) < 15
