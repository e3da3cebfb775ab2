"""A class as it stands, made into an implementation by what was found of it."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import nn

from lstm_parity.cases.setting import Architecture, Setting
from lstm_parity.classes.declared import NOTHING, read_declaration, write_declaration
from lstm_parity.classes.find import find_class
from lstm_parity.classes.found import Found
from lstm_parity.classes.loaded.instance import LoadedClass
from lstm_parity.classes.settle import settle_layout
from lstm_parity.implementations.from_numpy import WithoutGradients
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.calls import use_threads
from lstm_parity.running.protocol import LSTM, NO_DROPOUT, Implementation

_STAND_INS = {
    "h": "h_n is not returned: it is taken from the output",
    "c": "c_n is not returned: it is computed here from the output of every step, and not judged",
    "output": "the output of every step is not returned: it is found by calls with fewer steps",
}
_BELOW = "states of layers below the last are not returned: they are computed here, and not judged"


def adapt_class(name: str, made: Any, file: str = "") -> Implementation:
    """Return a class, an object or a function that returns one as an implementation; file: of what is declared of it.

    Raises UnknownClassError where it is not found how it is used, TargetError for a file that cannot be read.
    """
    declared = read_declaration(file) if file else NOTHING
    adapt = partial(_adapt, name)
    with use_threads(1):
        found = find_class(made, declared)
        return adapt(found if found.is_exact or declared.parameters else settle_layout(found, adapt))


def _adapt(name: str, found: Found) -> Implementation:
    adapted = FromClass(name, found)
    return WithoutGradients(adapted) if found.convention.is_numpy and found.backward is None else adapted


@dataclass(frozen=True)
class FromClass:
    """An implementation made of a class, its constructor, call and layout being known."""

    name: str
    found: Found

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was found, in lines, and what of an LSTM is not the class's own."""
        returned = self.found.convention.returned
        stands_in = [words for name, words in _STAND_INS.items() if name not in returned]
        stands_in += [_BELOW] if self._stacks and self.stands_in and "output" in returned else []
        one = ["its one bias is given the sum of nn.LSTM's two"] if self.found.layout.biases == 1 else []
        silent = self.found.convention.is_numpy and self.found.backward is None
        none = ["no backward pass of its own was found: its gradients are not judged"] if silent else []
        more = filter(None, (self.no_second_derivatives, self.unjudged_non_finite))
        return (*self.found.describe(), *stands_in, *one, *none, *more)

    @property
    def declaration(self) -> str:
        """What was found, as a file of declarations."""
        constructor = replace(self.found.constructor, dropping=self.found.dropping.argument)
        return write_declaration(constructor, self.found.convention, self.found.layout)

    @property
    def stands_in(self) -> bool:
        """Whether a state that is returned is not the class's own."""
        return not {"h", "c"} <= set(self.found.convention.returned)

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Say what a class has no argument for."""
        return self._of_architecture(setting.architecture) or self._of_call(setting)

    def _of_architecture(self, a: Architecture) -> str | None:
        has, name = self.found.constructor.has, self.found.constructor.name
        layers, directions = self.found.layers, self.found.directions
        fixed = self.found.constructor.fixed
        if fixed is not None and (a.input_size > fixed[0] or a.hidden_size > fixed[1]):
            return f"{name} has {fixed[0]} inputs and {fixed[1]} units, and no argument for more"
        if a.proj_size and not has("proj_size"):
            return f"{name} has no proj_size that is known"
        if not a.proj_size and self.found.constructor.is_projected:
            return f"{name} always has a projection"
        if a.num_layers != layers and not has("num_layers"):
            return f"{name} has {layers} layer{'s' * (layers > 1)}, and no argument for another number"
        if a.num_directions != directions and not has("bidirectional"):
            return f"{name} has {directions} direction{'s' * (directions > 1)}, and no argument for the other"
        if a.bias != bool(self.found.layout.biases) and not has("bias"):
            return f"{name} has {'biases' if self.found.layout.biases else 'no bias'}, and no argument for that"
        if a.batch_first and not (has("batch_first") or has("time_first")):
            return f"{name} has no batch_first"
        if a.num_layers > 1 and self.stands_in and "output" not in self.found.convention.returned:
            return f"{name} returns neither the output of every step nor the states of its layers"
        return None

    def _of_call(self, setting: Setting) -> str | None:
        convention, call = self.found.convention, setting.call
        name = self.found.constructor.name
        if call.lengths is not None and (reason := self._of_lengths(setting)) is not None:
            return reason
        if call.batch is None and convention.is_batched:
            return f"{name} is called with a batch"
        if call.states and convention.states is None:
            return f"{name} takes no initial states"
        if call.states and convention.states is not None and convention.states.form == "h":
            return f"{name} takes h_0 alone: c_0 cannot be given"
        if self.found.one_dtype and setting.runtime.dtype != "float64":
            return f"{name} computes in float64, even if everything is given in float32"
        if self.found.computes_weights and setting.runtime.dtype in ("bfloat16", "float16"):
            return f"{name} computes its weights from others: in {setting.runtime.dtype} that rounds them once more"
        if convention.is_numpy and setting.runtime.dtype == "bfloat16":
            return "NumPy has no bfloat16"
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def _of_lengths(self, setting: Setting) -> str | None:
        uneven, name = self.found.uneven, self.found.constructor.name
        if uneven is None:
            return f"{name} takes no packed sequences"
        if uneven.single_alone and setting.architecture.num_layers > 1:
            return f"{name} takes packed sequences with one layer alone: with two it raises"
        lengths = setting.call.lengths or ()
        if uneven.sorted_alone and list(lengths) != sorted(lengths, reverse=True):
            return f"{name} takes rows of other lengths only if they are sorted"
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Construct one, in eval mode; the weights are written into it at every call, so that it is derived by them."""
        return self._load(setting, weights, 0.0)

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> LSTM:
        """The same with dropout, in train or in eval mode."""
        if not self.found.dropping.exists:
            raise NotImplementedError(NO_DROPOUT)
        loaded = self._load(setting, weights, p)
        loaded.train(training)
        return loaded

    @property
    def no_second_derivatives(self) -> str:
        """Return why second derivatives cannot be judged; empty if they can."""
        if not self.found.once_alone:
            return ""
        how = f"{self.found.once_alone}, whose own second derivatives are wrong"
        return f"weights are computed by {how}: second derivatives are not judged, and wrong wherever they are used"

    @property
    def unjudged_non_finite(self) -> str:
        """Return why what becomes of NaN and infinities is not the class's own; empty if it is."""
        if self.found.constructor.fixed is not None or self.found.constructor.one_size:
            return "NaN and infinities are not judged: units that fill up its sizes, with weights of 0, spread them"
        if self.found.mixes_units:
            return "NaN and infinities are not judged: a matrix that is no LSTM's, set to the identity, spreads them"
        return ""

    @property
    def has_dropout(self) -> bool:
        """Whether there is any: that can be set, or that is seen in train mode."""
        return self.found.dropping.exists or self.found.dropping.draws

    @property
    def unjudged_dropout(self) -> str:
        """Return why dropout that it has cannot be judged; empty if it can, or there is none."""
        if self.found.dropping.exists and self._stacks and "output" not in self.found.convention.returned:
            return "its output is found by calls with fewer steps, each of which drops other numbers"
        return self.found.dropping.unjudged

    @property
    def _stacks(self) -> bool:
        """Whether it has several layers, or may have them."""
        return self.found.constructor.has("num_layers") or self.found.layers > 1

    def _load(self, setting: Setting, weights: LSTMWeights, p: float) -> LoadedClass:
        a, dropping = setting.architecture, self.found.dropping
        constructor = replace(self.found.constructor, dropping=dropping.argument)
        self.found.layout_for(
            a.num_layers, a.num_directions, a.bias, bool(a.proj_size)
        )  # it constructs one, which may draw numbers
        more: dict[str, Any] = {"num_layers": a.num_layers, "bidirectional": a.bidirectional, "bias": a.bias}
        more |= {"proj_size": a.proj_size} if a.proj_size else {}
        first = {"batch_first": a.batch_first, "time_first": not a.batch_first}
        more |= {role: value for role, value in first.items() if constructor.has(role)}
        inputs, hidden = a.input_size, a.hidden_size
        if constructor.one_size:
            inputs = hidden = max(inputs, hidden)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                made = constructor.build(inputs, hidden, dropout=p, **more)
            except Exception as error:  # one was constructed before, so that this is what it says of an argument
                raise NotImplementedError(f"{constructor.name} refuses {more}: {error}") from error
        dropping.prepare(made, p)
        if isinstance(made, nn.Module):
            made = made.to(setting.runtime.device, getattr(torch, setting.runtime.dtype)).eval()
        return LoadedClass(made, self.found, weights, setting)
