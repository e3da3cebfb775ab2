"""Reports whose weights are another framework's: Keras, TensorFlow 1, Paddle, Flax, ONNX."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from specimens.bug_reports.lstm import GATES, Weights, run_lstm, run_torch
from specimens.bug_reports.making import (
    PARITY,
    Truth,
    draw,
    draw_input,
    is_visible,
    linear,
    one_bias,
    reorder,
    swap,
    under,
)
from specimens.bug_reports.writing import onnx_model, to_keras, to_onnx, write_npy, write_npz, write_setting


def keras_weights_in_npz(folder: Path) -> Truth:
    """Have the weights of a Keras layer, and what it predicts, in one .npz; do not say that it is Keras."""
    rng = np.random.default_rng(7)
    weights, x = one_bias(draw(rng, 6, 25)), draw_input(rng, 10, 3, 6)
    got = run_lstm(weights, x)
    write_npz(folder / "keras.npz", to_keras(weights) | {"x": swap(x), "y": swap(got.output), "h_n": got.h_n})
    return PARITY


def keras_gates_in_wrong_order(folder: Path) -> Truth:
    """Load an .h5 of Keras into a Rust port that takes the units for i, f, o, c, where Keras has i, f, c, o."""
    rng = np.random.default_rng(8)
    weights, x = one_bias(draw(rng, 5, 14)), draw_input(rng, 9, 4, 5)
    got = run_lstm({name: reorder(value, "ifog") for name, value in weights.items()}, x)
    try:
        h5py = importlib.import_module("h5py")
        with h5py.File(folder / "model.h5", "w") as file:
            for name, value in to_keras(weights).items():
                file[f"model_weights/lstm/lstm/lstm_cell/{name}:0"] = value
    except ImportError:  # the same names in a format that NumPy writes
        write_npz(folder / "model.npz", under("model_weights/lstm/lstm/lstm_cell/", to_keras(weights)))
    write_npy(folder, input=swap(x), output=swap(got.output))
    write_setting(folder, convention="keras", batch_first=True)
    return Truth("DEVIATES", "The gates g and o are exchanged.", (r"order", r"gates?.{0,60}(exchang|swap|permut)"))


def tf1_kernel(folder: Path) -> Truth:
    """Have a checkpoint of BasicLSTMCell: one kernel on [x, h], gates i, j, f, o, forget bias 1 not in the weights."""
    rng = np.random.default_rng(9)
    weights, x = one_bias(draw(rng, 7, 18)), draw_input(rng, 13, 2, 7)
    stored = np.concatenate([weights["weight_ih_l0"].T, weights["weight_hh_l0"].T])
    arrays = {
        "rnn/basic_lstm_cell/kernel": reorder(stored.T, "igfo").T,
        "rnn/basic_lstm_cell/bias": reorder(weights["bias_ih_l0"], "igfo"),
    }
    write_npz(folder / "checkpoint.npz", arrays)
    got = run_lstm(weights | {"bias_ih_l0": reorder(weights["bias_ih_l0"], GATES, 1.0)}, x)
    write_npy(folder, inputs=swap(x), outputs=swap(got.output), h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, convention="tensorflow v1", batch_first=True)
    return PARITY


def forget_bias_added(folder: Path) -> Truth:
    """Port the encoder of two LSTMs in one .safetensors with a cell that adds 1 to the forget gate."""
    rng = np.random.default_rng(10)
    encoder, decoder, x = draw(rng, 8, 16, layers=2), draw(rng, 8, 16), draw_input(rng, 6, 3, 8)
    save_file = importlib.import_module("safetensors.numpy").save_file
    both = under("encoder.lstm.", encoder) | under("decoder.lstm.", decoder)
    save_file(both, folder / "model.safetensors")
    more = {name: reorder(b, GATES, 1.0) if "bias_ih" in name else b for name, b in encoder.items()}
    got = run_lstm(more, x)
    write_npy(folder, input=x, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, prefix="encoder.lstm.")
    return Truth("DEVIATES", "1 is added to the bias of the forget gate.", (r"forget",))


def paddle_directions_multiplied(folder: Path) -> Truth:
    """Have Paddle's names of two directions, whose outputs the model multiplies."""
    rng = np.random.default_rng(11)
    weights, x = draw(rng, 9, 11, directions=2), draw_input(rng, 14, 4, 9)
    cells = {"_l0": "0.cell_fw.", "_l0_reverse": "0.cell_bw."}
    names = [(name, end) for end in cells for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]
    write_npz(folder / "lstm_pdparams.npz", {cells[end] + name: weights[name + end] for name, end in names})
    got = run_torch(weights, x)
    forward, backward = np.split(got.output, 2, axis=-1)
    write_npy(folder, input=swap(x), output=swap(forward * backward), h_n=got.h_n)
    write_setting(folder, convention="paddle", merge="mul", batch_first=True)
    return PARITY


def flax_cell(folder: Path) -> Truth:
    """Flatten the parameters of Flax's OptimizedLSTMCell, four kernels for x and four with a bias for h."""
    rng = np.random.default_rng(12)
    weights, x = draw(rng, 5, 10), draw_input(rng, 20, 3, 5)
    weights = weights | {"bias_hh_l0": one_bias(weights)["bias_ih_l0"], "bias_ih_l0": np.zeros(40, np.float32)}
    flat: Weights = {}
    for number, gate in enumerate(GATES):
        for side, name in (("i", "weight_ih_l0"), ("h", "weight_hh_l0")):
            flat[f"params/OptimizedLSTMCell_0/{side}{gate}/kernel"] = np.split(weights[name], 4)[number].T
        flat[f"params/OptimizedLSTMCell_0/h{gate}/bias"] = np.split(weights["bias_hh_l0"], 4)[number]
    got = run_lstm(weights, x)
    write_npz(folder / "params.npz", flat)
    write_npz(folder / "case.npz", {"x": swap(x), "y": swap(got.output), "c_n": got.c_n})
    return PARITY


def onnx_arrays_of_a_reverse_direction(folder: Path) -> Truth:
    """Take W, R and B out of an ONNX node whose direction is reverse, and the results of a runtime."""
    rng = np.random.default_rng(13)
    weights, x = draw(rng, 6, 13), draw_input(rng, 8, 3, 6)
    # The one direction of the ONNX node runs from the end: the same as running forward on the input turned round.
    got = run_torch(weights, np.ascontiguousarray(x[::-1]))
    arrays = to_onnx(weights) | {"input": x, "output": got.output[::-1], "h_n": got.h_n}
    write_npz(folder / "node.npz", arrays)
    write_setting(folder, convention="onnx", reverse=True)
    return PARITY


def onnx_model_with_exchanged_directions(folder: Path) -> Truth:
    """Export a bidirectional LSTM as an .onnx model, and put the backward half first in the output."""
    rng = np.random.default_rng(14)
    weights, x = draw(rng, 4, 8, directions=2), draw_input(rng, 10, 2, 4)
    (folder / "model.onnx").write_bytes(onnx_model(to_onnx(weights), 8, "bidirectional"))
    got = run_torch(weights, x)
    write_npy(folder, input=x, output=np.concatenate(np.split(got.output, 2, axis=-1)[::-1], axis=-1))
    cause = "The two directions are concatenated in the wrong order."
    return Truth("DEVIATES", cause, (r"directions?.{0,80}(order|exchang|swap)", r"(backward|reverse).{0,30}first"))


def keras_file_of_two_layers(folder: Path) -> Truth:
    """Send a .keras file: two LSTM layers and a Dense one, whose arrays have numbers for names, and an optimizer's."""
    rng = np.random.default_rng(101)
    layers, x = [one_bias(draw(rng, 5, 12)), one_bias(draw(rng, 12, 12))], draw_input(rng, 8, 3, 5)
    both = layers[0] | {name.replace("_l0", "_l1"): value for name, value in layers[1].items()}
    got = run_torch(both, x)
    h5py = importlib.import_module("h5py")
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for path, weights in zip(("lstm", "lstm_1"), layers, strict=True):
            for number, value in enumerate(to_keras(weights).values()):
                file[f"layers/{path}/cell/vars/{number}"] = value
        for number, value in enumerate(linear(rng, 2, 12)):
            file[f"layers/dense/vars/{number}"] = value.T
        file["optimizer/vars/0"], file["optimizer/vars/1"] = np.array(1200), np.array(1e-3, np.float32)
    units = (("LSTM", "lstm", 12), ("LSTM", "lstm_1", 12), ("Dense", "dense", 2))
    parts = [{"class_name": kind, "config": {"name": name, "units": size}} for kind, name, size in units]
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.8.0"}))
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": parts}}))
        archive.writestr("model.weights.h5", held.getvalue())
    write_npy(folder, input=swap(x), output=swap(got.output))
    write_setting(folder, convention="keras", batch_first=True)
    return PARITY


def exported_two_layers_in_onnx(folder: Path) -> Truth:
    """Export two bidirectional layers to ONNX: two nodes, a transposition between, weights called onnx::LSTM_214."""
    rng = np.random.default_rng(111)
    weights, x = draw(rng, 5, 7, layers=2, directions=2), draw_input(rng, 9, 3, 5)
    onnx: Any = importlib.import_module("onnx")
    node, tensor, info = onnx.helper.make_node, onnx.numpy_helper.from_array, onnx.helper.make_tensor_value_info
    kept = [tensor(np.array([0, 0, -1]), "onnx::Reshape_88")]
    nodes, below = [], "input"
    for layer in (0, 1):
        own = {name.replace(f"_l{layer}", "_l0"): w for name, w in weights.items() if f"_l{layer}" in name}
        names = [f"onnx::LSTM_{214 + 40 * layer + number}" for number in range(3)]
        kept += [tensor(w.astype(np.float32), name) for name, w in zip(names, to_onnx(own).values(), strict=True)]
        raw, turned, flat = f"/LSTM_{layer}_0", f"/Transpose_{layer}_0", "output" if layer else "/Reshape_0"
        nodes += [
            node("LSTM", [below, *names], [raw], f"/lstm/LSTM_{layer}", hidden_size=7, direction="bidirectional"),
            node("Transpose", [raw], [turned], perm=[0, 2, 1, 3]),
            node("Reshape", [turned, "onnx::Reshape_88"], [flat]),
        ]
        below = flat
    ends = [info(name, onnx.TensorProto.FLOAT, ["T", "B", size]) for name, size in (("input", 5), ("output", 14))]
    graph = onnx.helper.make_graph(nodes, "main_graph", ends[:1], ends[1:], kept)
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)])
    onnx.checker.check_model(model)
    onnx.save(model, str(folder / "lstm.onnx"))
    write_npy(folder, input=x, output=run_torch(weights, x).output)
    return PARITY


def backward_bias_not_converted(folder: Path) -> Truth:
    """Convert a Bidirectional layer of Keras; the converter overlooks the bias of the backward half."""
    rng = np.random.default_rng(129)
    halves = [one_bias(draw(rng, 6, 10)) for _ in range(2)]
    for half in halves:  # as Keras trains them, from a forget bias of one
        half["bias_ih_l0"] = reorder(half["bias_ih_l0"], GATES, 1.0)
    weights = halves[0] | {name + "_reverse": value for name, value in halves[1].items()}
    x = draw_input(rng, 8, 3, 6)
    got = run_torch(weights | {"bias_ih_l0_reverse": np.zeros(40, np.float32)}, x)
    is_visible(run_torch(weights, x), got)
    arrays: Weights = {}
    for side, half in zip(("forward", "backward"), halves, strict=True):
        arrays |= under(f"bidirectional/{side}_lstm/lstm_cell/", to_keras(half))
    write_npz(folder / "keras_weights.npz", arrays)
    write_npy(folder, input=swap(x), output=swap(got.output))
    write_setting(folder, convention="keras", batch_first=True)
    words = (r"bias.{0,80}(revers|backward)", r"(revers|backward).{0,80}bias", r"\bb_[ih]h.{0,20}revers")
    return Truth("DEVIATES", "The bias of the reverse direction is left out.", words)
