"""Broken bfloat16 and float16 layers of 512 units, to see that each is noticed in spite of their coarse numbers.

One layer, I=64, H=512, T=4, B=3, torch's default weights, five seeds each. Run `python -m experiments.narrow_layers`.
Result: narrow_layers.md.
"""

from __future__ import annotations

from pathlib import Path

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import RMS_LIMIT, WORST_LIMIT, judge_all
from lstm_parity.running.observe import observe
from specimens.correct_cells import BROKEN


def main() -> None:
    """Judge all of them and write the table."""
    lines = [
        "# Broken layers of narrow types",
        "",
        "Made by `python -m experiments.narrow_layers`, which says what it does.",
    ]
    lines += [
        "",
        "The smallest and the largest of five seeds, in rounding noises; "
        f"limits: worst {WORST_LIMIT:g}, RMS {RMS_LIMIT:g}.",
        "",
    ]
    lines += ["| layer dtype | LSTM | verdicts | worst | RMS |", "|---|---|---|---:|---:|"]
    for dtype in ("bfloat16", "float16"):
        setting = Setting(Architecture(64, 512), Call(4, 3), Runtime(dtype))
        for implementation in (TorchLSTM(), *BROKEN):
            verdicts = judge_all([observe(implementation, draw_case(setting, "normal", seed)) for seed in range(5)])
            outcomes = ", ".join(sorted({v.outcome.value for v in verdicts}))
            spans = [f"{min(n):.2g} to {max(n):.2g}" for n in ([v.worst for v in verdicts], [v.rms for v in verdicts])]
            lines.append(f"| {dtype} | {implementation.name} | {outcomes} | {spans[0]} | {spans[1]} |")
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
