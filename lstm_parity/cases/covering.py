"""The lattice of settings, and designs that cover it: every pair of values of its axes stands together in some case.

For more than pairs, freeze axes and join the designs. (allpairspy's n=3 does not cover triples: 86 of 201 on 5x4x3x3.)
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from allpairspy import AllPairs

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.profiles import PROFILES
from lstm_parity.cases.setting import DTYPES, GRAD_MODES, Architecture, Call, Runtime, Setting

# Sizes are chosen for what coincides: nothing, I == H, B == T, B == H, B == layers * directions, H above 128.
AXES: Mapping[str, Sequence[Any]] = {
    "sizes": ("distinct", "one", "I=H", "B=T", "B=H", "B=L*D", "wide"),
    "num_layers": (1, 2, 3),
    "bidirectional": (False, True),
    "projection": (False, True),
    "bias": (True, False),
    "batch_first": (False, True),
    "form": ("batched", "unbatched", "packed", "packed sorted", "packed equal"),
    "states": (True, False),
    "strided": (False, True),
    "grad_mode": GRAD_MODES,
    "mkldnn": (True, False),
    "threads": (1, 2),
    "deterministic": (False, True),
    "dtype": DTYPES,
    "device": ("cpu",),  # or another, where it is frozen
    "profile": tuple(PROFILES),
}

_SIZES = {  # input_size, hidden_size, time, batch
    "distinct": (5, 7, 4, 3),
    "one": (1, 1, 1, 1),
    "I=H": (6, 6, 3, 4),
    "B=T": (3, 5, 4, 4),
    "B=H": (2, 5, 3, 5),
    "wide": (9, 130, 5, 2),
}


def cover_pairs(*, backwards: bool = False, **frozen: Any) -> list[dict[str, Any]]:
    """Points of the lattice that hold every pair of values; axes named in frozen keep the value given there.

    A design fills up with the first values of its axes; `backwards` gives another one, which fills up with the last.
    """
    order = -1 if backwards else 1
    axes = {name: (frozen[name],) if name in frozen else tuple(values)[::order] for name, values in AXES.items()}
    return all_pairs(axes)


def all_pairs(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Points that hold every pair of values of these axes."""
    return [dict(zip(axes, row, strict=True)) for row in _rows(tuple(map(tuple, axes.values())))]


@lru_cache(maxsize=64)
def _rows(values: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    free = [k for k, options in enumerate(values) if len(options) > 1]
    fixed = [options[0] for options in values]
    return tuple(tuple(_fill(fixed, free, row)) for row in AllPairs([list(values[k]) for k in free]))


def _fill(fixed: list[Any], free: list[int], row: Sequence[Any]) -> list[Any]:
    filled = list(fixed)
    for k, value in zip(free, row, strict=True):
        filled[k] = value
    return filled


def setting_at(point: Mapping[str, Any]) -> Setting:
    """The setting of a point of the lattice."""
    layers, directions = point["num_layers"], 1 + point["bidirectional"]
    i, h, time, batch = _SIZES.get(point["sizes"], (4, 6, 5, layers * directions))
    proj_size = (h + 1) // 2 if point["projection"] and h > 1 else 0
    architecture = Architecture(i, h, layers, point["bias"], point["batch_first"], point["bidirectional"], proj_size)
    form, rows = point["form"], None if point["form"] == "unbatched" else batch
    lengths = _lengths(form, time, batch)
    call = Call(time, rows, lengths, form == "packed sorted", point["states"], point["strided"])
    how = ("device", "grad_mode", "mkldnn", "threads", "deterministic")
    return Setting(architecture, call, Runtime(point["dtype"], **{name: point[name] for name in how}))


def _lengths(form: str, time: int, batch: int) -> tuple[int, ...] | None:
    """Varying lengths with a tie and a 1 among them where there is room; unsorted unless the form says otherwise."""
    if not form.startswith("packed"):
        return None
    if form == "packed equal":
        return (time,) * batch
    falling = sorted((max(1, time - k // 2 - (k > 2)) for k in range(batch)), reverse=True)
    falling[-1] = 1 if batch > 1 else time
    return tuple(falling) if form == "packed sorted" else tuple(falling[1:] + falling[:1])


def draw_design(seeds: Sequence[int] = (0,), **frozen: Any) -> Iterator[Case]:
    """The cases of a covering design for every value profile, in a fixed order: all triples with a profile in them."""
    for k, profile in enumerate(AXES["profile"]):
        for point in cover_pairs(backwards=k % 2 == 1, **{"profile": profile, **frozen}):
            for seed in seeds:
                yield draw_case(setting_at(point), profile, seed)
