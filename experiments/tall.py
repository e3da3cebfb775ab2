"""False alarms on tall cases: correct LSTMs at the sizes that people use, by the limits that small cases fixed.

nn.LSTM with oneDNN allowed and off, and the reference in torch, on the tall cases of `cases/covering.py` with other
seeds, in every dtype. Run `python -m experiments.tall [SEEDS]`. Result: tall.md.
"""

from __future__ import annotations

import sys
import warnings
from dataclasses import dataclass
from pathlib import Path

from lstm_parity.cases.covering import draw_tall
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.references import TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT
from lstm_parity.running.observe import observe_all
from lstm_parity.running.protocol import Implementation
from lstm_parity.running.threads import share_cores

RESULT = Path(__file__).with_suffix(".md")


@dataclass
class Count:
    """What was judged of one implementation in one dtype."""

    judged: int = 0
    wrong: int = 0
    worst: float = 0.0
    rms: float = 0.0


def count_deviations(implementation: Implementation, allowed: bool, dtype: str, seeds: range) -> Count:
    """Judge an implementation on the tall cases of all seeds, with oneDNN allowed or off."""
    count = Count()
    for seed in seeds:
        cases = draw_tall({"mkldnn": (allowed,)}, seed=seed, dtype=dtype)
        for verdict in judge_all(observe_all(implementation, list(cases))):
            count.judged += bool(verdict.measured)
            count.wrong += verdict.outcome.is_wrong
            count.worst = max(count.worst, verdict.worst)
            count.rms = max([count.rms, *(m.rms for m in verdict.measured if m.rms_is_meaningful)])
    return count


def main() -> None:
    """Judge, and write the page."""
    share_cores()
    warnings.simplefilter("ignore")
    seeds = range(2, 2 + (int(sys.argv[1]) if len(sys.argv) > 1 else 20))
    lines = [
        "# False alarms on tall cases",
        "",
        f"Made by `python -m experiments.tall {len(seeds)}`, which says what it does.",
    ]
    lines += [f"Limits: worst {WORST_LIMIT}, RMS {RMS_LIMIT}.", ""]
    lines += [
        "| implementation | oneDNN | dtype | judged | deviate | largest worst | largest RMS |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    total = wrong = 0
    implementations: tuple[tuple[Implementation, bool], ...] = (
        (TorchLSTM(), True),
        (TorchLSTM(), False),
        (TorchReference(), False),
    )
    for implementation, allowed in implementations:
        for dtype in DTYPES:
            one = count_deviations(implementation, allowed, dtype, seeds)
            total, wrong = total + one.judged, wrong + one.wrong
            words = [implementation.name, "allowed" if allowed else "off", dtype]
            numbers = [f"{one.judged}", f"{one.wrong}", f"{one.worst:.2f}", f"{one.rms:.2f}"]
            lines.append(f"| {' | '.join(words + numbers)} |")
            print(lines[-1], flush=True)
    lines += ["", f"{wrong} of {total} judged cases deviate."]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
