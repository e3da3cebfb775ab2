"""Reports that are unusual as files: printed numbers, CSV, weight norm, pruning, and what is missing."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import torch

from specimens.bug_reports.lstm import FLOAT64, Arithmetic, Weights, run_lstm, run_torch, tf32_product
from specimens.bug_reports.making import PARITY, Truth, draw, draw_input, swap, under
from specimens.bug_reports.writing import paste, write_csv, write_npy, write_npz, write_pt, write_setting


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
