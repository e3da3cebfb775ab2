"""A correct LSTM in plain steps, every seam of which a fault can replace."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

Gates = dict[str, Tensor]


@dataclass(frozen=True)
class Fault:
    """One fault: what it replaces in `Written`, by name, and the parts that are to be named."""

    name: str
    parts: tuple[str, ...]
    replaced: dict[str, Callable[..., Any]]
    also: tuple[tuple[str, ...], ...] = ()  # other descriptions of the same function

    @property
    def is_wiring(self) -> bool:
        """Whether it shows only between layers, directions, steps or rows."""
        return self.parts == ("wiring",)


@dataclass(frozen=True)
class Place:
    """A layer and a direction (0 forward, 1 reverse) of an LSTM with so many of either."""

    layer: int
    direction: int
    layers: int
    directions: int

    @property
    def slot(self) -> int:
        """Its index in h_0, c_0, h_n and c_n."""
        return self.layer * self.directions + self.direction

    def at(self, layer: int, direction: int) -> Place:
        """Another place in the same LSTM; itself if that is none."""
        inside = 0 <= layer < self.layers and 0 <= direction < self.directions
        return Place(layer, direction, self.layers, self.directions) if inside else self

    @property
    def last(self) -> bool:
        """Whether it is in the last layer."""
        return self.layer == self.layers - 1


class Written(nn.LSTM):
    """A correct LSTM in plain steps, every seam of which can be replaced by a function of the same arguments."""

    faults: tuple[Fault, ...] = ()

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        if self.proj_size:
            raise NotImplementedError("projections")

    def call(self, seam: str, *arguments: Any) -> Any:
        """Call a seam: the right function, or what replaces it."""
        function = SEAMS[seam]
        for fault in self.faults:
            function = fault.replaced.get(seam, function)
        return function(*arguments)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Run it over padded sequences."""
        if not isinstance(input, Tensor):
            raise NotImplementedError("packed sequences")
        if input.dim() == 2:
            batch = 0 if self.batch_first else 1
            output, (h_n, c_n) = self(input.unsqueeze(batch), hx and tuple(s[:, None] for s in hx))
            return output.squeeze(batch), (h_n[:, 0], c_n[:, 0])
        x = input.transpose(0, 1) if self.batch_first else input
        directions = 2 if self.bidirectional else 1
        zeros = x.new_zeros(self.num_layers * directions, x.shape[1], self.hidden_size)
        states = hx or (zeros, zeros)
        hs, cs, below = [zeros[0]] * len(zeros), [zeros[0]] * len(zeros), [x]
        for layer in range(self.num_layers):
            above = []
            for direction in range(directions):
                place = Place(layer, direction, self.num_layers, directions)
                fed = self.call("fed", below, place) if layer else x
                output, h, c = self.run(fed, states, place)
                hs[place.slot], cs[place.slot] = h, c
                above.append(output)
            below = self.call("above", above, below, place)
        output = self.call("result", torch.cat(below, -1), below)
        h_n, c_n = self.call("last_states", torch.stack(hs), torch.stack(cs), self.num_layers, directions)
        return output.transpose(0, 1) if self.batch_first else output, (h_n, c_n)

    def run(self, x: Tensor, states: Any, place: Place) -> Any:
        """Run one layer in one direction; its outputs lie in the order of the input."""
        h, c = self.call("start", states[0], states[1], place)
        weights = self.call("weights", self.named, place)
        order = list(range(len(x)))
        backwards = self.call("backwards", place)
        outputs: dict[int, Tensor] = {}
        for number, t in enumerate(reversed(order) if backwards else order):
            h, c = self.call("between", h, c, number, len(x))
            h, c = self.step(self.call("at", x, t), h, c, weights)
            outputs[t] = h
        stacked = torch.stack([outputs[t] for t in order])
        return self.call("laid", stacked, place), self.call("last_h", h, stacked, place), c

    def named(self, kind: str, place: Place) -> Tensor:
        """A parameter of a place; zeros for a bias that is not there."""
        name = f"{kind}_l{place.layer}" + "_reverse" * place.direction
        found = getattr(self, name, None)
        return next(self.parameters()).new_zeros(4 * self.hidden_size) if found is None else found

    def step(self, x: Tensor, h: Tensor, c: Tensor, weights: Any) -> tuple[Tensor, Tensor]:
        """One step."""
        sums = self.call("sums", x, h, *weights)
        gates: Gates = dict(zip("ifgo", self.call("rows", sums), strict=True))
        named = {"h": h, "c": c, **{k: self.call(k, z) for k, z in gates.items()}}
        named["new"] = self.call("cell", named)
        return self.call("hidden", named), named["new"]


def _weights(named: Callable[[str, Place], Tensor], place: Place) -> tuple[Tensor, ...]:
    return tuple(named(kind, place) for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh"))


SEAMS: dict[str, Callable[..., Any]] = {
    "i": torch.sigmoid,
    "f": torch.sigmoid,
    "g": torch.tanh,
    "o": torch.sigmoid,
    "cell": lambda v: v["f"] * v["c"] + v["i"] * v["g"],
    "hidden": lambda v: v["o"] * torch.tanh(v["new"]),
    "sums": lambda x, h, w, u, b, d: x @ w.T + b + h @ u.T + d,
    "rows": lambda z: z.chunk(4, -1),
    "weights": _weights,
    "start": lambda h, c, place: (h[place.slot], c[place.slot]),
    "fed": lambda below, place: torch.cat(below, -1),
    "above": lambda above, below, place: above,
    "result": lambda output, below: output,
    "last_states": lambda h, c, layers, directions: (h, c),
    "backwards": lambda place: place.direction == 1,
    "between": lambda h, c, number, steps: (h, c),
    "at": lambda x, t: x[t],
    "laid": lambda outputs, place: outputs,
    "last_h": lambda h, outputs, place: h,
}
