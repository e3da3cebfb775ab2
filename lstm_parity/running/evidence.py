"""What a run leaves behind: the outputs of each call with what went in, or why there are none; gradients too.

All arrays are canonical, in float64: time first, padded, with a batch axis. Gradients go by name: `input` (T, B, I),
`h_0`, `c_0`, then the weights by torch's names.
"""

from __future__ import annotations

from dataclasses import dataclass

from lstm_parity.cases.case import Case
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.running.views import Seen

TENSORS = ("output", "h_n", "c_n")
INPUTS = ("input", "h_0", "c_0")
WHOLE, CHAIN, TRAJECTORY, PAIR = "whole call", "chain", "trajectory", "pair"
SEEN = "numbers as given"  # of a call whose outputs are not known whole
PREFIXES = "calls of 1, 2, 3 ... steps"
TWICE, LATE, OFTEN = "second call", "read late", "many calls"  # ways of `lstm_parity/diagnosis/probes.py`
DROPPING, NOT_DROPPING = "train mode, dropout", "eval mode, dropout"
TRAINING, RELOADED, EXPANDED = "train mode", "changed weights", "expanded states"

Gradients = dict[str, Array]
Found = dict[str, "Array | None"]
Masks = tuple[Array, ...]


@dataclass(frozen=True, eq=False)
class Outputs:
    """What an implementation returned, canonical and in float64, or what is wrong with its form.

    output: (T, B, D*P); h_n: (L*D, B, P); c_n: (L*D, B, H); None if the shape is wrong.
    faults: what is wrong with type, shape, dtype or device, one sentence for each tensor. absent: the tensors that are
    not known, which are exact here, so that the others can be judged; nothing is said of them.
    """

    output: Array | None
    h_n: Array | None
    c_n: Array | None
    faults: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()

    @property
    def complete(self) -> bool:
        """Whether all three can be compared in value."""
        return self.output is not None and self.h_n is not None and self.c_n is not None


@dataclass(frozen=True, eq=False)
class Evidence:
    """One thing that was run: the arrays that went in and the outputs that came out, canonical.

    way: whole call, chain, or the last steps of calls of 1, 2, 3 ... steps. The steps of the last two lie side by side
    as rows of one batch, step-major: x is (1, T*B, I).
    masks: (T, B, D*P) for every layer but the last, in train mode with dropout.
    seen: what is known of the outputs, if they are not known whole; `outputs` are None then, and the call is judged
    from the initial states on. noise: what x, h_0 and c_0 bring, None for what is exact.
    """

    way: str
    x: Array
    h_0: Array
    c_0: Array
    outputs: Outputs
    lengths: tuple[int, ...] | None = None
    masks: tuple[Array, ...] = ()
    seen: tuple[Seen, ...] = ()
    noise: tuple[Array | None, Array | None, Array | None] = (None, None, None)

    @property
    def inputs(self) -> tuple[Noisy, Noisy, Noisy]:
        """The input and the states with their noise."""
        x, h_0, c_0 = (Noisy(*pair) for pair in zip((self.x, self.h_0, self.c_0), self.noise, strict=True))
        return x, h_0, c_0


@dataclass(frozen=True, eq=False)
class Observation:
    """An implementation's run of one case: evidence, or why there is none (`refused`, or `failed` and a traceback).

    arithmetic: the expected one; None for that of the case's dtype.
    unchained: whether the chain was requested, but its single padded steps are refused.
    """

    case: Case
    evidence: tuple[Evidence, ...] = ()
    refused: str | None = None
    failed: str | None = None
    arithmetic: Arithmetic | None = None
    unchained: bool = False

    @property
    def expected_arithmetic(self) -> Arithmetic:
        """Return the arithmetic that it is judged in by default."""
        return self.arithmetic or NATIVE[self.case.setting.runtime.dtype]


@dataclass(frozen=True)
class BackwardPass:
    """How the backward pass is run: plainly, or as one of the many training loops does.

    words: what is special about it, for a report; empty for a plain one. frozen: the parameters that require no
    gradient. inputs: whether the input and the states require one. training: whether the module is in train mode.
    again: whether the graph is retained and a second pass judged, without the gradients of the first. accumulated:
    whether two calls add to the same gradients. summed: whether the loss is `tensor.sum()`, whose derivative is one
    number expanded; the adjoints are ones then. scale: what the loss is multiplied by, a power of 2. second: whether
    the gradient of a weighted sum of the gradients of half the loss's squares is found. dropout: its probability
    between layers, and the seed that it is drawn from; 0 for none.
    Gradients are returned as those of a plain pass: divided by the scale and by the number of accumulated calls.
    """

    words: str = ""
    frozen: tuple[str, ...] = ()
    inputs: bool = True
    training: bool = False
    again: bool = False
    accumulated: bool = False
    summed: bool = False
    scale: float = 1.0
    second: bool = False
    dropout: float = 0.0
    seed: int = 0


_PLAIN_PASS = BackwardPass()


@dataclass(frozen=True, eq=False)
class Adjoints:
    """The derivatives of a loss by output (T, B, D*P), h_n (L*D, B, P) and c_n (L*D, B, H).

    losses: what the loss looks at; the others' derivatives are 0. ones: whether it is their plain sum. backward: how
    the backward pass is run.
    """

    output: Array
    h_n: Array
    c_n: Array
    losses: tuple[str, ...] = TENSORS
    ones: bool = False
    backward: BackwardPass = _PLAIN_PASS
