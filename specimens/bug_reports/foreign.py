"""Twenty reports in forms of elsewhere: TFLite, Haiku, HDF5, C, pandas, zips, sessions, dots, other axes."""

from __future__ import annotations

import importlib
import io
import zipfile
from pathlib import Path

import numpy as np
import torch

from specimens.bug_reports.lstm import GATES, Array, Weights, logistic, run_lstm, run_steps, run_torch, usual_step
from specimens.bug_reports.making import PARITY, Truth, draw, draw_input, is_visible, one_bias, reorder, swap, under
from specimens.bug_reports.writing import onnx_model, paste, to_onnx, write_npy, write_npz, write_pt, write_setting

_OF_TFLITE = {"i": "input", "f": "forget", "g": "cell", "o": "output"}


def _to_tflite(weights: Weights, gates: str = GATES) -> Weights:
    """Convert one layer into the twelve arrays of TFLite, whose gates are taken in this order."""
    arrays: Weights = {}
    for name, into in (("weight_ih_l0", "input_to"), ("weight_hh_l0", "recurrent_to")):
        for gate, rows in zip(gates, np.split(weights[name], 4), strict=True):
            arrays[f"{into}_{_OF_TFLITE[gate]}_weights"] = rows
    for gate, rows in zip(gates, np.split(weights["bias_ih_l0"], 4), strict=True):
        arrays[f"{_OF_TFLITE[gate]}_gate_bias"] = rows
    return arrays


def tflite_matrices(folder: Path) -> Truth:
    """Take the twelve tensors of a TFLite model, eight matrices and four biases, and what its interpreter returned."""
    rng = np.random.default_rng(301)
    weights, x = one_bias(draw(rng, 6, 11)), draw_input(rng, 9, 2, 6)
    got = run_lstm(weights, x)
    write_npz(folder / "tensors.npz", _to_tflite(weights))
    write_npy(folder, input=swap(x), output=swap(got.output))
    write_setting(folder, batch_first=True)
    return PARITY


def tflite_cell_and_forget_exchanged(folder: Path) -> Truth:
    """Do the same with a converter that put the forget gate's tensors where the cell's belong, and these there."""
    rng = np.random.default_rng(302)
    weights, x = one_bias(draw(rng, 5, 8)), draw_input(rng, 7, 3, 5)
    got = run_lstm({name: reorder(value, "igfo") for name, value in weights.items()}, x)
    write_npz(folder / "tensors.npz", _to_tflite(weights))
    write_npy(folder, input=swap(x), output=swap(got.output))
    write_setting(folder, batch_first=True)
    return Truth("DEVIATES", "The gates f and g are exchanged.", (r"order", r"gates?.{0,60}(exchang|swap|permut)"))


def haiku_linear(folder: Path) -> Truth:
    """Flatten the parameters of Haiku's LSTM: one matrix on [x, h], gates i, g, f, o, 1 added to the forget gate."""
    rng = np.random.default_rng(303)
    weights, x = one_bias(draw(rng, 7, 9)), draw_input(rng, 11, 2, 7)
    stored = np.concatenate([weights["weight_ih_l0"].T, weights["weight_hh_l0"].T])
    arrays = {"lstm/linear/w": reorder(stored.T, "igfo").T, "lstm/linear/b": reorder(weights["bias_ih_l0"], "igfo")}
    got = run_lstm(weights | {"bias_ih_l0": reorder(weights["bias_ih_l0"], GATES, 1.0)}, x)
    write_npz(folder / "params.npz", arrays)
    write_npy(folder, x=x, y=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, convention="haiku", batch_first=False)
    return PARITY


def features_first(folder: Path) -> Truth:
    """Have signals as a convolution leaves them, (batch, channels, time), and hidden units in the same form."""
    rng = np.random.default_rng(304)
    weights, x = draw(rng, 5, 12), draw_input(rng, 20, 3, 5)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=np.transpose(x, (1, 2, 0)), output=np.transpose(got.output, (1, 2, 0)))
    return PARITY


def states_batch_first(folder: Path) -> Truth:
    """Have the last states of two layers as data parallel code keeps them, (batch, layers, hidden)."""
    rng = np.random.default_rng(305)
    weights, x = draw(rng, 4, 10, layers=2), draw_input(rng, 8, 5, 4)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=swap(x), output=swap(got.output), h_n=swap(got.h_n), c_n=swap(got.c_n))
    write_setting(folder, batch_first=True)
    return PARITY


def directions_on_an_axis(folder: Path) -> Truth:
    """Have the output of a runtime that keeps the directions on an axis of their own, (time, directions, batch, H)."""
    rng = np.random.default_rng(306)
    weights, x = draw(rng, 6, 7, directions=2), draw_input(rng, 9, 3, 6)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, output=np.stack(np.split(got.output, 2, axis=-1), axis=1), h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=False)
    return PARITY


def checkpoint_of_a_trainer(folder: Path) -> Truth:
    """Attach a .ckpt with a state_dict among counters, hyperparameters and an optimiser's state."""
    rng = np.random.default_rng(307)
    weights, x = draw(rng, 5, 9, layers=2), draw_input(rng, 7, 2, 5)
    got = run_torch(weights, x)
    tensors = {name: torch.tensor(value) for name, value in under("model.lstm.", weights).items()}
    momenta = {k: {"step": torch.tensor(3.0), "exp_avg": torch.zeros_like(t)} for k, t in enumerate(tensors.values())}
    stored = {"epoch": 3, "global_step": 120, "state_dict": tensors, "hyper_parameters": {"lr": 1e-3, "hidden": 9}}
    torch.save(stored | {"optimizer_states": [{"state": momenta, "param_groups": [{"lr": 1e-3}]}]}, folder / "a.ckpt")
    write_npy(folder, input=x, output=got.output)
    write_setting(folder, batch_first=False)
    return PARITY


def everything_in_one_file_of_tuples(folder: Path) -> Truth:
    """Save the model, the batch and what came back, output and (h, c), in one .pt; h was not multiplied by o."""
    rng = np.random.default_rng(308)
    weights, x = draw(rng, 4, 9), draw_input(rng, 8, 3, 4)
    right = run_torch(weights, x)

    def step(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
        c = f * c + i * g
        return np.tanh(c), c

    got = run_steps(weights, x, step)
    is_visible(right, got)
    h, c = (torch.tensor(state) for state in (got.h_n, got.c_n))
    model = {name: torch.tensor(value) for name, value in weights.items()}
    result = (torch.tensor(got.output), (h, c))
    torch.save({"model": model, "x": torch.tensor(x), "result": result}, folder / "repro.pt")
    words = (r"output gate", r"h' = tanh\(c'\)", r"\bo\b.{0,40}missing")
    return Truth("DEVIATES", "The output gate is not applied.", words)


def zipped_attachment(folder: Path) -> Truth:
    """Attach a .zip of .npy files, as GitHub lets one; the state c_0 was handed over as h_0, and h_0 as c_0."""
    rng = np.random.default_rng(309)
    weights, x = draw(rng, 6, 8), draw_input(rng, 5, 3, 6)
    h_0, c_0 = draw_input(rng, 1, 3, 8), draw_input(rng, 1, 3, 8)
    got = run_torch(weights, x, c_0, h_0)
    is_visible(run_torch(weights, x, h_0, c_0), got)
    with zipfile.ZipFile(folder / "repro.zip", "w") as archive:
        for name, value in (weights | {"input": x, "h_0": h_0, "c_0": c_0} | got._asdict()).items():
            held = io.BytesIO()
            np.save(held, value)
            archive.writestr(f"repro/{name}.npy", held.getvalue())
    return Truth("DEVIATES", "h_0 and c_0 are exchanged.", (r"h_0 and c_0.{0,40}exchang", r"\(c_0, h_0\)"))


def _declare(name: str, values: Array) -> str:
    """Declare an array in C, with as many digits as float32 needs."""
    sizes = "".join(f"[{size}]" for size in values.shape)
    shown = np.array2string(
        values, separator=", ", threshold=10**6, formatter={"float": lambda v: np.format_float_positional(v) + "f"}
    )
    return f"static const float {name}{sizes} = {shown.replace('[', '{').replace(']', '}')};\n"


def header_of_c(folder: Path) -> Truth:
    """Attach the header of a microcontroller's firmware, float arrays in braces, and the printed results in a log."""
    rng = np.random.default_rng(310)
    weights, x = draw(rng, 3, 4), draw_input(rng, 5, 1, 3)
    got = run_torch(weights, x)
    guard = "#ifndef LSTM_WEIGHTS_H\n#define LSTM_WEIGHTS_H\n/* exported from PyTorch, gates i f g o */\n"
    (folder / "lstm_weights.h").write_text(guard + "".join(_declare(n, w) for n, w in weights.items()) + "#endif\n")
    (folder / "run.log").write_text(paste("input", x, 9) + paste("output", got.output, 6) + paste("h_n", got.h_n, 6))
    return PARITY


def flat_arrays_of_c(folder: Path) -> Truth:
    """Attach a header whose matrices, sequence and results are one row of numbers each; the firmware skips a step."""
    rng = np.random.default_rng(319)
    weights, x = draw(rng, 3, 5, layers=2), draw_input(rng, 7, 1, 3)
    got = run_torch(weights, np.concatenate([np.zeros_like(x[:1]), x[:-1]]))
    is_visible(run_torch(weights, x), got)
    arrays = weights | {"input": x, "output": got.output, "h_n": got.h_n, "c_n": got.c_n}
    (folder / "case.h").write_text("".join(_declare(name, value.ravel()) for name, value in arrays.items()))
    words = (r"one step late", r"read(s)? the step before", r"input.{0,60}(late|delay|step)")
    return Truth("DEVIATES", "The input comes one step late.", words)


def tables_of_pandas(folder: Path) -> Truth:
    """Write every array as a DataFrame, with a line of column numbers and a column of row numbers."""
    rng = np.random.default_rng(311)
    weights, x = draw(rng, 4, 6), draw_input(rng, 12, 1, 4)
    got = run_torch(weights, x)
    for name, value in (weights | {"input": x[:, 0], "output": got.output[:, 0]}).items():
        rows = value if value.ndim == 2 else value[:, None]
        lines = ["," + ",".join(map(str, range(rows.shape[1])))]
        lines += [f"{number}," + ",".join(f"{v:.9g}" for v in row) for number, row in enumerate(rows)]
        (folder / f"{name}.csv").write_text("\n".join(lines) + "\n")
    return PARITY


def decimal_commas(folder: Path) -> Truth:
    """Save tables where numbers have a comma and columns a semicolon; the recurrent bias was not taken."""
    rng = np.random.default_rng(312)
    weights, x = draw(rng, 3, 5), draw_input(rng, 10, 1, 3)
    got = run_torch(weights | {"bias_hh_l0": np.zeros(20, np.float32)}, x)
    is_visible(run_torch(weights, x), got)
    for name, value in (weights | {"input": x[:, 0], "output": got.output[:, 0]}).items():
        rows = np.atleast_2d(value.T).T
        text = "\n".join(";".join(f"{v:.9g}" for v in row) for row in rows)
        (folder / f"{name}.csv").write_text(text.replace(".", ",") + "\n")
    return Truth("DEVIATES", "b_hh is not added.", (r"b_hh", r"bias_hh"))


def printed_with_dots(folder: Path) -> Truth:
    """Paste an output of 40 steps as torch prints large tensors: the first and the last three of every axis."""
    rng = np.random.default_rng(313)
    weights, x = draw(rng, 6, 32), draw_input(rng, 40, 8, 6)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights | {"input": x})
    (folder / "printed.txt").write_text(f"output = {torch.tensor(got.output)}\n")
    return PARITY


def dots_in_results_without_a_bias(folder: Path) -> Truth:
    """Paste an output and states that NumPy printed in part, batch first, of an LSTM that has lost b_hh."""
    rng = np.random.default_rng(317)
    weights, x = draw(rng, 5, 30, layers=2), draw_input(rng, 12, 40, 5)
    lost = {name: np.zeros_like(value) if "bias_hh" in name else value for name, value in weights.items()}
    got = run_torch(lost, x)
    is_visible(run_torch(weights, x), got)
    write_pt(folder / "lstm.pt", weights | {"input": swap(x)})
    (folder / "printed.log").write_text(f"output = {swap(got.output)!r}\nh_n = {got.h_n!r}\nc_n = {got.c_n!r}\n")
    return Truth("DEVIATES", "b_hh is not added.", (r"b_hh", r"bias_hh"))


def dots_in_the_input(folder: Path) -> Truth:
    """Paste an input with dots: what went in is not known, whatever came out."""
    rng = np.random.default_rng(318)
    weights, x = draw(rng, 9, 6), draw_input(rng, 20, 10, 9)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights | {"output": got.output})
    (folder / "printed.txt").write_text(f"input = {torch.tensor(x)}\n")
    return Truth("NOT ENOUGH", "Most of the input is not shown.", (r"\.\.\.", r"shorten", r"summar", r"left out"))


def printed_on_a_gpu(folder: Path) -> Truth:
    """Paste tensors of a session, with the prompt, a device, a gradient's function and a dtype behind them."""
    rng = np.random.default_rng(314)
    weights, x = draw(rng, 3, 4), draw_input(rng, 4, 2, 3)
    got = run_torch(weights, x)
    write_pt(folder / "lstm.pt", weights | {"input": x})
    shown = paste("", got.output, 4, ", device='cuda:0',\n       grad_fn=<CudnnRnnBackward0>)").removeprefix(" = ")
    last = paste("", got.h_n, 4, ", device='cuda:0', dtype=torch.float32)").removeprefix(" = ")
    (folder / "session.txt").write_text(f">>> output\n{shown}>>> h_n\n{last}")
    return PARITY


def onnx_clips_the_sums(folder: Path) -> Truth:
    """Attach an ONNX model whose node has the attribute `clip`, and the results of a runtime that obeys it."""
    rng = np.random.default_rng(315)
    weights, x = draw(rng, 6, 10), 4 * draw_input(rng, 9, 3, 6)

    def step(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
        i, f, o = (logistic(np.clip(np.log(gate / (1 - gate)), -0.5, 0.5)) for gate in (i, f, o))
        return usual_step(i, f, np.clip(g, -np.tanh(0.5), np.tanh(0.5)), o, c)

    got = run_steps(weights, x, step)
    is_visible(run_torch(weights, x), got)
    (folder / "model.onnx").write_bytes(onnx_model(to_onnx(weights), 10, "forward", clip=0.5))
    write_npy(folder, x=x, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=False)
    return Truth("DEVIATES", "The sums of all gates are clipped to 0.5.", (r"clip",))


def datasets_of_hdf5(folder: Path) -> Truth:
    """Store torch's arrays and the case as datasets of one HDF5 file, in groups."""
    rng = np.random.default_rng(316)
    weights, x = draw(rng, 5, 7, layers=2, directions=2), draw_input(rng, 6, 2, 5)
    got = run_torch(weights, x)
    arrays = under("weights/", weights) | {"case/input": x} | under("case/", got._asdict())
    try:
        with importlib.import_module("h5py").File(folder / "repro.h5", "w") as file:
            for name, value in arrays.items():
                file[name] = value
    except ImportError:  # the same names in a format that NumPy writes
        write_npz(folder / "repro.npz", arrays)
    return PARITY


def thread_in_markdown(folder: Path) -> Truth:
    """Copy the text of an issue: a greeting, code, what print(name, p) printed, and results of a port among words."""
    rng = np.random.default_rng(320)
    weights, x = draw(rng, 3, 4), draw_input(rng, 5, 2, 3)
    got = run_lstm({name: reorder(value, "ifog") for name, value in weights.items()}, x)
    is_visible(run_torch(weights, x), got)
    printed = "".join(
        paste(name, value, 4, ", requires_grad=True)").replace(" = ", " Parameter containing:\n")
        for name, value in weights.items()
    )
    code = "lstm = nn.LSTM(3, 4)\nfor name, p in lstm.named_parameters():\n    print(name, p)\nassert False  # [why?]\n"
    text = (
        "## My port of nn.LSTM is off by 0.1\n\nHi all, I have ported `nn.LSTM` (2.1) to Go. Weights [as printed]:\n\n"
        f"```python\n{code}```\n\n```\n{printed}```\n\nThe input was\n\n```\n{paste('x', x, 6)}```\n\n"
        f"and my port says:\n```\n{paste('output', got.output, 5)}```\nIt is *not* the bias: I checked.\n"
    )
    (folder / "issue.md").write_text(text)
    return Truth("DEVIATES", "The gates g and o are exchanged.", (r"order", r"gates?.{0,60}(exchang|swap|permut)"))
