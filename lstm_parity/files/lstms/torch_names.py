"""Names with torch's layout: `nn.LSTM`, `nn.LSTMCell`, weight norm, Paddle, Equinox, MLX."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import torch

from lstm_parity.cases.setting import DTYPES
from lstm_parity.files.lstms.found import Array, Arrays, FoundLSTM, make_lstm, stack_layers, take_values
from lstm_parity.reference.conventions import equinox, paddle
from lstm_parity.reference.weights import LONG_NAMES, CellWeights, named_weights

_LSTM = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?P<name>(?P<kind>weight|bias)_(?P<side>ih|hh|hr)_l(?P<layer>\d{1,3})(?P<reverse>_reverse)?)"
)
_CELL = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?P<name>(?:(?:weight|w)_(?:ih|hh|hr)|(?:bias|b)_(?:ih|hh)))", re.IGNORECASE
)
_PADDLE = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?P<layer>\d{1,3})[./](?P<cell>cell|cell_fw|cell_bw)[./]"
    r"(?P<name>(?:weight_(?:ih|hh|ho))|(?:bias_(?:ih|hh)))"
)
_ONE_BIAS = re.compile(r"(?P<prefix>(?:.*[./])?)(?P<name>weight_ih|weight_hh|bias|Wx|Wh)")
_NORMED = re.compile(
    r"(?P<prefix>(?:.*[./])?)(?:(?P<old>(?:weight|bias)_\w+)_(?P<part>[gv])"
    r"|parametrizations[./](?P<new>(?:weight|bias)_\w+)[./](?:0[./])?original(?P<number>[01]))"
)
_PRUNED = re.compile(r"(?P<name>.*(?:weight|bias)_\w+)_(?P<part>orig|mask)")
_SHORT = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "w_hr": "weight_hr"}
_Named = dict[str, tuple[Array, tuple[str, ...]]]  # numbers by a name, and the names of the arrays they are from


def group_by_prefix(pattern: re.Pattern[str], names: Iterable[str]) -> dict[str, list[re.Match[str]]]:
    """Match whole names, and group them by what stands before."""
    groups: dict[str, list[re.Match[str]]] = {}
    for name in names:
        if match := pattern.fullmatch(name):
            groups.setdefault(match["prefix"], []).append(match)
    return groups


def find_torch(arrays: Arrays) -> list[FoundLSTM]:
    """Find `nn.LSTM`s by the names of a state_dict, with any prefix, weight norm included."""
    named, notes = _merge_norms(arrays)
    found = []
    for prefix, matches in group_by_prefix(_LSTM, named).items():
        given = {match["name"]: named[match.string][0] for match in matches}
        layers = 1 + max(int(match["layer"]) for match in matches)
        directions = 1 + any(match["reverse"] for match in matches)
        used = [name for match in matches for name in named[match.string][1]]
        weights = named_weights(given, layers, directions)
        if all(cell.w_ih is not None and cell.w_hh is not None for layer in weights.cells for cell in layer):
            said = notes if any(len(named[match.string][1]) > 1 for match in matches) else ()
            lstm = make_lstm(arrays, prefix, "torch, found by its names", weights.cells, used, said)
            found += [lstm] if lstm else []
    return found


def _merge_norms(arrays: Arrays) -> tuple[_Named, tuple[str, ...]]:
    """Return all arrays by name, the two of a weight norm or of a pruned weight as the one that torch makes of them."""
    named: _Named = {}
    parts: dict[str, dict[str, str]] = {}
    for name in arrays:
        if match := _NORMED.fullmatch(name):
            part = match["part"] or "gv"[int(match["number"])]
            parts.setdefault(match["prefix"] + (match["old"] or match["new"]), {})[part] = name
        elif match := _PRUNED.fullmatch(name):
            parts.setdefault(match["name"], {})[match["part"]] = name
        else:
            named[name] = take_values(arrays, name), (name,)
    for name, of in parts.items():
        if of.keys() == {"g", "v"}:
            named[name] = _norm_weight(arrays, of["g"], of["v"]), (of["g"], of["v"])
        elif of.keys() == {"orig", "mask"}:
            pair = of["orig"], of["mask"]
            named[name] = np.multiply(*(take_values(arrays, part) for part in pair)), pair
    return named, ("weights that are kept as two arrays are multiplied as torch does, in the dtype of these",)


def _norm_weight(arrays: Arrays, g: str, v: str) -> Array:
    """Multiply a direction by its length, as `torch.nn.utils.weight_norm` does, in the stored dtype."""
    dtype = {name: getattr(torch, name) for name in DTYPES}.get(arrays[v].dtype, torch.float64)
    length, direction = (torch.from_numpy(take_values(arrays, name)).to(dtype) for name in (g, v))
    axes = [axis for axis, size in enumerate(length.shape) if size > 1]
    if length.ndim != direction.ndim or len(axes) > 1:
        return np.zeros((0, 0))
    product = torch._weight_norm(direction, length, axes[0] if axes else 0)
    return np.asarray(product.double().numpy())


def find_cells(arrays: Arrays) -> list[FoundLSTM]:
    """Find `nn.LSTMCell`s, and hand-written ones with names such as W_ih and b_hh."""
    note = "weights of a cell are taken for one layer in one direction"
    found = []
    for prefix, matches in group_by_prefix(_CELL, arrays).items():
        given = {_use_long_name(match["name"]): take_values(arrays, match.string) for match in matches}
        cell = {short: given.get(long) for short, long in LONG_NAMES.items()}
        biased = (cell["b_ih"] is None) == (cell["b_hh"] is None)
        if cell["w_ih"] is not None and cell["w_hh"] is not None and biased and len(given) == len(matches):
            used = [match.string for match in matches]
            lstm = make_lstm(
                arrays, prefix, "torch's nn.LSTMCell, found by its names", [[CellWeights(**cell)]], used, [note]
            )
            found += [lstm] if lstm and not _has_bias_of_its_own(arrays, prefix) else []
    return stack_layers(found)


def _has_bias_of_its_own(arrays: Arrays, prefix: str) -> bool:
    """Whether there is a `bias` beside, as Equinox has it."""
    return f"{prefix}bias" in arrays


def _use_long_name(name: str) -> str:
    return _SHORT.get(name.lower(), name.lower())


def find_one_bias(arrays: Arrays) -> list[FoundLSTM]:
    """Find Equinox's cells (weight_ih, weight_hh, bias) and MLX's layers (Wx, Wh, bias)."""
    found = []
    for prefix, matches in group_by_prefix(_ONE_BIAS, arrays).items():
        given = {match["name"]: take_values(arrays, match.string) for match in matches}
        for name, x, h in (("Equinox", "weight_ih", "weight_hh"), ("MLX", "Wx", "Wh")):
            if x in given and h in given and "bias" in given:
                layer = equinox.OneBiasLayer(given[x], given[h], given["bias"])
                used = [match.string for match in matches if match["name"] in (x, h, "bias")]
                lstm = make_lstm(arrays, prefix, f"{name}, found by its names", [[equinox.to_torch(layer)]], used)
                found += [lstm] if lstm else []
    return stack_layers(found)


def find_paddle(arrays: Arrays) -> list[FoundLSTM]:
    """Find Paddle's LSTMs by the names of their cells: `0.cell.weight_ih`, `1.cell_bw.bias_hh`."""
    found = []
    for prefix, matches in group_by_prefix(_PADDLE, arrays).items():
        cells: dict[tuple[int, bool], dict[str, Any]] = {}
        for match in matches:
            place = int(match["layer"]), match["cell"] == "cell_bw"
            cells.setdefault(place, {})[match["name"]] = take_values(arrays, match.string)
        rows = _order_cells(cells)
        used = [match.string for match in matches]
        lstm = make_lstm(arrays, prefix, "Paddle, found by its names", rows, used) if rows else None
        found += [lstm] if lstm else []
    return found


def _order_cells(cells: Mapping[tuple[int, bool], dict[str, Any]]) -> list[list[CellWeights]]:
    """Order cells by layer and direction; empty if weights are missing."""
    needed = {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}
    if any(not needed <= given.keys() for given in cells.values()):
        return []
    layers = sorted({layer for layer, _ in cells})
    return [
        [paddle.to_torch(paddle.PaddleLayer(**cells[place])) for place in sorted(cells) if place[0] == layer]
        for layer in layers
    ]
