"""A campaign: many cases of every cell, to see the tails, the means and false alarms of correct kernels.

`lstm-parity sweep --profile quick --cases 260000 --store campaign.sweep`, then
`python -m experiments.campaign campaign.sweep`, which writes experiments/campaign.md, .json and .png.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from lstm_parity.audits.sweep.report import SweepReport, sum_up_store
from lstm_parity.audits.sweep.rows import PER_NOISE
from lstm_parity.audits.sweep.store import Store
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT
from lstm_parity.reports.sweep import sweep_json

RESULT = Path(__file__).with_suffix(".md")
_QUANTILES = (0.5, 0.9, 0.99, 0.9999, 0.999999)


def find_quantiles(tail: Sequence[int]) -> list[float]:
    """Return quantiles of the sizes of errors, in noises: the upper ends of the bins that they are in."""
    shares = np.cumsum(tail) / sum(tail)
    return [float((np.searchsorted(shares, q) + 1) / PER_NOISE) for q in _QUANTILES]


def write_page(report: SweepReport) -> str:
    """Write the page."""
    alarms = sum(n for outcome, n in report.counts.items() if outcome in ("DEVIATES", "FAILED"))
    lines = [
        "# A campaign",
        "",
        "Made by `python -m experiments.campaign STORE`, of " + report.head["lattice"] + ".",
        "",
    ]
    rows, worst = sum(report.counts.values()), report.worst.worst if report.worst else 0.0
    lines.append(
        f"{report.cases:,} cases of {report.head['name']} (torch {report.head['torch']}) in {rows:,} rows: "
        f"**{alarms} false alarms**. The limits are {WORST_LIMIT} noises for an element and {RMS_LIMIT} for the RMS of "
        f"a tensor. The worst element of all: {worst:.2f} noises."
    )
    lines += ["", "Upper ends of the tenths of a noise that quantiles of the errors' sizes are in:", ""]
    lines += ["| tensor | " + " | ".join(f"{q:.6g}" for q in _QUANTILES) + " |", "|---|" + "---:|" * len(_QUANTILES)]
    for name, tail in sorted(report.tails.items()):
        lines.append(f"| {name} | " + " | ".join(f"{q:.1f}" for q in find_quantiles(tail)) + " |")
    lines += [
        "",
        "Means with their 95 % confidence, in noises:",
        "",
        "| | tensor | RMS | mean | mean x sign |",
        "|---|---|---:|---:|---:|",
    ]
    for (words, tensor), one in report.pooled.items():
        means = " | ".join(f"{m.value:+.4f} ± {m.half_width:.4f}" for m in (one.shift, one.growth))
        lines.append(f"| {words} | {tensor} | {one.rms:.3f} | {means} |")
    return "\n".join([*lines, "", "![The tails of the errors, of which none reaches the limit](campaign.png)", ""])


def plot(tails: Mapping[str, Sequence[int]], path: Path) -> None:
    """Draw how many elements have errors of which size."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(8, 4.5))
    for name, tail in sorted(tails.items()):
        if name.endswith("output"):
            axes.step(np.arange(len(tail)) / PER_NOISE, np.array(tail) / sum(tail), where="post", label=name)
    axes.axvline(WORST_LIMIT, color="black", linestyle="--", label="limit of one element")
    axes.set(yscale="log", xlabel="size of an error, in noises", ylabel="share of all elements")
    axes.legend()
    figure.tight_layout()
    figure.savefig(path, dpi=90)


def main(path: Path) -> None:
    """Write the record of a store."""
    with Store(path, read_only=True) as store:
        report = sum_up_store(store)
    RESULT.write_text(write_page(report), encoding="utf-8")
    RESULT.with_suffix(".json").write_text(sweep_json(report), encoding="utf-8")
    plot(report.tails, RESULT.with_suffix(".png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
