"""Which derivative is wrong where the results are right: an LSTM whose every derivative can be scaled or replaced.

The gradients of an implementation are compared with those of this model, changed in one place at a time: first in one
layer over three steps, then in two.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.probe import Probe, ProbeError
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.autograd import adjoints, found_by_autograd
from lstm_parity.running.evidence import TENSORS, Adjoints, Found
from lstm_parity.running.protocol import stands_in

_Edge = Callable[[Tensor], Tensor]
_FACTORS = (0.0, 2.0, 0.5, -1.0, 3.0)
_EXACT = 1e-9  # as a part of the largest number of a gradient
_EDGES = (  # what a factor of the gradient goes back through, as it is printed; those of several come after their parts
    *("i by z_i", "f by z_f", "g by z_g", "o by z_o"),
    *("c' by f", "c' by c", "c' by i", "c' by g", "h' by o", "h' by c'"),
    *("z by h", "z by x", "z by w_ih", "z by w_hh", "z by b_ih", "z by b_hh", "z by both biases"),
    *(f"z_{gate} by {name}" for name in ("w_ih", "w_hh", "b_ih", "b_hh", "x", "h") for gate in "ifgo"),
    *("the first step by h_0", "the first step by c_0", "the first step by h_0 and c_0"),
    *("the step in the middle by h", "the step in the middle by c", "the step in the middle by h and c"),
    *("the loss by output", "the loss by h_n", "the loss by c_n"),
    *("layers after the first by their input", "every layer by its input"),
)
_Slope = Callable[[_Edge, Tensor, Tensor], Tensor]
_SLOPES: Mapping[str, _Slope] = {  # from a function, sigmoid or tanh, its argument z and its value a
    "is taken at the value, not at its argument": lambda function, z, a: _differentiate(function, a),
    "is that of its value, taken at its argument": lambda function, z, a: (
        z * (1.0 - z) if function is torch.sigmoid else 1.0 - z * z
    ),
    "is 1": lambda function, z, a: torch.ones_like(z),
    "is 1 - a": lambda function, z, a: 1.0 - a,
    "is a": lambda function, z, a: a,
    "is 1 + a": lambda function, z, a: 1.0 + a,
    "is a * (1 - a), as of a sigmoid": lambda function, z, a: a * (1.0 - a),
    "is 1 - a^2, as of tanh": lambda function, z, a: 1.0 - a * a,
    "is that of a hard function": lambda function, z, a: ((a.abs() < 1.0) & (z.abs() < 1.0)).to(z.dtype),
}

_READ: Mapping[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {  # from h and c before a step, and h after it
    "is h after the step, not h before it": lambda h, c, new: new,
    "is c, not h": lambda h, c, new: c,
}


def _differentiate(function: _Edge, z: Tensor) -> Tensor:
    """Return the right slope of sigmoid or tanh at z."""
    a = function(z)
    return a * (1.0 - a) if function is torch.sigmoid else 1.0 - a * a


@dataclass(frozen=True)
class WrongDerivative:
    """One derivative that is not the exact one: which, and a factor of it or what it is instead."""

    edge: str
    factor: float | None = None
    slope: str = ""

    @property
    def text(self) -> str:
        """A sentence."""
        if self.slope:
            return f"the derivative of {self.edge} {self.slope}"
        if self.factor == 0.0:
            return f"the derivative of {self.edge} is missing"
        return f"the derivative of {self.edge} counts {self.factor:.6g} times"


@dataclass(frozen=True, eq=False)
class _Model:
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

    def _pass(self, edge: str, value: Tensor) -> Tensor:
        """Return a value; a part of its gradient goes back if its edge is the wrong one."""
        if self.wrong is None or self.wrong.factor is None or self.wrong.edge != edge:
            return value
        return self.wrong.factor * value + (1.0 - self.wrong.factor) * value.detach()

    def _activate(self, edge: str, function: _Edge, z: Tensor) -> Tensor:
        value = function(z)
        if self.wrong is not None and self.wrong.edge == edge and self.wrong.slope in _SLOPES:
            at = value.detach()
            slope = _SLOPES[self.wrong.slope](function, z.detach(), at)
            return at + slope * (z - z.detach())
        return self._pass(edge, value)

    def _run(self, leaves: Mapping[str, Tensor], layers: int) -> tuple[Tensor, Tensor, Tensor]:
        below, hs, cs = leaves["input"], [], []
        for layer in range(layers):
            below = self._pass("every layer by its input", below)
            below = self._pass("layers after the first by their input", below) if layer else below
            h, c = leaves["h_0"][layer], leaves["c_0"][layer]
            outputs = []
            for t in range(len(below)):
                h, c = self._between(h, c, t, len(below))
                h, c = self._step(leaves, f"_l{layer}", below[t], h, c)
                outputs.append(h)
            below = torch.stack(outputs)
            hs.append(h)
            cs.append(c)
        return below, torch.stack(hs), torch.stack(cs)

    def _between(self, h: Tensor, c: Tensor, t: int, steps: int) -> tuple[Tensor, Tensor]:
        if t not in (0, steps // 2):
            return h, c
        step, names = ("the first step", ("h_0", "c_0")) if t == 0 else ("the step in the middle", ("h", "c"))
        one, other = (self._pass(f"{step} by {n}", s) for n, s in zip(names, (h, c), strict=True))
        both = f"{step} by {' and '.join(names)}"
        return self._pass(both, one), self._pass(both, other)

    def _step(self, leaves: Mapping[str, Tensor], layer: str, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        if self.wrong is not None and self.wrong.slope in _READ:
            with torch.no_grad():
                new, _ = _Model()._step(leaves, layer, x, h, c)
            read = _READ[self.wrong.slope](h, c, new).detach()
            return self._step_from(leaves, layer, x, h, c, read)
        return self._step_from(leaves, layer, x, h, c, None)

    def _step_from(
        self, leaves: Mapping[str, Tensor], layer: str, x: Tensor, h: Tensor, c: Tensor, read: Tensor | None
    ) -> tuple[Tensor, Tensor]:
        """Compute a step; read: what the derivative of z by w_hh is, if not h."""
        size = h.shape[-1]
        zs = []
        for number, gate in enumerate("ifgo"):
            rows = slice(number * size, (number + 1) * size)
            w, u = (self._part(leaves, name, layer, rows, gate) for name in ("weight_ih", "weight_hh"))
            z = self._of(gate, "x", x) @ w.T + self._of(gate, "h", h) @ (u if read is None else u.detach()).T
            z = z if read is None else z + read @ (u - u.detach()).T
            for name in ("bias_ih", "bias_hh"):
                if name + layer in leaves:
                    z = z + self._pass("z by both biases", self._part(leaves, name, layer, rows, gate))
            zs.append(z)
        functions = (torch.sigmoid, torch.sigmoid, torch.tanh, torch.sigmoid)
        named = zip("ifgo", functions, zs, strict=True)
        i, f, g, o = (self._activate(f"{gate} by z_{gate}", function, z) for gate, function, z in named)
        kept = self._pass("c' by f", f) * self._pass("c' by c", c)
        new = kept + self._pass("c' by i", i) * self._pass("c' by g", g)
        return self._pass("h' by o", o) * self._activate("h' by c'", torch.tanh, new), new

    def _of(self, gate: str, name: str, value: Tensor) -> Tensor:
        return self._pass(f"z_{gate} by {name}", self._pass(f"z by {name}", value))

    def _part(self, leaves: Mapping[str, Tensor], name: str, layer: str, rows: slice, gate: str) -> Tensor:
        short = f"{name[0]}_{name.rpartition('_')[2]}"
        return self._of(gate, short, leaves[name + layer][rows])


def _candidates() -> Iterator[WrongDerivative]:
    for edge in _EDGES:
        yield from (WrongDerivative(edge, factor) for factor in _FACTORS)
    for edge in (*_EDGES[:4], "h' by c'"):
        yield from (WrongDerivative(edge, slope=slope) for slope in _SLOPES)
    yield from (WrongDerivative("z by w_hh", slope=slope) for slope in _READ)


def recover_derivative(probe: Probe) -> WrongDerivative | None:
    """Return the one wrong derivative, or None if none is; the results are right.

    Raises UnknownEquationError if it is none that is known, and ProbeError if no gradients are to be had.
    """
    for states in ("", "-nostates"):
        if cases := list(_collect(probe, states)):
            break
    if not cases:
        raise ProbeError("gradients were refused")

    def explains(wrong: WrongDerivative | None) -> bool:
        return all(_agree(found, _of_given(case, _Model(wrong).gradients(case, d))) for case, d, found in cases)

    if explains(None):
        return None
    known = next((wrong for wrong in _candidates() if explains(wrong)), None)
    if known is None:
        raise UnknownEquationError("its gradients are wrong, in more than one derivative or in one that is not known")
    return known


def _collect(probe: Probe, states: str) -> Iterator[tuple[Case, Adjoints, Found]]:
    """Yield cases of one layer and of two, with their gradients, as far as these are not refused."""
    bias = "" if probe.bias else "-nobias"
    layout = "-bf" if probe.batch_first else ""
    for layers, steps, seed in (("", 4, 1), ("", 3, 2), ("-L2", 4, 3)):
        case = draw_case(parse_setting(f"I3-H3{layers}{bias}{layout}-T{steps}-B3{states}-float64-grad"), "normal", seed)
        d = adjoints(case, ("output",) if stands_in(probe.implementation) else TENSORS)
        if (found := _find(probe, case, d)) is not None:
            yield case, d, found


def _find(probe: Probe, case: Case, d: Adjoints) -> Found | None:
    """Find the gradients of a case; None if it is refused. Raises ProbeError if there are none."""
    try:
        if probe.implementation.unsupported_reason(case.setting) is not None:
            return None
        return found_by_autograd(probe.implementation, case, d)
    except NotImplementedError:
        return None
    except Exception as error:  # the implementation is the user's
        raise ProbeError(f"gradients were not found: {error}") from error


def _of_given(case: Case, gradients: Mapping[str, Array]) -> dict[str, Array]:
    """Return the gradients of what was given: no states, perhaps."""
    return {n: g for n, g in gradients.items() if case.setting.call.states or n not in ("h_0", "c_0")}


def _agree(found: Mapping[str, Array | None], exact: Mapping[str, Array]) -> bool:
    for name, wanted in exact.items():
        got = found.get(name)
        got = np.zeros_like(wanted) if got is None else got
        if np.abs(got - wanted).max() > _EXACT * max(1.0, float(np.abs(wanted).max())):
            return False
    return True
