"""An LSTM found among arrays, and what every convention needs to make one."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lstm_parity.files.stored import StoredArray
from lstm_parity.reference.weights import CellWeights, LSTMWeights

Array = NDArray[Any]
Arrays = Mapping[str, StoredArray]
_SEPARATORS = re.compile(r"[/\\.]")
_LAYER = re.compile(r"_l\d+")


@dataclass(frozen=True, eq=False)
class FoundLSTM:
    """An LSTM found among arrays.

    prefix: what its arrays' names start with, separator included. convention: whose weights they are, and how that
    was found, in words. weights: float64, by the names of `nn.LSTM`'s state_dict. dtype: the one they were stored in,
    "text" if a text does not say; several are joined by commas. used: the names of its arrays. notes: what was
    assumed, in words. is_reverse: whether it is declared to run from the last step to the first.
    """

    prefix: str
    convention: str
    weights: Mapping[str, Array]
    dtype: str
    used: tuple[str, ...]
    notes: tuple[str, ...] = ()
    is_reverse: bool = False


def split_name(name: str) -> list[str]:
    """Split a name at its separators; TensorFlow's `:0` is dropped."""
    return _SEPARATORS.split(name.removesuffix(":0"))


def last_part(name: str) -> str:
    """Return the last part of a name, as it is written."""
    return _SEPARATORS.split(name)[-1]


def take_values(arrays: Arrays, name: str) -> Array:
    """Return an array's numbers in float64."""
    return np.asarray(arrays[name].values, np.float64)


def _fits_cell(cell: CellWeights) -> bool:
    """Whether the shapes of weights are those of one layer of an LSTM in one direction."""
    if cell.w_ih.ndim != 2 or cell.w_hh.ndim != 2 or not len(cell.w_ih) or len(cell.w_ih) % 4:
        return False
    rows, hidden = len(cell.w_ih), len(cell.w_ih) // 4
    outputs = hidden if cell.w_hr is None else cell.w_hh.shape[1]
    projects = cell.w_hr is None or cell.w_hr.shape == (outputs, hidden)
    biases = [bias for bias in (cell.b_ih, cell.b_hh) if bias is not None]
    return bool(projects and cell.w_hh.shape == (rows, outputs) and all(b.shape == (rows,) for b in biases))


def make_lstm(
    arrays: Arrays,
    prefix: str,
    convention: str,
    cells: Sequence[Sequence[CellWeights]],
    used: Iterable[str],
    notes: Iterable[str] = (),
) -> FoundLSTM | None:
    """Make an LSTM of its cells, by layer and direction; None if their shapes are of none."""
    every = [cell for layer in cells for cell in layer]
    if not all(map(_fits_cell, every)) or not _is_stack(cells):
        return None
    weights = dict(LSTMWeights(tuple(tuple(layer) for layer in cells)).items())
    names = tuple(used)
    dtypes = dict.fromkeys(arrays[name].dtype for name in names)
    if "text" in dtypes:
        dtypes.pop("int64", None)  # numbers of a text that happen to be whole
    return FoundLSTM(prefix, convention, weights, ", ".join(dtypes), names, tuple(notes))


def _is_stack(cells: Sequence[Sequence[CellWeights]]) -> bool:
    """Whether each layer reads what the one below puts out, and all have one size."""
    first = cells[0][0]
    sizes = {(cell.hidden_size, cell.output_size, cell.b_ih is None) for layer in cells for cell in layer}
    reads = [len(cells[0]) * first.output_size if k else first.input_size for k in range(len(cells))]
    same = all(cell.input_size == size for layer, size in zip(cells, reads, strict=True) for cell in layer)
    return len(sizes) == 1 and len({len(layer) for layer in cells}) == 1 and same


def stack_layers(found: Sequence[FoundLSTM]) -> list[FoundLSTM]:
    """Return LSTMs of one layer and, before them, the stack that they make, if they fit into one in their order."""
    if len(found) < 2 or any("_l1" in name for lstm in found for name in lstm.weights) or not _chain(found):
        return list(found)
    weights = {
        _LAYER.sub(f"_l{layer}", name): array
        for layer, lstm in enumerate(found)
        for name, array in lstm.weights.items()
    }
    dtypes = dict.fromkeys(lstm.dtype for lstm in found)
    notes = dict.fromkeys(note for lstm in found for note in lstm.notes)
    prefixes = [lstm.prefix for lstm in found]
    said = f"{len(found)} layers are taken for one stack, in the order found: {', '.join(prefixes)}"
    whole = replace(
        found[0],
        prefix=_common_prefix(prefixes),
        weights=weights,
        dtype=", ".join(dtypes),
        used=tuple(name for lstm in found for name in lstm.used),
        notes=(*notes, said),
    )
    return [whole, *found]


def _chain(found: Sequence[FoundLSTM]) -> bool:
    names = {tuple(lstm.weights) for lstm in found}
    shapes = {tuple(a.shape for n, a in lstm.weights.items() if "_ih_" not in n or a.ndim == 1) for lstm in found}
    directions = 1 + any(name.endswith("_reverse") for name in found[0].weights)
    hidden = found[0].weights["weight_hh_l0"].shape[1]
    reads = {lstm.weights["weight_ih_l0"].shape[1] for lstm in found[1:]}
    return len(names) == len(shapes) == 1 and reads == {directions * hidden}


def _common_prefix(prefixes: Sequence[str]) -> str:
    """Return what all begin with, up to a separator."""
    shared = min(prefixes)
    while not all(prefix.startswith(shared) for prefix in prefixes):
        shared = shared[:-1]
    return re.sub(r"[^/\\.]*$", "", shared)
