"""Thirty more bug reports about LSTMs, of kinds that `bug_reports` does not have, and the truth about each."""

import importlib
import io
import json
import warnings
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from specimens.bug_reports import (
    FLOAT64,
    GATES,
    MINE_AND_THEIRS,
    PARITY,
    Array,
    Results,
    Truth,
    Weights,
    draw,
    draw_input,
    linear,
    logistic,
    one_bias,
    reorder,
    run_lstm,
    run_torch,
    softmax,
    suffixes,
    swap,
    through_float16,
    to_keras,
    to_onnx,
    under,
    write_npy,
    write_npz,
    write_pt,
    write_setting,
)

# What only these reports are made of


def is_visible(right: Sequence[Array], wrong: Sequence[Array], least: float = 1e-3) -> None:
    """Make sure that a fault is in the numbers, and not only in the story."""
    far = max(float(np.abs(a.astype(np.float64) - b).max()) for a, b in zip(right, wrong, strict=True))
    assert far > least, f"the fault changes no more than {far:.1e}"


def run_module(weights: Weights, x: Array, dtype: torch.dtype) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Run torch.nn.LSTM, of one direction, in a dtype that NumPy may not have."""
    layers, hidden = len(suffixes(weights)), weights["weight_hh_l0"].shape[1]
    module = torch.nn.LSTM(x.shape[-1], hidden, num_layers=layers)
    module.load_state_dict({name: torch.tensor(value) for name, value in weights.items()})
    with torch.no_grad(), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        output, (h_n, c_n) = module.to(dtype)(torch.tensor(x).to(dtype))
    return output, h_n, c_n


Step = Callable[[Array, Array, Array, Array, Array], tuple[Array, Array]]


def usual_step(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
    """Take the step of an LSTM from its four gates and the cell state before to h and c."""
    c = f * c + i * g
    return o * np.tanh(c), c


def run_steps(weights: Weights, x: Array, step: Step, mask: Array | None = None) -> Results:
    """Run one layer with a step of one's own, in float32; a mask holds the states by multiplication."""
    hidden = weights["weight_hh_l0"].shape[1]
    h = c = np.zeros((x.shape[1], hidden), np.float32)
    outputs = []
    for t in range(len(x)):
        z = x[t] @ weights["weight_ih_l0"].T + h @ weights["weight_hh_l0"].T
        i, f, g, o = np.split(z + weights["bias_ih_l0"] + weights["bias_hh_l0"], 4, axis=-1)
        new_h, new_c = step(logistic(i), logistic(f), np.tanh(g), logistic(o), c)
        if mask is not None:
            m = mask[t][:, None].astype(np.float32)
            new_h, new_c = m * new_h + (1 - m) * h, m * new_c + (1 - m) * c
        h, c = new_h, new_c
        outputs.append(h if mask is None else h * m)
    return Results(np.stack(outputs), h[None], c[None])


# What is right


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


def sentences_pooled_by_max(folder: Path) -> Truth:
    """Encode sentences of different lengths by the maximum over their words, which may be negative."""
    rng = np.random.default_rng(102)
    weights, lengths = draw(rng, 7, 16, directions=2), [2, 9, 1, 6, 4]
    table, words = draw_input(rng, 50, 7), rng.integers(1, 50, (9, 5))
    words = words * (np.arange(9)[:, None] < np.array(lengths))
    output = run_torch(weights, table[words], lengths=lengths).output
    pooled = np.stack([output[:length, row].max(axis=0) for row, length in enumerate(lengths)])
    is_visible([output.max(axis=0)], [pooled])  # the zeros of the padding would be seen
    write_pt(folder / "encoder.pt", under("enc_lstm.", weights) | {"word_embedding.weight": table})
    write_npy(folder, input=swap(words), output=pooled)
    write_setting(folder, batch_first=True, lengths=lengths, before=["word_embedding"], after=["max"])
    return PARITY


def linear_before_and_behind(folder: Path) -> Truth:
    """Score a recording: linear layer and relu on each frame, bidirectional LSTM, linear layer, sigmoid."""
    rng = np.random.default_rng(103)
    weights, frames = draw(rng, 10, 14, directions=2), draw_input(rng, 20, 3, 6)
    (w_in, b_in), (w_out, b_out) = linear(rng, 10, 6), linear(rng, 1, 28)
    got = run_torch(weights, np.maximum(frames @ w_in.T + b_in, 0).astype(np.float32))
    score = logistic(np.concatenate([got.h_n[0], got.h_n[1]], axis=-1) @ w_out.T + b_out)
    heads = {"squeeze.weight": w_in, "squeeze.bias": b_in, "score.weight": w_out, "score.bias": b_out}
    write_pt(folder / "scorer.pth", under("temporal.", weights) | heads)
    write_npy(folder, input=swap(frames), output=score)
    after = ["h_n", "score", "sigmoid"]
    write_setting(folder, batch_first=True, before=["squeeze", "relu"], after=after)
    return PARITY


def bfloat16_layer_of_torch(folder: Path) -> Truth:
    """Complain of two decimals that are right: everything, weights included, is bfloat16, saved as such by torch."""
    rng = np.random.default_rng(104)
    weights, x = draw(rng, 8, 20), draw_input(rng, 6, 3, 8)
    output, h_n, c_n = run_module(weights, x, torch.bfloat16)
    arrays = {name: torch.tensor(value).bfloat16() for name, value in weights.items()}
    torch.save(arrays, folder / "lstm_bf16.pt")
    case = {"input": torch.tensor(x).bfloat16(), "output": output, "h_n": h_n, "c_n": c_n}
    torch.save(case, folder / "case.pt")
    write_setting(folder, dtype="bfloat16", batch_first=False)
    return PARITY


def raw_counts_go_in(folder: Path) -> Truth:
    """Feed raw counts up to some thousands, so that the gates are zero or one and the cells count far above one."""
    rng = np.random.default_rng(105)
    weights = draw(rng, 4, 10)
    weights["bias_ih_l0"] = reorder(weights["bias_ih_l0"], GATES, 9.0)
    x = rng.poisson(30 ** rng.uniform(0, 2.3, (25, 3, 4))).astype(np.float32)
    weights["weight_ih_l0"][10:20] *= np.float32(1e-3)
    got = run_torch(weights, x)
    assert float(abs(got.c_n).max()) > 8
    write_npz(folder / "traffic.npz", weights | {"input": x} | got._asdict())
    write_setting(folder, batch_first=False)
    return PARITY


def long_sequence_in_double(folder: Path) -> Truth:
    """Port to a program that computes in double and casts at the end: 400 steps later no last digit is torch's."""
    rng = np.random.default_rng(106)
    weights, x = draw(rng, 3, 12, layers=2), draw_input(rng, 400, 1, 3)
    got = run_lstm(weights, x, how=FLOAT64)
    small = {name: value.astype(np.float32) for name, value in got._asdict().items()}
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, **small)
    write_setting(folder, dtype="float32", batch_first=False)
    return PARITY


def beam_search_steps(folder: Path) -> Truth:
    """Decode with five beams, one step a call; after each step the states are those of the beams that survive."""
    rng = np.random.default_rng(107)
    weights, arrays, calls = draw(rng, 6, 13, layers=2), dict[str, Array](), []
    h, c = draw_input(rng, 2, 5, 13), draw_input(rng, 2, 5, 13)
    for step in range(4):
        x = draw_input(rng, 1, 5, 6)
        got = run_torch(weights, x, h, c)
        call = {"input": x, "h_0": h, "c_0": c, "output": got.output, "h_n": got.h_n, "c_n": got.c_n}
        calls.append({name: f"step{step}_{name}" for name in call})
        arrays |= under(f"step{step}_", call)
        kept = rng.integers(0, 5, 5)
        h, c = got.h_n[:, kept], got.c_n[:, kept]
    write_pt(folder / "decoder.pt", under("decoder.rnn.", weights))
    write_npz(folder / "steps.npz", arrays)
    write_setting(folder, batch_first=False, calls=calls)
    return PARITY


def pruned_weights(folder: Path) -> Truth:
    """Prune with torch.nn.utils.prune and save before prune.remove: the file has weight_orig and weight_mask."""
    rng = np.random.default_rng(108)
    weights, x = draw(rng, 9, 15), draw_input(rng, 10, 4, 9)
    saved: Weights = {}
    for name, value in weights.items():
        if value.ndim == 1:
            saved[name] = value
            continue
        mask = (abs(value) > np.median(abs(value))).astype(np.float32)
        saved |= {f"{name}_orig": value, f"{name}_mask": mask}
        weights[name] = value * mask
    got = run_torch(weights, x)
    write_pt(folder / "pruned.pt", under("lstm.", saved))
    write_npy(folder, input=x, output=got.output, h_n=got.h_n)
    write_setting(folder, batch_first=False)
    return PARITY


def printed_in_scientific_notation(folder: Path) -> Truth:
    """Paste results which torch prints with powers of ten, because some are very small; the weights are attached."""
    rng = np.random.default_rng(109)
    weights, x = draw(rng, 3, 4, directions=2, bias=False), draw_input(rng, 5, 2, 3)
    x = x * np.float32(10) ** rng.integers(-5, 1, (5, 2, 1)).astype(np.float32)
    got = run_torch(weights, x)
    lines = []
    for name, value in (("output", got.output), ("h_n", got.h_n), ("c_n", got.c_n)):
        lines.append(f'>>> print("{name} =", {name})\n{name} = {torch.tensor(value)}\n')
    assert "e-0" in lines[0]
    (folder / "session.txt").write_text("".join(lines))
    write_pt(folder / "lstm.pt", weights | {"input": x})
    write_setting(folder, batch_first=False)
    return PARITY


def chunks_with_lengths_and_projection(folder: Path) -> Truth:
    """Stream packed chunks through an LSTM with projection: each row goes on where it ended itself."""
    rng = np.random.default_rng(110)
    weights, arrays, calls = draw(rng, 5, 16, layers=2, projected=6), dict[str, Array](), []
    h, c = np.zeros((2, 4, 6), np.float32), np.zeros((2, 4, 16), np.float32)
    for number, lengths in enumerate(([6, 3, 5, 1], [2, 7, 7, 4], [3, 3, 1, 2])):
        x = draw_input(rng, max(lengths), 4, 5)
        got = run_torch(weights, x, h, c, lengths)
        h, c = got.h_n, got.c_n
        named = {f"x{number}": x, f"y{number}": got.output, f"h{number}": h, f"c{number}": c}
        arrays |= named
        fields = dict(zip(("input", "output", "h_n", "c_n"), named, strict=True))
        calls.append(fields | {"lengths": lengths} | ({"continues": number - 1} if number else {}))
    write_npz(folder / "stream.npz", weights | arrays)
    write_setting(folder, batch_first=False, calls=calls)
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


def nan_goes_in_and_comes_out(folder: Path) -> Truth:
    """Report that an LSTM makes NaN from the fifth step on: a sensor's gap is in the input of that row and step."""
    rng = np.random.default_rng(112)
    weights, x = draw(rng, 4, 11, layers=2), draw_input(rng, 9, 3, 4)
    x[4, 1, 2] = np.nan
    got, other = run_torch(weights, x), run_lstm(weights, x)
    assert np.isnan(got.output[4:, 1]).all()
    assert np.isfinite(got.output[:4]).all()
    assert (np.isnan(got.output) == np.isnan(other.output)).all()
    write_npz(folder / "nan.npz", weights | {"input": x} | got._asdict())
    write_setting(folder, batch_first=False)
    return PARITY


# What is right in a narrower arithmetic only


def autocast_to_float16(folder: Path) -> Truth:
    """Evaluate under autocast, which runs the whole LSTM in float16, and call .float() on what it returns."""
    rng = np.random.default_rng(113)
    weights, x = draw(rng, 12, 24, layers=2), draw_input(rng, 14, 3, 12)
    output, h_n, c_n = (value.float().numpy() for value in run_module(weights, x, torch.float16))
    is_visible(run_torch(weights, x), [output, h_n, c_n], 1e-4)
    write_pt(folder / "lstm.pt", under("backbone.lstm.", weights))
    write_npy(folder, input=x, output=output, h_n=h_n, c_n=c_n)
    write_setting(folder, dtype="float32", batch_first=False)
    return Truth("NARROWER", "Everything is computed in float16.", (r"float16", r"fp16", r"\bhalf\b"))


def input_kept_in_float16(folder: Path) -> Truth:
    """Cache features on disk in float16; the model itself is float32, and so is the input in the report."""
    rng = np.random.default_rng(114)
    weights, x = draw(rng, 10, 18), 4 * draw_input(rng, 12, 4, 10)
    got = run_torch(weights, through_float16(x))
    is_visible(run_torch(weights, x), got, 1e-4)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=swap(x), output=swap(got.output), h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, dtype="float32", batch_first=True)
    return Truth("NARROWER", "The input is rounded to float16.", (r"float16", r"fp16", r"\bhalf\b"))


def weights_in_eight_bit_floats(folder: Path) -> Truth:
    """Serve a model whose matrices are stored as float8 (e4m3) and multiplied in float32; the biases are not."""
    rng = np.random.default_rng(115)
    weights, x = draw(rng, 8, 16), draw_input(rng, 9, 3, 8)
    small = {name: torch.tensor(value).to(torch.float8_e4m3fn).float().numpy() for name, value in weights.items()}
    stored = {name: small[name] if value.ndim == 2 else value for name, value in weights.items()}
    got = run_torch(stored, x)
    is_visible(run_torch(weights, x), got)
    write_npz(folder / "served.npz", weights | {"input": x, "output": got.output, "h_n": got.h_n})
    write_setting(folder, dtype="float32", batch_first=False)
    cause = "The matrices of weights are rounded to float8, 3 bits of mantissa."
    words = (r"float8", r"fp8", r"e4m3", r"\b[34] bits", r"\b8.?bit", r"quanti[sz]", r"weight.{0,60}round")
    return Truth("NARROWER", cause, words)


# What is too little


def gru_in_place_of_lstm(folder: Path) -> Truth:
    """Ask about an LSTM and attach the checkpoint of a GRU, whose names are the same; its rows are 3 H and not 4 H."""
    rng = np.random.default_rng(116)
    x = draw_input(rng, 8, 3, 6)
    torch.manual_seed(116)
    module = torch.nn.GRU(6, 20)
    with torch.no_grad():
        output, h_n = module(torch.tensor(x))
    torch.save({f"rnn.{name}": value.clone() for name, value in module.state_dict().items()}, folder / "rnn.pt")
    write_npy(folder, input=x, output=output.numpy(), h_n=h_n.numpy())
    write_setting(folder, batch_first=False)
    words = (r"\bgru\b", r"three gates", r"\b3 ?\*? ?(h\b|gates)", r"\bno (\w+ )*lstm", r"not (those )?of an lstm")
    return Truth("NOT ENOUGH", "The weights are those of a GRU; there is no LSTM.", words)


def weights_are_a_pointer(folder: Path) -> Truth:
    """Attach a clone made without git-lfs: the file of the weights is three lines that say where they would be."""
    rng = np.random.default_rng(117)
    weights, x = draw(rng, 6, 12), draw_input(rng, 7, 2, 6)
    got = run_torch(weights, x)
    lines = ("version https://git-lfs.github.com/spec/v1", f"oid sha256:{'4be71f09' * 8}", "size 5482133")
    (folder / "lstm.pt").write_text("\n".join(lines) + "\n")
    write_npy(folder, input=x, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=False)
    words = (
        r"\blfs\b",
        r"pointer",
        r"\bno (\w+ )?weights?",
        r"weights?.{0,60}(missing|absent|not )",
        r"lstm\.pt.{0,60}(cannot|could not|not |no )",
    )
    return Truth("NOT ENOUGH", "There are no weights: their file is a pointer of git-lfs.", words)


def tokens_without_a_table(folder: Path) -> Truth:
    """Give tokens and the LSTM's own weights; the embedding, which comes first, was left out to keep the file small."""
    rng = np.random.default_rng(118)
    weights, table, words = draw(rng, 8, 14, layers=2), draw_input(rng, 900, 8), rng.integers(0, 900, (10, 3))
    got = run_torch(weights, table[words])
    write_pt(folder / "lstm_only.pt", under("lstm.", weights))
    write_npy(folder, input=swap(words), output=swap(got.output))
    write_setting(folder, batch_first=True, before=["embedding"])
    return Truth("NOT ENOUGH", "The table of the embedding is not given.", (r"embed",))


# What is wrong


def sorted_rows_not_put_back(folder: Path) -> Truth:
    """Sort the batch by length in order to pack it, and return the results in that order."""
    rng = np.random.default_rng(119)
    weights, x, lengths = draw(rng, 6, 13, directions=2), draw_input(rng, 9, 5, 6), [4, 9, 2, 7, 6]
    right = run_torch(weights, x, lengths=lengths)
    order = np.argsort(lengths)[::-1]
    wrong = [value[:, order] for value in right]
    is_visible(right, wrong)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, output=wrong[0], h_n=wrong[1], c_n=wrong[2])
    write_setting(folder, batch_first=False, lengths=lengths)
    cause = "The rows of the results are in the order of their lengths and not in that of the input."
    words = (
        r"\b(un)?sort",
        r"rows?\b.{0,80}(order|permut|exchang|swap|other rows?)",
        r"(order|permut|exchang|swap).{0,60}\brows?\b",
    )
    return Truth("DEVIATES", cause, words)


def backward_half_not_turned_back(folder: Path) -> Truth:
    """Build two directions of one's own: flip the input for the second, and forget to flip what comes out."""
    rng = np.random.default_rng(120)
    weights, x = draw(rng, 5, 11, directions=2), draw_input(rng, 9, 3, 5)
    right = run_torch(weights, x)
    forward, backward = np.split(right.output, 2, axis=-1)
    wrong = np.concatenate([forward, backward[::-1]], axis=-1)
    is_visible([right.output], [wrong])
    write_npz(folder / "bilstm.npz", under("bilstm.", weights))
    write_npy(folder, input=swap(x), output=swap(wrong), h_n=right.h_n)
    write_setting(folder, batch_first=True)
    cause = "The output of the reverse direction is not turned back in time."
    side = r"(revers\w*|backward) (direction|half|output|part|lstm|layer)"
    words = (
        rf"{side}.{{0,100}}(flip|turned|(in|of) time|time order|order of (the )?steps|steps?.{{0,20}}revers)",
        rf"(flip|turned|order of (the )?steps).{{0,80}}{side}",
    )
    return Truth("DEVIATES", cause, words)


def coupled_gates(folder: Path) -> Truth:
    """Run weights of torch in a program whose cells have coupled gates: 1 - f stands for the input gate."""
    rng = np.random.default_rng(121)
    weights, x = draw(rng, 7, 16), draw_input(rng, 10, 3, 7)

    def step(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
        return usual_step(1 - f, f, g, o, c)

    got = run_steps(weights, x, step)
    is_visible(run_torch(weights, x), got)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, **got._asdict())
    write_setting(folder, batch_first=False)
    words = (r"coupl", r"\b(1|one) ?([-\u2212]|minus) ?(the )?(f\b|forget|sigmoid)", r"cifg", r"\bi = 1 ?-")
    return Truth("DEVIATES", "The input gate is 1 minus the forget gate.", words)


def no_tanh_behind_the_cell(folder: Path) -> Truth:
    """Write the cell for a microcontroller, and hand on o * c where it should be o * tanh(c)."""
    rng = np.random.default_rng(122)
    weights, x = {name: 2 * value for name, value in draw(rng, 3, 8).items()}, draw_input(rng, 18, 1, 3)

    def step(i: Array, f: Array, g: Array, o: Array, c: Array) -> tuple[Array, Array]:
        c = f * c + i * g
        return o * c, c

    got = run_steps(weights, x, step)
    is_visible(run_torch(weights, x), got)
    arrays = weights | {"input": x[:, 0], "output": got.output[:, 0]}
    (folder / "mcu.json").write_text(json.dumps({name: value.tolist() for name, value in arrays.items()}))
    write_setting(folder, dtype="float32")
    words = (
        r"\b(no|without|missing|omit\w*|leaves? out|lacks?|skips?|not)\b.{0,40}tanh",
        r"tanh.{0,60}(missing|left out|omitted|absent|skipped|not (taken|applied|computed)|identity|linear)",
        r"\bo ?\* ?c\b",
    )
    return Truth("DEVIATES", "The tanh of the cell state is left out: h is o * c.", words)


def first_row_gives_all_states(folder: Path) -> Truth:
    """Pass initial states for four rows to a kernel that reads those of row 0 for every row."""
    rng = np.random.default_rng(123)
    weights, x = draw(rng, 6, 12), draw_input(rng, 8, 4, 6)
    h_0, c_0 = draw_input(rng, 1, 4, 12), draw_input(rng, 1, 4, 12)
    first_h, first_c = (np.repeat(state[:, :1], 4, axis=1) for state in (h_0, c_0))
    got = run_torch(weights, x, first_h, first_c)
    is_visible(run_torch(weights, x, h_0, c_0), got)
    write_npz(folder / "kernel.npz", weights | {"input": x, "h_0": h_0, "c_0": c_0, "output": got.output})
    write_setting(folder, batch_first=False)
    cause = "All rows start from the initial states of row 0."
    words = (
        r"(first row|row 0|row 1\b|one row|same row).{0,80}(all|every|each|other)",
        r"(all|every|each|other) rows?.{0,80}(first row|row 0|row 1\b|same)",
        r"states?.{0,60}(first row|row 0|broadcast)",
    )
    return Truth("DEVIATES", cause, words)


def softmax_over_the_batch(folder: Path) -> Truth:
    """Call softmax without a dim on three axes, which takes the first: the probabilities of a row do not sum to 1."""
    rng = np.random.default_rng(124)
    weights, x = draw(rng, 9, 15), draw_input(rng, 7, 4, 9)
    weight, bias = linear(rng, 5, 15)
    scores = swap(run_torch(weights, x).output) @ weight.T + bias
    wrong = np.moveaxis(softmax(np.moveaxis(scores, 0, -1)), -1, 0)
    is_visible([softmax(scores)], [wrong])
    write_pt(folder / "tagger.pt", under("lstm.", weights) | {"tag.weight": weight, "tag.bias": bias})
    write_npy(folder, input=swap(x), output=wrong)
    write_setting(folder, batch_first=True, after=["tag", "softmax"])
    cause = "The softmax is taken over the rows of the batch and not over the classes."
    words = (
        r"softmax.{0,80}(\baxis|\bdim|(over|along|across) (the )?(rows|batch|first|steps|time|other))",
        r"(\baxis|\bdim).{0,60}softmax",
    )
    return Truth("DEVIATES", cause, words)


def tokens_shifted_by_one(folder: Path) -> Truth:
    """Build the vocabulary anew with one special token in front: every word gets the vector of its neighbour."""
    rng = np.random.default_rng(125)
    weights, table, words = draw(rng, 8, 12, layers=2), draw_input(rng, 60, 8), rng.integers(1, 59, (9, 3))
    right, wrong = run_torch(weights, table[words]), run_torch(weights, table[words + 1])
    is_visible(right, wrong)
    write_pt(folder / "lm.pt", under("rnn.", weights) | {"encoder.weight": table})
    write_npy(folder, input=swap(words), output=swap(wrong.output), h_n=wrong.h_n)
    write_setting(folder, batch_first=True, before=["encoder"])
    cause = "The vector of token k + 1 is taken for token k: the numbers of the words are off by one."
    named = r"(token|word|index|indices|embedding|table|vocabulary|encoder|\bid\b|\bids\b)"
    words_ = (
        rf"{named}.{{0,80}}(shift|off.by.one|one too|\+ ?1\b|\bnext|neighbou?r|plus (1|one))",
        rf"(shift|off.by.one|one too|\bnext|neighbou?r).{{0,40}}{named}",
    )
    return Truth("DEVIATES", cause, words_)


def nan_in_the_padding(folder: Path) -> Truth:
    """Pad with NaN, so that nobody uses it, and hold the states by m * new + (1 - m) * old: 0 * NaN is NaN."""
    rng = np.random.default_rng(126)
    weights, x, lengths = draw(rng, 5, 10), draw_input(rng, 8, 4, 5), [8, 3, 6, 5]
    mask = np.arange(8)[:, None] < np.array(lengths)
    x[~mask] = np.nan
    right, got = run_lstm(weights, x, lengths=lengths), run_steps(weights, x, usual_step, mask)
    assert np.isfinite(right.h_n).all()
    assert np.isnan(got.h_n).all(axis=-1).tolist() == [[length < 8 for length in lengths]]
    write_npz(folder / "padded.npz", weights | {"input": x, "lengths": np.array(lengths)} | got._asdict())
    write_setting(folder, batch_first=False)
    beyond = r"(padd|beyond|after (the|its|their) (end|last|length))"
    words = (
        rf"nan.{{0,120}}{beyond}",
        rf"{beyond}.{{0,120}}nan",
        r"padding.{0,60}(\bread|process|reach|leak|\bget|goes|enter|\brun)",
        r"(\breads?\b|process|leak|\bruns?\b).{0,60}padding",
    )
    return Truth("DEVIATES", "The NaN of the padding gets into the states.", words)


def old_dropout_scales_in_eval(folder: Path) -> Truth:
    """Use a dropout of the old kind, which multiplies by 1 - p in eval, with weights that were trained with torch's."""
    rng = np.random.default_rng(127)
    weights, x = draw(rng, 7, 18), draw_input(rng, 9, 6, 7)
    weight, bias = linear(rng, 4, 18)
    last = run_torch(weights, x).output[-1]
    got = (last * np.float32(0.8)) @ weight.T + bias
    is_visible([last @ weight.T + bias], [got])
    write_pt(folder / "classifier.pt", under("lstm.", weights) | {"fc.weight": weight, "fc.bias": bias})
    write_npy(folder, input=swap(x), output=got)
    write_setting(folder, batch_first=True, after=["last", "dropout", "fc"])
    cause = "Dropout multiplies by 1 - p, which is 0.8, in eval."
    words = (
        r"(\btimes\b|multipl\w*|scal(ed|es|ing)|factor).{0,40}(0\.8|0\.79|1\.25|dropout|1 ?- ?p)",
        r"(0\.8|0\.79|1\.25|dropout).{0,60}(\btimes\b|multipl|scal(ed|es|ing)|factor)",
    )
    return Truth("DEVIATES", cause, words)


def carried_h_and_forgotten_c(folder: Path) -> Truth:
    """Stream two chunks through a wrapper that hands on h alone; the second chunk starts with a cell state of zeros."""
    rng = np.random.default_rng(128)
    weights, x = draw(rng, 6, 14), draw_input(rng, 16, 3, 6)
    first = run_torch(weights, x[:9])
    right = run_torch(weights, x[9:], first.h_n, first.c_n)
    wrong = run_torch(weights, x[9:], first.h_n, 0 * first.c_n)
    is_visible(right, wrong)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input_a=x[:9], output_a=first.output, input_b=x[9:], output_b=wrong.output)
    calls: list[dict[str, Any]] = [{"input": f"input_{name}", "output": f"output_{name}"} for name in "ab"]
    calls[1]["continues"] = 0
    write_setting(folder, batch_first=False, calls=calls)
    cause = "The second call continues with h, and with zeros for c."
    cell = r"(?<!h and )(?<!h_0 and )(?<!h_n and )(\bc\b|\bc_0\b|\bc_n\b|\bcell states?\b)"
    words = (
        rf"{cell}.{{0,60}}(zero|lost|not carried|not handed|forgot|reset|dropped|missing)",
        rf"(zeros?|lost|forgets?|resets?|drops|without).{{0,30}}{cell}",
        r"\bonly (the )?(h|h_n|hidden states?)\b.{0,40}(carried|handed|continu|passed|kept|goes)",
        r"\bh\b alone",
    )
    return Truth("DEVIATES", cause, words)


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


def theirs_is_one_step_late(folder: Path) -> Truth:
    """Compare torch, which is mine, with a pipeline on an FPGA, whose input register is one step behind."""
    rng = np.random.default_rng(130)
    weights, x = draw(rng, 5, 9, layers=2), draw_input(rng, 12, 2, 5)
    late = np.concatenate([np.zeros_like(x[:1]), x[:-1]])
    mine, theirs = run_torch(weights, x), run_lstm(weights, late)
    is_visible(mine, theirs)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x)
    for side, got in (("mine", mine), ("theirs", theirs)):
        write_npy(folder / side, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=False)
    cause = "Theirs reads the input one step late; mine is right."
    words = (
        r"(one|a|1|single) steps? (too )?(late|early|behind|before|after|ahead|back|off)",
        r"shift",
        r"delay",
        r"off.by.one",
        r"\blag",
        r"previous (input|step'?s? input)",
        r"input of the step before",
    )
    return Truth("DEVIATES", cause, words, MINE_AND_THEIRS)


LATER_REPORTS: tuple[Callable[[Path], Truth], ...] = (
    keras_file_of_two_layers, sorted_rows_not_put_back, sentences_pooled_by_max, autocast_to_float16,
    backward_half_not_turned_back, linear_before_and_behind, gru_in_place_of_lstm, coupled_gates,
    bfloat16_layer_of_torch, no_tanh_behind_the_cell, raw_counts_go_in, first_row_gives_all_states,
    input_kept_in_float16, softmax_over_the_batch, long_sequence_in_double, weights_are_a_pointer,
    tokens_shifted_by_one, beam_search_steps, nan_in_the_padding, pruned_weights, old_dropout_scales_in_eval,
    weights_in_eight_bit_floats, printed_in_scientific_notation, carried_h_and_forgotten_c,
    chunks_with_lengths_and_projection, tokens_without_a_table, backward_bias_not_converted,
    exported_two_layers_in_onnx, theirs_is_one_step_late, nan_goes_in_and_comes_out,
)  # fmt: skip
