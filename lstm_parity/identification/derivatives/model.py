"""An LSTM in torch whose values are right, and of which one derivative can be scaled, replaced, cut or clipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from lstm_parity.cases.case import Case
from lstm_parity.identification.connections.change import RARE_WHEN, WHEN
from lstm_parity.identification.derivatives.replaced import (
    AT,
    READ,
    SHARES,
    SLOPES,
    VALUES,
    Named,
    clip_back,
    multiply,
    scale_back,
)
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import Adjoints

_FUNCTIONS = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
_WHEN = {**WHEN, **RARE_WHEN}


@dataclass(frozen=True)
class WrongDerivative:
    """One derivative that is not the exact one: which, and a factor of it or what it is instead.

    edge: of what by what. when: at which steps, if not at all, by WHEN or RARE_WHEN. limit: what it is clipped to.
    """

    edge: str
    factor: float | None = None
    slope: str = ""
    when: str = ""
    limit: float = 0.0

    @property
    def text(self) -> str:
        """A sentence."""
        what = f"the derivative of {self.edge}{f', {self.when},' * bool(self.when)}"
        if self.limit:
            return f"{what} is clipped to {self.limit:.6g}"
        if self.slope:
            return f"{what} {self.slope}"
        if self.factor == 0.0:
            return f"{what} is missing"
        return f"{what} counts {self.factor:.6g} times"


@dataclass(frozen=True, eq=False)
class GradientModel:
    """An LSTM of one direction in torch, with one wrong derivative or none."""

    wrong: WrongDerivative | None = None

    def gradients(self, case: Case, d: Adjoints) -> dict[str, Array]:
        """Return the gradients by torch's names: input (T, B, I), h_0, c_0 (L, B, H), and the weights."""
        leaves = {name: torch.from_numpy(array.copy()).requires_grad_() for name, array in case.weights.items()}
        states = {"input": case.input, "h_0": case.h_0, "c_0": case.c_0}
        leaves |= {name: torch.from_numpy(array.copy()).requires_grad_() for name, array in states.items()}
        output, h_n, c_n = self._run(leaves, case.setting.architecture.num_layers)
        results = zip(("output", "h_n", "c_n"), (output, h_n, c_n), (d.output, d.h_n, d.c_n), strict=True)
        loss = sum((self._pass(f"the loss by {n}", r) * torch.from_numpy(a)).sum() for n, r, a in results)
        grads = torch.autograd.grad(loss, list(leaves.values()), allow_unused=True)  # type: ignore[arg-type]
        return {
            name: (torch.zeros_like(leaf) if grad is None else grad).numpy()
            for (name, leaf), grad in zip(leaves.items(), grads, strict=True)
        }

    def _wrong_of(self, edge: str) -> WrongDerivative | None:
        """Return the wrong derivative, if it is that of an edge."""
        return self.wrong if self.wrong is not None and self.wrong.edge == edge else None

    def _pass(self, edge: str, value: Tensor) -> Tensor:
        """Return a value; a part of its gradient goes back if its edge is the wrong one."""
        wrong = self._wrong_of(edge)
        return value if wrong is None or wrong.factor is None or wrong.when else scale_back(value, wrong.factor)

    def _activate(self, edge: str, function: Callable[[Tensor], Tensor], z: Tensor, others: Named) -> Tensor:
        value, wrong = function(z), self._wrong_of(edge)
        if wrong is not None and wrong.slope:
            at = value.detach()
            slope = SLOPES[wrong.slope](function, z.detach(), at, others)
            return at + slope * (z - z.detach())
        return self._pass(edge, value)

    def _multiply(self, result: str, one: str, other: str, values: Named) -> Tensor:
        """Return a product of two values, whose derivative by either may be another value."""
        a, b = (self._pass(f"{result} by {name}", values[name]) for name in (one, other))
        for name, left, right in ((one, a, b), (other, b, a)):
            wrong = self._wrong_of(f"{result} by {name}")
            if wrong is not None and wrong.slope in VALUES:
                return multiply(left, right, VALUES[wrong.slope](values))
        return a * b

    def _run(self, leaves: Mapping[str, Tensor], layers: int) -> tuple[Tensor, Tensor, Tensor]:
        below, hs, cs = leaves["input"], [], []
        for layer in range(layers):
            below = self._pass("every layer by its input", below)
            below = self._pass("layers after the first by their input", below) if layer else below
            h, c = leaves["h_0"][layer], leaves["c_0"][layer]
            outputs = []
            for t in range(len(below)):
                h, c = self._between(h, c, t, len(below))
                h, c = self._step(leaves, f"_l{layer}", below[t], h, c, (t, len(below)))
                outputs.append(h)
            below = torch.stack(outputs)
            hs.append(h)
            cs.append(c)
        return below, torch.stack(hs), torch.stack(cs)

    def _between(self, h: Tensor, c: Tensor, t: int, steps: int) -> tuple[Tensor, Tensor]:
        wrong = self.wrong
        if t == 0:
            h, c = self._pass("the first step by h_0", h), self._pass("the first step by c_0", c)
            h, c = (self._pass("the first step by h_0 and c_0", state) for state in (h, c))
        if wrong is None or not wrong.edge.startswith("a step by"):
            return h, c
        if wrong.when and not _WHEN[wrong.when](t, steps):
            return h, c
        names = wrong.edge.removeprefix("a step by ").split(" and ")
        change = (
            partial(clip_back, limit=wrong.limit) if wrong.limit else partial(scale_back, factor=wrong.factor or 0.0)
        )
        return change(h) if "h" in names else h, change(c) if "c" in names else c

    def _step(
        self, leaves: Mapping[str, Tensor], layer: str, x: Tensor, h: Tensor, c: Tensor, at: tuple[int, int]
    ) -> tuple[Tensor, Tensor]:
        """Compute a step; at: which of how many."""
        read = None
        if self.wrong is not None and self.wrong.slope in READ:
            with torch.no_grad():
                new, _ = GradientModel()._step(leaves, layer, x, h, c, at)
            read = READ[self.wrong.slope](h, c, new).detach()
        zs = self._sum_up(leaves, layer, x, h, read, at)
        named = zip("ifgo", _FUNCTIONS, zs, strict=True)
        values = {gate: self._activate(f"{gate} by z_{gate}", function, z, {}) for gate, function, z in named}
        values |= {"c": c, "h": h}
        with torch.no_grad():
            values["c'"] = values["f"] * c + values["i"] * values["g"]
            values["tanh(c')"] = torch.tanh(values["c'"])
            values["h'"] = values["o"] * values["tanh(c')"]
        new = self._multiply("c'", "f", "c", values) + self._multiply("c'", "i", "g", values)
        values["tanh(c')"] = self._activate("h' by c'", torch.tanh, new, values)
        return self._multiply("h'", "o", "tanh(c')", values), new

    def _sum_up(
        self,
        leaves: Mapping[str, Tensor],
        layer: str,
        x: Tensor,
        h: Tensor,
        read: Tensor | None,
        at: tuple[int, int],
    ) -> list[Tensor]:
        """Return the gate sums; read: what the derivative of z by w_hh is, if not h."""
        size, zs, shares = h.shape[-1], [], self._find_shares(x, at)
        for number, gate in enumerate("ifgo"):
            rows = slice(number * size, (number + 1) * size)
            z = torch.zeros_like(h)
            for name, value in (("weight_ih", x), ("weight_hh", h), ("bias_ih", None), ("bias_hh", None)):
                if name + layer not in leaves:
                    continue
                w = self._part(leaves, name, layer, rows, gate)
                w = self._pass("z by both biases", w) if value is None else w
                z = z + self._enter(
                    name, w, None if value is None else self._of(gate, name[-2:], value), read, shares.get(name)
                )
            zs.append(z)
        return zs

    def _find_shares(self, x: Tensor, at: tuple[int, int]) -> dict[str, Tensor]:
        """Return how much each row contributes to the gradient (B, 1), by the parameters for which that is wrong."""
        if self.wrong is None or self.wrong.slope not in SHARES:
            return {}
        return dict.fromkeys(AT[self.wrong.edge], SHARES[self.wrong.slope](x, *at))

    def _enter(self, name: str, w: Tensor, value: Tensor | None, read: Tensor | None, share: Tensor | None) -> Tensor:
        """Return what a parameter adds to a gate sum; share: of the rows in its gradient, if that is wrong."""
        if value is None:
            return w if share is None else w + (share - 1.0) * (w - w.detach())
        if name == "weight_hh" and read is not None:
            return value @ w.detach().T + read @ (w - w.detach()).T
        if share is not None:
            return value @ w.detach().T + share * (value.detach() @ (w - w.detach()).T)
        return value @ w.T

    def _of(self, gate: str, side: str, value: Tensor) -> Tensor:
        name = {"ih": "x", "hh": "h"}[side]
        return self._pass(f"z_{gate} by {name}", self._pass(f"z by {name}", value))

    def _part(self, leaves: Mapping[str, Tensor], name: str, layer: str, rows: slice, gate: str) -> Tensor:
        short = f"{name[0]}_{name[-2:]}"
        value = leaves[name + layer][rows]
        return self._pass(f"z_{gate} by {short}", self._pass(f"z by {short}", value))
