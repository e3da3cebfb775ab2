"""`lstm-parity judge`: what a program wrote into folders of cases, or what somebody has of a bug."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import click

from lstm_parity.cli_parts import html_option, json_option

_SIDE = click.Path(path_type=Path)


@click.command()
@click.argument("path", type=click.Path(exists=True, path_type=Path), default=".")
@click.option("--name", help="What the certificate calls the program.  [default: the name of PATH]")
@click.option("--mine", type=_SIDE, help="Results of one program for the case in PATH, a file or a folder.")
@click.option("--theirs", type=_SIDE, help="Results of another program for the same case.")
@click.option("--markdown", is_flag=True, help="Print the answer as Markdown, to paste into a thread.")
@json_option
@html_option
def judge(
    path: Path,
    name: str | None,
    mine: Path | None,
    theirs: Path | None,
    markdown: bool,
    json_file: Path | None,
    html_file: Path | None,
) -> None:
    """Judge what a program wrote into PATH, a folder of `cases export`; or what is in PATH of a bug report.

    A report is a folder or a file with weights, an input and some of the results, as docs/report-format.md says.
    Exits with 0 if everything that is given agrees to rounding noise; with 1 if something deviates; with 3 if too
    little is given to tell.
    """
    from rich.console import Console
    from rich.markup import escape

    from lstm_parity.files.stored import FolderError

    if (mine is None) != (theirs is None):
        raise click.UsageError("--mine and --theirs belong together: give both, or neither")
    try:
        with Console(stderr=True).status("reading") as status:
            text, json, code, make_page = _answer(
                path, name, mine, theirs, markdown, lambda words: status.update(escape(words))
            )
    except FolderError as error:
        raise click.UsageError(str(error)) from error
    click.echo(text)
    if json_file is not None:
        json_file.write_text(json, encoding="utf-8")
    if html_file is not None:
        html_file.write_text(make_page(), encoding="utf-8")
    sys.exit(code)


def _answer(
    path: Path, name: str | None, mine: Path | None, theirs: Path | None, markdown: bool, say: Callable[[str], None]
) -> tuple[str, str, int, Callable[[], str]]:
    """Return the text, the JSON and the exit code of an answer, and what makes its page."""
    from lstm_parity.audits.bug_reports.command import answer_path, answer_sides
    from lstm_parity.audits.folders.run import holds_cases, judge_folders
    from lstm_parity.reports.certificate_json import certificate_json
    from lstm_parity.reports.certificate_text import certificate_text
    from lstm_parity.reports.html.certificate_page import Explained, certificate_page

    if mine is not None and theirs is not None:
        return answer_sides(path, mine, theirs, markdown, say)
    if not holds_cases(path):
        return answer_path(path, name, markdown, say)
    judged = judge_folders(path, name, progress=lambda text: say(f"judging {text}"))
    left = f"{judged.unanswered} cases were left unanswered: a program that does not support one writes refused.txt."
    more = [*judged.diagnosis, *[left] * bool(judged.unanswered)]
    text = "\n\n".join([certificate_text(judged.certificate).rstrip("\n"), *more])
    code = judged.certificate.exit_code or (3 if judged.unanswered else 0)
    explained = Explained("", notes=tuple(more)) if more else None
    return text, certificate_json(judged.certificate), code, lambda: certificate_page(judged.certificate, explained)
