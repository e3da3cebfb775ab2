"""An LSTM whose every connection can be replaced: what is compared with one that is looked into."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_parity.identification.connections.change import Change, Place
from lstm_parity.identification.equations import Equations
from lstm_parity.identification.sums import PARAMETERS, sum_inputs
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights

Results = tuple[Array, Array, Array]
# what connects nn.LSTM, by name; n and d are the numbers of layers and directions
_USUAL: Mapping[str, Callable[..., Any]] = {
    "weights": lambda place, n, d: place,
    "w_ih": lambda place, n, d: place,
    "w_hh": lambda place, n, d: place,
    "b_ih": lambda place, n, d: place,
    "b_hh": lambda place, n, d: place,
    "h_0 and c_0": lambda place, n, d: place,
    "h_0": lambda place, n, d: place,
    "c_0": lambda place, n, d: place,
    "parts": lambda parts, place, n, d: parts,
    "fed": lambda halves, place: np.concatenate(halves, -1),
    "input": lambda x, place, n, d: x,
    "backwards": lambda place, n, d: place[1] == 1,
    "blended": lambda states, is_h, n, d: states,
    "start": lambda h, c, place, n, d: (h, c),
    "carried": lambda h, c, place, d, last: (h, c),
    "between": lambda h, c, number, steps: (h, c),
    "parts at": lambda parts, number: parts,
    "recurrent": lambda h, before: h,
    "ended": lambda hs, cs: (hs[-1], cs[-1]),
    "stepped": lambda h, c: (h, c),
    "emitted": lambda new, old, place, n: new,
    "outputs": lambda outputs, place, n, d: outputs,
    "added": lambda halves, below, place: halves,
    "result": lambda layers: np.concatenate(layers[-1], -1),
    "h_n of": lambda h, outputs, place: h,
    "h_n and c_n": lambda states, n, d: states,
    "h_n": lambda states, n, d: states,
    "c_n": lambda states, n, d: states,
    "returned": lambda h_n, c_n: (h_n, c_n),
}


@dataclass(frozen=True, eq=False)
class Wired:
    """An LSTM of these equations, with these changes; first: the equations of the first step, if they are others."""

    equations: Equations
    changes: tuple[Change, ...] = ()
    first: Equations | None = None

    def __call__(self, weights: LSTMWeights, x: Array, h_0: Array, c_0: Array) -> Results:
        """Return output (T, B, D*H), h_n and c_n (L*D, B, H) for x (T, B, I), h_0 and c_0 (L*D, B, H)."""
        seams = {**_USUAL, **{change.seam: change.function for change in self.changes}}
        sizes = weights.num_layers, weights.num_directions
        layers, last = [[x]], list[tuple[Array, Array]]()
        for layer in range(sizes[0]):
            halves = list[Array]()
            for direction in range(sizes[1]):
                place = (layer, direction)
                fed = seams["fed"](layers[-1], place) if layer else x
                output, h, c = self._run(seams, weights, fed, h_0, c_0, place, last)
                halves.append(output)
                last.append((h, c))
            layers.append(seams["added"](halves, layers[-1], (layer, 0)))
        both = (seams["h_n and c_n"](np.stack([one[k] for one in last]), *sizes) for k in range(2))
        h_n, c_n = (seams[name](states, *sizes) for name, states in zip(("h_n", "c_n"), both, strict=True))
        return seams["result"](layers), *seams["returned"](h_n, c_n)

    @property
    def _each(self) -> set[Equations]:
        """The equations of all steps."""
        return {self.equations, self.equations if self.first is None else self.first}

    def _run(
        self,
        seams: Mapping[str, Callable[..., Any]],
        weights: LSTMWeights,
        x: Array,
        h_0: Array,
        c_0: Array,
        place: Place,
        last: Sequence[tuple[Array, Array]],
    ) -> Results:
        sizes = weights.num_layers, weights.num_directions
        parts = {}
        for name in PARAMETERS:
            layer, direction = seams[name](seams["weights"](place, *sizes), *sizes)
            parts[name] = getattr(weights.cells[layer][direction], name)
        parts = seams["parts"](parts, place, *sizes)
        states = []
        for name, state in (("h_0", h_0), ("c_0", c_0)):
            layer, direction = seams[name](seams["h_0 and c_0"](place, *sizes), *sizes)
            blended = seams["blended"](state, name == "h_0", *sizes)
            states.append(blended[layer * sizes[1] + direction])
        h, c = seams["carried"](*seams["start"](*states, place, *sizes), place, sizes[1], last)
        x, order, before = seams["input"](x, place, *sizes), range(len(x)), h
        cell, is_changing = CellWeights(**parts), seams["parts at"] is not _USUAL["parts at"]
        known = {} if is_changing else {one: sum_inputs(one.sums, cell, x) for one in self._each}
        outputs, hs, cs = dict[int, Array](), [h], [c]
        for number, t in enumerate(reversed(order) if seams["backwards"](place, *sizes) else order):
            h, c = seams["between"](h, c, number, len(x))
            equations = self.first if self.first is not None and number == 0 else self.equations
            cell = CellWeights(**seams["parts at"](parts, number)) if is_changing else cell
            old, from_x = h, known[equations][t] if known else None
            h, c = seams["stepped"](*equations(cell, x[t], h, c, seams["recurrent"](h, before), from_x))
            before, outputs[t] = old, seams["emitted"](h, old, place, sizes[0])
            hs.append(h)
            cs.append(c)
        stacked = seams["outputs"](np.stack([outputs[t] for t in order]), place, *sizes)
        h, c = seams["ended"](hs, cs)
        return stacked, seams["h_n of"](h, stacked, place), c
