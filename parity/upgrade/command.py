"""`lstm-parity record` and `lstm-parity compare`, which need nothing but torch and NumPy installed."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

COMMANDS = ("record", "compare")
WRONG = 2  # the exit code of a wrong call, as argparse's


def main(arguments: Sequence[str], program: str = "lstm-parity") -> int:
    """Run one of the two commands; its exit code: 1 where something is worse, 2 where nothing could be done."""
    given = _parser(program).parse_args(arguments)
    try:
        return _record(given.file) if given.command == "record" else _compare(given.old, given.new, given.form)
    except (ValueError, OSError) as error:  # a RecordError is a ValueError, a ChildProcessError an OSError
        print(f"{program} {given.command}: {error}", file=sys.stderr)  # noqa: T201
        return WRONG


def _parser(program: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(program, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    record = commands.add_parser("record", help="Record what the installed torch does, in about a minute.")
    record.add_argument("file", type=Path, metavar="FILE")
    compare = commands.add_parser("compare", help="Compare two records: exits with 1 where something is worse.")
    compare.add_argument("old", type=Path, metavar="OLD")
    compare.add_argument("new", type=Path, metavar="NEW")
    forms = compare.add_mutually_exclusive_group()
    for form, words in (("json", "As JSON."), ("markdown", "As Markdown, for a pull request.")):
        forms.add_argument(f"--{form}", dest="form", action="store_const", const=form, default="text", help=words)
    return parser


def _record(file: Path) -> int:
    if not file.parent.is_dir():
        raise ValueError(f"{file} was given, but there is no folder {file.parent}: make it first")
    from parity.threads import share_cores

    share_cores()
    from parity.upgrade.file import write
    from parity.upgrade.recording import record

    write(record(lambda text: print(f"recording {text}", file=sys.stderr)), file)  # noqa: T201
    return 0


def _compare(old: Path, new: Path, form: str) -> int:
    from parity.upgrade.comparing import compare
    from parity.upgrade.file import read
    from parity.upgrade.telling import as_json, as_markdown, as_text

    comparison = compare(read(old), read(new))
    tell = {"json": as_json, "markdown": as_markdown, "text": as_text}[form]
    sys.stdout.write(tell(comparison))
    return 1 if comparison.worse else 0
