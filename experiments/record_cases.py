"""Writes parity/upgrade/cases.txt: the cases that every record of a torch answers. Run it when the lattice has changed.

For every dtype a design that covers every pair of values of the other axes, half of the designs filled up from behind;
the seed is the place in the design. 320 cases, which torch answers in a few seconds.
"""

from __future__ import annotations

from pathlib import Path

from parity.cases import draw
from parity.lattice import cover, setting_at
from parity.settings import DTYPES

FILE = Path(__file__).parents[1] / "parity" / "upgrade" / "cases.txt"


def ids() -> list[str]:
    """The ids, in order, each once."""
    designs = [cover(backwards=k % 2 == 1, dtype=dtype) for k, dtype in enumerate(DTYPES)]
    drawn = (draw(setting_at(point), point["profile"], seed) for design in designs for seed, point in enumerate(design))
    return list(dict.fromkeys(case.id for case in drawn))


if __name__ == "__main__":
    FILE.write_text("\n".join(ids()) + "\n")
    print(f"{len(ids())} cases in {FILE}")
