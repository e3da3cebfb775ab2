"""docs/sweep.md and docs/cluster.md: lines of a report are those that a sweep with these results prints."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_parity.audits.sweep.cluster.machines import MachineShare
from lstm_parity.audits.sweep.corners import Corner
from lstm_parity.audits.sweep.report import SweepReport
from lstm_parity.reports.sweep import sweep_text

DOCS = Path(__file__).parents[2] / "docs"
HEAD = {"name": "nn.LSTM", "lattice": "forward", "where": "", "left_out": {}}
TORCH = {"torch": "2.13.0+cpu", "processor": "x86_64"}
MACHINES = (
    MachineShare(1, {**TORCH, "capability": "AVX512"}, 2989, 0, 1.39),
    MachineShare(2, {**TORCH, "capability": "AVX2"}, 2425, 0, 1.42),
)


@pytest.mark.parametrize(("page", "first"), [("sweep", "The wrong cells"), ("cluster", "  machine 1")])
def test_the_page_shows_lines_of_a_report(page, first):
    """With the corner and the machines of the page, word for word."""
    corners = (Corner(("batch = 17", "bidirectional"), 8, 8),)
    report = SweepReport(HEAD, {}, 0, 0, 0, MACHINES, {}, corners, (), None, {}, (), (), {})
    [shown] = re.findall(rf"```\n({first}.*?)```", (DOCS / f"{page}.md").read_text(), re.DOTALL)

    assert shown in sweep_text(report, "", 120)
