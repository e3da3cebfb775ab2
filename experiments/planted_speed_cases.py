"""Planted changes of speed, each with the right answer, written before the comparison that they measure.

A case is two torches on two machines: how many times the time the new one's layer, matrix product, plain Python and
NumPy take, how much each round of either is disturbed at most, and which conditions of the new one are others. The
right answer is the kinds of findings about speeds, beside those about conditions.
`tests/audits/test_upgrade_speeds.py` asks `compare` about all of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

SLOWER, FASTER, SAME = "slower", "faster", ""


@dataclass(frozen=True)
class Planted:
    """What was changed, as factors of time, and the right answer; noise: the largest disturbance of a round."""

    right: str
    layer: float = 1.0
    product: float = 1.0
    python: float = 1.0
    numpy: float = 1.0
    noise: float = 0.05
    conditions: Mapping[str, str] = field(default_factory=dict)


CASES = {
    "the layer": Planted(SLOWER, layer=2.0),
    "the layer and the product": Planted(SLOWER, layer=2.0, product=2.0),
    "neither": Planted(SAME),
    "the product": Planted(SAME, product=2.0),
    "both faster": Planted(FASTER, layer=0.5, product=0.5),
    "the layer faster": Planted(FASTER, layer=0.5),
    "the product faster": Planted(SAME, product=0.25),
    "noise of 20 %": Planted(SAME, noise=0.2),
    "the layer, with noise of 20 %": Planted(SLOWER, layer=2.0, noise=0.2),
    "the layer a fifth slower": Planted(SAME, layer=1.2),
    "the whole machine": Planted(SAME, layer=2.0, product=2.0, python=2.0, numpy=2.0),
    "both, on a machine twice as fast": Planted(SLOWER, layer=1.0, product=1.0, python=0.5, numpy=0.5),
    "another NumPy, twice as fast": Planted(SAME, numpy=0.5, conditions={"numpy": "2.4.0"}),
    "another NumPy, twice as fast, and the layer": Planted(SLOWER, layer=2.0, numpy=0.5, conditions={"numpy": "2.4.0"}),
    "another Python, twice as fast": Planted(SAME, python=0.5, conditions={"python": "3.14.0"}),
    "both, and another NumPy, as slow": Planted(
        SLOWER, layer=2.0, product=2.0, numpy=2.0, conditions={"numpy": "2.4.0"}
    ),
    "both others, one of them faster": Planted(SAME, numpy=0.5, conditions={"numpy": "2.4.0", "python": "3.14.0"}),
    "another processor, and the layer": Planted(SAME, layer=2.0, conditions={"processor": "another"}),
    "another model of one name, and the layer": Planted(SAME, layer=2.0, conditions={"model": "another"}),
    "another capability, and the layer": Planted(SAME, layer=2.0, conditions={"capability": "DEFAULT"}),
    "another number of threads": Planted(SAME, conditions={"threads": "1"}),
    "another number of threads, and the layer": Planted(SLOWER, layer=2.0, conditions={"threads": "1"}),
}  # (speeds are measured on one thread, whatever the number of others)
