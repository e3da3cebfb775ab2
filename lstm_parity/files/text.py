"""Text as it is pasted from a terminal: arrays as torch, NumPy, JAX and TensorFlow print them, and rows of numbers."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from lstm_parity.files.numbers import NUMBER, make_array, read_brackets, read_text, refuse_elision
from lstm_parity.files.stored import Budget, FolderError, StoredArray, collect_arrays

_SKIPPED = re.compile(r"(?:>>>|\#|In \[\d+\]:|Out\[\d+\]:).*|\s+|[,;)\]}>]+|OrderedDict\(|\{|\[?\((?=\s{0,9}['\"])")
_NAME = re.compile(
    r"""(?:(?P<quote>['"])(?P<quoted>[^'"\n]{1,200})(?P=quote)[ \t]*[,:=]"""
    r"""|(?P<word>[A-Za-z_][\w./:\[\]-]{0,200}?)[ \t]*"""
    r"""(?:=|:(?=[\s\[]|$)|(?<=[ \t])(?=Parameter containing:|(?:tensor|array)\()))[ \t]*"""
)
_PROMPT = re.compile(
    r"(?:>>>|In \[\d+\]:)[ \t]*(?:print\()?(?P<word>[A-Za-z_][\w.\[\]]{0,200})\)?[ \t]*$", re.MULTILINE
)
_LAST_WORD = re.compile(r"([A-Za-z_]\w{0,200})\W*\Z")
_FENCE = re.compile(r"```\w*|~~~\w*|\s+")
_PARAMETER = re.compile(r"\s*(?:Parameter containing:)?\s*")
_WRAPPER = re.compile(r"(?:<tf\.(?:Tensor|Variable)[^\n]{0,300}numpy=\s*)?(?P<call>[A-Za-z_][\w.]{0,40}\(\s*)?(?=\[)")
_SCALAR = re.compile(r"(?P<call>[A-Za-z_][\w.]{0,40}\(\s*)?(?P<number>" + NUMBER.pattern + r")(?=[\s,)]|$)", re.I)
_TAIL = re.compile(r"(?:[^()\[\]]|\([^()]{0,200}\)){0,300}\)")
_DTYPE = re.compile(r"dtype=['\"]?(?:torch\.|np\.|jnp\.)?(?P<name>\w+)")
_DEFAULTS = {"tensor": "float32", "array": "float64"}
_LONGEST_LINE = 500  # of a single number
_BRACKET = re.compile(r"[\[\]]")
_SEPARATOR = re.compile(r"[\s,;]+")


def read_text_arrays(path: Path) -> dict[str, StoredArray]:
    """Read all arrays in a text; one without a name has the file's. Raises FolderError for text that is none."""
    found = collect_arrays(path, _read_items(path, read_text(path), Budget(path)))
    if not found:
        raise FolderError(f"{path} holds no array: paste one, such as name = tensor([[0.25, -1.5]])")
    return found


def read_prose(path: Path) -> dict[str, StoredArray]:
    """Read the arrays in brackets among the words of a Markdown file, such as the text of an issue; none is no error.

    One without a name, and without a prompt before it, has the last word before it.
    """
    return collect_arrays(path, _find_items(path, read_text(path), Budget(path)))


def _find_items(path: Path, text: str, budget: Budget) -> Iterator[tuple[str, StoredArray]]:
    ends = _match_brackets(text)
    at = end = 0
    while (at := _skip(text, at)) < len(text):
        named = _NAME.match(text, at)
        start = named.end() if named else at
        wrapper = _WRAPPER.match(text, _PARAMETER.match(text, start).end())  # type: ignore[union-attr]
        if wrapper is None or wrapper.end() not in ends:
            at = text.find("\n", at) + 1 or len(text)
            continue
        name = (named["quoted"] or named["word"]) if named else _find_name(text[max(end, at - _LONGEST_LINE) : at])
        try:
            array, after = _read_value(path, text, start, budget)
        except FolderError:  # brackets among words
            name = None
        if name is None:
            at = ends[wrapper.end()]
            continue
        yield name, array
        at = end = after


def _match_brackets(text: str) -> dict[int, int]:
    """Return where each bracket that is closed ends, by where it opens."""
    opened, ends = list[int](), dict[int, int]()
    for match in _BRACKET.finditer(text):
        if match[0] == "[":
            opened.append(match.start())
        elif opened:
            ends[opened.pop()] = match.end()
    return ends


def _find_name(before: str) -> str | None:
    """Return what the text before an array calls it: the last prompt, or the last word; fences are none."""
    word = _LAST_WORD.search(_FENCE.sub(" ", before))
    return _find_prompt(before) or (word[1].lower() if word else None)


def _find_prompt(before: str) -> str | None:
    """Return what was asked for at the last prompt in a text."""
    asked = [prompt["word"] for prompt in _PROMPT.finditer(before)]
    return asked[-1] if asked else None


def _read_items(path: Path, text: str, budget: Budget) -> Iterator[tuple[str, StoredArray]]:
    end = 0
    while (at := _skip(text, end)) < len(text):
        named = _NAME.match(text, at)
        name = (named["quoted"] or named["word"]) if named else _find_prompt(text[end:at]) or path.stem
        array, end = _read_value(path, text, named.end() if named else at, budget)
        yield name, array


def _skip(text: str, at: int) -> int:
    """Return where the next array starts: behind prompts, comments, and what closes what was read."""
    while skipped := _SKIPPED.match(text, at):
        at = skipped.end()
    return at


def _read_value(path: Path, text: str, at: int, budget: Budget) -> tuple[StoredArray, int]:
    """Read what stands behind a name; returns the array, and where the rest of the text starts."""
    first = text[at : at + _LONGEST_LINE].partition("\n")[0].strip()
    start = _PARAMETER.match(text, at).end()  # type: ignore[union-attr]  # it matches nothing as well
    if wrapper := _WRAPPER.match(text, start):
        end = _find_end(path, text, wrapper.end())
        body = text[wrapper.end() : end]
        dtype, default, after = _read_tail(wrapper["call"], text, end)
        return read_brackets(path, body, budget, dtype, default), after
    if (scalar := _SCALAR.match(text, start)) and (scalar["call"] or scalar[0] == first):
        dtype, default, after = _read_tail(scalar["call"], text, scalar.end())
        return make_array(path, [scalar["number"]], (), dtype, default), after
    return _read_rows(path, text, start, budget)


def _find_end(path: Path, text: str, at: int) -> int:
    depth = 0
    for match in _BRACKET.finditer(text, at):
        depth += 1 if match[0] == "[" else -1
        if depth == 0:
            return match.end()
    raise FolderError(f"{path} ends within an array, {depth} brackets are open: paste all of it")


def _read_tail(call: str | None, text: str, at: int) -> tuple[str | None, str, int]:
    """Read what stands behind the numbers of `tensor(`: the dtype, the one it is without, and where the rest starts.

    torch and NumPy print no default dtype: float32 and float64.
    """
    tail = _TAIL.match(text, at) if call else None
    default = _DEFAULTS.get((call or "").rstrip("( \n\t").rpartition(".")[2], "text")
    if tail is None:
        return None, default, at
    said = _DTYPE.search(tail[0])
    return said["name"] if said else None, default, tail.end()


def _read_rows(path: Path, text: str, at: int, budget: Budget) -> tuple[StoredArray, int]:
    """Read lines of numbers, up to the first line that is none."""
    rows: list[list[str]] = []
    while at < len(text):
        end = text.find("\n", at) + 1 or len(text)
        line = text[at:end].partition("#")[0].strip()
        words = [word for word in _SEPARATOR.split(line) if word]
        if not all(map(NUMBER.fullmatch, words)):
            break
        rows += [words] * bool(words)
        at = end
    if not rows:
        refuse_elision(path, text[at : at + 1000])
        line_number, shown = text.count("\n", 0, at) + 1, text[at : at + 60].partition("\n")[0]
        raise FolderError(
            f"{path} has in line {line_number} {shown!r}, but needed is an array, such as "
            "name = tensor([[0.25, -1.5]]), or rows of numbers: take out what is none, or rename the file to .md"
        )
    return stack_rows(path, rows, budget), at


def stack_rows(path: Path, rows: list[list[str]], budget: Budget) -> StoredArray:
    """Make an array (rows, columns). Raises FolderError unless all rows have one length."""
    if odd := [row for row in rows if len(row) != len(rows[0])]:
        raise FolderError(f"{path} has rows of {len(rows[0])} and of {len(odd[0])} numbers: write all of one length")
    budget.spend((len(rows), len(rows[0])))
    return make_array(path, [word for row in rows for word in row], (len(rows), len(rows[0])))
