"""The API as a page, docs/api.md: signatures and docstrings of what users compose, as the code has them.

Run `python -m pages.api`; a test compares the page.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parents[1] / "docs" / "api.md"
PUBLIC = {
    "In a test of yours": {
        "lstm_parity": "check identify measure_arithmetic",
        "lstm_parity.reports.failure": "ParityError",
    },
    "The parts of a check": {
        "lstm_parity": "Case observe judge diagnose",
        "lstm_parity.cases.case": "draw_case parse_case",
        "lstm_parity.judging.verdict": "Outcome TensorComparison Verdict",
        "lstm_parity.judging.gradients": "judge_gradients",
        "lstm_parity.diagnosis.forward": "Diagnosis",
    },
    "Settings": {"lstm_parity.cases.setting": "Setting Architecture Call Runtime parse_setting"},
    "What is judged": {"lstm_parity.running.protocol": "Implementation HasArithmetic HasParameters"},
    "The size of a difference": {"lstm_parity.audits.expectation.expect": "expect_difference Expectation"},
    "The references": {
        "lstm_parity.reference.torch_lstm": "lstm_forward lstm_layer lstm_cell",
        "lstm_parity.reference.numpy_lstm": "lstm_forward",
        "lstm_parity.reference.numpy_backward": "lstm_backward",
        "lstm_parity.reference.weights": "CellWeights LSTMWeights weights_of write_weights",
        "lstm_parity.reference.errors": "RefusedError FormError ShapeError DtypeError DeviceError LengthsError",
    },
    "The noise model": {
        "lstm_parity.reference.noise.arithmetics": "Arithmetic ladder of_dtype find_arithmetic",
        "lstm_parity.reference.noise.model": "Noisy sum_of_products rounded_sum sigmoid tanh product store",
        "lstm_parity.reference.noise.forward": "lstm_forward Expected",
        "lstm_parity.reference.noise.backward": "lstm_backward",
    },
}
HEAD = """\
# API

Made by `python -m pages.api` from the docstrings. Shapes are in the letters of torch's documentation: `T` steps, `B`
rows, `I` inputs, `H` hidden units, `P` projected units (`H` without a projection), `L` layers, `D` directions. Errors
of rounding are in units of [noise](glossary.md#noise). What is not here may change without notice.
"""


def page() -> str:
    """Return the whole page."""
    parts = [HEAD]
    for title, modules in PUBLIC.items():
        parts.append(f"\n## {title}\n")
        parts += [describe(module, name) for module, names in modules.items() for name in names.split()]
    return "".join(parts)


def describe(module: str, name: str) -> str:
    """Return the section of a class or function: signature, docstring, and the members of a class."""
    found = getattr(importlib.import_module(module), name)
    kind = "class " if inspect.isclass(found) else ""
    lines = ["", f"### {module}.{name}", "", f"    {kind}{name}{signature(found)}", ""]
    lines += [inspect.getdoc(found) or "", ""]
    members = [f"* {words}" for words in list_members(found)] if kind else []
    return "\n".join([*lines, *members, ""] if members else lines)


def signature(found: Any) -> str:
    """Return a signature, one argument on a line if it is long; nothing for a class that users do not construct."""
    if inspect.isclass(found) and not dataclasses.is_dataclass(found):
        return ""
    whole = inspect.signature(found)
    given = list_arguments(whole)
    returned = "" if inspect.isclass(found) else f" -> {whole.return_annotation}"
    if len(short := f"({', '.join(given)}){returned}") < 90:
        return short
    return "(\n" + "".join(f"        {one},\n" for one in given) + f"    ){returned}"


def list_arguments(whole: inspect.Signature) -> list[str]:
    """List the arguments of a signature, self and cls left out."""
    given = [one for one in whole.parameters.values() if one.name not in ("self", "cls")]
    words = [str(one.replace(annotation=one.empty, default=one.empty)) for one in given]
    for k, one in enumerate(given):
        words[k] += f": {one.annotation}" if one.annotation is not one.empty else ""
        words[k] += f" = {one.default!r}" if one.default is not one.empty else ""
    keywords = [k for k, one in enumerate(given) if one.kind is one.KEYWORD_ONLY]
    return [*words[: keywords[0]], "*", *words[keywords[0] :]] if keywords else words


def list_members(found: type[Any]) -> Iterator[str]:
    """List the public members that a class itself defines and documents, and the values of an enumeration."""
    if issubclass(found, enum.Enum):
        yield from (f"`{one.name}`: {one.value}" for one in found)
    for name, member in vars(found).items():
        if name.startswith("_"):
            continue
        if isinstance(member, property | functools.cached_property):
            yield f"`{name}`: {join_lines(inspect.getdoc(member))}"
        elif inspect.isroutine(function := getattr(member, "__func__", member)):
            form = f"({', '.join(list_arguments(inspect.signature(function)))})"
            yield f"`{name}{form}`: {join_lines(inspect.getdoc(function))}"


def join_lines(text: str | None) -> str:
    """Return a docstring as one line."""
    return " ".join((text or "").split())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
