"""Where in what a call returned the output, h_n and c_n are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from lstm_parity.classes.tensors import is_own_object

if TYPE_CHECKING:
    from lstm_parity.classes.calling import Convention

Path = tuple[Any, ...]
_AS_PAIRS = ("tuple", "list", "stacked", "beside")  # forms of states that have an order
_WITH_OUTPUT = 3  # h, c, and h once more as the output; if there are more, something is kept for a backward pass


@dataclass(frozen=True, eq=False)
class Recipe:
    """Where results are: by "output", "h" and "c" the paths into what is returned.

    steps: whether the output is a list of steps; by_direction: whether it is (T, D, B, H).
    """

    paths: Mapping[str, Sequence[Path]]
    steps: bool = False
    by_direction: bool = False


def find_recipe(returned: Any, convention: Convention, steps: int, rows: int, sizes: tuple[int, int]) -> Recipe | None:
    """Find where output, h_n and c_n are in what a call returned; None if nothing has their shapes.

    sizes: of c and h, which differ with a projection.
    """
    found, (hidden, size) = list(_walk(returned, ())), sizes
    batch = (rows,) if convention.is_batched else ()
    lengths = {"t": steps, "b": rows, "i": convention.directions * size}
    whole = tuple(lengths[axis] for axis in convention.axes)
    outputs = [] if convention.is_cell else [(p, v) for p, v in found if tuple(v.shape) == whole]
    split = (steps, convention.directions, *batch, size)
    four = [] if outputs or convention.is_cell else [(p, v) for p, v in found if tuple(v.shape) == split]
    listed = None if outputs or four or convention.is_cell else _find_steps(returned, (), steps, (*batch, lengths["i"]))
    found = [(path, value) for path, value in found if listed is None or path[: len(listed)] != listed]
    states = _find_states(found, convention.slots, batch, size)
    paths = dict[str, list[Path]]()
    last = None
    if outputs or four:
        paths["output"] = [(outputs or four)[0][0]]
        last = unpermute(outputs[0][1], convention.axes)[-1] if outputs else None
    elif listed is not None:
        paths["output"] = [listed]
        last = get_at(returned, listed)[-1]
    paths |= _name_states(states, last, convention) if hidden == size else _tell_apart(found, convention, batch, sizes)
    if len(outputs) == 2 and "c" not in paths and convention.directions == 1:  # h of all steps, and c
        last_step = tuple(-1 if axis == "t" else slice(None) for axis in convention.axes)
        paths |= {"h": [(*outputs[0][0], last_step)], "c": [(*outputs[1][0], last_step)]}
    return Recipe(paths, listed is not None, bool(four)) if "output" in paths or "h" in paths else None


@dataclass(frozen=True)
class _Half:
    """A step of a path: one half of a tensor along its last axis."""

    place: int


def _walk(value: Any, path: Path) -> Iterator[tuple[Path, Tensor]]:
    if isinstance(value, Tensor):
        yield path, value
    elif isinstance(value, Mapping):
        for key, part in value.items():
            yield from _walk(part, (*path, key))
    elif isinstance(value, tuple | list):
        names = getattr(value, "_fields", range(len(value)))
        for key, part in zip(names, value, strict=True):
            yield from _walk(part, (*path, key))
    elif is_own_object(value):
        yield from _walk(vars(value), path)


def _find_steps(value: Any, path: Path, steps: int, shape: tuple[int, ...]) -> Path | None:
    """Where a list of the outputs of all steps is."""
    if not isinstance(value, tuple | list):
        return None
    if len(value) == steps and all(isinstance(part, Tensor) and tuple(part.shape) == shape for part in value):
        return path
    found = (_find_steps(part, (*path, k), steps, shape) for k, part in enumerate(value))
    return next((one for one in found if one is not None), None)


def _tell_apart(
    found: Sequence[tuple[Path, Tensor]], convention: Convention, batch: tuple[int, ...], sizes: tuple[int, int]
) -> dict[str, list[Path]]:
    """Find h and c by their sizes, with a projection."""
    each = {name: _find_states(found, convention.slots, batch, size) for name, size in zip("ch", sizes, strict=True)}
    return {name: states[0][0] for name, states in each.items() if states}


_States = list[tuple[list[Path], Tensor]]  # the paths of a state of all slots, and its value


def _find_states(found: Sequence[tuple[Path, Tensor]], slots: int, batch: tuple[int, ...], hidden: int) -> _States:
    one, every = (*batch, hidden), (slots, *batch, hidden)
    whole = [([path], value.reshape(every)) for path, value in found if tuple(value.shape) in (every, (1, *every))]
    if slots == 1:
        ordered = sorted(found, key=lambda pair: tuple(pair[1].shape) != every)  # what has an axis of slots goes first
        whole = [([path], v.reshape(every)) for path, v in ordered if tuple(v.shape) in (one, every)]
        stacked = [(path, v) for path, v in found if tuple(v.shape) == (2, *one)]
        whole += [([(*path, k)], v[k][None]) for path, v in stacked for k in range(2)]
        beside = [(path, v) for path, v in found if tuple(v.shape) in ((*batch, 2 * hidden), (1, *batch, 2 * hidden))]
        whole += [([(*p, _Half(k))], v.chunk(2, -1)[k].reshape(every)) for p, v in beside for k in range(2)]
    singles = [(path, value) for path, value in found if tuple(value.shape) == one]
    if not whole and slots > 1 and len(singles) >= 2 * slots:
        singles = singles[-2 * slots :]
        for k in range(2):
            whole.append(([path for path, _ in singles[k::2]], torch.stack([value for _, value in singles[k::2]])))
    return whole


def _name_states(states: _States, last: Tensor | None, convention: Convention) -> dict[str, list[Path]]:
    """Which of the states is h and which is c: by name, by what equals the last output, by their order."""
    named = dict[str, list[Path]]()
    for paths, _ in states:
        words = [key for key in paths[0] if isinstance(key, str)]
        if words:
            named.setdefault("c" if re.search(r"^c|cell", words[-1].lower()) else "h", paths)
    if len(named) == 2:
        return named
    kept, twice = _without_copies(states)
    if len(kept) == 1:
        return {"h": kept[0][0]} if last is None or torch.equal(kept[0][1][-1], last) else {"c": kept[0][0]}
    if len(kept) < 2:
        return {}
    order = convention.state_order
    if convention.directions == 1 and last is not None and len(kept) > 2:  # what is kept for a backward pass, say
        equal = [paths for paths, value in kept if torch.equal(value[-1], last)]
        return {"h": equal[0]} if equal else {}
    first, second = kept[:2]
    if _is_given_back(first[0][0], second[0][0], convention):
        return dict(zip(order, (first[0], second[0]), strict=True))
    if convention.directions == 1 and last is not None:
        same = [torch.equal(value[-1], last) for _, value in (first, second)]
        order = "hc" if same == [True, False] else "ch" if same == [False, True] else order
    elif len(states) <= _WITH_OUTPUT and (first[0] in twice or second[0] in twice):
        order = "hc" if first[0] in twice else "ch"
    h, c = (first, second) if order == "hc" else (second, first)
    return {"h": h[0], "c": c[0]}


def _without_copies(states: _States) -> tuple[_States, list[list[Path]]]:
    """Return the states that differ from one another, and the paths of those of which there are copies."""
    kept: _States = []
    twice: list[list[Path]] = []
    for paths, value in states:
        others = [other for other, old in kept if torch.equal(old, value)]
        twice += others
        if not others:
            kept.append((paths, value))
    return kept, twice


def _is_given_back(one: Path, other: Path, convention: Convention) -> bool:
    """Whether two states are a tuple beside the output, as they are given: then they are in the same order."""
    is_pair = len(one) > 1 and one[:-1] == other[:-1] and not isinstance(one[-1], str)
    return is_pair and convention.states is not None and convention.states.form in _AS_PAIRS


def list_slots(paths: Mapping[str, Sequence[Path]], name: str, returned: Any, slots: int) -> Sequence[Path]:
    """Return the paths of a state of every slot, where that of one slot of as many as there are is known.

    A list of pairs, or a pair of lists, is longer for more layers: the index of the slot is one that h and c share.
    """
    own = paths[name]
    if slots == 1 or len(own) > 1:
        return own
    other = next((one[0] for key, one in paths.items() if key not in (name, "output")), own[0])
    for place, key in enumerate(own[0]):
        held = get_at(returned, own[0][:place])
        is_list = isinstance(held, list | tuple) and len(held) == slots and key == 0
        if is_list and (other == own[0] or (place < len(other) and other[place] == key)):
            return [(*own[0][:place], k, *own[0][place + 1 :]) for k in range(slots)]
    return own


def get_at(value: Any, path: Path) -> Any:
    """Return what is at a path in nested results."""
    for key in path:
        if isinstance(key, _Half):
            value = value.chunk(2, -1)[key.place]
        else:
            value = getattr(value, key) if isinstance(key, str) and not isinstance(value, Mapping) else value[key]
    return value


def unpermute(value: Tensor, axes: str) -> Tensor:
    """Return an output with the axes of x as nn.LSTM has it, time first."""
    return value.permute(*(axes.index(axis) for axis in ("tbi" if "b" in axes else "ti")))
