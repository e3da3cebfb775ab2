"""An instance of a class, called like nn.LSTM."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from lstm_parity.cases.setting import Setting
from lstm_parity.classes.calling import Convention, Rows
from lstm_parity.classes.dropping.mode import set_mode
from lstm_parity.classes.found import Found
from lstm_parity.classes.loaded.filled import call_derived, call_filled, needs_backward
from lstm_parity.classes.loaded.stand_ins import compute_states, fill_last_axis, fill_up
from lstm_parity.classes.sequences.forms import pack_as
from lstm_parity.classes.tensors import held_tensors
from lstm_parity.reference.weights import LSTMWeights

_States = tuple[Tensor, Tensor]


@dataclass(eq=False)
class LoadedClass:
    """An instance of a class, called like nn.LSTM."""

    made: Any
    found: Found
    weights: LSTMWeights
    setting: Setting
    training: bool = False
    _written: tuple[tuple[int, ...], dict[str, Tensor]] | None = None

    def train(self, mode: bool = True) -> None:
        """Set train mode, or eval mode. Raises NotImplementedError if numbers that are not known are dropped then."""
        if mode and self.found.dropping.draws:
            raise NotImplementedError(self.found.dropping.unjudged)
        self.training = mode
        set_mode(self.made, training=mode)

    def __call__(self, input: Any, hx: _States | None = None) -> Any:
        """Call it as nn.LSTM."""
        if isinstance(input, PackedSequence):
            return self._call_packed(input, hx)
        a, single = self.setting.architecture, input.dim() == 2
        x = input[:, None] if single else input.transpose(0, 1) if a.batch_first else input
        if single and hx is not None:
            hx = hx[0][:, None], hx[1][:, None]
        output, h_n, c_n = self._run(self._fit(self.found.convention), x, hx, None, None)
        if single:
            output, h_n, c_n = output[:, 0], h_n[:, 0], c_n[:, 0]
        return output.transpose(0, 1) if a.batch_first and not single else output, (h_n, c_n)

    def _call_packed(self, packed: PackedSequence, hx: _States | None) -> Any:
        """Call it with rows of other lengths, as it takes them."""
        assert self.found.uneven is not None
        convention = self._fit(self.found.uneven.convention)
        x, lengths = pad_packed_sequence(packed)
        output, h_n, c_n = self._run(convention, x, hx, packed if convention.is_packed else lengths, lengths)
        return pack_as(output, lengths, packed), (h_n, c_n)

    def _run(
        self, convention: Convention, x: Tensor, hx: _States | None, rows: Rows, lengths: Tensor | None
    ) -> tuple[Tensor, Tensor, Tensor]:
        a = self.setting.architecture
        sizes = a.output_size, a.hidden_size
        zeros = tuple(x.new_zeros(a.num_layers * a.num_directions, x.shape[1], size) for size in sizes)
        hx = (zeros[0], zeros[1]) if hx is None and convention.required else hx
        found = self._call(convention, x, hx, rows)
        output = found.get("output")
        if output is None:
            shorter = (None if lengths is None else lengths.clamp(max=t) for t in range(1, len(x)))
            calls = [self._call(convention, x[:t], hx, some)["h"][-1] for t, some in enumerate(shorter, 1)]
            output = torch.stack([*calls, found["h"][-1]])
        halves = output.chunk(a.num_directions, -1)
        h_n, c_n = found.get("h"), found.get("c")
        if h_n is None or c_n is None:
            stand_ins = compute_states(self.weights, x, halves, hx or (zeros[0], zeros[1]), lengths)
            h_n, c_n = (own if own is not None else other for own, other in zip((h_n, c_n), stand_ins, strict=True))
        return output, h_n, c_n

    def _fit(self, convention: Convention) -> Convention:
        """How this one is called, which may have other axes, or more layers, than the one that was looked at."""
        a, constructor, axes = self.setting.architecture, self.found.constructor, convention.axes
        if constructor.has("batch_first") or constructor.has("time_first"):
            axes = "bti" if a.batch_first else "tbi"
        convention = replace(convention, is_training=self.training)
        return replace(convention, axes=axes, slots=a.num_layers * a.num_directions, directions=a.num_directions)

    @cached_property
    def _shapes(self) -> dict[str, tuple[int, ...]]:
        return {name: tuple(value.shape) for name, value in held_tensors(self.made).items()}

    def _call(self, convention: Convention, x: Tensor, hx: _States | None, rows: Rows) -> dict[str, Tensor]:
        larger = self._larger
        if larger is not None:
            x = fill_last_axis(x, larger[0])
            hx = None if hx is None else (fill_last_axis(hx[0], larger[1]), fill_last_axis(hx[1], larger[1]))
        own = dict(self._write_again())
        backward = self.found.backward
        if backward is not None and needs_backward([x, *(hx or ()), *own.values()]):
            if rows is not None:
                raise NotImplementedError(f"{backward.method} is not asked about rows of other lengths")
            found = call_derived(self.made, own, replace(backward, convention=convention), x, hx)
        else:
            found = call_filled(self.made, own, convention, x, hx, rows)
        return found if larger is None else {name: self._cut(name, value) for name, value in found.items()}

    def _write_again(self) -> dict[str, Tensor]:
        """Write the weights, unless they were written before and are no other ones; a graph is made for each call."""
        every = [weight for _, weight in self.weights.items()]
        if needs_backward(every):
            return self._write()
        now = (torch.is_inference_mode_enabled(), *(0 if w.is_inference() else w._version for w in every))
        if self._written is None or self._written[0] != now:
            self._written = now, self._write()
        return self._written[1]

    def _write(self) -> dict[str, Tensor]:
        a, larger = self.setting.architecture, self._larger
        cells = [cell for layer in self.weights.cells for cell in layer]
        cells = cells if larger is None else fill_up(cells, larger, a.num_directions)
        layout = self.found.layout_for(a.num_layers, a.num_directions, a.bias, bool(a.proj_size))
        return layout.write(self._shapes, cells)

    @property
    def _larger(self) -> tuple[int, int] | None:
        """The sizes that the instance has, if these may be larger than those of the setting."""
        a, constructor = self.setting.architecture, self.found.constructor
        one = max(a.input_size, a.hidden_size)
        return (one, one) if constructor.one_size else constructor.fixed

    def _cut(self, name: str, value: Tensor) -> Tensor:
        """Return a result without the units that were added."""
        a = self.setting.architecture
        if name != "output":
            return value[..., : a.hidden_size]
        halves = value.reshape(*value.shape[:-1], a.num_directions, -1)
        return halves[..., : a.hidden_size].flatten(-2)
