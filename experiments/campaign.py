"""A campaign: many cases of every cell, to see the tails, the means and false alarms of correct kernels.

`lstm-parity sweep --profile quick --cases 10000000 --store campaign.sweep`, then
`python -m experiments.campaign campaign.sweep`, which adds the run to experiments/campaign.json, whether it is complete
or not, and writes campaign.md and campaign.png of all runs. A later run goes on with seeds that no run has had:
`--seed N`, as the page says. A run whose seeds overlap those of another takes its place.
"""

from __future__ import annotations

import json
import math
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.audits.sweep.report import WRONG, sum_up_store
from lstm_parity.audits.sweep.rows import PER_NOISE
from lstm_parity.audits.sweep.statistics import Mean, Pooled
from lstm_parity.audits.sweep.store import Store
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT

RESULT = Path(__file__).with_suffix(".md")
RUNS = Path(__file__).with_suffix(".json")
_QUANTILES = (0.5, 0.9, 0.99, 0.9999, 0.999999)


def describe_run(path: Path) -> dict[str, Any]:
    """Return what a store says that adds up with other runs: counts, tails, and pooled errors by dtype and tensor."""
    with Store(path, read_only=True) as store:
        report = sum_up_store(store)
        [(first, last)] = store.ask("SELECT MIN(seed), MAX(seed + cases - 1) FROM cell WHERE outcome IS NOT NULL")
    return {
        "seeds": [first, last],
        "cases": report.cases,
        "rows": report.counts,
        "worst": vars(report.worst) if report.worst else None,
        "torch": report.head["torch"],
        "name": report.head["name"],
        "lattice": report.head["lattice"],
        "machines": [one.description for one in report.machines],
        "tails": report.tails,
        "pooled": {f"{words} | {tensor}": _list_sums(pooled) for (words, tensor), pooled in report.pooled.items()},
    }


def _list_sums(pooled: Pooled) -> list[float]:
    """Return elements, the sum of squared errors, and of each mean: groups, their sum and the sum of their squares."""
    sums = [pooled.elements, pooled.rms**2 * pooled.elements]
    for mean in (pooled.shift, pooled.growth):
        n = mean.groups
        sums += [n, n * mean.value, n * (n - 1) * mean.error**2 + n * mean.value**2]
    return sums


def _make_mean(n: float, total: float, squares: float) -> Mean:
    """Return a mean over independent groups from their sums."""
    value = total / n
    return Mean(value, math.sqrt(max(0.0, squares - n * value**2) / (n * (n - 1))) if n > 1 else math.nan, int(n))


def add_run(runs: Sequence[dict[str, Any]], new: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the runs with a new one, which takes the place of those that have some of its seeds."""
    first, last = new["seeds"]
    kept = [run for run in runs if run["seeds"][1] < first or run["seeds"][0] > last]
    return sorted([*kept, new], key=lambda run: run["seeds"][0])


def add_up(runs: Sequence[dict[str, Any]], name: str) -> dict[str, list[float]]:
    """Add up the tails of runs, or their pooled sums: by the words and the tensor."""
    found: dict[str, Any] = {}
    for run in runs:
        for key, sums in run[name].items():
            found[key] = found.get(key, 0) + np.array(sums, float)
    return found


def find_quantiles(tail: Sequence[float]) -> list[float]:
    """Return quantiles of the sizes of errors, in noises: the upper ends of the bins that they are in."""
    shares = np.cumsum(tail) / sum(tail)
    return [float((np.searchsorted(shares, q) + 1) / PER_NOISE) for q in _QUANTILES]


def write_page(runs: Sequence[dict[str, Any]]) -> str:
    """Write the page."""
    count = sum((Counter(run["rows"]) for run in runs), Counter[str]())
    alarms = sum(count[outcome] for outcome in WRONG)
    worst = max((run["worst"]["worst"] for run in runs if run["worst"]), default=0.0)
    seeds = ", ".join(f"{run['seeds'][0]} to {run['seeds'][1]}" for run in runs)
    lines = [
        "# A campaign",
        "",
        f"Made by `python -m experiments.campaign STORE`, of {runs[-1]['lattice']}; seeds {seeds}.",
        f"A run that is to be added has `--seed {max(run['seeds'][1] for run in runs) + 1}`.",
        "",
        f"{sum(run['cases'] for run in runs):,} cases of {runs[-1]['name']} (torch {runs[-1]['torch']}) in "
        f"{count.total():,} rows: **{alarms} false alarms**. The limits are {WORST_LIMIT} noises for an element "
        f"and {RMS_LIMIT} for the RMS of a tensor. The worst element of all: {worst:.2f} noises.",
    ]
    lines += ["", "Upper ends of the tenths of a noise that quantiles of the errors' sizes are in:", ""]
    lines += ["| tensor | " + " | ".join(f"{q:.6g}" for q in _QUANTILES) + " |", "|---|" + "---:|" * len(_QUANTILES)]
    for name, tail in sorted(add_up(runs, "tails").items()):
        lines.append(f"| {name} | " + " | ".join(f"{q:.1f}" for q in find_quantiles(tail)) + " |")
    lines += ["", "Means with their 95 % confidence, in noises:", ""]
    lines += ["| | tensor | elements | RMS | mean | mean x sign |", "|---|---|---:|---:|---:|---:|"]
    for name, (elements, squares, *sums) in add_up(runs, "pooled").items():
        means = (_make_mean(*sums[k : k + 3]) for k in (0, 3))
        words = " | ".join(f"{m.value:+.4f} ± {m.half_width:.4f}" for m in means)
        lines.append(f"| {name} | {int(elements):,} | {math.sqrt(squares / elements):.3f} | {words} |")
    return "\n".join([*lines, "", "![The tails of the errors, of which none reaches the limit](campaign.png)", ""])


def plot(tails: Mapping[str, Sequence[float]], path: Path) -> None:
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
    """Add the run of a store, and write the record of all."""
    runs = add_run(json.loads(RUNS.read_text(encoding="utf-8")) if RUNS.exists() else [], describe_run(path))
    RUNS.write_text(json.dumps(runs) + "\n", encoding="utf-8")
    RESULT.write_text(write_page(runs), encoding="utf-8")
    plot(add_up(runs, "tails"), RESULT.with_suffix(".png"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
