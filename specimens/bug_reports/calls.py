"""Reports of several calls: chunks of a sequence, one input twice, one row alone, the steps of a decoder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from specimens.bug_reports.lstm import Array, run_lstm, run_torch
from specimens.bug_reports.making import PARITY, Truth, draw, draw_input, is_visible, under
from specimens.bug_reports.writing import write_npy, write_npz, write_pt, write_setting


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
    """Stream a sequence in three chunks, but start every call from zeros although it should continue."""
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
