"""The summary of a step in GitHub's CI: Markdown that is appended to the file that GITHUB_STEP_SUMMARY names."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from lstm_parity.reports.formats.markdown import Document, write_document

LIMIT = 2**20  # bytes of a step's summary; of a larger one GitHub shows nothing
_LEFT_OUT = (
    "\n\n*{} parts of this report are left out: a summary may have 1 MiB. The files of the run hold everything.*\n"
)


def append_summary(write: Callable[[], Document]) -> str:
    """Append a report, if GitHub wants one, as much of it as there is room for; return what went wrong, if anything.

    write: makes the report. A block that is too long is left out, and what follows it is not.
    """
    name = os.environ.get("GITHUB_STEP_SUMMARY", "")
    if not name:
        return ""
    try:
        file = Path(name)
        room = LIMIT - (file.stat().st_size if file.exists() else 0)
        with file.open("a", encoding="utf-8", newline="\n") as stream:
            stream.write(cut_document(write(), room))
    except OSError as error:
        return f"the summary of the step, {name}, cannot be written: {error.strerror}"
    return ""


def cut_document(document: Document, room: int) -> str:
    """Return the text of a document with at most so many bytes; whole blocks are left out, and counted."""
    text = write_document(document)
    if _size(text) <= room:
        return text
    kept, left = list[str](), 0
    room -= _size(_LEFT_OUT) + 8
    for block in filter(None, document):
        fits = _size(block) + 2 <= room
        room -= (_size(block) + 2) * fits
        kept += [block] * fits
        left += not fits
    return "\n\n".join(kept) + _LEFT_OUT.format(left) if room >= 0 else ""


def _size(text: str) -> int:
    return len(text.encode())
