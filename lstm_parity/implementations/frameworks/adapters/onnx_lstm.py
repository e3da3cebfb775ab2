"""ONNX's operator LSTM, a node for each layer, run by ONNX Runtime and by ONNX's own reference evaluator."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import onnx

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.frameworks.adapting import Answer, Array, Run, States
from lstm_parity.reference.conventions.onnx import OnnxLayer, from_torch
from lstm_parity.reference.weights import LSTMWeights

_helper: Any = onnx.helper  # (not typed)
_numpy_helper: Any = onnx.numpy_helper
_OPSET, _IR = 21, 10
_Session = Callable[[Mapping[str, Array]], list[Array]]


def build(setting: Setting, weights: LSTMWeights) -> Run:
    """Run by ONNX Runtime on the CPU."""
    return _run(setting, weights, _runtime_session)


def build_reference(setting: Setting, weights: LSTMWeights) -> Run:
    """Run by `onnx.reference`."""
    return _run(setting, weights, _reference_session)


def _runtime_session(given: Any) -> _Session:
    """Return a model as a function of its named inputs; one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(given.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return lambda inputs: session.run(None, dict(inputs))


def _reference_session(given: Any) -> _Session:
    """Return a model as a function of its named inputs."""
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(given)
    return lambda inputs: list(evaluator.run(None, dict(inputs)))


def _run(setting: Setting, weights: LSTMWeights, session: Callable[[Any], _Session]) -> Run:
    layers = [from_torch(directions) for directions in weights.cells]

    @cache
    def prepare(states: bool, lengths: bool) -> _Session:
        return session(_make_model(layers, setting.runtime.dtype, states, lengths))

    def run(x: Array, states: States | None, lengths: Array | None) -> Answer:
        inputs = {"X": x}
        if lengths is not None:
            inputs["lengths"] = lengths
        if states is not None:
            for name, array in zip("hc", states, strict=True):
                inputs |= {f"{name}_{k}": part for k, part in enumerate(np.split(array, len(layers)))}
        output, *lasts = prepare(states is not None, lengths is not None)(inputs)
        return output, np.concatenate(lasts[::2]), np.concatenate(lasts[1::2])

    return run


def _make_model(layers: list[OnnxLayer], dtype: str, states: bool, lengths: bool) -> Any:
    """Make a model of LSTM nodes. Inputs: X (T, B, I); on request lengths (B,) int32, h_k and c_k (D, B, H) of layer k.

    Outputs: (T, B, D*H), then the last h and c of each layer.
    """
    kind = _helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    value: Any = lambda name, dims: _helper.make_tensor_value_info(name, kind, dims)  # noqa: E731
    inputs, outputs = [value("X", ["T", "B", layers[0].W.shape[2]])], [value(f"x_{len(layers)}", ["T", "B", None])]
    constants, nodes = [_numpy_helper.from_array(np.array([0, 0, -1]), "flat")], []
    if lengths:
        inputs.append(_helper.make_tensor_value_info("lengths", onnx.TensorProto.INT32, ["B"]))
    for k, layer in enumerate(layers):
        constants += [_numpy_helper.from_array(np.ascontiguousarray(a), f"{n}_{k}") for n, a in _arrays(layer).items()]
        nodes += _nodes(k, layer, states, lengths)
        shape = [len(layer.R), "B", layer.R.shape[2]]
        inputs += [value(f"{name}_{k}", shape) for name in "hc"] if states else []
        outputs += [value(f"{name}_n_{k}", shape) for name in "hc"]
    graph = _helper.make_graph(nodes, "lstm", inputs, outputs, constants)
    return _helper.make_model(graph, opset_imports=[_helper.make_opsetid("", _OPSET)], ir_version=_IR)


def _arrays(layer: OnnxLayer) -> dict[str, Array]:
    return {"W": layer.W, "R": layer.R} | ({} if layer.B is None else {"B": layer.B})


def _nodes(k: int, layer: OnnxLayer, states: bool, lengths: bool) -> list[Any]:
    """Return the LSTM of layer k, and its Y (T, D, B, H) made (T, B, D*H)."""
    initial = [f"h_{k}", f"c_{k}"] if states else ["", ""]
    given = [f"x_{k}" if k else "X", f"W_{k}", f"R_{k}", "" if layer.B is None else f"B_{k}"]
    found = [f"y_{k}", f"h_n_{k}", f"c_n_{k}"]
    sizes = {"hidden_size": layer.R.shape[2], "direction": layer.direction}
    lstm = _helper.make_node("LSTM", [*given, "lengths" if lengths else "", *initial], found, **sizes)
    turn = _helper.make_node("Transpose", [f"y_{k}"], [f"rows_{k}"], perm=[0, 2, 1, 3])
    return [lstm, turn, _helper.make_node("Reshape", [f"rows_{k}", "flat"], [f"x_{k + 1}"])]
