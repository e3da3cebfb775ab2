"""Precision mistakes, and correct LSTMs written otherwise, at every width: what is noticed, and by which name.

For each LSTM and each H: 32 cases (8 value profiles, 4 seeds; at H >= 128 one seed) of T=4, B=3, I=5. "noticed": how
many of the cases deviate in the layer's own arithmetic, and on torch's default initialisation, the largest distances.
Run `python -m experiments.precision`. Result: precision.md, precision.png.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.stack import FromCell
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.forward import RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.running.observe import observe
from specimens.correct_cells import CORRECT, MISTAKES

HERE = Path(__file__).parent
PROFILES = ("normal", "trained", "tiny", "sparse", "one_hot", "x10", "saturating", "memory")
WIDTHS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


def measure(dtype: str, cell: Any, width: int) -> dict[str, Any]:
    """One LSTM at one width."""
    setting = Setting(Architecture(5, width), Call(4, 3), Runtime(dtype))
    seeds = range(4 if width < 128 else 1)
    cases = [draw_case(setting, profile, seed) for profile in PROFILES for seed in seeds]
    explanation = explain([observe(FromCell("cell", cell), case) for case in cases])
    plain = [v for v in explanation.verdicts if v.case.profile == "normal"]
    return {
        "parity": explanation.parity,
        "named": explanation.arithmetic.name if explanation.arithmetic else "nothing known",
        "noticed": sum(v.outcome is Outcome.DEVIATES for v in explanation.verdicts),
        "cases": len(cases),
        "worst": max(v.worst for v in plain),
        "rms": max(v.rms for v in plain),
    }


def main() -> None:
    """Measure, write the table and the plot."""
    found = {
        name: {width: measure(dtype, cell, width) for width in WIDTHS}
        for name, (dtype, cell, _) in {**MISTAKES, **CORRECT}.items()
    }
    lines = ["# Precision mistakes", "", "Made by `python -m experiments.precision`, which says what it does.", ""]
    lines += [f"Limits: worst {WORST_LIMIT:g}, RMS {RMS_LIMIT:g}.", ""]
    for title, group in (("Mistakes", MISTAKES), ("Correct LSTMs written otherwise", CORRECT)):
        lines += [
            f"## {title}",
            "",
            "| LSTM | H | verdict | cases that deviate | worst, RMS on default weights | named |",
        ]
        lines += ["|---|---:|---|---:|---:|---|"]
        for name, (_, _, right) in group.items():
            for width, row in found[name].items():
                mark = "" if row["named"] == right else " **(wrong)**"
                verdict = "PARITY" if row["parity"] else "DEVIATES"
                distances = f"{row['worst']:.2g}, {row['rms']:.2g}"
                count = f"{row['noticed']} of {row['cases']}"
                lines.append(f"| {name} | {width} | {verdict} | {count} | {distances} | {row['named']}{mark} |")
        lines.append("")
    lines += ["![distance against width](precision.png)", ""]
    (HERE / "precision.md").write_text("\n".join(lines))
    plot({name: found[name] for name in MISTAKES})
    print("\n".join(lines))


def plot(found: dict[str, dict[int, dict[str, Any]]]) -> None:
    """The largest root mean square on default weights against the width."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(1, 2, figsize=(11, 4), layout="constrained", sharex=True)
    for axis, number, limit in zip(axes, ("worst", "rms"), (WORST_LIMIT, RMS_LIMIT), strict=True):
        for name, rows in found.items():
            axis.plot(list(rows), [row[number] for row in rows.values()], marker=".", label=name)
        axis.axhline(limit, color="black", linestyle="--", label=f"limit {limit:g}")
        axis.set(xscale="log", yscale="log", xlabel="hidden_size", ylabel=f"{number}, in rounding noises")
    axes[0].legend(fontsize="small")
    figure.suptitle(
        "Precision mistakes on torch's default weights: what lies above the limit is noticed in a single case"
    )
    figure.savefig(HERE / "precision.png", dpi=110)


if __name__ == "__main__":
    main()
