"""States of every wrong shape, dtype and form, h and c apart and both at once, in every form in which input comes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch

from lstm_parity.catalogue.bad_calls.bad_call import EQUAL, UNSORTED, VARYING, BadCall, single_cell, zeros
from lstm_parity.reference.errors import DtypeError, FormError, ShapeError
from lstm_parity.reference.weights import CellWeights

_Shape = tuple[int, ...]
_WHICH = {"h": (True, False), "c": (False, True), "h and c": (True, True)}

_SMALL = CellWeights(zeros(12, 3), zeros(12, 3), zeros(12), zeros(12))


@dataclass(frozen=True, eq=False)
class _Form:
    """An input, and the shapes of h and c that it needs; weights and module: where they are not those of good.py."""

    input: Any
    h: _Shape
    c: _Shape
    weights: Any = None
    module: Mapping[str, Any] = field(default_factory=dict)


_STACKS: dict[str, _Form] = {
    "padded": _Form(zeros(5, 2, 3), (2, 2, 4), (2, 2, 4)),
    "padded, B = H": _Form(zeros(5, 4, 3), (2, 4, 4), (2, 4, 4)),
    "unbatched": _Form(zeros(5, 3), (2, 4), (2, 4)),
    "packed, equal lengths": _Form(EQUAL, (2, 2, 4), (2, 2, 4)),
    "packed, varying lengths": _Form(VARYING, (2, 2, 4), (2, 2, 4)),
    "packed, unsorted": _Form(UNSORTED, (2, 2, 4), (2, 2, 4)),
    "packed, projected": _Form(EQUAL, (1, 2, 2), (1, 2, 4), single_cell(), {"proj_size": 2}),
}
# torch cuts an axis of H units into 4 chunks where it takes it for the gates: 4 hides what 3 shows
_CELLS: dict[str, _Form] = {
    "cell": _Form(zeros(2, 3), (2, 4), (2, 4)),
    "cell, B = H = 3": _Form(zeros(3, 3), (3, 3), (3, 3), _SMALL, {"hidden_size": 3}),
    "cell, unbatched": _Form(zeros(3), (4,), (4,)),
    "cell, unbatched, H = 3": _Form(zeros(3), (3,), (3,), _SMALL, {"hidden_size": 3}),
}


def _wrong_shapes(needed: _Shape, axes: tuple[str, ...]) -> Iterator[tuple[str, _Shape]]:
    """Shapes that differ from the needed one, with what is wrong: each axis, the rank, the order."""
    for axis, name in enumerate(axes):
        sizes = (size for size in (0, 1, needed[axis] + 1) if size != needed[axis])
        yield from ((f"of {size} {name}", (*needed[:axis], size, *needed[axis + 1 :])) for size in sizes)
    for axis, name in enumerate(axes[:-1]):
        yield f"without {name}", (*needed[:axis], *needed[axis + 1 :])
    yield "with an axis of 1 more", (1, *needed)
    yield "with an axis of H more", (needed[-1], *needed)
    if len(needed) == 3 and needed[0] != needed[1]:
        yield "batch first", (needed[1], needed[0], needed[2])


def _bad_states(name: str, function: str, form: _Form) -> dict[str, BadCall]:
    """The bad states beside one input."""
    stacked = function == "lstm_forward"
    hx, names, first = ("hx", ("h_0", "c_0"), "input") if stacked else ("state", ("h", "c"), "x")
    axes = (("layers",) if stacked else ()) + (() if "unbatched" in name else ("rows",)) + ("features",)
    given = {first: form.input} | ({} if form.weights is None else {"weights": form.weights})

    def bad(state: Any, kind: Any, words: str) -> BadCall:
        return BadCall(given | {hx: state}, kind, words, form.module, function)

    rows = {}
    for which, (h, c) in _WHICH.items():
        wrong, needed = (names[0], form.h) if h else (names[1], form.c)
        for (what, of_h), (_, of_c) in zip(_wrong_shapes(form.h, axes), _wrong_shapes(form.c, axes), strict=True):
            words = f"{wrong} was given with shape {of_h if h else of_c}, but {needed} is needed"
            pair = zeros(of_h if h else form.h), zeros(of_c if c else form.c)
            rows[f"{which} {what}"] = bad(pair, ShapeError, re.escape(words))
        for dtype in ("float64", "float16", "bfloat16", "int64", "complex64"):
            h_type, c_type = (getattr(torch, dtype) if change else torch.float32 for change in (h, c))
            pair = zeros(form.h, dtype=h_type), zeros(form.c, dtype=c_type)
            rows[f"{which} of {dtype}"] = bad(pair, DtypeError, f"^{wrong} (is|was given as) .*{dtype}, but")
    return rows | {what: bad(*case) for what, case in _malformed_states(zeros(form.h), zeros(form.c), *names).items()}


def _malformed_states(h: Any, c: Any, h_name: str, c_name: str) -> dict[str, tuple[Any, Any, str]]:
    """What is no pair of states, with how it is refused."""
    words = rf"but a pair \({h_name}, {c_name}\) is needed"
    return {
        "h alone": (h, FormError, words),
        "h in a tuple": ((h,), FormError, words),
        "three states": ((h, c, c), FormError, words),
        "h and c stacked": (torch.stack([h, zeros(h.shape)]), FormError, words),
        "no c": ((h, None), FormError, f"{c_name} was given as NoneType"),
        "no h": ((None, c), FormError, f"{h_name} was given as NoneType"),
    }


STATES = {name: _bad_states(name, "lstm_forward", form) for name, form in _STACKS.items()} | {
    name: _bad_states(name, "lstm_cell", form) for name, form in _CELLS.items()
}
