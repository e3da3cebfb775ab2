"""A correct LSTM written step by step in torch ops, whose every method is a seam at which a mistake may sit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import linear
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.cases.setting import DTYPES, Setting
from lstm_parity.catalogue.mistakes.scope import NOWHERE
from lstm_parity.reference.weights import CellWeights, LSTMWeights

State = tuple[Tensor, Tensor]  # (h, c)


class PlainLSTM:
    """Called like `nn.LSTM`: (input, (h_0, c_0) or None) -> (output, (h_n, c_n)), in the layout of its documentation.

    Inside, x is (T, B, I), states are (L*D, B, P) and (L*D, B, H), and rows of packed sequences stand longest first.
    A mistake overrides methods. witness: a case in which it must show. reported_at: an address. scope: the cases in
    which alone it may show. fix: what to change (an imperative). dtypes: those in which it is a mistake.
    is_deterministic: whether it returns the same numbers in every call and under deterministic algorithms.
    """

    witness = ""  # a mistake without one shows in no single call's numbers
    reported_at = ""
    scope = NOWHERE
    fix = ""
    dtypes: tuple[str, ...] = DTYPES
    is_deterministic = True

    def __init__(self, setting: Setting, weights: LSTMWeights) -> None:
        self.batch_first = setting.architecture.batch_first
        self.layers, self.directions = weights.num_layers, weights.num_directions
        places = [[(k, d) for d in range(self.directions)] for k in range(self.layers)]
        self.cells = [[self.prepare(self.weights(weights.cells, k, d)) for k, d in layer] for layer in places]

    def __call__(self, input: Any, hx: Sequence[Tensor] | None = None) -> Any:
        """The whole call."""
        if isinstance(input, PackedSequence):
            return self.run_packed(input, hx)
        if input.dim() == 2:
            states = None if hx is None else [state.unsqueeze(1) for state in hx]
            output, last = self.run_padded(input.unsqueeze(1), None, states)
            return self.finish(output.squeeze(1), [state.squeeze(1) for state in last])
        output, last = self.run_padded(self.time_major(input), None, hx)
        return self.finish(self.from_time_major(output), last)

    def finish(self, output: Any, last: Sequence[Tensor]) -> Any:
        """What the call gives back."""
        return output, tuple(last)

    # ------------------------------------------------------------------ forms

    def time_major(self, x: Tensor) -> Tensor:
        """(T, B, I) from the call's layout."""
        return x.transpose(0, 1) if self.batch_first else x

    def from_time_major(self, output: Tensor) -> Tensor:
        """The call's layout from (T, B, D*P)."""
        return output.transpose(0, 1) if self.batch_first else output

    def run_packed(self, packed: PackedSequence, hx: Sequence[Tensor] | None) -> Any:
        """A call with a PackedSequence."""
        x, lengths = pad_packed_sequence(PackedSequence(packed.data, packed.batch_sizes))
        states = None if hx is None else [self.rows_in(state, packed.sorted_indices) for state in hx]
        output, last = self.run_padded(x, lengths, states)
        data = pack_padded_sequence(output, lengths).data
        repacked = PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
        return self.finish(repacked, [self.rows_out(state, packed.unsorted_indices) for state in last])

    def rows_in(self, state: Tensor, sorted_indices: Tensor | None) -> Tensor:
        """An initial state with its rows longest first."""
        return state if sorted_indices is None else state[:, sorted_indices]

    def rows_out(self, state: Tensor, unsorted_indices: Tensor | None) -> Tensor:
        """A last state with its rows in the caller's order."""
        return state if unsorted_indices is None else state[:, unsorted_indices]

    # ------------------------------------------------------------------ layers and directions

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """All layers on x (T, B, I)."""
        h_0, c_0 = self.no_states(x) if hx is None else self.read_states(*hx)
        lasts: list[State] = []
        for layer in range(self.layers):
            below, outputs = x, list[Tensor]()
            for direction in range(self.directions):
                state = self.state(h_0, layer, direction), self.state(c_0, layer, direction)
                output, last = self.run(below, lengths, state, self.cells[layer][direction], direction == 1)
                outputs.append(output)
                lasts.append(last)
            x = self.between_layers(self.join(outputs), below, layer)
        return x, self.last_states(lasts, x)

    def weights(self, cells: Sequence[Sequence[CellWeights]], layer: int, direction: int) -> CellWeights:
        """The weights of a layer and direction."""
        return cells[layer][direction]

    def prepare(self, w: CellWeights) -> CellWeights:
        """The weights of a cell as they are used."""
        return w

    def no_states(self, x: Tensor) -> State:
        """h_0 and c_0 where none are given."""
        w, states = self.cells[0][0], self.layers * self.directions
        return x.new_zeros(states, x.shape[1], w.output_size), x.new_zeros(states, x.shape[1], w.hidden_size)

    def read_states(self, h_0: Tensor, c_0: Tensor) -> State:
        """h_0 and c_0 as they were given."""
        return h_0, c_0

    def state(self, states: Tensor, layer: int, direction: int) -> Tensor:
        """The state of a layer and direction: (B, P) or (B, H)."""
        return states[layer * self.directions + direction]

    def join(self, outputs: list[Tensor]) -> Tensor:
        """A layer's output from those of its directions."""
        return torch.cat(outputs, -1)

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """What the next layer reads; after the last layer, the output."""
        return output

    def last_states(self, lasts: list[State], output: Tensor) -> Sequence[Tensor]:
        """h_n and c_n from every layer's and direction's last state."""
        return torch.stack([h for h, _ in lasts]), torch.stack([c for _, c in lasts])

    # ------------------------------------------------------------------ time

    def run(
        self, x: Tensor, lengths: Tensor | None, state: State, w: CellWeights, reverse: bool
    ) -> tuple[Tensor, State]:
        """One direction of one layer."""
        outputs = []
        for t in self.times(len(x), reverse):
            running = None if lengths is None else (t < lengths).to(x.device).unsqueeze(1)
            new = self.step(*self.read(x[t], state, running, reverse), w)
            state = self.resting(new, state, running, reverse)
            outputs.append(self.emit(state, running))
        return torch.stack(self.in_time(outputs, reverse)), state

    def times(self, steps: int, reverse: bool) -> Iterable[int]:
        """The steps in the order in which they are computed."""
        return range(steps - 1, -1, -1) if reverse else range(steps)

    def in_time(self, outputs: list[Tensor], reverse: bool) -> list[Tensor]:
        """The outputs in the order of time."""
        return outputs[::-1] if reverse else outputs

    def read(self, x: Tensor, state: State, running: Tensor | None, reverse: bool) -> tuple[Tensor, State]:
        """What a step reads: zeros for a row beyond its length, since NaN would come back from what rests."""
        if running is None:
            return x, state
        zero = x.new_zeros(())
        return x.where(running, zero), (state[0].where(running, zero), state[1].where(running, zero))

    def resting(self, new: State, old: State, running: Tensor | None, reverse: bool) -> State:
        """A row's state rests where the step is beyond its length."""
        return new if running is None else (new[0].where(running, old[0]), new[1].where(running, old[1]))

    def emit(self, state: State, running: Tensor | None) -> Tensor:
        """The output of a step: h, and 0 beyond a row's length."""
        return state[0] if running is None else state[0].where(running, state[0].new_zeros(()))

    # ------------------------------------------------------------------ one step

    def step(self, x: Tensor, state: State, w: CellWeights) -> State:
        """(h, c) from x (B, I) and (h, c)."""
        h, c = state
        i, f, g, o = self.gates(self.sums(x, h, w))
        c = self.cell_state(i, f, g, c)
        return self.project(self.hidden(o, c), w), c

    def sums(self, x: Tensor, h: Tensor, w: CellWeights) -> Tensor:
        """What the gates are activated with: (B, 4H)."""
        return linear(x, w.w_ih, w.b_ih) + linear(h, w.w_hh, w.b_hh)

    def gates(self, z: Tensor) -> Sequence[Tensor]:
        """i, f, g, o."""
        i, f, g, o = z.chunk(4, -1)
        return i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()

    def cell_state(self, i: Tensor, f: Tensor, g: Tensor, c: Tensor) -> Tensor:
        """The next c."""
        return f * c + i * g

    def hidden(self, o: Tensor, c: Tensor) -> Tensor:
        """h before projection."""
        return o * c.tanh()

    def project(self, h: Tensor, w: CellWeights) -> Tensor:
        """The h that is given out and fed back."""
        return h if w.w_hr is None else linear(h, w.w_hr)
