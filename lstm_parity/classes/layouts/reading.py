"""How one tensor of a class holds weights of a layer in one direction, and which ways its shape allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations

import numpy as np
import torch

from lstm_parity.reference.noise.model import Array

# what the source axis holds: x inputs, h hidden units, b a bias
_SOURCES = ("x", "h", "xh", "hx", "bxh", "bhx", "xhb", "hxb")
BOTH = "bb"  # all rows of the one bias, then all of the other


@dataclass(frozen=True)
class Reading:
    """How one tensor holds weights of a layer in one direction.

    sources: what lies along its source axis, in order; "b" alone for a bias. gates: the places in the class's
    own order of gates that it holds. axes: the order of its axes "g", "u" and "s"; merged: whether g and u are one.
    """

    sources: str
    gates: tuple[int, ...]
    axes: str
    merged: bool

    @lru_cache(maxsize=4096)  # noqa: B019  (a frozen value)
    def places(self, inputs: int, hidden: int, recurrent: int) -> Array:
        """Return, in the shape of the tensor, the place of each element in (gate, unit, source), flattened.

        recurrent: the size of h: that of c, hidden, without a projection. A bias alone stands for b_ih.
        """
        width = inputs + recurrent + 2
        if self.sources == BOTH:
            rows = width * np.arange(4 * hidden) + width
            return np.concatenate([rows - 2, rows - 1])
        whole = np.arange(4 * hidden * width).reshape(4, hidden, width)[list(self.gates)]
        columns = {"x": range(inputs), "h": range(inputs, inputs + recurrent), "b": [width - 2]}
        picked = whole[..., [place for source in self.sources for place in columns[source]]]
        order = ["gus".index(axis) for axis in self.axes]
        shape = [picked.shape[k] for k in order]
        moved = picked.transpose(order)
        if self.merged:
            k = min(self.axes.index("g"), self.axes.index("u"))
            moved = moved.reshape([*shape[:k], shape[k] * shape[k + 1], *shape[k + 2 :]])
        return np.asarray(np.squeeze(moved))

    def pick(self, weights: Mapping[str, torch.Tensor]) -> torch.Tensor:
        """Return what the tensor holds, its axes in order, of the weights (gate, unit, source) of each source.

        weights: by "x", "h" and "b", with the other bias as "second"; it may still have axes of length 1.
        """
        if self.sources == BOTH:
            return torch.cat([weights["b"].flatten(), weights["second"].flatten()])
        parts = [weights[source][list(self.gates)] for source in self.sources]
        whole = parts[0] if len(parts) == 1 else torch.cat(parts, -1)
        return whole.permute(*("gus".index(axis) for axis in self.axes)).contiguous()

    def describe_axes(self) -> str:
        """Say in which order its axes are."""
        words = {"g": "gate", "u": "unit", "s": "source"}
        shown = [a for a in self.axes if (a != "g" or len(self.gates) > 1) and (a != "s" or set(self.sources) != {"b"})]
        text = ", ".join(words[axis] for axis in shown)
        return text.replace("gate, unit", "gate x unit").replace("unit, gate", "unit x gate") if self.merged else text


def list_readings(shape: tuple[int, ...], sizes: tuple[int, int, int], gates: int) -> list[Reading]:
    """The readings of a shape (without axes of length 1) that holds so many gates; sizes: as `Reading.places` takes."""
    both = Reading(BOTH, (0, 1, 2, 3), "gus", True)
    found = [both] if gates == 4 and shape == (8 * sizes[1],) else []
    for sources in ("b", *_SOURCES):
        for axes in map("".join, permutations("gus")):
            for merged in (False, True):
                if merged and abs(axes.index("g") - axes.index("u")) != 1:
                    continue
                reading = Reading(sources, tuple(range(gates)), axes, merged)
                if reading.places(*sizes).shape == shape and not any(
                    np.array_equal(reading.places(*sizes), other.places(*sizes)) for other in found
                ):
                    found.append(reading)
    return found
