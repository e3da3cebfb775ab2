"""ONNX models, by onnx, an optional package: constants by their names, and the weights of LSTM nodes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_parity.files.stored import Budget, FolderError, StoredArray, refuse_missing, store_array

_INPUTS = {"W": 1, "R": 2, "B": 3, "P": 7}
_DEFAULTS = {"direction": "forward", "activations": (), "input_forget": 0, "clip": None, "layout": 0}


def read_onnx(path: Path) -> dict[str, StoredArray]:
    """Read the constants of a model.

    Those of an LSTM node are named `{node}.W`, `.R`, `.B` and `.P`, and have its attributes.
    """
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as error:
        raise refuse_missing(path, "onnx", "files") from error
    try:
        graph = onnx.load(str(path), load_external_data=False).graph
        found = dict(_read_constants(path, graph))
        named = dict(_name_weights(graph, found))
    except FolderError:
        raise
    except (DecodeError, OSError, ValueError, TypeError, LookupError, RuntimeError, MemoryError) as error:
        raise FolderError(f"{path} was given, but cannot be read ({error}): export the model again") from error
    used = {name for node in _lstm_nodes(graph) for name in _constant_inputs(graph, node).values()}
    return {name: array for name, array in found.items() if name not in used and name not in named} | named


def _read_constants(path: Path, graph: Any) -> Iterator[tuple[str, StoredArray]]:
    import onnx

    budget = Budget(path)
    tensors = [(tensor.name, tensor) for tensor in graph.initializer]
    for node in graph.node:
        if node.op_type == "Constant":
            tensors += [(node.output[0], a.t) for a in node.attribute if a.name == "value" and a.HasField("t")]
    if any(isinstance(name, bytes) for name in [*(node.name for node in graph.node), *(name for name, _ in tensors)]):
        raise FolderError(f"{path} holds names that are no UTF-8: export the model again")
    for name, tensor in tensors:
        if tensor.data_location == onnx.TensorProto.EXTERNAL:
            raise FolderError(f"{path} has {name} in another file, which is not read: export the model as one file")
        budget.spend(tensor.dims)
        if tensor.data_type not in (onnx.TensorProto.STRING, onnx.TensorProto.COMPLEX64, onnx.TensorProto.COMPLEX128):
            yield name, store_array(path, onnx.numpy_helper.to_array(tensor))


def _lstm_nodes(graph: Any) -> list[Any]:
    return [node for node in graph.node if node.op_type == "LSTM"]


def _constant_inputs(graph: Any, node: Any) -> dict[str, str]:
    """Return the names of the constants that go into a node, past Identity nodes."""
    same = {n.output[0]: n.input[0] for n in graph.node if n.op_type == "Identity" and n.input and n.output}
    names = {key: node.input[at] for key, at in _INPUTS.items() if at < len(node.input) and node.input[at]}
    for _ in range(min(len(same), 16)):
        names = {key: same.get(name, name) for key, name in names.items()}
    return names


def _name_weights(graph: Any, found: dict[str, StoredArray]) -> Iterator[tuple[str, StoredArray]]:
    for number, node in enumerate(_lstm_nodes(graph)):
        attributes = _read_attributes(node)
        for key, name in _constant_inputs(graph, node).items():
            if name in found:
                yield f"{node.name or f'LSTM_{number}'}.{key}", replace(found[name], attributes=attributes)


def _read_attributes(node: Any) -> dict[str, Any]:
    import onnx

    given = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    texts = {name: value.decode(errors="replace") for name, value in given.items() if isinstance(value, bytes)}
    lists = {
        name: tuple(v.decode(errors="replace") if isinstance(v, bytes) else v for v in value)
        for name, value in given.items()
        if isinstance(value, (list, tuple))
    }
    return _DEFAULTS | given | texts | lists
