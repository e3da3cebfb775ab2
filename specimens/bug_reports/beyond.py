"""Twelve reports with what stands between and around LSTMs: dropout, decoders, layer norm, scalers, Keras configs."""

from __future__ import annotations

import importlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from specimens.bug_reports.lstm import Array, Weights, run_lstm, run_torch
from specimens.bug_reports.making import (
    PARITY,
    Truth,
    draw,
    draw_input,
    is_visible,
    linear,
    one_bias,
    reorder,
    swap,
    under,
)
from specimens.bug_reports.writing import to_keras, write_npy, write_npz, write_pt, write_setting


def dropout_between_two_layers(folder: Path) -> Truth:
    """Compare a model in train mode: half of the first layer's output does not reach the second."""
    rng = np.random.default_rng(201)
    weights, x = draw(rng, 5, 16, layers=2), draw_input(rng, 12, 3, 5)
    right, got = run_torch(weights, x), run_torch(weights, x, dropout=0.5)
    is_visible(right, got)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=False)
    return Truth("DEVIATES", "Dropout of 0.5 between the layers is on.", _words_of_dropout(0.5))


def dropout_between_two_directions(folder: Path) -> Truth:
    """Do the same with both directions and a dropout of 0.2."""
    rng = np.random.default_rng(202)
    weights, x = draw(rng, 4, 10, layers=2, directions=2), draw_input(rng, 9, 2, 4)
    right, got = run_torch(weights, x), run_torch(weights, x, dropout=0.2)
    is_visible(right, got)
    write_pt(folder / "lstm.pt", weights)
    write_npy(folder, input=x, output=got.output, h_n=got.h_n, c_n=got.c_n)
    write_setting(folder, batch_first=False)
    return Truth("DEVIATES", "Dropout of 0.2 between the layers is on.", _words_of_dropout(0.2))


def _words_of_dropout(p: float) -> tuple[str, ...]:
    return (rf"dropout [^\n]*is on between[^\n]*{p:g}", rf"dropout of {p:g} is on")


def _translate(rng: np.random.Generator) -> tuple[Weights, Weights, Array, Array]:
    """Draw an encoder and a decoder with inputs of different sizes."""
    return draw(rng, 5, 12), draw(rng, 3, 12), draw_input(rng, 8, 3, 5), draw_input(rng, 6, 3, 3)


def _write_translator(folder: Path, encoder: Weights, decoder: Weights, **arrays: Array) -> None:
    write_pt(folder / "model.pt", under("encoder.", encoder) | under("decoder.", decoder))
    write_npy(folder, **arrays)
    calls = [
        {"prefix": "encoder.", "input": "source"},
        {"prefix": "decoder.", "input": "target", "continues": 0, "output": "translated"},
    ]
    write_setting(folder, batch_first=False, calls=calls)


def encoder_and_decoder(folder: Path) -> Truth:
    """Hand the encoder's last states to the decoder, another LSTM; only the decoder's output is known."""
    encoder, decoder, source, target = _translate(np.random.default_rng(203))
    end = run_torch(encoder, source)
    got = run_torch(decoder, target, end.h_n, end.c_n)
    _write_translator(folder, encoder, decoder, source=source, target=target, translated=got.output)
    return PARITY


def decoder_starts_from_zeros(folder: Path) -> Truth:
    """Forget to hand over the encoder's states."""
    encoder, decoder, source, target = _translate(np.random.default_rng(204))
    end = run_torch(encoder, source)
    right, got = run_torch(decoder, target, end.h_n, end.c_n), run_torch(decoder, target)
    is_visible(right[:1], got[:1])
    _write_translator(folder, encoder, decoder, source=source, target=target, translated=got.output)
    return Truth("DEVIATES", "The decoder starts from zeros.", (r"not carried over", r"starts from zeros"))


def _write_layers(folder: Path, first: Weights, second: Weights, x: Array, y: Array) -> None:
    write_pt(folder / "model.pt", under("lstm1.", first) | under("lstm2.", second))
    write_npy(folder, sequence=x, encoded=y)
    calls = [{"prefix": "lstm1.", "input": "sequence"}, {"prefix": "lstm2.", "reads": 0, "output": "encoded"}]
    write_setting(folder, batch_first=False, calls=calls)


def layers_of_different_sizes(folder: Path) -> Truth:
    """Stack two LSTMs of 14 and 6 units by hand; only the second one's output is known."""
    rng = np.random.default_rng(205)
    first, second, x = draw(rng, 7, 14), draw(rng, 14, 6), draw_input(rng, 10, 2, 7)
    _write_layers(folder, first, second, x, run_torch(second, run_torch(first, x).output).output)
    return PARITY


def second_layer_forgets_less(folder: Path) -> Truth:
    """Add 1 to the forget gate of the second of two LSTMs of different sizes."""
    rng = np.random.default_rng(206)
    first, second, x = draw(rng, 7, 14), draw(rng, 14, 6), draw_input(rng, 10, 2, 7)
    between = run_torch(first, x).output
    changed = second | {"bias_ih_l0": reorder(second["bias_ih_l0"], "ifgo", 1.0)}
    right, got = run_torch(second, between), run_torch(changed, between)
    is_visible(right[:1], got[:1])
    _write_layers(folder, first, second, x, got.output)
    cause = "1 is added to the forget gate of the second LSTM."
    return Truth("DEVIATES", cause, (r"forget.bias.one", r"1 is added to the forget gate"))


def _normalise(y: Array, eps: float = 1e-5, ddof: int = 0) -> Array:
    y = y.astype(np.float64)
    spread = np.sqrt(y.var(-1, keepdims=True, ddof=ddof) + eps)
    return np.asarray((y - y.mean(-1, keepdims=True)) / spread)


def _write_normalised(folder: Path, seed: int, ddof: int) -> tuple[Array, Array]:
    """Write a report with a LayerNorm and a linear layer behind the LSTM; return its scores and the right ones."""
    rng = np.random.default_rng(seed)
    weights, x = draw(rng, 6, 15), draw_input(rng, 9, 4, 6)
    gain, shift = rng.uniform(0.5, 1.5, 15).astype(np.float32), draw_input(rng, 15)
    w, b = linear(rng, 3, 15)
    y = run_torch(weights, x).output
    right, got = ((_normalise(y, ddof=k) * gain + shift) @ w.T + b for k in (0, ddof))
    heads = {"norm.weight": gain, "norm.bias": shift, "score.weight": w, "score.bias": b}
    write_pt(folder / "tagger.pt", under("lstm.", weights) | heads)
    write_npy(folder, input=swap(x), output=swap(got.astype(np.float32)))
    write_setting(folder, batch_first=True, after=["norm", "score"])
    return got, right


def layer_norm_behind(folder: Path) -> Truth:
    """Normalise what the LSTM returns, and score it."""
    _write_normalised(folder, 207, 0)
    return PARITY


def layer_norm_divides_by_one_less(folder: Path) -> Truth:
    """Write the LayerNorm by hand with torch.std, which divides by one less than there are features."""
    got, right = _write_normalised(folder, 208, 1)
    is_visible([right], [got])
    cause = "The variance of the layer norm is divided by n - 1, and not by n."
    return Truth("DEVIATES", cause, (r"n - 1", r"unbiased", r"one less", r"bessel"))


def _write_forecast(folder: Path, seed: int, is_standardised: bool) -> tuple[Array, Array]:
    """Write a report of a forecast in physical units; return it and the right one."""
    rng = np.random.default_rng(seed)
    weights, (w, b) = draw(rng, 4, 11), linear(rng, 1, 11)
    mean, spread = (np.array(row, np.float32) for row in ([12.0, 1013.0, 0.6, 4.0], [8.0, 9.0, 0.2, 2.5]))
    x = (mean + spread * draw_input(rng, 24, 2, 4)).astype(np.float32)
    low, width = np.array([15.0], np.float32), np.array([7.5], np.float32)
    right, got = (
        (run_torch(weights, ((x - mean) / spread if known else x).astype(np.float32)).output[-1] @ w.T + b) * width
        + low
        for known in (True, is_standardised)
    )
    scalers = {"scaler.mean": mean, "scaler.std": spread, "target.mean": low, "target.std": width}
    write_npz(folder / "scalers.npz", scalers)
    write_pt(folder / "model.pt", under("lstm.", weights) | {"head.weight": w, "head.bias": b})
    write_npy(folder, input=swap(x), output=got.astype(np.float32))
    write_setting(folder, batch_first=True, before=["scaler"], after=["last", "head", "target"])
    return got, right


def forecast_in_degrees(folder: Path) -> Truth:
    """Standardise the measurements before the LSTM, and turn the forecast back into degrees behind it."""
    _write_forecast(folder, 209, True)
    return PARITY


def forecast_of_raw_measurements(folder: Path) -> Truth:
    """Forget to standardise the measurements in the other program."""
    got, right = _write_forecast(folder, 210, False)
    is_visible([right], [got])
    return Truth("DEVIATES", "The input is not standardised.", (r"not standardised", r"left out", r"without the"))


def _keras_archive(folder: Path, weights: Weights, **config: Any) -> None:
    """Write a .keras file with one LSTM layer, whose configuration is given."""
    h5py = importlib.import_module("h5py")
    held = io.BytesIO()
    with h5py.File(held, "w") as file:
        for number, value in enumerate(to_keras(weights).values()):
            file[f"layers/lstm/cell/vars/{number}"] = value
    units = {"name": "lstm", "units": weights["weight_hh_l0"].shape[1]}
    part = {"class_name": "LSTM", "config": units | config}
    with zipfile.ZipFile(folder / "model.keras", "w") as archive:
        archive.writestr("metadata.json", json.dumps({"keras_version": "3.8.0"}))
        archive.writestr("config.json", json.dumps({"class_name": "Sequential", "config": {"layers": [part]}}))
        archive.writestr("model.weights.h5", held.getvalue())


def keras_config_goes_backwards(folder: Path) -> Truth:
    """Send a .keras file whose layer goes backwards, and returns its output in the order of computing."""
    rng = np.random.default_rng(211)
    weights, x = one_bias(draw(rng, 5, 9)), draw_input(rng, 7, 3, 5)
    got = run_torch(weights, x[::-1].copy())
    is_visible(run_torch(weights, x)[1:], got[1:])
    config = {"go_backwards": True, "return_sequences": True, "activation": "tanh", "recurrent_activation": "sigmoid"}
    _keras_archive(folder, weights, **config)
    write_npy(folder, input=swap(x), output=swap(got.output))
    write_setting(folder, convention="keras", batch_first=True)
    return PARITY


def keras_config_has_relu(folder: Path) -> Truth:
    """Send an .h5 file of Keras 2 whose configuration says relu, and wonder why nn.LSTM gives other numbers."""
    rng = np.random.default_rng(212)
    weights, x = one_bias(draw(rng, 4, 8)), draw_input(rng, 6, 2, 4)
    output = _run_relu(weights, x)
    is_visible(run_lstm(weights, x)[:1], [output])
    h5py = importlib.import_module("h5py")
    part = {"name": "lstm", "units": 8, "activation": "relu", "recurrent_activation": "sigmoid"}
    config = {"class_name": "Sequential", "config": {"layers": [{"class_name": "LSTM", "config": part}]}}
    with h5py.File(folder / "model.h5", "w") as file:
        file.attrs["model_config"] = json.dumps(config)
        for name, value in to_keras(weights).items():
            file[f"model_weights/lstm/lstm/lstm_cell/{name}:0"] = value
    write_npy(folder, input=swap(x), output=swap(output))
    write_setting(folder, convention="keras", batch_first=True)
    cause = "The file's configuration says that the activation is relu, in the place of both tanh."
    return Truth("DEVIATES", cause, (r"config[^\n]*relu", r"relu[^\n]*config", r"declares[^\n]*relu"))


def _run_relu(weights: Weights, x: Array) -> Array:
    """Run one layer with relu in the place of tanh."""
    h = c = np.zeros((x.shape[1], weights["weight_hh_l0"].shape[1]), np.float32)
    outputs = []
    for step in x:
        z = step @ weights["weight_ih_l0"].T + h @ weights["weight_hh_l0"].T + weights["bias_ih_l0"]
        i, f, g, o = np.split(z, 4, axis=-1)
        i, f, o = (1 / (1 + np.exp(-gate)) for gate in (i, f, o))
        c = f * c + i * np.maximum(g, 0)
        h = o * np.maximum(c, 0)
        outputs.append(h)
    return np.stack(outputs).astype(np.float32)
