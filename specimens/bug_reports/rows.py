"""Reports about the rows of a batch: lengths, masks, padding, and rows that are mixed up."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from specimens.bug_reports.lstm import run_lstm, run_steps, run_torch, usual_step
from specimens.bug_reports.making import PARITY, Truth, draw, draw_input, is_visible, swap, under
from specimens.bug_reports.writing import write_npy, write_npz, write_pt, write_setting


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


def only_output_in_a_square(folder: Path) -> Truth:
    """Give .npy files and the output alone, of a batch-first model whose T equals B; nobody says which is which."""
    rng = np.random.default_rng(1)
    weights, x = draw(rng, 6, 16), draw_input(rng, 7, 7, 6)
    write_npy(folder, **weights, input=swap(x), output=swap(run_torch(weights, x).output))
    return PARITY
