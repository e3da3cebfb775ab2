"""Forty bug reports about LSTMs, as newcomers would have them in a folder, and the truth about each.

`python bug_reports.py DEST` writes them as DEST/NAME/ and the truths as DEST/truth.json.
`python bug_reports.py` compares the LSTM of this file with one of 50 digits.
"""

import importlib
import json
import sys
import tempfile
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch

Array = npt.NDArray[Any]
Weights = dict[str, Array]
GATES = "ifgo"


@dataclass(frozen=True)
class Truth:
    """What is true of a report: the verdict, the cause, words that name it, and further arguments of the command."""

    verdict: str
    cause: str = ""
    words: tuple[str, ...] = ()
    command: tuple[str, ...] = ()


PARITY = Truth("PARITY")
MINE_AND_THEIRS = ("--mine", "mine", "--theirs", "theirs")


class Results(NamedTuple):
    """What an LSTM returns; the arrays are time first."""

    output: Array
    h_n: Array
    c_n: Array


# The LSTM


def logistic(z: Array) -> Array:
    """Compute 1 / (1 + exp(-z))."""
    return np.asarray(1 / (1 + np.exp(-z)), z.dtype)


def hard_sigmoid(z: Array) -> Array:
    """Compute the three straight lines that old versions of Keras have in place of the sigmoid."""
    return np.asarray(np.clip(0.2 * z + 0.5, 0, 1), z.dtype)


def drop_bits(values: Array, bits: int) -> Array:
    """Round float32 numbers to the nearest that lack the last `bits` bits, ties to even."""
    whole = np.ascontiguousarray(values, np.float32).view(np.uint32).astype(np.uint64)
    whole += (1 << (bits - 1)) - 1 + ((whole >> bits) & 1)
    return ((whole >> bits) << bits).astype(np.uint32).view(np.float32)


def tf32_product(left: Array, right: Array) -> Array:
    """Multiply matrices whose numbers are first rounded to 10 bits of mantissa, as tensor cores do."""
    return np.asarray(drop_bits(left, 13) @ drop_bits(right, 13))


def through_float16(values: Array) -> Array:
    """Round to float16 and back."""
    return values.astype(np.float16).astype(values.dtype)


def unchanged(values: Array) -> Array:
    """Return what is given."""
    return values


@dataclass(frozen=True)
class Arithmetic:
    """How a step is computed: the dtype, the matrix product, the sigmoid, and what happens to the states."""

    dtype: type = np.float32
    product: Callable[[Array, Array], Array] = np.matmul
    sigmoid: Callable[[Array], Array] = logistic
    keep: Callable[[Array], Array] = unchanged


FLOAT32 = Arithmetic()
FLOAT64 = Arithmetic(np.float64)


def run_direction(
    weights: Weights, suffix: str, x: Array, h: Array, c: Array, lengths: Array, how: Arithmetic
) -> tuple[Array, Array, Array]:
    """Run one layer in one direction: the states wait where a row is not running, and the output is zero there."""

    def weight(name: str) -> Array:
        return weights[name + suffix].astype(how.dtype)

    steps = range(len(x))
    outputs: dict[int, Array] = {}
    for t in reversed(steps) if suffix.endswith("_reverse") else steps:
        z = how.product(x[t], weight("weight_ih").T) + how.product(h, weight("weight_hh").T)
        if "bias_ih" + suffix in weights:
            z = z + weight("bias_ih") + weight("bias_hh")
        i, f, g, o = np.split(z, 4, axis=-1)
        new_c = how.keep(how.sigmoid(f) * c + how.sigmoid(i) * np.tanh(g))
        new_h = how.sigmoid(o) * np.tanh(new_c)
        if "weight_hr" + suffix in weights:
            new_h = how.product(new_h, weight("weight_hr").T)
        running = (t < lengths)[:, None]
        h, c = np.where(running, how.keep(new_h), h), np.where(running, new_c, c)
        outputs[t] = np.where(running, h, 0).astype(how.dtype)
    return np.stack([outputs[t] for t in steps]), h, c


def suffixes(weights: Weights) -> list[str]:
    """List `_l0`, `_l0_reverse`, `_l1`, ... as far as there are weights."""
    names = [f"_l{layer}{end}" for layer in range(9) for end in ("", "_reverse")]
    return [name for name in names if "weight_hh" + name in weights]


def run_lstm(
    weights: Weights,
    x: Array,
    h_0: Array | None = None,
    c_0: Array | None = None,
    lengths: Sequence[int] | None = None,
    how: Arithmetic = FLOAT32,
    reverse_reads_padding: bool = False,
) -> Results:
    """Run all layers on x (T, B, I); weights have the names of torch."""
    ends = suffixes(weights)
    directions = 2 if any(end.endswith("_reverse") for end in ends) else 1
    steps, rows = x.shape[:2]
    own = np.full(rows, steps) if lengths is None else np.array(lengths)
    below: Array = x.astype(how.dtype)
    h_n: list[Array] = []
    c_n: list[Array] = []
    side: list[Array] = []
    for number, end in enumerate(ends):
        hidden = weights["weight_hh" + end].shape[0] // 4
        projected = weights["weight_hh" + end].shape[1]
        h = np.zeros((rows, projected), how.dtype) if h_0 is None else h_0[number].astype(how.dtype)
        c = np.zeros((rows, hidden), how.dtype) if c_0 is None else c_0[number].astype(how.dtype)
        seen = np.full(rows, steps) if reverse_reads_padding and end.endswith("_reverse") else own
        output, h, c = run_direction(weights, end, below, h, c, seen, how)
        side.append(output)
        h_n.append(h)
        c_n.append(c)
        if len(side) == directions:
            below, side = np.concatenate(side, axis=-1), []
    return Results(below, np.stack(h_n), np.stack(c_n))


def run_torch(
    weights: Weights,
    x: Array,
    h_0: Array | None = None,
    c_0: Array | None = None,
    lengths: Sequence[int] | None = None,
    dropout: float = 0.0,
) -> Results:
    """Run torch.nn.LSTM in float32; a dropout above zero is left on, as in training."""
    ends = suffixes(weights)
    projected = weights["weight_hr_l0"].shape[0] if "weight_hr_l0" in weights else 0
    directions = 2 if "_l0_reverse" in ends else 1
    module = torch.nn.LSTM(
        x.shape[-1],
        weights["weight_hh_l0"].shape[0] // 4,
        num_layers=len(ends) // directions,
        bias="bias_ih_l0" in weights,
        dropout=dropout,
        bidirectional=directions == 2,
        proj_size=projected,
    )
    module.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    states = None if h_0 is None or c_0 is None else (torch.tensor(h_0), torch.tensor(c_0))
    torch.manual_seed(7)
    pad, pack = torch.nn.utils.rnn.pad_packed_sequence, torch.nn.utils.rnn.pack_padded_sequence
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if lengths is None:
            output, (h_n, c_n) = module(torch.tensor(x), states)
        else:
            packed = pack(torch.tensor(x), torch.tensor(lengths), enforce_sorted=False)
            output, (h_n, c_n) = module(packed, states)
            output = pad(output, total_length=len(x))[0]
    return Results(output.numpy(), h_n.numpy(), c_n.numpy())


# What reports are made of


def draw(
    rng: np.random.Generator,
    size: int,
    hidden: int,
    layers: int = 1,
    directions: int = 1,
    bias: bool = True,
    projected: int = 0,
) -> Weights:
    """Draw float32 weights as torch initialises them."""
    bound, seen = hidden**-0.5, projected or hidden
    weights: Weights = {}
    for layer in range(layers):
        for end in ("", "_reverse")[:directions]:
            shapes: dict[str, tuple[int, ...]] = {
                "weight_ih": (4 * hidden, directions * seen if layer else size),
                "weight_hh": (4 * hidden, seen),
            }
            if bias:
                shapes |= {"bias_ih": (4 * hidden,), "bias_hh": (4 * hidden,)}
            if projected:
                shapes |= {"weight_hr": (projected, hidden)}
            for name, shape in shapes.items():
                weights[f"{name}_l{layer}{end}"] = rng.uniform(-bound, bound, shape).astype(np.float32)
    return weights


def draw_input(rng: np.random.Generator, *shape: int) -> Array:
    """Draw a float32 input from the normal distribution."""
    return rng.standard_normal(shape).astype(np.float32)


def reorder(rows: Array, order: str, bias_of_f: float = 0.0) -> Array:
    """Put the gates, which come as i, f, g, o along the first axis, into another order."""
    blocks = dict(zip(GATES, np.split(rows, 4), strict=True))
    blocks["f"] = blocks["f"] + np.asarray(bias_of_f, rows.dtype)
    return np.concatenate([blocks[gate] for gate in order])


def swap(x: Array) -> Array:
    """Exchange time and batch."""
    return np.ascontiguousarray(np.swapaxes(x, 0, 1))


def under(prefix: str, weights: Weights) -> Weights:
    """Put a prefix before each name."""
    return {prefix + name: value for name, value in weights.items()}


def write_setting(folder: Path, **fields: Any) -> None:
    """Write setting.json."""
    said = {"format": "lstm-parity folder, format 1"} | fields
    (folder / "setting.json").write_text(json.dumps(said, indent=2))


def write_npy(folder: Path, **arrays: Array) -> None:
    """Write each array into a file of its own."""
    folder.mkdir(exist_ok=True)
    for name, value in arrays.items():
        np.save(folder / f"{name}.npy", value)


def write_npz(path: Path, arrays: Weights) -> None:
    """Write arrays into one .npz, whose names may have slashes."""
    saved: Any = np.savez
    saved(path, **arrays)


def write_pt(path: Path, arrays: Weights) -> None:
    """Write a state_dict."""
    torch.save({name: torch.tensor(value) for name, value in arrays.items()}, path)


def write_csv(path: Path, values: Array) -> None:
    """Write a matrix or a vector with as many digits as float32 has."""
    np.savetxt(path, values, fmt="%.9g", delimiter=",")


def paste(name: str, values: Array, decimals: int = 4, end: str = ")") -> str:
    """Write an array as torch prints it, with a name before it."""
    shown = np.array2string(values, separator=", ", threshold=10**6, formatter={"float": lambda v: f"{v:.{decimals}f}"})
    return f"{name} = tensor({shown}{end}\n"


def protobuf(*fields: tuple[int, int | str | bytes]) -> bytes:
    """Encode a message of protocol buffers, of which ONNX is made: numbers, and strings or messages inside."""

    def varint(number: int) -> bytes:
        if number < 128:
            return bytes([number])
        return bytes([number % 128 + 128]) + varint(number // 128)

    message = b""
    for tag, value in fields:
        if isinstance(value, int):
            message += varint(8 * tag) + varint(value)
        else:
            content = value.encode() if isinstance(value, str) else value
            message += varint(8 * tag + 2) + varint(len(content)) + content
    return message


def onnx_model(arrays: Weights, hidden: int, direction: str) -> bytes:
    """Write an ONNX model with one LSTM, whose weights are initializers in the order of `arrays`."""
    tensors = []
    for name, value in arrays.items():
        raw = value.astype("<f4").tobytes()
        tensors.append((5, protobuf(*((1, size) for size in value.shape), (2, 1), (8, name), (9, raw))))
    attributes = [
        (5, protobuf((1, "hidden_size"), (3, hidden), (20, 2))),
        (5, protobuf((1, "direction"), (4, direction), (20, 3))),
    ]
    ends: list[tuple[int, int | str | bytes]] = [(1, name) for name in ("x", *arrays)]
    node = protobuf(*ends, (2, "y"), (2, "y_h"), (2, "y_c"), (3, "lstm"), (4, "LSTM"), *attributes)
    declared = []
    for tag, name, rank in ((11, "x", 3), (12, "y", 4)):
        shape = protobuf(*[(1, b"")] * rank)
        declared.append((tag, protobuf((1, name), (2, protobuf((1, protobuf((1, 1), (2, shape))))))))
    graph = protobuf((1, node), (2, "main_graph"), *tensors, *declared)
    return protobuf((1, 8), (7, graph), (8, protobuf((1, ""), (2, 14))))


def to_onnx(weights: Weights) -> Weights:
    """Convert one layer into ONNX's W, R and B, with the gates i, o, f, c and the directions stacked."""
    ends = suffixes(weights)
    stacked = {
        short: np.stack([reorder(weights[name + end], "iofg") for end in ends])
        for short, name in (("W", "weight_ih"), ("R", "weight_hh"))
    }
    biases = [[reorder(weights[name + end], "iofg") for name in ("bias_ih", "bias_hh")] for end in ends]
    return stacked | {"B": np.stack([np.concatenate(pair) for pair in biases])}


def to_keras(weights: Weights) -> Weights:
    """Convert one layer into the three arrays of Keras, whose one bias is the sum of the two of torch."""
    return {
        "kernel": weights["weight_ih_l0"].T,
        "recurrent_kernel": weights["weight_hh_l0"].T,
        "bias": weights["bias_ih_l0"] + weights["bias_hh_l0"],
    }


def one_bias(weights: Weights) -> Weights:
    """Move the bias of a single layer into bias_ih, as frameworks with one bias have it."""
    total = weights["bias_ih_l0"] + weights["bias_hh_l0"]
    return weights | {"bias_ih_l0": total, "bias_hh_l0": np.zeros_like(total)}


def softmax(values: Array) -> Array:
    """Compute the softmax over the last axis."""
    powers = np.exp(values - values.max(axis=-1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def linear(rng: np.random.Generator, outputs: int, inputs: int) -> tuple[Array, Array]:
    """Draw the weight and the bias of a linear layer."""
    return draw_input(rng, outputs, inputs) / np.float32(inputs**0.5), draw_input(rng, outputs)


# The reports


def only_output_in_a_square(folder: Path) -> Truth:
    """Give .npy files and the output alone, of a batch-first model whose T equals B; nobody says which is which."""
    rng = np.random.default_rng(1)
    weights, x = draw(rng, 6, 16), draw_input(rng, 7, 7, 6)
    write_npy(folder, **weights, input=swap(x), output=swap(run_torch(weights, x).output))
    return PARITY


def h_n_of_the_first_layer(folder: Path) -> Truth:
    """Take the final state of layer 0 for the features of a sentence, where that of layer 1, the last, was meant."""
    rng = np.random.default_rng(2)
    weights, x = draw(rng, 5, 12, layers=2), draw_input(rng, 9, 4, 5)
    write_npz(folder / "weights.npz", weights)
    write_npz(folder / "run.npz", {"input": x, "output": run_torch(weights, x).h_n[0]})
    write_setting(folder, batch_first=False, after=["h_n"])
    cause = "The final state is that of the first layer and not that of the last."
    return Truth("DEVIATES", cause, (r"first layer", r"layer 0", r"another layer", r"wrong layer", r"h_n\[0\]"))


def weight_norm_with_only_c_n(folder: Path) -> Truth:
    """Have weight_norm on both matrices of an LSTM inside a larger .pt, and know of the results only c_n."""
    rng = np.random.default_rng(3)
    weights, x = draw(rng, 8, 20), draw_input(rng, 11, 3, 8)
    named: Weights = {"embed.weight": draw_input(rng, 30, 8), "head.weight": draw_input(rng, 30, 20)}
    for name, value in weights.items():
        if value.ndim == 1:
            named[f"decoder.rnn.{name}"] = value
            continue
        length = np.sqrt((value.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
        scale = rng.uniform(0.5, 2, length.shape)
        named[f"decoder.rnn.{name}_g"] = (length * scale).astype(np.float32)
        named[f"decoder.rnn.{name}_v"] = value
        weights[name] = (value * scale).astype(np.float32)
    write_pt(folder / "checkpoint.pt", named)
    write_npy(folder, input=x, c_n=run_torch(weights, x).c_n)
    return PARITY


def second_side_forgets_a_bias(folder: Path) -> Truth:
    """Compare a C++ port with torch by the last step alone: mine is torch, and theirs leaves out bias_hh."""
    rng = np.random.default_rng(4)
    weights, x = draw(rng, 7, 24, layers=2), draw_input(rng, 15, 2, 7)
    wrong = {name: value * np.float32("bias_hh" not in name) for name, value in weights.items()}
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x)
    write_npy(folder / "mine", output=run_torch(weights, x).output[-1:])
    write_npy(folder / "theirs", output=run_lstm(wrong, x).output[-1:])
    write_setting(folder, output_steps=[-1], batch_first=False)
    cause = "Theirs leaves out bias_hh; mine is right."
    return Truth("DEVIATES", cause, (r"b_hh", r"bias_hh", r"recurrent bias", r"second bias"), MINE_AND_THEIRS)


def some_steps_of_some_rows(folder: Path) -> Truth:
    """Give everything as JSON, with three significant digits of a few rows and steps."""
    rng = np.random.default_rng(5)
    weights, x = draw(rng, 4, 9, bias=False), draw_input(rng, 12, 6, 4)
    output = run_torch(weights, x).output[[0, 4, -1]][:, [1, 5]]
    shown = np.array([float(f"{value:.3g}") for value in output.ravel()]).reshape(output.shape)
    arrays = weights | {"input": x, "output": shown}
    (folder / "report.json").write_text(json.dumps({name: value.tolist() for name, value in arrays.items()}))
    fields = {"output_steps": [0, 4, -1], "output_rows": [1, 5], "significant": 3}
    write_setting(folder, dtype="float32", batch_first=False, **fields)
    return PARITY


def cell_state_in_place_of_h_n(folder: Path) -> Truth:
    """Loop over nn.LSTMCell, keep its weights by their own names, and save c where h was meant."""
    rng = np.random.default_rng(6)
    weights, x = draw(rng, 10, 32), draw_input(rng, 8, 5, 10)
    got = run_torch(weights, x)
    write_npz(folder / "cell.npz", {name.removesuffix("_l0"): value for name, value in weights.items()})
    write_npy(folder, input=x, output=got.output, h_n=got.c_n)
    cause = "What is called h_n is the cell state c_n."
    return Truth("DEVIATES", cause, (r"cell state", r"\bc_n\b.{0,40}\bh_n\b", r"\bh_n\b.{0,60}\bc(_n)?\b"))


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


def csv_with_transposed_blocks(folder: Path) -> Truth:
    """Write every matrix as CSV for one sequence without a batch; each recurrent block of H x H is transposed."""
    rng = np.random.default_rng(15)
    weights, x = draw(rng, 3, 6), draw_input(rng, 25, 1, 3)
    blocks = np.concatenate([block.T for block in np.split(weights["weight_hh_l0"], 4)])
    got = run_lstm(weights | {"weight_hh_l0": blocks}, x)
    arrays = {"input": x[:, 0], "output": got.output[:, 0], "h_n": got.h_n[:, 0], "c_n": got.c_n[:, 0]}
    for name, value in (weights | arrays).items():
        write_csv(folder / f"{name}.csv", value)
    write_setting(folder, dtype="float32")
    return Truth("DEVIATES", "The recurrent weights are transposed.", (r"transpos",))


def pasted_layers_exchanged(folder: Path) -> Truth:
    """Paste a minimal example from a terminal, with weights of two decimals; a loader exchanged the two layers."""
    rng = np.random.default_rng(16)
    weights = {name: np.round(2 * w, 2).astype(np.float32) for name, w in draw(rng, 3, 3, layers=2).items()}
    x = np.round(draw_input(rng, 3, 2, 3), 1)
    other = {name.replace("_l0", "_lx").replace("_l1", "_l0").replace("_lx", "_l1"): w for name, w in weights.items()}
    text = "".join(paste(name, value) for name, value in weights.items()) + paste("input", x)
    got = run_torch(other, x)
    text += paste("output", got.output, 4, ", grad_fn=<StackBackward0>)")
    (folder / "issue.txt").write_text(text + paste("h_n", got.h_n, 4, ",\n       grad_fn=<StackBackward0>)"))
    return Truth("DEVIATES", "Layers 0 and 1 are exchanged.", (r"layers?.{0,80}(exchang|swap|order|permut|revers)",))


def pasted_four_decimals(folder: Path) -> Truth:
    """Attach the state_dict and the input, and paste what torch printed of the results."""
    rng = np.random.default_rng(17)
    weights, x = draw(rng, 4, 5, layers=3, directions=2), draw_input(rng, 6, 2, 4)
    got = run_torch(weights, x)
    write_pt(folder / "model.pth", under("module.lstm.", weights) | {"input": x})
    text = paste("output", got.output, 4, ",\n       grad_fn=<CatBackward0>)") + paste("c_n", got.c_n)
    (folder / "printed.txt").write_text(text)
    return PARITY


def rounding_hides_narrow_products(folder: Path) -> Truth:
    """Round to 3 decimals what a GPU computed in TF32: at this rounding the numbers are those of float32.

    The fault cannot be seen, so nobody may be accused.
    """
    for seed in range(1000):
        rng = np.random.default_rng([18, seed])
        weights, x = draw(rng, 3, 4), draw_input(rng, 5, 2, 3)
        right = run_lstm(weights, x, how=FLOAT64)
        got = run_lstm(weights, x, how=Arithmetic(product=tf32_product))
        shown = {name: np.round(value.astype(np.float64), 3) for name, value in got._asdict().items()}
        if all((np.round(value, 3) == shown[name]).all() for name, value in right._asdict().items()):
            break
    else:
        raise AssertionError("no seed hides the fault")
    write_npy(folder, **weights, input=x, **shown)
    return PARITY


def lengths_with_an_empty_row(folder: Path) -> Truth:
    """Have lengths of which the longest is below the padding and one is 0; start from given states."""
    rng = np.random.default_rng(19)
    weights, x, lengths = draw(rng, 6, 15, directions=2), draw_input(rng, 12, 5, 6), [7, 0, 9, 1, 4]
    h_0, c_0 = draw_input(rng, 2, 5, 15), draw_input(rng, 2, 5, 15)
    got = run_lstm(weights, x, h_0, c_0, lengths)
    write_npy(folder, **weights, input=x, h_0=h_0, c_0=c_0, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, lengths=lengths, batch_first=False)
    return PARITY


def left_padding_processed(folder: Path) -> Truth:
    """Pad on the left with zeros and run the LSTM over them, so that its states are no longer zero at the start."""
    rng = np.random.default_rng(20)
    weights, x, lengths = draw(rng, 8, 17), draw_input(rng, 10, 4, 8), [10, 6, 3, 8]
    valid = np.arange(10)[:, None] >= 10 - np.array(lengths)
    x = x * valid[..., None]
    got = run_torch(weights, x)
    write_npz(folder / "all.npz", weights | {"input": x, "output": got.output * valid[..., None], "h_n": got.h_n})
    write_setting(folder, lengths=lengths, padding="left", batch_first=False)
    cause = "The padding on the left is processed before the first valid step."
    return Truth("DEVIATES", cause, (r"padding", r"padded"))


def mask_of_ones_and_zeros(folder: Path) -> Truth:
    """Give a mask of float32 ones and zeros in place of lengths, batch first."""
    rng = np.random.default_rng(21)
    weights, x, lengths = draw(rng, 7, 12, layers=2), draw_input(rng, 9, 4, 7), [5, 9, 2, 7]
    got = run_torch(weights, x, lengths=lengths)
    mask = (np.arange(9)[:, None] < np.array(lengths)).astype(np.float32)
    write_pt(folder / "weights.pt", under("lstm.", weights))
    write_npy(folder, input=swap(x), mask=swap(mask), output=swap(got.output), h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=True)
    return PARITY


def reverse_reads_padding(folder: Path) -> Truth:
    """Forget to pack: the reverse direction begins in the padding, and the output is multiplied by the mask after."""
    rng = np.random.default_rng(22)
    weights, x, lengths = draw(rng, 5, 19, directions=2), draw_input(rng, 11, 4, 5), [11, 4, 8, 6]
    valid = (np.arange(11)[:, None] < np.array(lengths))[..., None]
    got = run_lstm(weights, x * valid, lengths=lengths, reverse_reads_padding=True)
    write_npy(folder, **weights, input=x * valid, output=got.output * valid, lengths=np.array(lengths))
    write_setting(folder, batch_first=False)
    return Truth("DEVIATES", "The reverse direction processes the padding.", (r"padding", r"padded"))


def sum_called_mean(folder: Path) -> Truth:
    """Say that the two directions are averaged, where they were added."""
    rng = np.random.default_rng(23)
    weights, x = draw(rng, 6, 21, directions=2, bias=False), draw_input(rng, 7, 3, 6)
    forward, backward = np.split(run_torch(weights, x).output, 2, axis=-1)
    write_npz(folder / "layer.npz", weights)
    write_npy(folder, input=x, output=forward + backward)
    write_setting(folder, merge="mean")
    cause = "The directions are added and not averaged: all numbers are twice as large."
    return Truth("DEVIATES", cause, (r"\bsum", r"\badded", r"twice", r"factor.{0,12}2", r"doubled"))


def classifier_takes_padding(folder: Path) -> Truth:
    """Classify texts by output[:, -1] of a padded batch, which is the padding of every shorter text."""
    rng = np.random.default_rng(24)
    weights, lengths = draw(rng, 6, 14), [5, 8, 3, 8, 6]
    table, words = draw_input(rng, 40, 6), rng.integers(1, 40, (8, 5))
    words = words * (np.arange(8)[:, None] < np.array(lengths))
    weight, bias = linear(rng, 3, 14)
    got = softmax(run_torch(weights, table[words], lengths=lengths).output[-1] @ weight.T + bias)
    arrays = under("lstm.", weights) | {"embed.weight": table, "fc.weight": weight, "fc.bias": bias}
    write_pt(folder / "classifier.pt", arrays)
    write_npy(folder, input=swap(words), output=got)
    after = ["last", "fc", "softmax"]
    write_setting(folder, batch_first=True, lengths=lengths, before=["embed"], after=after)
    cause = "The last step is that of the padded batch and not the last valid one of each row."
    return Truth("DEVIATES", cause, (r"padding", r"padded", r"last (valid )?step", r"step -1", r"beyond"))


def tagger_in_eval(folder: Path) -> Truth:
    """Have a tagger in eval: a bidirectional LSTM, dropout that does nothing, a linear layer, log_softmax."""
    rng = np.random.default_rng(25)
    weights, x = draw(rng, 12, 20, directions=2), draw_input(rng, 16, 3, 12)
    weight, bias = linear(rng, 6, 40)
    scores = torch.tensor(run_torch(weights, x).output @ weight.T + bias)
    write_pt(folder / "tagger.pt", under("rnn.", weights) | {"fc.weight": weight, "fc.bias": bias})
    write_npy(folder, input=x, output=torch.log_softmax(scores, -1).numpy())
    write_setting(folder, batch_first=False, after=["dropout", "fc", "log_softmax"])
    return PARITY


def dropout_left_on(folder: Path) -> Truth:
    """Forget model.eval(): between the two layers dropout of 0.3 is active."""
    rng = np.random.default_rng(26)
    weights, x = draw(rng, 6, 16, layers=2), draw_input(rng, 9, 3, 6)
    got = run_torch(weights, x, dropout=0.3)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, output=got.output, h_n=got.h_n, c_n=got.c_n)
    return Truth("DEVIATES", "Dropout is active between the layers.", (r"dropout", r"training mode", r"eval\b"))


def run_chunks(folder: Path, seed: int, carried: bool) -> None:
    """Write a report of a sequence in three chunks, with states that are carried or are forgotten at the second."""
    rng = np.random.default_rng(seed)
    weights, x = draw(rng, 5, 22, layers=2, bias=carried), draw_input(rng, 30, 2, 5)
    arrays, calls = dict(weights), []
    h, c = np.zeros((2, 2, 22), np.float32), np.zeros((2, 2, 22), np.float32)
    for number, chunk in enumerate(np.split(x, [12, 20])):
        got = run_torch(weights, chunk, h if carried else 0 * h, c if carried else 0 * c)
        h, c = got.h_n, got.c_n
        arrays |= {f"input_{number}": chunk, f"output_{number}": got.output, f"c_n_{number}": got.c_n}
        call: dict[str, Any] = {"input": f"input_{number}", "output": f"output_{number}", "c_n": f"c_n_{number}"}
        calls.append(call | ({"continues": number - 1} if number else {}))
    write_npz(folder / "stream.npz", arrays)
    write_setting(folder, batch_first=False, calls=calls)


def chunks_carried(folder: Path) -> Truth:
    """Stream a sequence in three chunks, where each call gets the final states of the one before."""
    run_chunks(folder, 27, carried=True)
    return PARITY


def chunks_forgotten(folder: Path) -> Truth:
    """Stream a sequence in three chunks, where every call starts from zeros although it ought to continue."""
    run_chunks(folder, 28, carried=False)
    words = (r"states?.{0,80}(not|carried|zero|reset|forgot|lost)", r"zero.{0,20}states?", r"start.{0,40}zero")
    return Truth("DEVIATES", "The states are not carried from one chunk to the next.", words)


def run_twice(folder: Path, seed: int, remembers: bool) -> None:
    """Write a report of two calls with one input, of which the second may start where the first ended."""
    rng = np.random.default_rng(seed)
    weights, x = draw(rng, 9, 64 if remembers else 48), draw_input(rng, 10, 3, 9)
    first = run_torch(weights, x)
    second = run_torch(weights, x, first.h_n, first.c_n) if remembers else run_lstm(weights, x)
    write_pt(folder / "model.pt", under("core.", weights))
    write_npy(folder, input=x, output_1=first.output, output_2=second.output)
    calls = [{"input": "input", "output": f"output_{number}"} for number in (1, 2)]
    write_setting(folder, batch_first=False, calls=calls)


def same_input_twice(folder: Path) -> Truth:
    """Call a layer twice with one input and get numbers that are different in the last digits."""
    run_twice(folder, 29, remembers=False)
    return PARITY


def same_input_twice_remembers(folder: Path) -> Truth:
    """Call a layer twice with one input; it keeps its states, so that the second call continues the first."""
    run_twice(folder, 30, remembers=True)
    words = (r"states?.{0,80}(first|previous|before|call|kept|carried|left)", r"continues", r"stateful")
    return Truth("DEVIATES", "The second call starts from the final states of the first.", words)


def row_alone_and_in_a_batch(folder: Path) -> Truth:
    """Wonder why a row gives other last digits alone than in a batch."""
    rng = np.random.default_rng(31)
    weights, x = draw(rng, 16, 40), draw_input(rng, 60, 8, 16)
    alone = np.ascontiguousarray(x[:, 2:3])
    write_npy(folder, **weights, input_batch=x, input_row=alone)
    write_npy(folder, output_batch=run_torch(weights, x).output, output_row=run_lstm(weights, alone).output)
    calls = [{"input": f"input_{name}", "output": f"output_{name}"} for name in ("batch", "row")]
    write_setting(folder, batch_first=False, calls=calls)
    return PARITY


def batch_read_as_time(folder: Path) -> Truth:
    """Feed (B, T, I) to a layer without batch_first=True: rows of the batch are taken for steps."""
    rng = np.random.default_rng(32)
    weights, x = draw(rng, 7, 10), draw_input(rng, 9, 4, 7)
    write_npz(folder / "all.npz", weights | {"input": swap(x), "output": run_torch(weights, swap(x)).output})
    write_setting(folder, batch_first=True)
    cause = "The layer runs along the batch and not along time, as if batch_first were false."
    words = (
        r"batch_first.{0,40}(false|not|missing|forgot)",
        r"batch.{0,60}time",
        r"time.{0,60}batch",
        r"rows?.{0,60}steps?",
        r"axes|transpos",
    )
    return Truth("DEVIATES", cause, words)


def first_side_has_a_hard_sigmoid(folder: Path) -> Truth:
    """Compare two programs on an LSTM with projections: mine has the hard sigmoid of Keras 1, theirs is torch."""
    rng = np.random.default_rng(33)
    weights, x = draw(rng, 10, 18, projected=6), draw_input(rng, 12, 3, 10)
    write_npz(folder / "weights.npz", weights)
    write_npy(folder, input=x)
    write_npy(folder / "mine", **run_lstm(weights, x, how=Arithmetic(sigmoid=hard_sigmoid))._asdict())
    write_npy(folder / "theirs", **run_torch(weights, x)._asdict())
    cause = "Mine has a hard sigmoid; theirs is right."
    return Truth("DEVIATES", cause, (r"hard.{0,3}sigmoid", r"piecewise"), MINE_AND_THEIRS)


def two_sides_differ_by_rounding(folder: Path) -> Truth:
    """Compare NumPy with torch and find no number of two projected, bidirectional layers equal; both are right."""
    rng = np.random.default_rng(34)
    weights, x = draw(rng, 8, 30, layers=2, directions=2, projected=9), draw_input(rng, 40, 2, 8)
    write_pt(folder / "weights.pt", weights)
    write_npy(folder, input=x)
    for side, got in (("mine", run_lstm(weights, x)), ("theirs", run_torch(weights, x))):
        write_npy(folder / side, output=got.output, h_n=got.h_n)
    write_setting(folder, batch_first=False)
    return Truth("PARITY", command=MINE_AND_THEIRS)


def tf32_products(folder: Path) -> Truth:
    """Run on a GPU that rounds the factors of all products to TF32."""
    rng = np.random.default_rng(35)
    weights, x = draw(rng, 24, 64), draw_input(rng, 20, 4, 24)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, **run_lstm(weights, x, how=Arithmetic(product=tf32_product))._asdict())
    write_setting(folder, dtype="float32", batch_first=False)
    cause = "The factors of all matrix products are rounded to TF32, 10 bits of mantissa."
    return Truth("NARROWER", cause, (r"tf32", r"tensorfloat", r"10 bits", r"11 bits"))


def bfloat16_weights(folder: Path) -> Truth:
    """Have the weights in float32, and results of a server that stores them in bfloat16 and computes in float32."""
    rng = np.random.default_rng(36)
    weights, x = draw(rng, 11, 28, layers=2), draw_input(rng, 10, 3, 11)
    stored = {name: drop_bits(value, 16) for name, value in weights.items()}
    write_npz(folder / "served.npz", weights | {"input": x} | run_torch(stored, x)._asdict())
    return Truth("NARROWER", "The weights are rounded to bfloat16.", (r"bfloat16", r"bf16"))


def int8_dynamic_quantisation(folder: Path) -> Truth:
    """Let torch quantise the LSTM dynamically, for phones, and be surprised by the second decimal."""
    rng = np.random.default_rng(37)
    weights, x = draw(rng, 16, 32), draw_input(rng, 12, 2, 16)
    module = torch.nn.LSTM(16, 32)
    module.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        holder = torch.nn.ModuleDict({"lstm": module})
        small = torch.ao.quantization.quantize_dynamic(holder, {torch.nn.LSTM}, dtype=torch.qint8)
        output, (h_n, c_n) = small["lstm"](torch.tensor(x))
    write_pt(folder / "float.pt", under("lstm.", weights))
    write_npy(folder, input=x, output=output.numpy(), h_n=h_n.numpy(), c_n=c_n.numpy())
    cause = "The weights are rounded to int8, and what they are multiplied with to 8 bits."
    return Truth("NARROWER", cause, (r"int8", r"8.?bit", r"quanti[sz]"))


def float16_states(folder: Path) -> Truth:
    """Keep h and c in float16 from step to step; all else is computed in float32."""
    rng = np.random.default_rng(38)
    weights, x = draw(rng, 8, 26), draw_input(rng, 24, 3, 8)
    got = run_lstm(weights, x, how=Arithmetic(keep=through_float16))
    write_npz(folder / "all.npz", weights | {"input": x} | got._asdict())
    write_setting(folder, dtype="float32", batch_first=False)
    return Truth("NARROWER", "The states are rounded to float16 after each step.", (r"float16", r"fp16", r"\bhalf\b"))


def no_input(folder: Path) -> Truth:
    """Give the weights and all results, and forget the input."""
    rng = np.random.default_rng(39)
    weights, x = draw(rng, 6, 12), draw_input(rng, 9, 2, 6)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, output=got.output, h_n=got.h_n, c_n=got.c_n)
    return Truth("NOT ENOUGH", "There is no input.", (r"\binput", r"goes in"))


def only_a_loss(folder: Path) -> Truth:
    """Give the weights, the input and a loss that is too high; nothing that the LSTM itself returned."""
    rng = np.random.default_rng(40)
    weights, x = draw(rng, 6, 12, layers=2), draw_input(rng, 9, 2, 6)
    write_npz(folder / "lstm.npz", weights | {"input": x, "loss": np.array(2.3125, np.float32)})
    return Truth("NOT ENOUGH", "There are no results of the LSTM.", (r"output", r"results?", r"h_n", r"came out"))


REPORTS: tuple[Callable[[Path], Truth], ...] = (
    only_output_in_a_square, h_n_of_the_first_layer, weight_norm_with_only_c_n, second_side_forgets_a_bias,
    some_steps_of_some_rows, cell_state_in_place_of_h_n, keras_weights_in_npz, keras_gates_in_wrong_order, tf1_kernel,
    forget_bias_added, paddle_directions_multiplied, flax_cell, onnx_arrays_of_a_reverse_direction,
    onnx_model_with_exchanged_directions, csv_with_transposed_blocks, pasted_layers_exchanged, pasted_four_decimals,
    rounding_hides_narrow_products, lengths_with_an_empty_row, left_padding_processed, mask_of_ones_and_zeros,
    reverse_reads_padding, sum_called_mean, classifier_takes_padding, tagger_in_eval, dropout_left_on, chunks_carried,
    chunks_forgotten, same_input_twice, same_input_twice_remembers, row_alone_and_in_a_batch, batch_read_as_time,
    first_side_has_a_hard_sigmoid, two_sides_differ_by_rounding, tf32_products, bfloat16_weights,
    int8_dynamic_quantisation, float16_states, no_input, only_a_loss,
)  # fmt: skip


# The command


def run_50_digits(weights: Weights, x: Array) -> Array:
    """Compute the output of a forward LSTM without projection for one row, x (T, I), in 50 digits."""
    mpmath = importlib.import_module("mpmath")
    mpmath.mp.dps = 50
    below = [[mpmath.mpf(float(value)) for value in step] for step in x]
    for end in suffixes(weights):
        named = {name: weights[name + end].tolist() for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")}
        size = len(named["bias_ih"]) // 4
        h, c, above = [mpmath.mpf(0)] * size, [mpmath.mpf(0)] * size, []
        for step in below:
            z = [
                mpmath.fdot(named["weight_ih"][row], step)
                + mpmath.fdot(named["weight_hh"][row], h)
                + mpmath.mpf(named["bias_ih"][row])
                + mpmath.mpf(named["bias_hh"][row])
                for row in range(4 * size)
            ]
            s = [1 / (1 + mpmath.exp(-value)) for value in z]
            c = [s[size + k] * c[k] + s[k] * mpmath.tanh(z[2 * size + k]) for k in range(size)]
            h = [s[3 * size + k] * mpmath.tanh(c[k]) for k in range(size)]
            above.append(h)
        below = above
    return np.array([[float(value) for value in step] for step in below])


def check() -> str:
    """Compare this file's LSTM with 50 digits, and with torch in all that 50 digits are not written for."""
    rng = np.random.default_rng(0)
    weights, x = draw(rng, 3, 5, layers=3), draw_input(rng, 6, 2, 3)
    exact = np.stack([run_50_digits(weights, x[:, row]) for row in range(2)], axis=1)
    far = [float(abs(run_lstm(weights, x, how=FLOAT64).output - exact).max())]
    weights = draw(rng, 3, 5, layers=2, directions=2, projected=2)
    h_0, c_0 = draw_input(rng, 4, 2, 2), draw_input(rng, 4, 2, 5)
    for lengths in (None, [4, 2]):
        pair = [run(weights, x, h_0, c_0, lengths) for run in (run_torch, run_lstm)]
        far.append(max(float(abs(a - b).max()) for a, b in zip(*pair, strict=True)))
    if far[0] > 1e-15 or max(far[1:]) > 1e-6:
        raise SystemExit(f"the LSTM of this file is wrong: {far}")
    return f"largest differences: {far[0]:.1e} from 50 digits, {max(far[1:]):.1e} from torch\n"


def write_all(target: Path) -> None:
    """Write all reports below a folder, and what is true of them into truth.json."""
    truths = {}
    for report in REPORTS:
        folder = target / report.__name__
        folder.mkdir(parents=True)
        truths[report.__name__] = asdict(report(folder))
    (target / "truth.json").write_text(json.dumps(truths, indent=2) + "\n")


def main(arguments: list[str]) -> None:
    """Write the reports into the folder that is named, or check the LSTM of this file."""
    if arguments:
        write_all(Path(arguments[0]))
        return
    sys.stdout.write(check())
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
