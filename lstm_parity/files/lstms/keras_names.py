"""Keras and TensorFlow 1: `kernel`, `recurrent_kernel` and `bias`; `cell/vars/0`; one `kernel` for [x, h]."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from lstm_parity.files.lstms.directions import pair_directions
from lstm_parity.files.lstms.found import Arrays, FoundLSTM, last_part, split_name, take_values
from lstm_parity.reference.conventions import haiku, keras, tensorflow_v1
from lstm_parity.reference.weights import CellWeights

_KERAS = {"kernel": "kernel", "recurrent_kernel": "recurrent_kernel", "bias": "bias"}
_VARS = {"0": "kernel", "1": "recurrent_kernel", "2": "bias"}
_USUAL = {"activation": "tanh", "recurrent_activation": "sigmoid"}
_Group = dict[str, str]  # names of arrays by what they are of a cell


def find_keras(arrays: Arrays) -> list[FoundLSTM]:
    """Find Keras's layers, `Bidirectional` ones included, and the stack that layers one after the other make."""
    groups = {
        key: group for key, group in _group_keras(arrays).items() if {"kernel", "recurrent_kernel"} <= group.keys()
    }
    found = pair_directions(arrays, groups, "Keras, found by its names and shapes", _convert_keras, ())
    return [_declare(arrays, lstm) for lstm in found]


def _declare(arrays: Arrays, lstm: FoundLSTM) -> FoundLSTM:
    """Add what the file's configuration says of a layer that nn.LSTM does not."""
    said = [arrays[name].attributes for name in lstm.used]
    functions = {
        (kind, str(one[kind])) for one in said for kind, usual in _USUAL.items() if one.get(kind, usual) != usual
    }
    notes = tuple(
        f"the file's configuration declares {kind} {name}, where nn.LSTM has {_USUAL[kind]}"
        for kind, name in sorted(functions)
    )
    is_reverse = not any(name.endswith("_reverse") for name in lstm.weights) and all(
        one.get("go_backwards") is True for one in said
    )
    backwards = ("the file's configuration declares go_backwards: from the last step to the first",) * is_reverse
    return replace(lstm, notes=(*lstm.notes, *notes, *backwards), is_reverse=is_reverse)


def _group_keras(arrays: Iterable[str]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for name in arrays:
        parts = split_name(name)
        part = _VARS.get(parts[-1]) if parts[-2:-1] == ["vars"] else _KERAS.get(parts[-1])
        if part is not None and "optimizer" not in name:
            groups.setdefault(name[: -len(last_part(name))], {})[part] = name
    return groups


def _convert_keras(arrays: Arrays, group: _Group) -> CellWeights:
    given = {part: take_values(arrays, name) for part, name in group.items()}
    if "bias" in given and given["bias"].size == given["kernel"].shape[-1]:
        given["bias"] = given["bias"].reshape(-1)
    return keras.to_torch(keras.KerasLayer(**given))


def find_tensorflow(arrays: Arrays) -> list[FoundLSTM]:
    """Find TensorFlow 1's cells, with the forget bias of 1.0 that they add at run time, and then with none."""
    groups = {key: g for key, g in _group_tensorflow(arrays).items() if {"kernel", "bias"} <= g.keys()}
    found: list[FoundLSTM] = []
    for added in (1.0, 0.0):
        note = f"TensorFlow v1's cell adds forget_bias, which is in no variable: it is taken to be {added}"

        def convert(arrays: Arrays, group: _Group, added: float = added) -> CellWeights:
            given = {part: take_values(arrays, name) for part, name in group.items()}
            return tensorflow_v1.to_torch(tensorflow_v1.CellV1(**given, forget_bias=added))

        found += pair_directions(arrays, groups, "TensorFlow v1, found by its names and shapes", convert, (note,))
    return found


def _group_tensorflow(arrays: Iterable[str]) -> dict[str, _Group]:
    groups: dict[str, _Group] = {}
    for name in arrays:
        parts = split_name(name)
        beside = name[: -len(last_part(name))]
        if parts[-2:] == ["projection", "kernel"]:
            groups.setdefault(beside[: -len("projection/")], {})["projection"] = name
        elif parts[-1] in ("kernel", "bias", "weights", "biases") and "lstm" in name.lower():
            part = "kernel" if parts[-1] in ("kernel", "weights") else "bias"
            if f"{beside}recurrent_kernel" not in arrays and f"{beside}recurrent_kernel:0" not in arrays:
                groups.setdefault(beside, {})[part] = name
    return groups


def find_haiku(arrays: Arrays) -> list[FoundLSTM]:
    """Find Haiku's LSTMs: `lstm/linear` with `w` for [x, h] and `b`."""
    groups: dict[str, _Group] = {}
    for name in arrays:
        parts = split_name(name)
        if parts[-1] in ("w", "b") and parts[-2:-1] == ["linear"] and "lstm" in name.lower():
            groups.setdefault(name[:-1], {})[parts[-1]] = name
    whole = {key: group for key, group in groups.items() if group.keys() == {"w", "b"}}
    note = ("Haiku adds 1 to the forget gate, which is in no array: it is added here",)
    return pair_directions(arrays, whole, "Haiku, found by its names and shapes", _convert_haiku, note)


def _convert_haiku(arrays: Arrays, group: _Group) -> CellWeights:
    return haiku.to_torch(haiku.HaikuLayer(**{part: take_values(arrays, name) for part, name in group.items()}))
