"""Write the cases that every record of a torch answers: `audits/upgrade/measure/cases.txt`.

Run it when the lattice has changed.

For every dtype a design that covers every pair of values of the other axes, half of the designs filled up from behind;
then, for two kinds of values, the float32 layers that oneDNN may compute, with gradients: there kernels have changed.
The seed is the place in the design. Some 400 cases, which torch answers in a few seconds.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.covering import cover_pairs, setting_at
from lstm_parity.cases.setting import DTYPES

FILE = Path(__file__).parents[1] / "lstm_parity" / "audits" / "upgrade" / "measure" / "cases.txt"
FUSED = {"dtype": "float32", "projection": False, "mkldnn": True, "grad_mode": "grad", "threads": 1}


def designs() -> list[list[dict[str, Any]]]:
    """The designs of a record."""
    found = [cover_pairs(backwards=k % 2 == 1, dtype=dtype) for k, dtype in enumerate(DTYPES)]
    return found + [cover_pairs(profile=profile, **FUSED) for profile in ("normal", "trained")]


def ids(designs: list[list[dict[str, Any]]]) -> list[str]:
    """The ids of the cases of designs, in order, each once."""
    drawn = (
        draw_case(setting_at(point), point["profile"], seed) for design in designs for seed, point in enumerate(design)
    )
    return list(dict.fromkeys(case.id for case in drawn))


if __name__ == "__main__":
    FILE.write_text("\n".join(ids(designs())) + "\n")
    print(f"{len(ids(designs()))} cases in {FILE}")
