"""`lstm-parity record`, `compare` and `upgrade`, which need nothing but torch and NumPy installed."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult
    from lstm_parity.audits.upgrade.compare.records import Comparison
    from lstm_parity.audits.upgrade.record import Record

    _JudgeKnown = Callable[[Path, Comparison], KnownResult]
    _MakePage = Callable[[Comparison, KnownResult | None], str]

COMMANDS = ("record", "compare", "upgrade")
_WRONG = 2  # the exit code of a wrong call, as argparse's


def main(
    arguments: Sequence[str],
    program: str = "lstm-parity",
    *,
    judge_known: _JudgeKnown | None = None,
    make_page: _MakePage | None = None,
    echo: Callable[[str], object] | None = None,
) -> int:
    """Run one of the commands; its exit code: 1 where something is worse, 2 where nothing could be done.

    judge_known: judges a comparison by a file of known deviations. make_page: makes its page. echo: prints a report.
    """
    given = make_parser(program).parse_args(arguments)
    try:
        if given.command == "record":
            return _run_record(given)
        _refuse_page(given.html, make_page)
        _refuse_folder("--junit", given.junit)
        old, new = (_read_records if given.command == "compare" else _make_records)(given)
        return _report(old, new, given, judge_known, make_page, echo or sys.stdout.write)
    except (ValueError, OSError) as error:  # a RecordError is a ValueError, a ChildProcessError an OSError
        print(f"{program} {given.command}: {error}", file=sys.stderr)  # noqa: T201
        return _WRONG


def make_parser(program: str) -> argparse.ArgumentParser:
    """Return the parser of the three commands."""
    parser = argparse.ArgumentParser(program, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="Record what the installed torch does, in about a minute.")
    record.add_argument("file", type=Path, metavar="FILE")
    record.add_argument("--plain", action="store_true", help="without compression, for git, which compresses by itself")
    compare = commands.add_parser("compare", help="Compare two records: exits with 1 if something is worse.")
    compare.add_argument("old", type=Path, metavar="OLD")
    compare.add_argument("new", type=Path, metavar="NEW")
    upgrade = commands.add_parser("upgrade", help="Record two torches and compare them; exits as compare does.")
    either = "a Python interpreter, an environment's folder, or a version of torch to be installed by pip"
    upgrade.add_argument("old", metavar="FROM", help=either)
    upgrade.add_argument("new", metavar="TO", help="likewise")
    upgrade.add_argument(
        "--index", default="", metavar="URL", help="where pip finds torch  [default: as pip is set up]"
    )
    upgrade.add_argument("--python", default=sys.executable, metavar="PATH", help="makes environments  [default: this]")
    upgrade.add_argument("--cache", type=Path, metavar="DIR", help="where environments and records are kept")
    upgrade.add_argument(
        "--again", action="store_true", help="record again what was recorded before; always done on another device"
    )
    for command in (compare, upgrade):
        _add_forms(command)
        words = "a TOML file of known deviations, each of which must still be there: see docs/ci.md"
        command.add_argument("--known", type=Path, metavar="FILE", help=words)
        command.add_argument("--junit", type=Path, metavar="FILE", help="also write it as JUnit's XML, for CI")
        command.add_argument("--html", type=Path, metavar="FILE", help="also write it as one page for a browser")
    for command in (record, upgrade):
        words = "cpu, cuda, cuda:1, mps or xpu; of another than the CPU the answers alone are recorded  [default: cpu]"
        command.add_argument("--device", default="cpu", help=words)
    return parser


def _add_forms(command: argparse.ArgumentParser) -> None:
    forms = command.add_mutually_exclusive_group()
    for form, words in (("json", "As JSON."), ("markdown", "As Markdown, for a pull request.")):
        forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="text", help=words)


def _print_report(text: str) -> None:
    print(text, file=sys.stderr, flush=True)  # noqa: T201


def _run_record(given: argparse.Namespace) -> int:
    _refuse_folder("", given.file)
    from lstm_parity.running.threads import share_cores

    share_cores()
    from lstm_parity.audits.upgrade.measure.record_torch import record_torch
    from lstm_parity.audits.upgrade.record_file import write_record

    write_record(
        record_torch(lambda text: _print_report(f"recording {text}"), device=given.device),
        given.file,
        plain=given.plain,
    )
    return 0


def _refuse_page(file: Path | None, make_page: _MakePage | None) -> None:
    """Raise ValueError, before the work, if a page is to be made that cannot be."""
    if file is None:
        return
    if make_page is None:
        raise ValueError("--html was given, but it needs all of lstm-parity: run the command `lstm-parity`")
    if importlib.util.find_spec("jinja2") is None:
        raise ValueError(f"--html {file} was given, but it needs jinja2: pip install 'lstm-parity[html]'")
    _refuse_folder("--html", file)


def _refuse_folder(option: str, file: Path | None) -> None:
    """Raise ValueError, before the work, if a file is to be written where no folder is."""
    if file is not None and not file.parent.is_dir():
        raise ValueError(f"{option} {file} was given, but there is no folder {file.parent}: make it first".lstrip())


def _read_records(given: argparse.Namespace) -> tuple[Record, Record]:
    from lstm_parity.audits.upgrade.record_file import read_record

    return read_record(given.old), read_record(given.new)


def _make_records(given: argparse.Namespace) -> tuple[Record, Record]:
    from lstm_parity.audits.upgrade.environments import EnvironmentMaker, cache_folder, find_interpreter
    from lstm_parity.audits.upgrade.run import record_of
    from lstm_parity.audits.upgrade.turns import measure_in_turns

    maker = EnvironmentMaker(given.cache or cache_folder(), given.python, given.index)
    before, after = (find_interpreter(torch, maker, _print_report) for torch in (given.old, given.new))
    again, device = given.again or given.device != "cpu", given.device
    find = partial(record_of, maker=maker, progress=_print_report, again=again, device=device)
    old, new = find(before), find(after)
    if device == "cpu":
        _print_report("measuring speeds in turns, half a minute")
        speeds = measure_in_turns(before, after)
        old, new = (replace(record, speeds=found) for record, found in zip((old, new), speeds, strict=True))
    return old, new


def _report(
    old: Record,
    new: Record,
    given: argparse.Namespace,
    judge_known: _JudgeKnown | None,
    make_page: _MakePage | None,
    echo: Callable[[str], object],
) -> int:
    """Compare two records, print what is found, write its files, and return the exit code."""
    from lstm_parity.audits.upgrade.compare.records import compare_records
    from lstm_parity.audits.upgrade.report import comparison_code, comparison_json, comparison_markdown, comparison_text
    from lstm_parity.reports.formats.markdown import write_document
    from lstm_parity.reports.formats.step_summary import append_summary

    comparison = compare_records(old, new)
    known = None
    if given.known is not None:
        if judge_known is None:
            raise ValueError("--known was given, but it needs all of lstm-parity: run the command `lstm-parity`")
        known = judge_known(given.known, comparison)
    document = comparison_markdown(comparison, known)
    if given.form == "text":
        echo(comparison_text(comparison, known))
    else:
        sys.stdout.write(comparison_json(comparison, known) if given.form == "json" else write_document(document))
    _write_files(comparison, known, given, make_page)
    if problem := append_summary(lambda: document):
        _print_report(problem)
    return comparison_code(comparison, known)


def _write_files(
    comparison: Comparison, known: KnownResult | None, given: argparse.Namespace, make_page: _MakePage | None
) -> None:
    from lstm_parity.audits.upgrade.report import comparison_junit

    if given.junit is not None:
        given.junit.write_text(comparison_junit(comparison, known), encoding="utf-8", newline="\n")
    if given.html is not None and make_page is not None:
        given.html.write_text(make_page(comparison, known), encoding="utf-8", newline="\n")
