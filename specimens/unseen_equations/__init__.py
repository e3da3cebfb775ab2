"""Wrong LSTMs that compute something definite: one fault each in the equations of a step, or in what is wired to what.

Each is a class with nn.LSTM's arguments: `module:specimens.unseen_equations:NAME`. They are written from the
definition of an LSTM alone, without looking at what identifies them. `PAIRS` have two faults. `parts` of a fault are
the lines of the equations, or the word "wiring", that are to be named; where two descriptions are the same function,
both are listed.
"""

from __future__ import annotations

import numpy as np

from specimens.unseen_equations.faults import FAULTS, LATER
from specimens.unseen_equations.written import Fault, Written


def _draw_pairs() -> list[tuple[Fault, Fault]]:
    """Draw 40 pairs that replace different seams."""
    rng, pairs = np.random.default_rng(17), list[tuple[Fault, Fault]]()
    while len(pairs) < 40:
        one, other = (FAULTS[k] for k in sorted(rng.choice(len(FAULTS), 2, replace=False)))
        fresh = not {*one.replaced} & {*other.replaced} and (one, other) not in pairs
        if fresh and {one.name, other.name} != {"OutputFlipped", "HiddenFlipped"}:  # which make a correct one
            pairs.append((one, other))
    return pairs


PAIRS = _draw_pairs()
CLASSES: dict[str, type[Written]] = {"Right": type("Right", (Written,), {"__module__": __name__})}
for _faults in [(fault,) for fault in FAULTS + LATER] + PAIRS:
    _name = "And".join(fault.name for fault in _faults)
    CLASSES[_name] = type(_name, (Written,), {"faults": _faults, "__module__": __name__})
globals().update(CLASSES)
