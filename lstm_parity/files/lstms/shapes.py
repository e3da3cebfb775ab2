"""LSTMs by the shapes of arrays alone, such as `np.savez(path, *layer.get_weights())` writes them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from lstm_parity.files.lstms.found import Array, Arrays, FoundLSTM, make_lstm, stack_layers, take_values
from lstm_parity.reference.conventions import equinox, keras, tensorflow_v1
from lstm_parity.reference.weights import CellWeights

_OF_THE_CALL = re.compile(r"(?:x|y|inputs?|out|outputs?|h_?[0n]|c_?[0n]|lengths|mask)(?:_\d+)?", re.IGNORECASE)
_Reader = Callable[[Sequence[Array]], "CellWeights | None"]


def find_by_shapes(arrays: Arrays, conventions: Sequence[str]) -> list[FoundLSTM]:
    """Find LSTMs among matrices and vectors that follow one another; conventions: whose layouts to try, in order."""
    names = [name for name, stored in arrays.items() if stored.values.ndim in (1, 2) and _is_weight(name)]
    found: list[FoundLSTM] = []
    for convention in conventions:
        for read, note in _READINGS.get(convention, ()):
            found += stack_layers(list(_find(arrays, names, read, _TITLES[convention], note)))
    return found


def _is_weight(name: str) -> bool:
    return not _OF_THE_CALL.fullmatch(name)


def _find(arrays: Arrays, names: Sequence[str], read: _Reader, title: str, note: str) -> Iterator[FoundLSTM]:
    """Find every run of names that makes a cell, the longest first, none of them twice."""
    at = 0
    while at < len(names):
        runs = (names[at : at + count] for count in (4, 3, 2) if at + count <= len(names))
        found = next(filter(None, (_make(arrays, used, read, title, note) for used in runs)), None)
        if found:
            yield found
        at += len(found.used) if found else 1


def _make(arrays: Arrays, used: Sequence[str], read: _Reader, title: str, note: str) -> FoundLSTM | None:
    cell = read([take_values(arrays, name) for name in used])
    if cell is None:
        return None
    notes = [f"{', '.join(used)} are taken for {note}"]
    return make_lstm(arrays, "", f"{title}, guessed from shapes alone", [[cell]], used, notes)


def _is_row(vector: Array) -> bool:
    return vector.ndim == 1 or 1 in vector.shape


def _are_cell(given: Sequence[Array], most: int) -> bool:
    """Whether these are two matrices, and at most so many biases."""
    return len(given) <= 2 + most and all(m.ndim == 2 for m in given[:2]) and all(map(_is_row, given[2:]))


def _read_torch(given: Sequence[Array]) -> CellWeights | None:
    """Read W (4H, I), U (4H, H), and one bias, two, or none."""
    if not _are_cell(given, 2):
        return None
    biases = [vector.reshape(-1) for vector in given[2:]]
    if len(biases) == 2:
        return CellWeights(given[0], given[1], *biases)
    return equinox.to_torch(equinox.OneBiasLayer(given[0], given[1], *biases))


def _read_keras(given: Sequence[Array]) -> CellWeights | None:
    """Read a kernel (I, 4H), a recurrent kernel (H, 4H), and a bias or none."""
    if not _are_cell(given, 1):
        return None
    return keras.to_torch(keras.KerasLayer(given[0], given[1], *(vector.reshape(-1) for vector in given[2:])))


def _read_tensorflow(given: Sequence[Array], added: float) -> CellWeights | None:
    """Read a kernel (I + H, 4H) and a bias."""
    if len(given) != 2 or given[0].ndim != 2 or not _is_row(given[1]):
        return None
    kernel, bias = given[0], given[1].reshape(-1)
    if not bias.size or bias.size % 4 or kernel.shape[1] != bias.size or len(kernel) <= bias.size // 4:
        return None
    return tensorflow_v1.to_torch(tensorflow_v1.CellV1(kernel, bias, forget_bias=added))


def _swap(read: _Reader) -> _Reader:
    """Read the recurrent matrix before that of the input, if their shapes do not say which is which."""
    return lambda given: read([given[1], given[0], *given[2:]]) if given[0].shape == given[1].shape else None


_TORCH = (
    (_read_torch, "weights of the input, weights of the state, biases"),
    (_swap(_read_torch), "weights of the state, weights of the input, biases"),
)
_KERAS = (
    (_read_keras, "kernel, recurrent_kernel, bias"),
    (_swap(_read_keras), "recurrent_kernel, kernel, bias"),
)
_ONE_KERNEL = (
    (partial(_read_tensorflow, added=1.0), "kernel and bias of a cell that adds a forget bias of 1.0"),
    (partial(_read_tensorflow, added=0.0), "kernel and bias of a cell that adds no forget bias"),
)
_READINGS: Mapping[str, Sequence[tuple[_Reader, str]]] = {
    "torch": _TORCH,
    "equinox": _TORCH,
    "mlx": _TORCH,
    "keras": _KERAS,
    "tensorflow v1": _ONE_KERNEL,
    "haiku": _ONE_KERNEL[:1],
}
_TITLES = {
    "torch": "torch",
    "equinox": "Equinox",
    "mlx": "MLX",
    "keras": "Keras",
    "tensorflow v1": "TensorFlow v1",
    "haiku": "Haiku",
}
