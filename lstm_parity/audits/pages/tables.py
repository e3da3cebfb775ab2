"""Modes and frameworks as pages: a table of what was judged, what is known to differ, what is not as expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_parity.audits.frameworks.report import conclude_frameworks, frameworks_fields
from lstm_parity.audits.frameworks.run import FrameworksReport
from lstm_parity.audits.known.entry import KnownResult
from lstm_parity.audits.modes.report import ModeRow, list_lacks, list_surprises, modes_fields
from lstm_parity.reports.html.render import Page, Section, render_page

_MODES = (
    ("mode", "word", "/mode"),
    ("in arithmetic", "words", "/arithmetics"),
    ("agree", "number", "/counts/PARITY"),
    ("deviate", "number", "/counts/DEVIATES"),
    ("not judged", "number", "/counts/NOT JUDGED"),
    ("refused", "number", "/counts/REFUSED"),
    ("worst", "number", "/worst/answers"),
    ("RMS", "number", "/rms/answers"),
    ("gradients, worst", "number", "/worst/gradients"),
)
_FRAMEWORKS = (
    ("framework", "word", "/implementation"),
    ("dtype", "word", "/dtype"),
    ("verdict", "verdict", "/outcome"),
    ("in arithmetic", "word", "/arithmetic"),
    ("known to", "word", "/stated"),
    ("agree", "number", "/counts/PARITY"),
    ("deviate", "number", "/counts/DEVIATES"),
    ("worst", "number", "/worst"),
    ("RMS", "number", "/rms"),
)


def modes_page(rows: Sequence[ModeRow], provenance: Mapping[str, str], known: KnownResult | None = None) -> str:
    """Return the page of the modes. Raises ModuleNotFoundError if jinja2 is not installed."""
    data = modes_fields(rows, provenance)
    wrong, lacks = list_surprises(rows), list_lacks(rows)
    missing = [f"{row.mode}: {row.missing} is not installed" for row in rows if row.missing]
    judged = [f"/modes/{k}" for k, row in enumerate(data["modes"]) if not row["missing"]]
    table = {"caption": "Execution modes", "columns": _MODES, "rows": judged}
    lists = {"Not as expected": wrong, "Known to fail": lacks, "Not judged": missing}
    claim = "Not all is as expected." if wrong else "Everything is as expected: what is known to fail does."
    return _render(
        "Execution modes of nn.LSTM", "torch's nn.LSTM", wrong, claim, table, lists, ("modes", 1), data, known
    )


def frameworks_page(report: FrameworksReport, known: KnownResult | None = None) -> str:
    """Return the page of the frameworks. Raises ModuleNotFoundError if jinja2 is not installed."""
    data = frameworks_fields(report)
    listed = data["frameworks"]
    judged = [f"/frameworks/{k}/rows/{r}" for k, one in enumerate(listed) for r, _ in enumerate(one["rows"])]
    missing = [f"{one['title']}: {one['missing']}" for one in listed if one["missing"]]
    lacks = [f"{one['title']}, {name}: {why}" for one in listed for name, why in one["lacks"].items()]
    table = {"caption": "Frameworks", "columns": _FRAMEWORKS, "rows": judged}
    lists = {"Not as expected": report.wrong, "Not judged": [*missing, *lacks]}
    title, subject, claim = "LSTMs of other frameworks", "other frameworks", conclude_frameworks(report)
    return _render(title, subject, report.wrong, claim, table, lists, ("frameworks", 1), data, known)


def _render(
    title: str,
    subject: str,
    wrong: Sequence[str],
    claim: str,
    table: Mapping[str, Any],
    lists: Mapping[str, Sequence[str]],
    data_name: tuple[str, int],
    data: Mapping[str, Any],
    known: KnownResult | None,
) -> str:
    """Return a page of a table and lists."""
    is_open = not table["rows"]
    verdict = "NOT AS EXPECTED" if wrong else "NOTHING JUDGED" if is_open else "AS EXPECTED"
    tone = "bad" if wrong else "open" if is_open else "good"
    sections = [Section("judged", "What was judged", "table.html.j2", table)] * (not is_open)
    found = {name: list(lines) for name, lines in lists.items() if lines}
    data = {**data, "page": {"lists": list(found.values())}}
    sections += [
        Section(f"list-{k}", name, "list.html.j2", {"lines": f"/page/lists/{k}"}) for k, name in enumerate(found)
    ]
    return render_page(
        Page(title, subject, verdict, claim, [], {}, sections, data_name, data, data["provenance"], tone, known)
    )
