"""Reports of an LSTM that computes something else: other equations, other wiring, a bias that is left out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from specimens.bug_reports.lstm import Arithmetic, Array, hard_sigmoid, run_lstm, run_steps, run_torch, usual_step
from specimens.bug_reports.making import MINE_AND_THEIRS, Truth, draw, draw_input, is_visible, swap, under
from specimens.bug_reports.writing import write_npy, write_npz, write_pt, write_setting


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


def cell_state_in_place_of_h_n(folder: Path) -> Truth:
    """Loop over nn.LSTMCell, keep its weights by their own names, and save c where h was meant."""
    rng = np.random.default_rng(6)
    weights, x = draw(rng, 10, 32), draw_input(rng, 8, 5, 10)
    got = run_torch(weights, x)
    write_npz(folder / "cell.npz", {name.removesuffix("_l0"): value for name, value in weights.items()})
    write_npy(folder, input=x, output=got.output, h_n=got.c_n)
    cause = "What is called h_n is the cell state c_n."
    return Truth("DEVIATES", cause, (r"cell state", r"\bc_n\b.{0,40}\bh_n\b", r"\bh_n\b.{0,60}\bc(_n)?\b"))


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
    """Write the cell for a microcontroller, and pass on o * c in place of o * tanh(c)."""
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
