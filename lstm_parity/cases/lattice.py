"""The lattice of a sweep: blocks of cells, each a full product of values of the axes, with what is no cell counted.

A design (`cases/covering.py`) holds every pair of values; a block holds every combination.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import combinations, permutations, product
from types import MappingProxyType
from typing import Any

from lstm_parity.cases.covering import AXES, lengths_of
from lstm_parity.cases.setting import DTYPES, Architecture, Call, Runtime, Setting

OUTPUTS, GRADIENTS = "outputs", "gradients"
_SIZE_AXES = ("input_size", "hidden_size", "time", "batch")
_DEFAULT_SIZES = (1, 130)  # past the tile of 128 that kernels have
_Values = Mapping[str, Sequence[Any]]  # of axes that do not have all of theirs
_BASE = dict(zip(_SIZE_AXES, (5, 7, 4, 3), strict=True))  # no two are equal, none is a power of 2
_COINCIDENCES = ((1, 1, 1, 1), (6, 6, 3, 4), (3, 5, 4, 4), (2, 5, 3, 5), (9, 130, 5, 2))  # what is equal, and H > 128
_LONG = 16  # steps, from which on a call in a half type is observed at every step
_FREE = tuple(name for name in AXES if name not in ("sizes", "profile", "device"))
_DIFFERENTIATED = ("float64", "float32")
_LARGE = ((6, 512, 3, 4), (100, 100, 3, 33), (30, 256, 4, 6), (2, 31, 300, 2))  # that people use
_ONE_WAY: _Values = {"grad_mode": ("no_grad",), "strided": (False,), "threads": (1,), "deterministic": (False,)}
_PLAIN: _Values = {
    **_ONE_WAY,
    "num_layers": (1,),
    "projection": (False,),
    "bias": (True,),
    "batch_first": (False,),
    "states": (True,),
    "form": ("batched", "packed"),
}
_ONE_KERNEL: _Values = {**_PLAIN, "form": ("batched",), "mkldnn": (True,), "dtype": ("float32",)}
_OTHERS: _Values = {
    "num_layers": (2,),
    "projection": (True,),
    "bias": (False,),
    "batch_first": (True,),
    "form": ("unbatched", "packed equal"),
    "states": (False,),
    "strided": (True,),
    "grad_mode": ("grad", "inference"),
    "threads": (2,),
    "deterministic": (True,),
}
_OF_VALUES: _Values = {**_PLAIN, "num_layers": (1, 2), "states": (True, False), "bias": (True, False)}
_NO_PROJECTION = "a projection needs hidden_size above 1"
_SAME = "the same cell as another: of one row, or of a size that two blocks have"


@dataclass(frozen=True)
class Cell:
    """One cell: a setting with a value profile, and the question: outputs, or gradients."""

    setting: Setting
    profile: str = "normal"
    question: str = OUTPUTS

    @cached_property
    def _hash(self) -> int:
        return hash((self.setting, self.profile, self.question))

    def __hash__(self) -> int:
        return self._hash

    @property
    def is_chained(self) -> bool:
        """Whether its steps are observed one by one: of stacks, and of long calls where no other size is unusual."""
        a, call = self.setting.architecture, self.setting.call
        usual = (a.input_size, a.hidden_size, call.rows) == (5, 7, 3)
        half = self.setting.runtime.dtype in ("bfloat16", "float16") and call.lengths is None and not a.bidirectional
        return a.num_layers > 1 or (call.time >= _LONG and usual and half)

    @cached_property
    def numbers(self) -> tuple[Any, ...]:
        """Return what its numbers depend on: cells that agree in it are called with the same weights and input."""
        a, call, runtime = self.setting.architecture, self.setting.call, self.setting.runtime
        sizes = (a.input_size, a.hidden_size, a.num_layers, a.bias, a.bidirectional, a.proj_size, call.time, call.rows)
        return (*sizes, runtime.dtype, runtime.device, self.profile)

    @cached_property
    def cost(self) -> float:
        """Estimate how long it takes to judge, in units of one small call."""
        a, call = self.setting.architecture, self.setting.call
        cells = a.num_layers * a.num_directions
        work = call.time * call.rows * cells * 4 * a.hidden_size * (a.input_size + a.hidden_size)
        steps = call.time * (call.time / 20.0 if a.num_layers == 1 else 0.5) if self.is_chained else 0.0
        return 1.0 + steps + work / 1e5

    def columns(self) -> dict[str, int | str]:
        """Return its axes by name, as a store keeps them and as conditions name them; flags are 0 or 1."""
        a, call, runtime = self.setting.architecture, self.setting.call, self.setting.runtime
        packed = call.lengths is not None
        return {
            "input_size": a.input_size,
            "hidden_size": a.hidden_size,
            "num_layers": a.num_layers,
            "bidirectional": int(a.bidirectional),
            "proj_size": a.proj_size,
            "projection": int(a.proj_size > 0),
            "bias": int(a.bias),
            "batch_first": int(a.batch_first),
            "time": call.time,
            "batch": call.rows,
            "form": "unbatched" if call.batch is None else "packed" if packed else "batched",
            "unbatched": int(call.batch is None),
            "packed": int(packed),
            "lengths": ".".join(map(str, call.lengths or ())),
            "equal_lengths": int(packed and len(set(call.lengths or ())) == 1),
            "enforce_sorted": int(call.enforce_sorted),
            "states": int(call.states),
            "strided": int(call.strided),
            "dtype": runtime.dtype,
            "device": runtime.device,
            "grad_mode": runtime.grad_mode,
            "mkldnn": int(runtime.mkldnn),
            "threads": runtime.threads or 0,
            "deterministic": int(runtime.deterministic),
            "profile": self.profile,
            "question": self.question,
        }


COLUMNS = tuple(Cell(Setting(Architecture(1, 1), Call(1))).columns())


@dataclass(eq=False)
class Lattice:
    """Cells, the cheapest first and those with the same numbers together; and combinations that are no cell, counted.

    description: what was combined, in words.
    """

    description: str
    cells: list[Cell] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    _known: set[Cell] = field(default_factory=set)

    def add(self, cells: Iterable[Cell | str]) -> None:
        """Add cells that are not there yet; a reason in place of a cell is counted."""
        for cell in cells:
            if isinstance(cell, str):
                self.left_out[cell] += 1
            elif cell in self._known:
                self.left_out[_SAME] += 1
            else:
                self._known.add(cell)
                self.cells.append(cell)

    def put_in_order(self) -> None:
        """Sort the cells: groups of the same numbers by what a cell of theirs costs."""
        costs = dict[Any, float]()
        for cell in self.cells:
            costs[cell.numbers] = max(costs.get(cell.numbers, 0.0), cell.cost)
        self.cells.sort(key=lambda cell: (costs[cell.numbers], cell.numbers, cell.question))


def build_lattice(profile: str, sizes: tuple[int, int] | None = None, device: str = "cpu") -> Lattice:
    """Build the cells of a sweep.

    profile: "quick" leaves out modes, strides and threads; "forward" has all of outputs; "full" adds gradients.
    sizes: the first and the last of each size, one axis at a time; and pairs of the sizes near ends of tiles, in every
    dtype. By default a forward lattice has _DEFAULT_SIZES, with pairs in float32; a quick one has the ends of tiles.
    """
    first, last = sizes or _DEFAULT_SIZES
    quick = profile == "quick"
    only_ends = quick and sizes is None
    how = "at the ends of tiles" if only_ends else "one at a time" + (", and pairs at the ends of tiles" * (not quick))
    lattice = Lattice(f"{profile}: every combination of the axes of calls at one size; sizes {first} to {last} {how}")
    lattice.add(_combine(device, [_BASE], _ONE_WAY if quick else {}))
    lattice.add(_combine(device, [dict(zip(_SIZE_AXES, n, strict=True)) for n in _COINCIDENCES], _ONE_WAY))
    lattice.add(_combine(device, [dict(zip(_SIZE_AXES, n, strict=True)) for n in _LARGE], _PLAIN))
    some = near_tiles(first, last)
    one_size = [{**_BASE, axis: n} for axis in _SIZE_AXES for n in (some if only_ends else range(first, last + 1))]
    lattice.add(_combine(device, one_size, _PLAIN))
    for name, values in _OTHERS.items():  # of each other axis, a value that is not plain
        lattice.add(_combine(device, one_size, {**_ONE_KERNEL, name: values}))
    lattice.add(_combine(device, [*_relate_sizes()], {**_ONE_KERNEL, "form": AXES["form"], "num_layers": (1, 2)}))
    lattice.add(_combine(device, [*_size_projections()], {**_ONE_KERNEL, "dtype": DTYPES, "projection": (True,)}))
    if not quick:
        pairs = [{**_BASE, a: m, b: n} for a, b in combinations(_SIZE_AXES, 2) for m, n in product(some, some)]
        lattice.add(_combine(device, pairs, {**_ONE_KERNEL, "dtype": DTYPES if sizes else ("float32",)}))
    for name in AXES["profile"]:
        lattice.add(_combine(device, [_BASE], _OF_VALUES, name))
    if profile == "full":
        lattice.add([replace(cell, question=GRADIENTS) for cell in lattice.cells if _has_gradients(cell)])
    lattice.put_in_order()
    return lattice


def _relate_sizes() -> Iterator[dict[str, int]]:
    """Yield sizes of which one is another's, its double, or one less; the others are unlike."""
    for one, other in permutations(_SIZE_AXES, 2):
        for n in (6, 12):
            for related in (n, 2 * n, n - 1):
                yield {**_BASE, one: n, other: related}


def _size_projections() -> Iterator[dict[str, int]]:
    """Yield every size of a projection of two hidden sizes, and projections as wide as the input."""
    for h in (7, 20):
        yield from ({**_BASE, "hidden_size": h, "proj_size": p} for p in range(1, h))
    yield from ({**_BASE, "hidden_size": 9, "input_size": p, "proj_size": p} for p in range(1, 9))


def _has_gradients(cell: Cell) -> bool:
    runtime = cell.setting.runtime
    return runtime.grad_mode == "grad" and runtime.dtype in _DIFFERENTIATED and cell.profile == "normal"


def near_tiles(first: int, last: int) -> list[int]:
    """List the sizes at which vectors, tiles and blocks of kernels end, and their neighbours, within a range."""
    powers = [2**k for k in range(12)]
    ends = {first, last, 3, 5, *(p + d for p in powers for d in (-1, 0, 1)), *(3 * p // 2 for p in powers[4:])}
    return sorted(n for n in ends if first <= n <= last)


def _combine(
    device: str, sizes: Sequence[Mapping[str, int]], changed: _Values = MappingProxyType({}), profile: str = "normal"
) -> Iterator[Cell | str]:
    """Yield every combination of sizes with the values of the other axes, those that are not changed in full."""
    axes = {name: changed.get(name, AXES[name]) for name in _FREE}
    for chosen, values in product(sizes, product(*axes.values())):
        yield _make_cell(chosen, dict(zip(axes, values, strict=True)), profile, device)


def _make_cell(sizes: Mapping[str, int], point: Mapping[str, Any], profile: str, device: str) -> Cell | str:
    h, time, batch = sizes["hidden_size"], sizes["time"], sizes["batch"]
    proj_size = sizes.get("proj_size", (h + 1) // 2) if point["projection"] else 0
    if proj_size >= h:
        return _NO_PROJECTION
    a = Architecture(
        sizes["input_size"],
        h,
        point["num_layers"],
        point["bias"],
        point["batch_first"],
        point["bidirectional"],
        proj_size,
    )
    form = point["form"]
    rows = None if form == "unbatched" else batch
    call = Call(time, rows, lengths_of(form, time, batch), form == "packed sorted", point["states"], point["strided"])
    how = {name: point[name] for name in ("grad_mode", "mkldnn", "threads", "deterministic")}
    return Cell(Setting(a, call, Runtime(point["dtype"], device, **how)), profile)
