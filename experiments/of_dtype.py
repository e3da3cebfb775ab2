"""Whether a wider arithmetic of a dtype acquits a known mistake: each dtype by itself, in each of its arithmetics.

Every known mistake that nn.LSTM's arguments can make is judged on the plan of nn.LSTM, as `verify --prove` does. Run
`python -m experiments.of_dtype`. Result: of_dtype.md.
"""

from __future__ import annotations

import sys
import warnings
from pathlib import Path

from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.prove import prove
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.noise.arithmetics import of_dtype

RESULT = Path(__file__).with_suffix(".md")


def main() -> None:
    """Judge, and write the page."""
    warnings.simplefilter("ignore")
    lines = [
        "# Known mistakes in every arithmetic of a dtype",
        "",
        "Made by `python -m experiments.of_dtype`, which says what it does.",
        "",
        "| arithmetic | mistakes | seen | not seen |",
        "|---|---:|---:|---|",
    ]
    for dtype in DTYPES:
        offer = discover(TorchLSTM(), dtype)
        cases = draw_plan(offer, dtype)
        for arithmetic in of_dtype(dtype):
            print(arithmetic.name, file=sys.stderr, flush=True)
            found = prove(
                {dtype: (offer, cases, arithmetic)}, questions={"gradients"} if dtype in ("float64", "float32") else ()
            )
            count = len(found.killed) + len(found.survivors)
            lines.append(f"| {arithmetic.name} | {count} | {len(found.killed)} | {', '.join(found.survivors)} |")
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
