"""Which element of a class's own parameters is which of nn.LSTM's: layouts that the shapes allow, and the one that is.

A layer in one direction has the weights (gate, unit, source), source being an input, a hidden unit, or one of two
biases. A tensor of a class holds some of them, its axes in some order, gates and units perhaps as one axis.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np
import torch

from lstm_parity.classes.layouts.cuts import Cut, list_cuts
from lstm_parity.classes.layouts.reading import BOTH, Reading, list_readings
from lstm_parity.classes.layouts.slots import Slot, split_slots
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

_NUMBER_OR_GATE = re.compile(r"[\d._]|(?<=[._])[ifgocaujz](?=[._]|$)|[ifgocaujz]$")
_GATE_WORDS: Mapping[str, str] = {
    "i": r"^(i|in|input|inp|ig|update_in|write)",
    "f": r"^(f|forget|fg|keep|remember)",
    "o": r"^(o|out|output|og|read|show)",
    "g": r"^(g|c|u|a|j|z|new|cand|cell|cc|mem|modul|tilde|node|block)",
}


@dataclass(frozen=True)
class Layout:
    """How a class holds the weights of all its layers and directions.

    slots: for each layer and direction in the order of nn.LSTM's states, the readings by name of tensor, with the
    index along its first axis where that is directions (None else). order: nn.LSTM's gate at each place of the class's
    own order. biases: how many of them it has. projections: for each layer and direction, if it has one, the name of
    the tensor of the projection, and whether that is (H, P), not (P, H). cuts: tensors whose parts are meant by these
    names, not they themselves.
    """

    slots: tuple[tuple[tuple[str, int | None, Reading], ...], ...]
    order: str = GATES
    biases: int = 0
    projections: tuple[tuple[str, bool], ...] = ()
    cuts: tuple[Cut, ...] = ()

    @property
    def names(self) -> set[str]:
        """Return the names of the tensors that hold weights."""
        own = {name for slot in self.slots for name, _, _ in slot} | {name for name, _ in self.projections}
        of_cuts = {cut.name for cut in self.cuts}
        return {name for name in own if name.partition("[")[0] not in of_cuts} | of_cuts

    def split(self, tensors: Mapping[str, Array], sizes: Sequence[tuple[int, int, int]]) -> dict[str, Array]:
        """Return tensors with the parts of those that are cut in their place."""
        found = dict(tensors)
        for cut in self.cuts:
            found |= cut.split(found.pop(cut.name), sizes)
        return found

    def write(self, shapes: Mapping[str, tuple[int, ...]], cells: Sequence[CellWeights]) -> dict[str, torch.Tensor]:
        """Return the class's own tensors for the weights of every layer and direction: differentiable in those."""
        sizes = [(cell.input_size, cell.hidden_size, cell.w_hh.shape[1]) for cell in cells]
        shapes = dict(shapes)
        for cut in self.cuts:
            shapes |= cut.shapes(shapes.pop(cut.name), sizes)
        flat = {name: list[tuple[int | None, torch.Tensor]]() for name in shapes}
        for slot, cell in zip(self.slots, cells, strict=True):
            first, second = self._split_by_gate(cell)
            holders = [name for name, _, reading in slot if "b" in reading.sources and reading.sources != BOTH]
            for name, index, reading in slot:
                is_second = name in holders and holders.index(name) >= len(holders) // 2 and self.biases == 2
                flat[name].append((index, reading.pick(second if is_second else first)))
        for (name, is_turned), cell in zip(self.projections, cells, strict=False):  # there may be none
            w_hr: Any = cell.w_hr
            flat[name].append((None, w_hr.T if is_turned else w_hr))
        found = {name: _assemble(parts, shapes[name]) for name, parts in flat.items() if parts}
        for cut in self.cuts:
            whole = cut.join(found, sizes)
            found = {name: value for name, value in found.items() if name.partition("[")[0] != cut.name}
            found[cut.name] = whole
        return found

    def _split_by_gate(self, cell: CellWeights) -> tuple[dict[str, torch.Tensor], dict[str, torch.Tensor]]:
        """Return the weights (gate, unit, source) by source, gates in the class's own order; the second with b_hh as b.

        Where there is one bias, it is the sum of nn.LSTM's two.
        """
        hidden, order = cell.hidden_size, [GATES.index(gate) for gate in self.order]
        zeros = cell.w_ih.new_zeros(4 * hidden)
        b_ih, b_hh = (zeros if bias is None else bias for bias in (cell.b_ih, cell.b_hh))
        b_ih = b_ih + b_hh if self.biases == 1 else b_ih
        named = {"x": cell.w_ih, "h": cell.w_hh, "b": b_ih, "second": b_hh}
        by_gate = {source: value.reshape(4, hidden, -1)[order] for source, value in named.items()}
        return by_gate, by_gate | {"b": by_gate["second"]}

    def read(self, tensors: Mapping[str, Array], sizes: Sequence[tuple[int, int, int]]) -> list[Array]:
        """Return the weights (gate, unit, source) of every layer and direction, gates in the class's own order.

        sizes: of each, as `Reading.places` takes them. Biases are added up, in the place of b_ih.
        """
        found, tensors = [], self.split(tensors, sizes)
        for slot, (width, hidden, recurrent) in zip(self.slots, sizes, strict=True):
            whole = np.zeros(4 * hidden * (width + recurrent + 2))
            for name, index, reading in slot:
                value = tensors[name] if index is None else tensors[name][index]
                np.add.at(whole, np.ravel(reading.places(width, hidden, recurrent)), np.ravel(value))
            found.append(whole.reshape(4, hidden, -1))
        return found

    def read_projections(self, tensors: Mapping[str, Array], sizes: Sequence[tuple[int, int, int]]) -> list[Array]:
        """Return the projection (P, H) of every layer and direction; nothing if there is none."""
        tensors = self.split(tensors, sizes)
        return [tensors[name].T if is_turned else tensors[name] for name, is_turned in self.projections]

    def describe(self) -> list[str]:
        """Say how it holds its weights, a line for each tensor of the first layer and direction."""
        lines = []
        for name, _, reading in self.slots[0]:
            gates = ", ".join(self.order[gate] for gate in reading.gates)
            holds = " and ".join({"x": "x", "h": "h", "b": "bias"}[source] for source in reading.sources)
            lines.append(f"{name} ({reading.describe_axes()}): of {holds} into {gates}")
        for name, is_turned in self.projections[:1]:
            lines.append(f"{name} ({'unit, projected' if is_turned else 'projected, unit'}): the projection of h")
        return lines


def _assemble(parts: Sequence[tuple[int | None, torch.Tensor]], shape: tuple[int, ...]) -> torch.Tensor:
    if parts[0][0] is None:
        return parts[0][1].reshape(shape)
    return torch.stack([value for _, value in sorted(parts, key=lambda part: part[0] or 0)]).reshape(shape)


def find_layouts(
    shapes: Mapping[str, tuple[int, ...]], sizes: Sequence[tuple[int, int, int]], directions: int
) -> Iterator[Layout]:
    """Yield the layouts that the shapes of a class's tensors allow, the most usual first.

    sizes: of each layer and direction, the width of what it reads, and the sizes of c and h; if these differ, it has a
    projection.
    """
    yield from _find_uncut(shapes, sizes, directions)
    for cut in list_cuts(shapes, sizes):
        parts = {name: shape for name, shape in shapes.items() if name != cut.name}
        for layout in _find_uncut(parts | cut.shapes(shapes[cut.name], sizes), sizes, directions):
            yield replace(layout, cuts=(cut,))


def _find_uncut(
    shapes: Mapping[str, tuple[int, ...]], sizes: Sequence[tuple[int, int, int]], directions: int
) -> Iterator[Layout]:
    for slots in split_slots(shapes, len(sizes), directions):
        for rest, projections in _take_projections(slots, *sizes[0][1:]):
            yield from _list_layouts(rest, sizes, projections)


def _list_layouts(
    slots: Sequence[Slot], sizes: Sequence[tuple[int, int, int]], projections: tuple[tuple[str, bool], ...]
) -> Iterator[Layout]:
    for families in _list_slot(slots[0], sizes[0]):
        rest = [_same(families, slot, sizes[k]) for k, slot in enumerate(slots)]
        if all(slot is not None for slot in rest):
            found = tuple(tuple((name, index, r) for (name, index, _), r in zip(slot, readings, strict=True))
                for slot, readings in zip(slots, rest, strict=True) if readings is not None)  # fmt: skip
            yield Layout(found, GATES, _count_biases(found[0]), projections)


def _take_projections(
    slots: list[Slot], hidden: int, recurrent: int
) -> Iterator[tuple[list[Slot], tuple[tuple[str, bool], ...]]]:
    """Yield the tensors of each layer and direction without that of the projection, and those of the projections."""
    if hidden == recurrent:
        yield slots, ()
        return
    for shape in ((recurrent, hidden), (hidden, recurrent)):
        for place in (k for k, (_, index, own) in enumerate(slots[0]) if own == shape and index is None):
            if all(len(slot) > place and slot[place][2] == shape for slot in slots):
                rest = [[*slot[:place], *slot[place + 1 :]] for slot in slots]
                yield rest, tuple((slot[place][0], shape[0] == hidden) for slot in slots)


def _count_biases(slot: Sequence[tuple[str, int | None, Reading]]) -> int:
    return round(sum(len(r.gates) * r.sources.count("b") for _, _, r in slot) / 4)


def _list_slot(slot: Slot, sizes: tuple[int, int, int]) -> Iterator[list[Reading]]:
    """Yield the readings of the tensors of one layer and direction that hold every weight."""
    families = dict[tuple[tuple[int, ...], int], list[int]]()
    for k, (name, _, shape) in enumerate(slot):
        families.setdefault((shape, _kind_of_name(name, slot)), []).append(k)
    groups = (
        [members[n : n + 4] for members in families.values() for n in range(0, len(members), 4)]
        if all(len(members) % 4 == 0 for members in families.values())
        else [[k] for k in range(len(slot))]
    )
    for chosen in _choose(slot, groups, sizes):
        if _is_whole(chosen, sizes):
            yield [reading for _, reading in sorted(chosen)]


def _kind_of_name(name: str, slot: Slot) -> int:
    """Tensors of one shape with another word in their names, as W and U, are families of their own."""
    counts = Counter(_NUMBER_OR_GATE.sub("", other) for other, _, _ in slot)
    return list(counts).index(_NUMBER_OR_GATE.sub("", name)) if all(n % 4 == 0 for n in counts.values()) else 0


def _choose(
    slot: Slot, groups: Sequence[Sequence[int]], sizes: tuple[int, int, int]
) -> Iterator[list[tuple[int, Reading]]]:
    options = []
    for group in groups:
        shape = slot[group[0]][2]
        if len(group) == 4:
            places = _places_of([slot[k][0] for k in group], slot, groups)
            one = list_readings(shape, sizes, 1)
            options.append([
                [(k, Reading(r.sources, (place,), r.axes, r.merged)) for k, place in zip(group, places, strict=True)]
                for r in one
            ])  # fmt: skip
        else:
            every = [(group[0], reading) for reading in list_readings(shape, sizes, 4)]
            three = [(group[0], reading) for reading in list_readings(shape, sizes, 3)]
            last = [(group[0], Reading(r.sources, (3,), r.axes, r.merged)) for r in list_readings(shape, sizes, 1)]
            options.append([[one] for one in (*every, *three, *last)])
    for combined in product(*options):
        yield [one for part in combined for one in part]


def _places_of(names: Sequence[str], slot: Slot, groups: Sequence[Sequence[int]]) -> list[int]:
    """The place of each of four tensors in the order of gates: that of the first four, where names say so."""
    first = [_own_word(name, [slot[k][0] for k in groups[0]]) for name in (slot[k][0] for k in groups[0])]
    words = [_own_word(name, names) for name in names]
    return [first.index(word) for word in words] if set(words) == set(first) else list(range(4))


def _own_word(name: str, names: Sequence[str]) -> str:
    """What a name has that the others of its family have not."""
    start = 0
    while all(other[: start + 1] == name[: start + 1] for other in names) and start < len(name):
        start += 1
    end = 0
    while all(other[len(other) - end - 1 :] == name[len(name) - end - 1 :] for other in names) and end < len(name):
        end += 1
    return name[start : len(name) - end]


def name_order(slot: Sequence[tuple[str, Any, Reading]]) -> str | None:
    """The order of gates that the names of a class's tensors say; None if they do not."""
    named = {reading.gates[0]: name for name, _, reading in slot if len(reading.gates) == 1}
    if len(named) != 4:
        return None
    words = [_own_word(named[k], list(named.values())).strip("._").lower() for k in range(4)]
    found = [next((gate for gate, pattern in _GATE_WORDS.items() if re.match(pattern, word)), "") for word in words]
    return "".join(found) if sorted(found) == sorted(GATES) else None


def _is_whole(chosen: Sequence[tuple[int, Reading]], sizes: tuple[int, int, int]) -> bool:
    """Whether every weight of x and h is held once, and every gate has the same number of biases."""
    inputs, hidden, recurrent = sizes
    counts = np.zeros(4 * hidden * (inputs + recurrent + 2), int)
    for _, reading in chosen:
        np.add.at(counts, np.ravel(reading.places(*sizes)), 1)
    whole = counts.reshape(4 * hidden, -1)
    biases = whole[:, -2:].sum(1)
    return bool((whole[:, :-2] == 1).all() and len(set(biases)) == 1 and biases[0] <= 2)


def _same(readings: Sequence[Reading], slot: Slot, sizes: tuple[int, int, int]) -> list[Reading] | None:
    """The readings of another layer or direction, which are those of the first."""
    if len(slot) != len(readings):
        return None
    matches = all(reading.places(*sizes).shape == shape for reading, (_, _, shape) in zip(readings, slot, strict=True))
    return list(readings) if matches else None
