"""Long experiments: questions are asked in two processes, each answer is kept as it comes, and a run resumes."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

Question = TypeVar("Question")
Answer = dict[str, Any]


def read_answers(file: Path) -> list[Answer]:
    """Return the answers of earlier runs, one a line of JSON; none if there is no file."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()] if file.exists() else []


def ask_all(
    ask: Callable[[Question], Answer], questions: Iterable[Question], file: Path, processes: int = 2
) -> Iterator[Answer]:
    """Yield the answers as they come, each once it stands in the file; ask: a function of a module."""
    with get_context("spawn").Pool(processes) as pool, file.open("a", encoding="utf-8") as kept:
        for answer in pool.imap_unordered(ask, questions):
            kept.write(json.dumps(answer) + "\n")
            kept.flush()
            yield answer
