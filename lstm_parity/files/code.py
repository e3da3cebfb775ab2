"""Arrays in the source of C and C++: `const float w_ih[8][3] = {{0.25f, -1.5f, ...}, ...};`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lstm_parity.files.numbers import read_brackets, read_text, refuse_elision
from lstm_parity.files.stored import Budget, StoredArray, collect_arrays

_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|^[ \t]*#[^\n]*", re.DOTALL | re.MULTILINE)
_DECLARED = re.compile(
    r"(?P<type>\b(?:float|double|_Float16|__fp16|u?int\d{1,2}_t|int|char|short|long)\b)[\w\s()]{0,100}?"
    r"\b(?P<name>[A-Za-z_]\w{0,200})\s*(?P<sizes>(?:\[[^\]\n]{0,40}\]\s*)+)[^={};]{0,100}=\s*(?=\{)"
)
_SUFFIX = re.compile(r"(?<=[\d.])[fFlLuU]+\b")
_DTYPES = {"float": "float32", "double": "float64", "_Float16": "float16", "__fp16": "float16"}
_BRACES = str.maketrans("{}", "[]")


def read_c(path: Path) -> dict[str, StoredArray]:
    """Read all arrays that are declared with their numbers; all else is ignored, and nothing is compiled."""
    return collect_arrays(path, _find_declared(path, _COMMENT.sub(" ", read_text(path)), Budget(path)))


def _find_declared(path: Path, text: str, budget: Budget) -> Iterator[tuple[str, StoredArray]]:
    for declared in _DECLARED.finditer(text):
        body = _SUFFIX.sub("", text[declared.end() :].partition(";")[0]).translate(_BRACES)
        refuse_elision(path, body)
        yield declared["name"], read_brackets(path, body, budget, default=_DTYPES.get(declared["type"], "text"))
