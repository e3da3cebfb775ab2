"""`lstm-parity judge`: what a program wrote into folders of cases, or what somebody has of a bug."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from lstm_parity.cli_parts import Outputs, report_options

if TYPE_CHECKING:
    from lstm_parity.reports.formats.report import Report

_SIDE = click.Path(path_type=Path)


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--name", help="What the certificate calls the program.  [default: the name of PATH]")
@click.option("--mine", type=_SIDE, help="Results of one program for the case in PATH, a file or a folder.")
@click.option("--theirs", type=_SIDE, help="Results of another program for the same case.")
@report_options("junit", "html")
def judge(path: Path, name: str | None, mine: Path | None, theirs: Path | None, outputs: Outputs) -> None:
    """Judge what a program wrote into PATH, a folder of `cases export`; or what is in PATH of a bug report.

    A report is a folder or a file with weights, an input and some of the results, as docs/report-format.md says.
    Exits with 0 if everything that is given agrees to rounding noise; with 1 if something deviates; with 3 if too
    little is given to say.
    """
    from rich.console import Console
    from rich.markup import escape

    from lstm_parity.files.stored import FolderError

    if (mine is None) != (theirs is None):
        raise click.UsageError("--mine and --theirs belong together: give both, or neither")
    try:
        with Console(stderr=True).status("reading") as status:
            report, code = _answer(path, name, mine, theirs, lambda words: status.update(escape(words)))
    except FolderError as error:
        raise click.UsageError(str(error)) from error
    outputs.write(report)
    sys.exit(code)


def _answer(
    path: Path, name: str | None, mine: Path | None, theirs: Path | None, say: Callable[[str], None]
) -> tuple[Report, int]:
    """Return an answer and its exit code."""
    from lstm_parity.audits.bug_reports.command import answer_path, answer_sides
    from lstm_parity.audits.folders.run import holds_cases, judge_folders
    from lstm_parity.audits.verification.report import certificate_report
    from lstm_parity.reports.html.certificate_page import Explained, certificate_page

    if mine is not None and theirs is not None:
        return answer_sides(path, mine, theirs, say)
    if not holds_cases(path):
        return answer_path(path, name, say)
    judged = judge_folders(path, name, progress=lambda text: say(f"judging {text}"))
    left = f"{judged.unanswered} cases were left unanswered: a program that does not support one writes refused.txt."
    more = [*judged.diagnosis, *[left] * bool(judged.unanswered)]
    code = judged.certificate.exit_code or (3 if judged.unanswered else 0)
    explained = Explained("", notes=tuple(more)) if more else None
    page = partial(certificate_page, judged.certificate, explained)
    return certificate_report(judged.certificate, more, code=code).also("html", page), code
