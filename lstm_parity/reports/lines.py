"""Lines of a report: the mark of one that is a command, and what no line may hold."""

from __future__ import annotations

import re
from collections.abc import Mapping

REPEAT = "  repeat: "  # before a command that repeats a failure, which is never broken
ALONE: Mapping[str, str] = {  # the questions of `verify --question` about one case alone, with the word for each there
    "life of the module": "life",
    "dropout": "dropout",
    "gradients": "gradients",
    "second derivatives": "second-derivatives",
}

_LINE_ENDS = re.compile(r"\r\n|[\r\x0b\x0c\x85\u2028\u2029]")
_UNSHOWN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")


def show_controls(words: str) -> str:
    """Replace what no text file may hold, control characters and lone surrogates, by escapes; end all lines by LF."""
    return _UNSHOWN.sub(lambda found: f"\\x{ord(found[0]):02x}", _LINE_ENDS.sub("\n", words))


def repeat_case(command: str, case: str, question: str = "") -> str:
    """Return the command that judges one case again, by the question that it failed."""
    return f"{command} --case {case}{f' --question {ALONE[question]}' if question in ALONE else ''}".strip()
