"""Layers that are run once for many mistakes, and with fewer products.

Those around layers compute in most of them what a right LSTM does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

import torch
from torch import Tensor
from torch.nn.functional import linear

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM, State
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.calls import use_threads, weight_tensors
from lstm_parity.running.protocol import LSTM

WIDE = 256  # units: products that torch would share out to threads
_MOST = 16  # directions of layers that are kept
_AROUND_GATES = ("run", "read", "step", "sums", "resting", "emit")  # what uses the gates, and nothing else


@dataclass(frozen=True, eq=False)
class SharedRuns:
    """What directions of layers of one case computed, and its weights as tensors.

    The oldest run is forgotten if there are too many.
    """

    done: list[tuple[tuple[Any, ...], tuple[Tensor, State]]] = field(default_factory=list)
    weights: dict[str, LSTMWeights] = field(default_factory=dict)

    def load_weights(self, case: Case) -> LSTMWeights:
        """Return the case's weights as tensors of its dtype, which are not to be changed."""
        dtype = case.setting.runtime.dtype
        if dtype not in self.weights:
            self.weights[dtype] = weight_tensors(case)
        return self.weights[dtype]

    def find(self, question: tuple[Any, ...]) -> tuple[Tensor, State] | None:
        """Return what was computed of the same numbers, as new tensors."""
        known = next((found for asked, found in self.done if all(map(_is_same, asked, question))), None)
        return None if known is None else (known[0].clone(), (known[1][0].clone(), known[1][1].clone()))

    def keep(self, question: tuple[Any, ...], found: tuple[Tensor, State]) -> None:
        """Keep what was computed."""
        self.done.append((question, (found[0].clone(), (found[1][0].clone(), found[1][1].clone()))))
        del self.done[:-_MOST]


def _is_same(one: Any, other: Any) -> bool:
    if one is other:
        return True
    if isinstance(one, Tensor) and isinstance(other, Tensor):
        return one.shape == other.shape and one.dtype == other.dtype and torch.equal(one, other)
    return bool(one == other)


class _Together(PlainLSTM):
    """A plain LSTM whose products with x are one product."""

    def run(
        self, x: Tensor, lengths: Tensor | None, state: State, w: CellWeights, reverse: bool
    ) -> tuple[Tensor, State]:
        return super().run(x, lengths, state, w, reverse) if lengths is not None else _run(self, x, state, w, reverse)


class _Sharing(_Together):
    """A plain LSTM whose layers are looked up before they are run."""

    known: SharedRuns

    def run(
        self, x: Tensor, lengths: Tensor | None, state: State, w: CellWeights, reverse: bool
    ) -> tuple[Tensor, State]:
        question = (reverse, *state, lengths, x, w.b_ih, w.b_hh, w.w_hr, w.w_hh, w.w_ih)
        if (found := self.known.find(question)) is None:
            found = super().run(x, lengths, state, w, reverse)
            self.known.keep(question, found)
        return found


def _run(plain: PlainLSTM, x: Tensor, state: State, w: CellWeights, reverse: bool) -> tuple[Tensor, State]:
    """Run one direction of one layer, whose products with x are one product."""
    from_input, (h, c), outputs = linear(x, w.w_ih, w.b_ih), state, []
    with use_threads(1 if w.hidden_size >= WIDE else torch.get_num_threads()):
        for t in plain.times(len(x), reverse):
            i, f, g, o = plain.gates(from_input[t] + linear(h, w.w_hh, w.b_hh))
            c = plain.cell_state(i, f, g, c)
            h = plain.project(plain.hidden(o, c), w)
            outputs.append(h)
    return torch.stack(plain.in_time(outputs, reverse)), (h, c)


@dataclass(frozen=True, eq=False)
class SharedMistake:
    """A mistake that looks up layers which were run before on the same numbers, if it computes them as it should.

    If it does not, its products with x are one product if it uses its gates as it should. case: the one that is run.
    """

    mistake: Mistake
    known: SharedRuns
    case: Case

    @property
    def name(self) -> str:
        """The mistake's name."""
        return self.mistake.name

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return the mistake's own reason."""
        return self.mistake.unsupported_reason(setting)

    def find_loaded(self, setting: Setting) -> LSTM:
        """Load the mistake with the weights that were converted before."""
        return self.load(setting, self.known.load_weights(self.case))

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load the mistake."""
        written, around = self.mistake.written, self.mistake.is_around_layers
        if not all(getattr(written, name) is getattr(PlainLSTM, name) for name in _AROUND_GATES):
            return self.mistake.load(setting, weights)
        base = _Sharing if around else _Together
        bases = (base,) if written is PlainLSTM else (written, base)
        shared = type(written.__name__, bases, {"known": self.known})
        return cast(LSTM, shared(setting, weights))
