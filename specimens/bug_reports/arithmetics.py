"""Reports in an arithmetic that is narrower or wider than the dtype: TF32, bfloat16, float16, int8, float8, double."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import torch

from specimens.bug_reports.lstm import (
    FLOAT64,
    GATES,
    Arithmetic,
    drop_bits,
    run_lstm,
    run_module,
    run_torch,
    tf32_product,
    through_float16,
)
from specimens.bug_reports.making import (
    MINE_AND_THEIRS,
    PARITY,
    Truth,
    draw,
    draw_input,
    is_visible,
    reorder,
    swap,
    under,
)
from specimens.bug_reports.writing import write_npy, write_npz, write_pt, write_setting


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
