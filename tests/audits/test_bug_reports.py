"""Bug reports as strangers write them: each is answered rightly by `lstm-parity judge`."""

from __future__ import annotations

import re

import pytest
from click.testing import CliRunner

from lstm_parity.cli import main
from specimens.bug_reports import ALL_REPORTS, FOREIGN_REPORTS, MORE_REPORTS

SLOW = (  # seconds each
    "dropout_left_on",
    "h_n_of_the_first_layer",
    "bfloat16_weights",
    "pasted_layers_exchanged",
    "onnx_clips_the_sums",
)
UNREAD = ("weights_are_a_pointer",)  # refused with status 2, in words
ALL = [r for r in ALL_REPORTS if r.__name__ not in (*SLOW, *UNREAD)]
SOME = [
    *ALL[::4],
    *MORE_REPORTS[::2],
    *(report for report in FOREIGN_REPORTS if report in ALL),
]  # all of them take a minute: `python -m experiments.bug_reports`


def judge(*arguments: str):
    """Run the command in this process."""
    return CliRunner().invoke(main, ["judge", *arguments])


@pytest.mark.parametrize("report", dict.fromkeys(SOME), ids=lambda report: report.__name__)
def test_a_report_is_answered_rightly(report, tmp_path):
    """By its verdict, its exit code and, if something is wrong, by one of the words for it."""
    truth = report(tmp_path)
    result = judge(str(tmp_path), *truth.command)
    text = result.output.lower().replace(str(tmp_path).lower(), "")  # whose name is the report's
    named = not truth.words or any(re.search(word, text) for word in truth.words)

    assert (truth.verdict in result.output, named, result.exit_code) == (
        True,
        True,
        {"PARITY": 0, "NOT ENOUGH": 3}.get(truth.verdict, 1),
    )
