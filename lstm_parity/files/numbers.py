"""Numbers written as text: what a word stands for, how many digits it has, and arrays of nested brackets."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from lstm_parity.files.stored import MAX_DEPTH, Budget, FolderError, Printed, StoredArray, refuse_gaps, store_array

NUMBER = re.compile(r"[+-]?(?:(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?|nan|inf(?:inity)?)", re.IGNORECASE)
_WHOLE = re.compile(r"[+-]?\d{1,19}")
_FLAGS = {"True": "1", "False": "0", "true": "1", "false": "0"}
_SPECIAL = {"nan", "inf", "infinity"}
_BRACKETS = re.compile(r"[\[\]]|[^\[\]\s,]+")
_DOTS = ("...", "…")
_LONGEST = 400  # letters of one number


def make_array(
    path: Path, words: Sequence[str], shape: Sequence[int], dtype: str | None = None, default: str = "text"
) -> StoredArray:
    """Make an array of words that each are a number. Raises FolderError for the first that is none.

    dtype: the one that the text gives; without one, whole numbers are int64, and others `default`.
    """
    flags = all(word in _FLAGS for word in words) and bool(words)
    words = [_FLAGS.get(word, word) for word in words]
    for word in words:
        if len(word) > _LONGEST or not NUMBER.fullmatch(word):
            raise FolderError(
                f"{path} holds {word[:40]!r} where a number is needed: write plain numbers, such as -0.25"
            )
    may_be_whole = dtype is None or dtype.startswith(("int", "uint", "bool", "long"))
    if may_be_whole and words and all(map(_WHOLE.fullmatch, words)):
        return store_array(path, _whole(path, words).reshape(shape), None, dtype or ("bool" if flags else "int64"))
    values = np.array([float(word) for word in words], np.float64).reshape(shape)
    return store_array(path, values, _count_digits(words), dtype or default)


def _whole(path: Path, words: Iterable[str]) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    try:
        return np.array([int(word) for word in words], np.int64)
    except OverflowError as error:
        raise FolderError(f"{path} holds a whole number that does not fit int64: write it as a float") from error


def _count_digits(words: Iterable[str]) -> Printed:
    """Count the most decimals of numbers in plain form, and the most significant digits of those in exponent form."""
    decimals, significant = 0, 0
    for word in words:
        mantissa, exponent, _ = word.lower().partition("e")
        whole, _, behind = mantissa.partition(".")
        if exponent and word.lower().lstrip("+-") not in _SPECIAL:
            significant = max(significant, len(whole.lstrip("+-")) + len(behind))
        else:
            decimals = max(decimals, len(behind))
    return Printed(decimals, significant or None)


def read_brackets(
    path: Path, text: str, budget: Budget, dtype: str | None = None, default: str = "text"
) -> StoredArray:
    """Read an array of nested brackets, with or without commas; dots stand for places that are not shown.

    Raises FolderError unless all rows have one length.
    """
    words: list[str] = []
    levels: set[int] = set()  # the depths of numbers
    counts: list[int] = []  # of what the open brackets hold so far
    sizes: dict[int, int] = {}  # of a closed bracket, by its depth
    gaps: dict[int, int] = {}  # where the dots of an axis stand
    for match in _BRACKETS.finditer(text):
        word = match[0]
        if word == "]":
            size = counts.pop()
            if sizes.setdefault(len(counts), size) != size:
                raise FolderError(f"{path} holds an array with rows of {size} and {sizes[len(counts)]}: write it whole")
        elif word in _DOTS:
            if not counts or gaps.setdefault(len(counts) - 1, counts[-1]) != counts[-1]:
                raise FolderError(f"{path} holds an array with dots in different places: write it whole")
            continue
        elif counts:
            counts[-1] += 1
        if word == "[":
            counts.append(0)
            if len(counts) > MAX_DEPTH:
                raise FolderError(f"{path} holds an array nested more than {MAX_DEPTH} deep: write it flat")
        elif word != "]":
            words.append(word)
            levels.add(len(counts))
    if len(levels) > 1:
        raise FolderError(f"{path} holds an array with numbers beside rows of numbers: write it whole")
    array = make_array(path, words, _find_shape(path, sizes, len(words), budget), dtype, default)
    return replace(array, gaps=tuple(map(gaps.get, range(len(sizes))))) if gaps else array


def _find_shape(path: Path, sizes: dict[int, int], count: int, budget: Budget) -> tuple[int, ...]:
    shape = tuple(sizes[depth] for depth in range(len(sizes)))
    if math.prod(shape) != count:
        raise FolderError(f"{path} holds an array of {count} numbers, but its brackets are of {shape}: write it whole")
    budget.spend(shape)
    return shape


def refuse_elision(path: Path, text: str) -> None:
    """Raise FolderError if an array was printed in part."""
    if "..." in text or "…" in text:
        raise refuse_gaps("an array", path)


def read_text(path: Path) -> str:
    """Read a file of UTF-8."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise FolderError(f"{path} was given, but cannot be read as UTF-8 ({error}): save it as plain text") from error
