"""Reports of whole models: an embedding or a linear layer before the LSTM, a head behind it, dropout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from specimens.bug_reports.lstm import logistic, run_torch
from specimens.bug_reports.making import PARITY, Truth, draw, draw_input, is_visible, linear, softmax, swap, under
from specimens.bug_reports.writing import write_npy, write_npz, write_pt, write_setting


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


def h_n_of_the_first_layer(folder: Path) -> Truth:
    """Take the final state of layer 0 for the features of a sentence, in place of that of layer 1, the last."""
    rng = np.random.default_rng(2)
    weights, x = draw(rng, 5, 12, layers=2), draw_input(rng, 9, 4, 5)
    write_npz(folder / "weights.npz", weights)
    write_npz(folder / "run.npz", {"input": x, "output": run_torch(weights, x).h_n[0]})
    write_setting(folder, batch_first=False, after=["h_n"])
    cause = "The final state is that of the first layer and not that of the last."
    return Truth("DEVIATES", cause, (r"first layer", r"layer 0", r"another layer", r"wrong layer", r"h_n\[0\]"))
