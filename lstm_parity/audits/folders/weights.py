"""The weights in a folder: a file for each of torch's names, or a state_dict in `weights.safetensors`."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lstm_parity.audits.folders.arrays import read_array, round_to_dtype
from lstm_parity.cases.setting import DTYPES, Architecture, SettingError
from lstm_parity.files.formats.safetensors_files import list_safetensors, read_safetensors
from lstm_parity.files.stored import FolderError
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights, named_weights

_WEIGHT_NAME = re.compile(
    r"(?P<prefix>(?:.*\.)?)(?P<name>(?:weight|bias)_(?:ih|hh|hr)_l(?P<layer>\d{1,3})(?:_reverse)?)"
)
_SAFETENSORS = "weights.safetensors"


@dataclass(frozen=True, eq=False)
class _StoredWeights:
    """Weights by torch's names, in float64, and the dtypes they were stored in."""

    arrays: Mapping[str, Array]
    dtypes: frozenset[str]


def find_weights(folder: Path, prefix: str | None = None) -> _StoredWeights:
    """Return the weights in a folder; prefix: which LSTM of a state_dict. Raises FolderError if it is not clear."""
    files = {path.stem: path for path in sorted(folder.glob("*.npy")) if _WEIGHT_NAME.fullmatch(path.stem)}
    stored = folder / _SAFETENSORS
    if stored.exists() == bool(files):
        found = f"{_SAFETENSORS} and weight files" if files else "no weights"
        raise FolderError(
            f"{folder} holds {found}; needed is one: {_SAFETENSORS}, or weight_ih_l0.npy, weight_hh_l0.npy and so on"
        )
    if stored.exists():
        return _from_safetensors(stored, prefix)
    arrays = {name: read_array(path) for name, path in files.items()}
    dtypes = frozenset(array.dtype.name for array in arrays.values())
    return _StoredWeights({name: array.astype(np.float64) for name, array in arrays.items()}, dtypes)


def _from_safetensors(path: Path, prefix: str | None) -> _StoredWeights:
    names = _select_lstm(path, list_safetensors(path), prefix)
    stored = read_safetensors(path, names)
    if odd := [f"{name} ({stored[key].dtype})" for key, name in names.items() if stored[key].dtype not in DTYPES]:
        raise FolderError(f"{path} holds {', '.join(odd)}; needed are {', '.join(DTYPES)}")
    arrays = {name: stored[key].values for key, name in names.items()}
    return _StoredWeights(arrays, frozenset(array.dtype for array in stored.values()))


def _select_lstm(path: Path, keys: list[str], prefix: str | None) -> dict[str, str]:
    """Return the keys of one LSTM in a state_dict, each with its name in `nn.LSTM`."""
    matches = [match for key in keys if (match := _WEIGHT_NAME.fullmatch(key))]
    prefixes = list(dict.fromkeys(match["prefix"] for match in matches))
    if not prefixes:
        raise FolderError(
            f"{path} holds {', '.join(keys[:5]) or 'nothing'}; needed are nn.LSTM's names: weight_ih_l0, ..."
        )
    if (prefix is None and len(prefixes) > 1) or (prefix is not None and prefix not in prefixes):
        found = ", ".join(f'"{p}"' for p in prefixes)
        asked = "no prefix" if prefix is None else f'the prefix "{prefix}"'
        raise FolderError(f"{path} holds LSTMs under {found}, and setting.json names {asked}: give one of them")
    chosen = prefixes[0] if prefix is None else prefix
    return {match.string: match["name"] for match in matches if match["prefix"] == chosen}


def infer_architecture(weights: Mapping[str, Array], batch_first: bool) -> Architecture:
    """Return the architecture that these weights are of. Raises FolderError if they are of none."""
    first = weights.get("weight_ih_l0")
    if first is None or first.ndim != 2 or first.shape[0] % 4:
        given = "none" if first is None else f"one of shape {first.shape}"
        raise FolderError(f"weight_ih_l0 must have shape (4 * hidden_size, input_size), but {given} was given")
    projection = weights.get("weight_hr_l0")
    try:
        architecture = Architecture(
            first.shape[1],
            first.shape[0] // 4,
            1 + max(int(match["layer"]) for name in weights if (match := _WEIGHT_NAME.fullmatch(name))),
            any(name.startswith("bias") for name in weights),
            batch_first,
            any(name.endswith("_reverse") for name in weights),
            0 if projection is None or not projection.ndim else len(projection),
        )
    except SettingError as error:
        raise FolderError(f"the weights are of no LSTM: {error}") from error
    _check(weights, _weight_shapes(architecture))
    return architecture


def _check(weights: Mapping[str, Array], wanted: Mapping[str, tuple[int, ...]]) -> None:
    if missing := [name for name in wanted if name not in weights]:
        raise FolderError(f"weights are missing: {', '.join(missing)}; given were {', '.join(weights)}")
    if extra := [name for name in weights if name not in wanted]:
        raise FolderError(f"{', '.join(extra)} was given, but an LSTM with the other weights has none: take it out")
    for name, shape in wanted.items():
        if weights[name].shape != shape:
            raise FolderError(f"{name} was given with shape {weights[name].shape}, but must have {shape}")
        if not np.isfinite(weights[name]).all():
            raise FolderError(f"{name} holds NaN or infinities, but weights must be finite numbers")


def _weight_shapes(a: Architecture) -> dict[str, tuple[int, ...]]:
    """Return the names and shapes of all weights of an architecture, as `nn.LSTM` has them."""
    rows = 4 * a.hidden_size
    shapes: dict[str, tuple[int, ...]] = {}
    for layer in range(a.num_layers):
        inputs = a.input_size if layer == 0 else a.num_directions * a.output_size
        for suffix in (f"_l{layer}", f"_l{layer}_reverse")[: a.num_directions]:
            shapes |= {f"weight_ih{suffix}": (rows, inputs), f"weight_hh{suffix}": (rows, a.output_size)}
            shapes |= {f"bias_ih{suffix}": (rows,), f"bias_hh{suffix}": (rows,)} if a.bias else {}
            shapes |= {f"weight_hr{suffix}": (a.proj_size, a.hidden_size)} if a.proj_size else {}
    return shapes


def build_weights(weights: Mapping[str, Array], a: Architecture, dtype: str) -> LSTMWeights:
    """Return the weights of an architecture, as a dtype holds them."""
    return named_weights(weights, a.num_layers, a.num_directions).map(lambda array: round_to_dtype(array, dtype))
