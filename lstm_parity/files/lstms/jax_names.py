"""Flax: a Dense for each gate (`ii`, `hf`, ...), or `dense_i` and `dense_h` with all four."""

from __future__ import annotations

from collections.abc import Iterable

from lstm_parity.files.lstms.directions import pair_directions
from lstm_parity.files.lstms.found import Arrays, FoundLSTM, split_name, take_values
from lstm_parity.reference.conventions import flax
from lstm_parity.reference.conventions.gates import TORCH
from lstm_parity.reference.weights import CellWeights

_KERNELS = {f"{side}{gate}.kernel" for side in "ih" for gate in TORCH}
_SPLIT = _KERNELS | {f"h{gate}.bias" for gate in TORCH}
_FUSED = {"dense_i.kernel", "dense_h.kernel", "dense_h.bias"}
_Group = dict[str, str]


def find_flax(arrays: Arrays) -> list[FoundLSTM]:
    """Find the cells of linen and of nnx."""
    groups = _group(arrays)
    said = "Flax, found by its names and shapes"
    fused = {key: group for key, group in groups.items() if group.keys() == _FUSED}
    split = {key: group for key, group in groups.items() if group.keys() == _SPLIT}
    return [
        *pair_directions(arrays, split, said, _convert_gates, ()),
        *pair_directions(arrays, fused, said, _convert_two_dense, ()),
    ]


def _group(arrays: Iterable[str]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for name in arrays:
        whole = name.removesuffix("value")[:-1] if split_name(name)[-1] == "value" else name
        parts = split_name(whole)
        part = ".".join([*(gate.removesuffix("_") for gate in parts[-2:-1]), parts[-1]])
        if part in _SPLIT | _FUSED:
            prefix = whole[: len(whole) - len("/".join(parts[-2:]))]
            groups.setdefault(prefix, {})[part] = name
    return groups


def _convert_gates(arrays: Arrays, group: _Group) -> CellWeights:
    parameters: dict[str, dict[str, object]] = {}
    for part, name in group.items():
        gate, _, kind = part.partition(".")
        parameters.setdefault(gate, {})[kind] = take_values(arrays, name)
    return flax.to_torch(parameters)  # type: ignore[arg-type]


def _convert_two_dense(arrays: Arrays, group: _Group) -> CellWeights:
    x, h, bias = (take_values(arrays, group[part]) for part in ("dense_i.kernel", "dense_h.kernel", "dense_h.bias"))
    return flax.fused_to_torch(flax.FusedCell(x, h, bias))
