"""What `lstm-parity judge` says of a report, in all forms, and the exit code."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path

from lstm_parity.audits.bug_reports.report import read_report
from lstm_parity.audits.bug_reports.run import answer_report
from lstm_parity.audits.bug_reports.sides import compare_sides
from lstm_parity.reports.answers.answer import Answer, answer_json, answer_text, sides_json, sides_text
from lstm_parity.reports.answers.answer_markdown import answer_markdown, sides_markdown
from lstm_parity.reports.certificate import Certificate
from lstm_parity.reports.formats.certificate_junit import answer_tests
from lstm_parity.reports.formats.junit import junit_xml
from lstm_parity.reports.formats.report import Report
from lstm_parity.reports.html.certificate_page import Explained, certificate_page
from lstm_parity.reports.provenance import collect_provenance


def answer_path(path: Path, name: str | None, say: Callable[[str], None]) -> tuple[Report, int]:
    """Answer the report in a file or a folder. Raises FolderError if it cannot be read."""
    answer = answer_report(read_report(path), name or path.resolve().name, _command(path), say)
    head = _describe_place(path)
    report = Report(
        lambda width: answer_text(answer, head, width),
        lambda: answer_markdown(answer, head),
        lambda: answer_json(answer, head),
        _make_files([answer], answer.sentence, head, answer.exit_code),
    )
    return report, answer.exit_code


def answer_sides(path: Path, mine: Path, theirs: Path, say: Callable[[str], None]) -> tuple[Report, int]:
    """Answer which of two sets of results is wrong. Raises FolderError if something cannot be read."""
    repeat = _command(path, "--mine", str(mine), "--theirs", str(theirs))
    sides = compare_sides(path, mine, theirs, repeat, say)
    head = _describe_place(path)
    report = Report(
        lambda width: sides_text(sides, head, width),
        lambda: sides_markdown(sides, head),
        lambda: sides_json(sides, head),
        _make_files(sides.answers, sides.sentence, head, sides.exit_code),
    )
    return report, sides.exit_code


def _make_files(
    answers: Sequence[Answer], claim: str, head: Mapping[str, str], code: int
) -> dict[str, Callable[[], str]]:
    """Return further forms, by the option for each."""
    tests = answer_tests([answer.row for answer in answers], claim, code)
    return {
        "html": partial(_make_page, answers, claim, head),
        "junit": partial(junit_xml, "lstm-parity judge", tests, head),
    }


def _make_page(answers: Sequence[Answer], claim: str, head: Mapping[str, str]) -> str:
    """Return a page of answers. Raises ModuleNotFoundError if jinja2 is not installed."""
    faults = [answer.fault for answer in answers if answer.fault]
    notes = tuple(words for answer in answers for words in answer.diagnosis)
    explained = Explained("", *faults[0], notes=notes) if faults else Explained("", "", notes=notes) if notes else None
    absent = "; ".join(f"not given: {', '.join(answer.absent)}" for answer in answers if answer.absent)
    certificate = Certificate(head, tuple(answer.row for answer in answers), absent)
    remarks = [words for answer in answers for words in answer.read_as]
    return certificate_page(certificate, explained, None, remarks, "Answer to a report", claim)


def _command(path: Path, *options: str) -> str:
    return shlex.join(["lstm-parity", "judge", str(path), *options])


def _describe_place(path: Path) -> dict[str, str]:
    known = collect_provenance()
    return {"report": str(path), "judge": f"torch {known['torch']}, numpy {known['numpy']}, {known['processor']}"}
