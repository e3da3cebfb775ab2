"""A class as it stands, made into an implementation by what was found of it."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lstm_parity.cases.setting import Architecture, Setting
from lstm_parity.classes.calling import Convention
from lstm_parity.classes.declared import NOTHING, read_declaration, write_declaration
from lstm_parity.classes.find import Found, find_class
from lstm_parity.classes.settle import settle_layout
from lstm_parity.classes.tensors import own_tensors, put_tensors
from lstm_parity.implementations.from_numpy import WithoutGradients
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference.torch_lstm import lstm_cell
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.protocol import LSTM, Implementation


def adapt_class(name: str, made: type, file: str = "") -> Implementation:
    """Return a class as an implementation; file: of what is declared of it.

    Raises UnknownClassError where it is not found how it is used, TargetError for a file that cannot be read.
    """
    declared = read_declaration(file) if file else NOTHING
    found = find_class(made, declared)
    adapt = partial(_adapt, name)
    return adapt(found if found.is_exact or declared.parameters else settle_layout(found, adapt))


def _adapt(name: str, found: Found) -> Implementation:
    adapted = FromClass(name, found)
    return WithoutGradients(adapted) if found.convention.is_numpy else adapted


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
        one = ["its one bias is given the sum of nn.LSTM's two"] if self.found.layout.biases == 1 else []
        return (*self.found.describe(), *stands_in, *one)

    @property
    def declaration(self) -> str:
        """What was found, as a file of declarations."""
        return write_declaration(self.found.constructor, self.found.convention, self.found.layout)

    @property
    def stands_in(self) -> bool:
        """Whether a state that is returned is not the class's own."""
        return not {"h", "c"} <= set(self.found.convention.returned)

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Say what a class has no argument for."""
        return self._of_architecture(setting.architecture) or self._of_call(setting)

    def _of_architecture(self, a: Architecture) -> str | None:
        has, name = self.found.constructor.has, self.found.constructor.made.__name__
        layers, directions = self.found.layers, self.found.directions
        if a.proj_size:
            return f"{name} has no proj_size that is known"
        if a.num_layers != layers and not has("num_layers"):
            return f"{name} has {layers} layer{'s' * (layers > 1)}, and no argument for another number"
        if a.num_directions != directions and not has("bidirectional"):
            return f"{name} has {directions} direction{'s' * (directions > 1)}, and no argument for the other"
        if a.bias != bool(self.found.layout.biases) and not has("bias"):
            return f"{name} has {'biases' if self.found.layout.biases else 'no bias'}, and no argument for that"
        if a.batch_first and not (has("batch_first") or has("time_first")):
            return f"{name} has no batch_first"
        if a.num_layers > 1 and self.stands_in:
            return f"{name} does not return the states of its layers"
        return None

    def _of_call(self, setting: Setting) -> str | None:
        convention, call = self.found.convention, setting.call
        name = self.found.constructor.made.__name__
        if call.lengths is not None:
            return f"{name} takes no packed sequences"
        if call.batch is None and convention.is_batched:
            return f"{name} is called with a batch"
        if call.states and convention.states is None:
            return f"{name} takes no initial states"
        if call.states and convention.states is not None and convention.states.form == "h":
            return f"{name} takes h_0 alone: c_0 cannot be given"
        if self.found.one_dtype and setting.runtime.dtype != "float64":
            return f"{name} computes in float64 for any input"
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Construct one, in eval mode; the weights are written into it at every call, so that it is derived by them."""
        a, constructor = setting.architecture, self.found.constructor
        self.found.layout_for(a.num_layers, a.num_directions, a.bias)  # it constructs one, which may draw numbers
        more: dict[str, Any] = {"num_layers": a.num_layers, "bidirectional": a.bidirectional, "bias": a.bias}
        first = {"batch_first": a.batch_first, "time_first": not a.batch_first}
        more |= {role: value for role, value in first.items() if constructor.has(role)}
        inputs, hidden = a.input_size, a.hidden_size
        if constructor.one_size:
            inputs = hidden = max(inputs, hidden)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                made = constructor.build(inputs, hidden, **more)
            except Exception as error:  # one was constructed before, so that this is what it says of an argument
                raise NotImplementedError(f"{constructor.made.__name__} refuses {more}: {error}") from error
        if isinstance(made, nn.Module):
            made = made.to(setting.runtime.device, getattr(torch, setting.runtime.dtype)).eval()
        return LoadedClass(made, self.found, weights, setting)


_STAND_INS = {
    "h": "h_n is not returned: it is taken from the output",
    "c": "c_n is not returned: it is computed here from the output of every step, and not judged",
    "output": "the output of every step is not returned: it is found by calls with fewer steps",
}


@dataclass(eq=False)
class LoadedClass:
    """An instance of a class, called like nn.LSTM."""

    made: Any
    found: Found
    weights: LSTMWeights
    setting: Setting

    def __call__(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> Any:
        """Call it as nn.LSTM, padded."""
        a, convention = self.setting.architecture, self.found.convention
        single = input.dim() == 2
        x = input[:, None] if single else input.transpose(0, 1) if a.batch_first else input
        if single and hx is not None:
            hx = hx[0][:, None], hx[1][:, None]
        slots = a.num_layers * a.num_directions
        zeros = x.new_zeros(slots, x.shape[1], a.hidden_size)
        if hx is None and convention.required:
            hx = zeros, zeros
        output, h_n, c_n = self._run(x, hx, (zeros, zeros))
        if single:
            output, h_n, c_n = output[:, 0], h_n[:, 0], c_n[:, 0]
        return output.transpose(0, 1) if a.batch_first and not single else output, (h_n, c_n)

    def _run(
        self, x: Tensor, hx: tuple[Tensor, Tensor] | None, zeros: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor]:
        a, convention = self.setting.architecture, self._convention
        call = partial(self._call, convention)
        found = call(x, hx)
        output = found.get("output")
        if output is None:
            output = torch.stack([call(x[: t + 1], hx)["h"][-1] for t in range(len(x) - 1)] + [found["h"][-1]])
        halves = output.chunk(a.num_directions, -1)
        last = torch.stack([half[0 if k else -1] for k, half in enumerate(halves)])
        h_n = found.get("h", last)
        c_n = found.get("c")
        if c_n is None:
            h_0, c_0 = hx or zeros
            c_n = torch.stack([
                _carry_cell(cell, x, half, h_0[k], c_0[k], reverse=bool(k))
                for k, (cell, half) in enumerate(zip(self.weights.cells[0], halves, strict=True))
            ])  # fmt: skip
        return output, h_n, c_n

    @cached_property
    def _convention(self) -> Convention:
        """How this one is called, which may have other axes, or more layers, than the one that was looked at."""
        a, found = self.setting.architecture, self.found.convention
        axes = found.axes
        if self.found.constructor.has("batch_first") or self.found.constructor.has("time_first"):
            axes = "bti" if a.batch_first else "tbi"
        return replace(found, axes=axes, slots=a.num_layers * a.num_directions, directions=a.num_directions)

    def _call(self, convention: Convention, x: Tensor, hx: tuple[Tensor, Tensor] | None) -> dict[str, Tensor]:
        cells = [cell for layer in self.weights.cells for cell in layer]
        width = self.setting.architecture.hidden_size
        if self.found.constructor.one_size:
            cells, x = _pad(cells, x)
        tensors = own_tensors(self.made)
        a = self.setting.architecture
        layout = self.found.layout_for(a.num_layers, a.num_directions, a.bias)
        own = layout.write({name: tuple(value.shape) for name, value in tensors.items()}, cells)
        if isinstance(self.made, nn.Module):
            found = convention.call(_Functional(self.made, own), x, hx)
        else:
            put_tensors(self.made, {name: value.detach().numpy().copy() for name, value in own.items()})
            found = convention.call(self.made, x, hx)
        return {name: value[..., :width] for name, value in found.items()} if self.found.constructor.one_size else found


class _Functional:
    """A module called with tensors in the place of its parameters."""

    def __init__(self, module: nn.Module, tensors: dict[str, Tensor]) -> None:
        self.module, self.tensors, self.forward = module, tensors, module.forward

    def __call__(self, *arguments: Any, **named: Any) -> Any:
        return functional_call(self.module, self.tensors, arguments, named)


def _pad(cells: Sequence[CellWeights], x: Tensor) -> tuple[list[CellWeights], Tensor]:
    """Make the sizes of input and hidden state one: what is added is zero, and stays so."""
    (cell,) = cells
    inputs, hidden = cell.input_size, cell.hidden_size
    size = max(inputs, hidden)

    def pad(value: Any, columns: int) -> Any:
        by_gate = value.reshape(4, hidden, -1)
        whole = nn.functional.pad(by_gate, (0, columns - by_gate.shape[-1], 0, size - hidden))
        return whole.reshape(4 * size, -1)

    biases = [None if bias is None else pad(bias, 1)[:, 0] for bias in (cell.b_ih, cell.b_hh)]
    padded = CellWeights(pad(cell.w_ih, size), pad(cell.w_hh, size), *biases)
    return [padded], nn.functional.pad(x, (0, size - inputs))


def _carry_cell(cell: CellWeights, x: Tensor, outputs: Tensor, h_0: Tensor, c_0: Tensor, *, reverse: bool) -> Tensor:
    """The last c of one layer in one direction, from the h that the class returned for every step."""
    wide = torch.float64 if x.dtype == torch.float64 else torch.float32
    weights, h, c = cell.map(lambda w: w.to(wide)), h_0.to(wide), c_0.to(wide)
    for t in range(len(x) - 1, -1, -1) if reverse else range(len(x)):
        _, c = lstm_cell(x[t].to(wide), (h, c), weights)
        h = outputs[t].to(wide)
    return c.to(x.dtype)
