"""Write the reports into a folder, or compare their LSTM with one of 50 digits."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np

from specimens.bug_reports import ALL_REPORTS
from specimens.bug_reports.lstm import FLOAT64, Array, Weights, run_lstm, run_torch, suffixes
from specimens.bug_reports.making import draw, draw_input


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
    """Compare the LSTM of `lstm.py` with 50 digits, and with torch in all that 50 digits are not written for."""
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
        raise SystemExit(f"the LSTM of lstm.py is wrong: {far}")
    return f"largest differences: {far[0]:.1e} from 50 digits, {max(far[1:]):.1e} from torch\n"


def write_all(target: Path) -> None:
    """Write all reports below a folder, and what is true of them into truth.json."""
    truths = {}
    for report in ALL_REPORTS:
        folder = target / report.__name__
        folder.mkdir(parents=True)
        truths[report.__name__] = asdict(report(folder))
    (target / "truth.json").write_text(json.dumps(truths, indent=2) + "\n")


def main(arguments: list[str]) -> None:
    """Write the reports into the folder that is named, or check their LSTM."""
    if arguments:
        write_all(Path(arguments[0]))
        return
    sys.stdout.write(check())
    with tempfile.TemporaryDirectory() as folder:
        write_all(Path(folder))


if __name__ == "__main__":
    main(sys.argv[1:])
