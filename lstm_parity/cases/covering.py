"""The lattice of settings, and designs that cover it: every pair of values of its axes stands together in some case.

For more than pairs, freeze axes and join the designs. (allpairspy's n=3 does not cover triples: 86 of 201 on 5x4x3x3.)
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from allpairspy import AllPairs

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.features import FEATURES, has
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
    "profile": tuple(name for name in PROFILES if name != "large"),  # that one is for tall cases
}

_SIZES = {  # input_size, hidden_size, time, batch; those below "wide" are for tall cases
    "distinct": (5, 7, 4, 3),
    "one": (1, 1, 1, 1),
    "I=H": (6, 6, 3, 4),
    "B=T": (3, 5, 4, 4),
    "B=H": (2, 5, 3, 5),
    "wide": (9, 130, 5, 2),
    **{
        f"I{i}-H{h}-T{t}-B{b}": (i, h, t, b)
        for i, h, t, b in (
            (10, 16, 8, 33),
            (16, 32, 33, 3),
            (100, 64, 5, 16),
            (12, 128, 5, 17),
            (30, 256, 4, 6),
            (6, 512, 3, 4),
            (8, 33, 6, 16),
            (20, 65, 6, 5),
            (7, 48, 7, 11),
            (4, 127, 3, 4),
            (5, 257, 3, 3),
            (3, 17, 9, 34),
            (5, 8, 6, 4),
            (9, 24, 5, 12),
            (3, 6, 130, 2),
            (70, 12, 34, 3),
            (130, 20, 3, 10),
            (2, 31, 65, 2),
            (100, 100, 3, 33),
            (1, 96, 17, 18),
            (3, 2, 4, 3),
        )
    },
}
TALL_SEED = 1
# What people use, where tiles, blocks and vector tails of kernels end, and deeper and longer than the design has it.
_TALL: Sequence[Mapping[str, Any]] = (
    {"sizes": "I10-H16-T8-B33", "bidirectional": True, "profile": "trained"},
    {"sizes": "I16-H32-T33-B3", "num_layers": 2, "form": "packed"},
    {"sizes": "I100-H64-T5-B16", "batch_first": True, "states": False},
    {"sizes": "I12-H128-T5-B17", "bidirectional": True, "num_layers": 2, "profile": "trained"},
    {"sizes": "I30-H256-T4-B6", "form": "packed", "grad_mode": "grad"},
    {"sizes": "I6-H512-T3-B4", "states": False, "profile": "trained"},
    {"sizes": "I8-H33-T6-B16", "bidirectional": True, "form": "packed", "batch_first": True},
    {"sizes": "I20-H65-T6-B5", "num_layers": 2, "projection": True, "grad_mode": "grad"},
    {"sizes": "I7-H48-T7-B11", "bidirectional": True, "bias": False},
    {"sizes": "I4-H127-T3-B4", "strided": True, "grad_mode": "inference", "form": "unbatched"},
    {"sizes": "I3-H2-T4-B3", "projection": True, "bidirectional": True, "states": False},
    {"sizes": "I5-H257-T3-B3", "projection": True, "profile": "trained"},
    {"sizes": "I3-H17-T9-B34", "form": "packed sorted", "states": False, "mkldnn": False},
    {"sizes": "I5-H8-T6-B4", "num_layers": 5, "profile": "trained"},
    {"sizes": "I9-H24-T5-B12", "num_layers": 4, "bidirectional": True, "batch_first": True, "states": False},
    {"sizes": "I3-H6-T130-B2", "profile": "trained"},
    {"sizes": "I70-H12-T34-B3", "form": "packed", "bidirectional": True, "states": False},
    {"sizes": "I130-H20-T3-B10", "num_layers": 2, "batch_first": True},
    {"sizes": "I2-H31-T65-B2", "mkldnn": False, "bidirectional": True, "profile": "trained"},
    {"sizes": "I100-H100-T3-B33", "states": False, "mkldnn": False, "grad_mode": "grad"},
    {"sizes": "I1-H96-T17-B18"},
    {"sizes": "distinct", "profile": "large"},
    {"sizes": "B=H", "profile": "large", "num_layers": 2, "batch_first": True, "form": "packed"},
    {"sizes": "I8-H33-T6-B16", "profile": "large", "bidirectional": True, "grad_mode": "grad"},
)


def cover_pairs(
    *, backwards: bool = False, within: Mapping[str, Sequence[Any]] = MappingProxyType({}), **frozen: Any
) -> list[dict[str, Any]]:
    """Return points of the lattice that hold every pair of values; the axes in `frozen` keep the value given there.

    A design fills up with the first values of its axes; `backwards` gives another one, which fills up with the last.
    within: of some axes, the values that may be drawn.
    """
    order = -1 if backwards else 1
    free = {name: tuple(v for v in values if v in within.get(name, values)) for name, values in AXES.items()}
    axes = {name: (frozen[name],) if name in frozen else free[name][::order] for name in AXES}
    return all_pairs(axes)


def all_pairs(axes: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """Return points that hold every pair of values of these axes."""
    free = {name: tuple(values) for name, values in axes.items() if len(values) > 1}
    fixed = {name: values[0] for name, values in axes.items()}
    return [fixed | dict(zip(free, row, strict=True)) for row in _rows(tuple(free.values()))]


@lru_cache(maxsize=64)
def _rows(values: tuple[tuple[Any, ...], ...]) -> tuple[tuple[Any, ...], ...]:
    """Return all pairs of values of the axes that are not frozen: the same rows for every value of the others."""
    return tuple(map(tuple, AllPairs(list(map(list, values)))))


def setting_at(point: Mapping[str, Any]) -> Setting:
    """Return the setting of a point of the lattice."""
    layers, directions = point["num_layers"], 1 + point["bidirectional"]
    i, h, time, batch = _SIZES.get(point["sizes"], (4, 6, 5, layers * directions))
    proj_size = (h + 1) // 2 if point["projection"] and h > 1 else 0
    architecture = Architecture(i, h, layers, point["bias"], point["batch_first"], point["bidirectional"], proj_size)
    form, rows = point["form"], None if point["form"] == "unbatched" else batch
    lengths = lengths_of(form, time, batch)
    call = Call(time, rows, lengths, form == "packed sorted", point["states"], point["strided"])
    how = ("device", "grad_mode", "mkldnn", "threads", "deterministic")
    return Setting(architecture, call, Runtime(point["dtype"], **{name: point[name] for name in how}))


def lengths_of(form: str, time: int, batch: int) -> tuple[int, ...] | None:
    """Return varying lengths, with a tie and a 1 among them if there is room; sorted if the form is "packed sorted"."""
    if not form.startswith("packed"):
        return None
    if form == "packed equal":
        return (time,) * batch
    falling = sorted((max(1, time - k // 2 - (k > 2)) for k in range(batch)), reverse=True)
    falling[-1] = 1 if batch > 1 else time
    return tuple(falling) if form == "packed sorted" else tuple(falling[1:] + falling[:1])


def draw_tall(
    within: Mapping[str, Sequence[Any]] = MappingProxyType({}), seed: int = TALL_SEED, **frozen: Any
) -> Iterator[Case]:
    """Draw the tall cases; a value that is not within is replaced by the first that is, and more layers by as many."""
    first = {name: within.get(name, values)[0] for name, values in AXES.items()} | {"profile": "normal", **frozen}
    for changes in _TALL:
        asked = {name: value for name, value in changes.items() if _is_within(name, value, within)}
        point = first | asked | ({"sizes": changes["sizes"]} if "sizes" in changes else {})
        yield draw_case(setting_at(point), point["profile"], seed)


def _is_within(name: str, value: Any, within: Mapping[str, Sequence[Any]]) -> bool:
    if name in ("sizes", "profile") or name not in within:
        return True
    return value in within[name] or (name == "num_layers" and len(within[name]) > 1)


def draw_design(
    seeds: Sequence[int] = (0,), within: Mapping[str, Sequence[Any]] = MappingProxyType({}), **frozen: Any
) -> Iterator[Case]:
    """Draw a covering design for every value profile, in a fixed order: it has all triples with a profile in them."""
    for k, profile in enumerate(AXES["profile"]):
        for point in cover_pairs(backwards=k % 2 == 1, within=within, **{"profile": profile, **frozen}):
            for seed in seeds:
                yield draw_case(setting_at(point), profile, seed)


def choose_spread(cases: Sequence[Case], count: int) -> list[Case]:
    """Choose so many cases that hold as many pairs of features, sizes and profiles as they can, in their order."""
    numbers = defaultdict[object, int](itertools.count().__next__)
    left = {k: sum(1 << numbers[pair] for pair in _list_pairs(case)) for k, case in enumerate(cases)}
    uncovered, chosen = -1, list[int]()
    while left and len(chosen) < count:
        best = max(left, key=lambda k: ((left[k] & uncovered).bit_count(), -k))
        uncovered &= ~left.pop(best)
        chosen.append(best)
    return [cases[k] for k in sorted(chosen)]


def _list_pairs(case: Case) -> Iterator[object]:
    """List every pair of what a case has and has not."""
    setting, a, call = case.setting, case.setting.architecture, case.setting.call
    sizes = {"I=H": a.input_size == a.hidden_size, "B=T": call.rows == call.time, "B=H": call.rows == a.hidden_size}
    sizes |= {"B=L*D": call.rows == a.num_layers * a.num_directions, "tall": case.seed == TALL_SEED}
    values = {name: has(setting, name) for name in FEATURES} | sizes
    return itertools.combinations([*values.items(), ("profile", case.profile)], 2)
