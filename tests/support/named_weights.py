"""The weights of LSTMs under the names that frameworks give them, and the LSTM that is expected among them."""

from __future__ import annotations

import numpy as np

from lstm_parity.cases.case import parse_case
from lstm_parity.reference.conventions import equinox, flax, haiku, keras, paddle, tensorflow_v1
from lstm_parity.reference.conventions import onnx as onnx_layers
from lstm_parity.reference.weights import CellWeights


def draw(name):
    """The weights of a case; its biases have few bits, and the second ones are zeros: no sum of them is rounded."""
    return parse_case(name).weights.map_cells(shorten)


def shorten(cell):
    """A cell with one bias of few bits."""
    return CellWeights(cell.w_ih, cell.w_hh, np.round(cell.b_ih * 1024) / 1024, 0 * cell.b_hh, cell.w_hr)


PLAIN, TWO, BOTH = (draw(f"I3-H4-{more}T4-B2-float32-normal-1") for more in ("", "L2-", "bi-"))
CELL = PLAIN.cells[0][0]


def name_keras(prefix, cell):
    """The variables of a layer, as Keras 2 names them."""
    layer = keras.from_torch(cell)
    names = zip(("kernel:0", "recurrent_kernel:0", "bias:0"), layer.arrays, strict=True)
    return {f"{prefix}/{name}": array for name, array in names}


def name_vars(prefix, cell):
    """The variables of a layer, as Keras 3 stores them."""
    return {f"{prefix}/cell/vars/{k}": array for k, array in enumerate(keras.from_torch(cell).arrays)}


def name_tensorflow(prefix, cell, added=1.0):
    """The variables of a cell, as TensorFlow 1 names them."""
    layer = tensorflow_v1.from_torch(cell, added)
    named = {f"{prefix}/kernel": layer.kernel, f"{prefix}/bias": layer.bias}
    return named | ({} if layer.projection is None else {f"{prefix}/projection/kernel": layer.projection})


def name_flax(cell):
    """The parameters of a cell of linen."""
    gates = flax.from_torch(cell).items()
    return {f"LSTMCell_0/{gate}/{kind}": array for gate, held in gates for kind, array in held.items()}


def name_fused(cell):
    """The parameters of nnx.OptimizedLSTMCell."""
    layer = flax.fused_from_torch(cell)
    return {
        "rnn.cell.dense_i.kernel.value": layer.dense_i,
        "rnn.cell.dense_h.kernel.value": layer.dense_h,
        "rnn.cell.dense_h.bias.value": layer.bias,
    }


def name_onnx(prefix, layer):
    """The inputs of a node."""
    return {f"{prefix}.{name}": array for name, array in vars(onnx_layers.from_torch(layer)).items()}


def name_paddle(weights):
    """The parameters of Paddle's cells."""
    sides = ("cell",) if weights.num_directions == 1 else ("cell_fw", "cell_bw")
    return {
        f"rnn.{k}.{side}.{name}": array
        for k, layer in enumerate(weights.cells)
        for side, cell in zip(sides, layer, strict=True)
        for name, array in vars(paddle.from_torch(cell)).items()
        if array is not None
    }


def name_directions(name, prefixes):
    """Both directions of a layer."""
    return {k: a for p, cell in zip(prefixes, BOTH.cells[0], strict=True) for k, a in name(p, cell).items()}


PROJECTED = draw("I3-H4-P2-T4-B2-float32-normal-1")
CASES = {  # arrays, the expected weights, their prefix, and words of the convention
    "torch": (dict(TWO.items()), TWO, "", "torch"),
    "a prefix": ({f"module.enc.lstm.{k}": a for k, a in BOTH.items()}, BOTH, "module.enc.lstm.", "torch"),
    "a projection": (dict(PROJECTED.items()), PROJECTED, "", "torch"),
    "a cell": ({f"c.{k.removesuffix('_l0')}": a for k, a in PLAIN.items()}, PLAIN, "c.", "nn.LSTMCell"),
    "by hand": ({name.replace("w", "W"): array for name, array in CELL.items()}, PLAIN, "", "nn.LSTMCell"),
    "Keras 2": (name_keras("lstm/lstm_cell", CELL), PLAIN, "lstm/", "Keras"),
    "Keras 3": (name_vars("layers/lstm", CELL), PLAIN, "layers/lstm/", "Keras"),
    "Keras 2, both": (
        name_directions(name_keras, ("bi/forward_lstm/lstm_cell_1", "bi/backward_lstm/lstm_cell_2")),
        BOTH,
        "bi/",
        "Keras",
    ),
    "Keras 3, both": (name_directions(name_vars, ("bi/forward_layer", "bi/backward_layer")), BOTH, "bi/", "Keras"),
    "Keras, stacked": (
        name_vars("layers/lstm_1", TWO.cells[1][0]) | name_vars("layers/lstm", TWO.cells[0][0]),
        TWO,
        "layers/",
        "Keras",
    ),
    "TensorFlow v1": (name_tensorflow("rnn/lstm_cell", CELL), PLAIN, "rnn/", "TensorFlow v1"),
    "TensorFlow v1, both": (
        name_directions(name_tensorflow, ("birnn/fw/lstm_cell", "birnn/bw/lstm_cell")),
        BOTH,
        "birnn/",
        "TensorFlow v1",
    ),
    "TensorFlow v1, projected": (
        name_tensorflow("rnn/lstm_cell", PROJECTED.cells[0][0]),
        PROJECTED,
        "rnn/",
        "TensorFlow v1",
    ),
    "Paddle": (name_paddle(TWO), TWO, "rnn.", "Paddle"),
    "Paddle, both": (name_paddle(BOTH), BOTH, "rnn.", "Paddle"),
    "Flax": (name_flax(CELL), PLAIN, "LSTMCell_0/", "Flax"),
    "nnx": (name_fused(CELL), PLAIN, "rnn.", "Flax"),
    "Haiku": (
        {f"lstm/linear.{name}": array for name, array in vars(haiku.from_torch(CELL)).items()},
        PLAIN,
        "lstm/",
        "Haiku",
    ),
    "Equinox": ({f"c.{name}": array for name, array in vars(equinox.from_torch(CELL)).items()}, PLAIN, "c.", "Equinox"),
    "MLX": ({"l.Wx": CELL.w_ih, "l.Wh": CELL.w_hh, "l.bias": CELL.b_ih}, PLAIN, "l.", "MLX"),
    "ONNX": (name_onnx("LSTM_0", BOTH.cells[0]), BOTH, "LSTM_0.", "ONNX"),
    "ONNX, stacked": (name_onnx("m.l0", TWO.cells[0]) | name_onnx("m.l1", TWO.cells[1]), TWO, "m.", "ONNX"),
    "shapes of Keras": (
        {f"arr_{k}": array for k, array in enumerate(keras.from_torch(CELL).arrays)},
        PLAIN,
        "",
        "Keras, guessed from shapes alone",
    ),
    "shapes of torch": (
        {f"arr_{k}": array for k, (_, array) in enumerate(PLAIN.items())},
        PLAIN,
        "",
        "torch, guessed from shapes alone",
    ),
    "shapes of TensorFlow v1": (
        {name.replace("rnn/lstm_cell/", ""): array for name, array in name_tensorflow("rnn/lstm_cell", CELL).items()},
        PLAIN,
        "",
        "TensorFlow v1, guessed from shapes alone",
    ),
}
