"""Known mistakes written by somebody else, and wrong LSTMs that are none of the known ones.

A disguise computes the same wrong equations with other sums: gate by gate, column after column, in NumPy, in float64
inside; or it is `nn.LSTM` with weights, arguments or results that somebody mistook.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from types import ModuleType
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor

from lstm_parity.cases.setting import Setting
from lstm_parity.catalogue.mistakes import plain
from lstm_parity.catalogue.mistakes.forward import arithmetic, gates, projection, runtime
from lstm_parity.catalogue.mistakes.forward.gates import BiasHHDropped, ForgetBiasOne
from lstm_parity.catalogue.mistakes.forward.states import CellStateIgnored
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.implementations.stack import FromCell, State
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.protocol import LSTM, Implementation
from specimens.call_faults import CALLS
from specimens.correct_cells import Broken, column_sums, without_recurrence
from specimens.weight_faults import ORDERS, OTHERS, TRANSPOSED, Misread

Linear = Callable[..., Tensor]


def by_columns(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """One column after the other, the bias last; half types added up in float32."""
    wide = torch.float32 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype
    total = column_sums(x.to(wide), weight.to(wide))
    return (total if bias is None else total + bias.to(wide)).to(x.dtype)


def gate_by_gate(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """A product for each quarter of the rows, as tutorials write it."""
    biases = [None] * 4 if bias is None else bias.chunk(4)
    if len(weight) % 4:
        return torch.nn.functional.linear(x, weight, bias)
    return torch.cat(
        [
            torch.addmm(b, x, w.t()) if b is not None else x @ w.t()
            for w, b in zip(weight.chunk(4), biases, strict=True)
        ],
        -1,
    )


def in_numpy(x: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """NumPy's product and sum, in float64 for what NumPy lacks."""
    wide = torch.float64 if x.dtype in (torch.bfloat16, torch.float16) else x.dtype
    product = x.detach().to(wide).numpy() @ weight.detach().to(wide).numpy().T
    total = torch.from_numpy(product if bias is None else product + bias.detach().to(wide).numpy())
    return total.to(x.dtype)


STYLES: dict[str, Linear] = {"column by column": by_columns, "gate by gate": gate_by_gate, "in NumPy": in_numpy}
SEAMS: tuple[ModuleType, ...] = (plain, gates, arithmetic, projection, runtime)


@dataclass(frozen=True)
class Disguised:
    """A known mistake whose products are computed otherwise."""

    mistake: Mistake
    style: str

    @property
    def name(self) -> str:
        """The mistake's, and how it is written."""
        return f"{self.mistake.name}, {self.style}"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The mistake's LSTM, with another product wherever it multiplies."""
        with self._styled():
            lstm = self.mistake.load(setting, weights)

        def styled(input: Any, hx: Any) -> Any:
            with self._styled():
                return lstm(input, hx)

        return styled

    def _styled(self) -> ExitStack:
        with ExitStack() as stack:
            for module in SEAMS:
                if "linear" in vars(module):
                    stack.enter_context(patch.object(module, "linear", STYLES[self.style]))
            return stack.pop_all()


def on_top_of_torch() -> list[tuple[str, Implementation]]:
    """`nn.LSTM` and what is mistaken around it, with the names of the known mistakes that do the same."""
    weights = {misread.name: misread for misread in (*ORDERS, TRANSPOSED, *OTHERS)}
    calls = {call.name: call for call in CALLS}
    return [
        *((name, weights[key]) for name, key in OF_WEIGHTS.items()),
        *((name, calls[key]) for name, key in OF_CALLS.items()),
        ("recurrent-weights-ignored", Broken("no recurrence", weights=without_recurrence)),
        ("cell-gate-sigmoid", FromCell("cell", _cell(g=torch.sigmoid))),
        ("cell-gate-linear", FromCell("cell", _cell(g=lambda z: z))),
        ("cell-not-squashed", FromCell("cell", _cell(squash=lambda c: c))),
        ("hard-sigmoid", FromCell("cell", _cell(sigmoid=lambda z: (0.2 * z + 0.5).clamp(0.0, 1.0)))),
        ("cell-clipped", FromCell("cell", _cell(keep=lambda c: c.clamp(-3.0, 3.0)))),
        ("input-gate-added", FromCell("cell", _cell(joined=lambda i, g: i + g))),
    ]


OF_WEIGHTS = {
    "gates-ifog": "gates read as i,f,o,g",
    "gates-igfo": "gates read as i,g,f,o",
    "gates-iofg": "gates read as i,o,f,g",
    "gates-figo": "gates read as f,i,g,o",
    "gates-interleaved": "gates interleaved unit by unit",
    "recurrent-weights-transposed": TRANSPOSED.name,
    "bias-ih-dropped": "b_ih left out",
    "bias-hh-dropped": "b_hh left out",
    "bias-doubled": "b_ih twice, b_hh never",
}
OF_CALLS = {
    "states-swapped": "h_0 and c_0 swapped",
    "hidden-state-ignored": "h_0 taken for zero",
    "cell-state-ignored": "c_0 taken for zero",
    "last-states-swapped": "h_n and c_n swapped",
    "states-direction-major": "given states direction by direction",
    "last-states-direction-major": "last states direction by direction",
    "initial-states-not-sorted": "given states taken to be sorted with the batch",
    "last-states-left-sorted": "last states left sorted",
    "reverse-output-not-flipped-back": "reverse output not flipped back",
    "directions-joined-backwards": "outputs of the directions swapped",
    "padding-not-masked": "padding read",
}


def _cell(
    sigmoid: Callable[[Tensor], Tensor] = torch.sigmoid,
    g: Callable[[Tensor], Tensor] = torch.tanh,
    squash: Callable[[Tensor], Tensor] = torch.tanh,
    keep: Callable[[Tensor], Tensor] = lambda c: c,
    joined: Callable[[Tensor, Tensor], Tensor] = lambda i, g: i * g,
) -> Callable[[Tensor, State, CellWeights], State]:
    """A cell that joins input and state, and adds up the biases beforehand."""

    def cell(x: Tensor, state: State, w: CellWeights) -> State:
        bias = None if w.b_ih is None else w.b_ih + w.b_hh
        z = torch.nn.functional.linear(torch.cat([x, state[0]], -1), torch.cat([w.w_ih, w.w_hh], -1), bias)
        i, f, candidate, o = z.chunk(4, -1)
        c = keep(sigmoid(f) * state[1] + joined(sigmoid(i), g(candidate)))
        h = sigmoid(o) * squash(c)
        return (h if w.w_hr is None else h @ w.w_hr.t()), c

    return cell


# ------------------------------------------------------------------ none of the known


class ForgetBiasAndDroppedBias(ForgetBiasOne, BiasHHDropped):
    """Two faults at once: 1 is added to the forget gate, and b_hh is not."""


class GatesAndStates(gates.GatesIFOG, CellStateIgnored):
    """Two faults at once: the rows are read as i, f, o, g, and c_0 is ignored."""


class CandidateScaled(PlainLSTM):
    """g is three quarters of what it ought to be."""

    def gates(self, z: Tensor) -> Any:
        """Scaled."""
        i, f, g, o = super().gates(z)
        return i, f, 0.75 * g, o


class PeepholeOutput(PlainLSTM):
    """The output gate looks at the new c, as in an LSTM with peepholes of weight 1."""

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """A term too many."""
        z = self.sums(x, state[0], w)
        i, f, g, _ = self.gates(z)
        c = self.cell_state(i, f, g, state[1])
        return self.project(self.hidden((z.chunk(4, -1)[3] + c).sigmoid(), c), w), c


class CoupledGates(PlainLSTM):
    """The input gate is 1 - f."""

    def gates(self, z: Tensor) -> Any:
        """Three gates only."""
        _, f, g, o = super().gates(z)
        return 1.0 - f, f, g, o


class EverySecondStepSkipped(PlainLSTM):
    """The state rests at every odd step."""

    def times(self, steps: int, reverse: bool) -> Any:
        """Even steps, each twice."""
        return [t - t % 2 for t in super().times(steps, reverse)]


UNKNOWN: tuple[Implementation, ...] = (
    *map(Mistake, (ForgetBiasAndDroppedBias, GatesAndStates, CandidateScaled, PeepholeOutput, CoupledGates)),
    Mistake(EverySecondStepSkipped),
    next(misread for misread in ORDERS if misread.name == "gates read as o,g,f,i"),
    Misread("b_ih reversed", lambda w: w if w.b_ih is None else replace(w, b_ih=w.b_ih[::-1])),
)
