"""Wrong LSTMs in which one gate multiplies what another reads of the hidden state, as the reset gate of a GRU does.

Each is a class with nn.LSTM's arguments: `module:specimens/reset_equations.py:NAME`: a gate before the recurrent
product of another or after it, with the bias inside or outside. Committed before what identifies them was made more
general: at first none was named. `parts` and `also` of a fault are what they are in `unseen_equations`.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from specimens.unseen_equations.written import SEAMS, Fault, Written

_Reset = Callable[[Tensor], Tensor]  # of a gate sum
_USUAL = torch.sigmoid
_OUTSIDE, _INSIDE, _WHOLE = "outside", "inside", "whole"


def _before(read: str, gate: str, by: _Reset = _USUAL) -> dict[str, Callable[..., Tensor]]:
    """The sums where some gates read h times another gate."""

    def sums(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
        usual = SEAMS["sums"](x, h, w, u, b, d)
        gated = SEAMS["sums"](x, by(_part(usual, gate)) * h, w, u, b, d)
        return _choose(read, gated, usual)

    return {"sums": sums}


def _after(read: str, gate: str, bias: str, by: _Reset = _USUAL) -> dict[str, Callable[..., Tensor]]:
    """The sums where a gate multiplies what others read of h, with b_hh or without it, or their whole sums."""

    def sums(x: Tensor, h: Tensor, w: Tensor, u: Tensor, b: Tensor, d: Tensor) -> Tensor:
        usual = SEAMS["sums"](x, h, w, u, b, d)
        factor = by(_part(usual, gate)).repeat(1, 4)
        gated = {
            _OUTSIDE: lambda: x @ w.T + b + factor * (h @ u.T) + d,
            _INSIDE: lambda: x @ w.T + b + factor * (h @ u.T + d),
            _WHOLE: lambda: factor * usual,
        }[bias]()
        return _choose(read, gated, usual)

    return {"sums": sums}


def _part(sums: Tensor, gate: str) -> Tensor:
    return sums.chunk(4, -1)["ifgo".index(gate)]


def _choose(read: str, gated: Tensor, usual: Tensor) -> Tensor:
    parts = zip("ifgo", gated.chunk(4, -1), usual.chunk(4, -1), strict=True)
    return torch.cat([one if gate in read else other for gate, one, other in parts], -1)


def _not(z: Tensor) -> Tensor:
    return 1 - torch.sigmoid(z)


RESET: tuple[Fault, ...] = (
    Fault("CandidateReadsForgotten", ("z",), _before("g", "f"), (("g",),)),
    Fault("CandidateReadsNotForgotten", ("z",), _before("g", "f", _not), (("g",),)),
    Fault("ForgetReadsAdmitted", ("z",), _before("f", "i"), (("f",),)),
    Fault("OutputReadsForgotten", ("z",), _before("o", "f"), (("o",),)),
    Fault("AllOthersReadEmitted", ("z",), _before("ifg", "o"), (("i", "f", "g"),)),
    Fault("ForgetReadsCandidate", ("z",), _before("f", "g", torch.tanh), (("f",),)),
    Fault("CandidateTimesInputOutside", ("z",), _after("g", "i", _OUTSIDE), (("g",),)),
    Fault("CandidateTimesForgetInside", ("z",), _after("g", "f", _INSIDE), (("g",),)),
    Fault("InputTimesOutputInside", ("z",), _after("i", "o", _INSIDE), (("i",),)),
    Fault("OutputTimesNotInputOutside", ("z",), _after("o", "i", _OUTSIDE, _not), (("o",),)),
    Fault("CandidateTimesInputWhole", ("g",), _after("g", "i", _WHOLE), (("z",), ("c'",))),
    Fault("ForgetTimesOutputWhole", ("f",), _after("f", "o", _WHOLE), (("z",), ("c'",))),
)

CLASSES: dict[str, type[Written]] = {
    fault.name: type(fault.name, (Written,), {"faults": (fault,), "__module__": __name__}) for fault in RESET
}
globals().update(CLASSES)
