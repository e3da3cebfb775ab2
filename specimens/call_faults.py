"""Faults in how an LSTM is called and answers: states swapped, ignored, out of order, directions and padding mistaken.

A fault applies to a known answer where the call has what it mistakes; that is computed. A state below 2^-126, the
smallest normal float32, passes for zero.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.audits.known_answers import KnownAnswer
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM

Given = Callable[[Any, Any, Setting], tuple[Any, Any]]  # input, hx -> input, hx
Answered = Callable[[Any, Any, Any, Setting], Any]  # output, h_n, c_n -> (output, (h_n, c_n))


@dataclass(frozen=True)
class Miscalled:
    """A wrong LSTM: `nn.LSTM` called with other arguments than were given, or with other results than it returned."""

    name: str
    applies: Callable[[KnownAnswer], bool]
    given: Given = lambda input, hx, setting: (input, hx)
    answered: Answered = lambda output, h_n, c_n, setting: (output, (h_n, c_n))

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module, and what is mistaken around it."""
        module = TorchLSTM().load(setting, weights)

        def lstm(input: Any, hx: Any) -> Any:
            output, (h_n, c_n) = module(*self.given(input, hx, setting))
            return self.answered(output, h_n, c_n, setting)

        return lstm


def _states(change: Callable[[torch.Tensor, torch.Tensor, Setting], Any]) -> Given:
    """Other states, where there are any."""
    return lambda input, hx, setting: (input, None if hx is None else change(*hx, setting))


def _output(change: Callable[[torch.Tensor], torch.Tensor]) -> Answered:
    """Another output, changed as a padded one with time first."""

    def answered(output: Any, h_n: Any, c_n: Any, setting: Setting) -> Any:
        return _as_called(change(_time_first(output, setting)), setting), (h_n, c_n)

    return answered


def _time_first(output: Any, setting: Setting) -> torch.Tensor:
    if isinstance(output, PackedSequence):
        return pad_packed_sequence(output)[0]
    return output.transpose(0, 1) if _swapped_axes(setting) else output


def _as_called(output: torch.Tensor, setting: Setting) -> Any:
    if setting.call.lengths is not None:
        return pack_padded_sequence(output, torch.tensor(setting.call.lengths), enforce_sorted=False)
    return output.transpose(0, 1) if _swapped_axes(setting) else output


def _swapped_axes(setting: Setting) -> bool:
    return setting.architecture.batch_first and setting.call.batch is not None and setting.call.lengths is None


def _unflipped(output: torch.Tensor) -> torch.Tensor:
    forward, reverse = output.chunk(2, -1)
    return torch.cat([forward, reverse.flip(0)], -1)


def _layer_major(state: torch.Tensor, setting: Setting) -> torch.Tensor:
    a = setting.architecture
    return state.unflatten(0, (a.num_directions, a.num_layers)).transpose(0, 1).flatten(0, 1)


def _direction_major(state: torch.Tensor, setting: Setting) -> torch.Tensor:
    a = setting.architecture
    return state.unflatten(0, (a.num_layers, a.num_directions)).transpose(0, 1).flatten(0, 1)


def _last_output(output: Any, h_n: torch.Tensor, c_n: torch.Tensor, setting: Setting) -> Any:
    """h_n of the last layer is what the output holds at the last step."""
    directions = setting.architecture.num_directions
    last = _time_first(output, setting)[-1].chunk(directions, -1)
    return output, (torch.cat([h_n[:-directions], torch.stack(last)]), c_n)


def _order(setting: Setting) -> list[int]:
    """The rows, longest first."""
    return np.argsort([-length for length in setting.call.lengths or ()], kind="stable").tolist()


def _rows(state: torch.Tensor, order: list[int]) -> torch.Tensor:
    return state[:, order] if order else state


def _filled_up(input: Any, hx: Any, setting: Setting) -> tuple[Any, Any]:
    """A packed batch as one of equal lengths, zeros for its padding."""
    padded, lengths = pad_packed_sequence(input)
    return pack_padded_sequence(padded, torch.full_like(lengths, len(padded))), hx


def _axes_swapped(input: torch.Tensor, hx: Any, setting: Setting) -> tuple[Any, Any]:
    return input.transpose(0, 1), hx


def _both_ways(known: KnownAnswer) -> bool:
    return known.architecture.bidirectional and known.call.time > 1


def _in_order(
    known: KnownAnswer, arrays: tuple[Any, ...], reorder: Callable[[torch.Tensor, Setting], torch.Tensor]
) -> bool:
    """Whether these states are the same in the other order."""
    setting = known.case("float64").setting
    tensors = [torch.from_numpy(array.copy()) for array in arrays]
    return all(torch.equal(reorder(tensor, setting), tensor) for tensor in tensors)


def _sorting_mistaken(inverse: bool) -> Callable[[torch.Tensor, Setting], torch.Tensor]:
    """States whose rows are in sorted order, or are taken to be in it."""

    def reorder(state: torch.Tensor, setting: Setting) -> torch.Tensor:
        order = _order(setting)
        return _rows(state, np.argsort(order).tolist() if inverse else order)

    return reorder


def _reordered(name: str, reorder: Callable[[torch.Tensor, Setting], torch.Tensor], given: bool) -> Miscalled:
    """The states that are given, or those that are returned, in another order."""

    def applies(known: KnownAnswer) -> bool:
        states = (known.h_0, known.c_0) if given else (known.answer.h_n, known.answer.c_n)
        return not _in_order(known, states, reorder)

    if given:
        return Miscalled(name, applies, given=_states(lambda h, c, setting: (reorder(h, setting), reorder(c, setting))))
    return Miscalled(name, applies, answered=lambda o, h, c, setting: (o, (reorder(h, setting), reorder(c, setting))))


def _beyond(array: np.ndarray, limit: float = 2.0**-126) -> bool:
    """Whether any number of it is larger than this."""
    return bool((np.abs(array) > limit).any())


def _states_differ(known: KnownAnswer) -> bool:
    """Whether h_0 could be c_0 by its shape, but not by its numbers."""
    return known.h_0.shape == known.c_0.shape and _beyond(known.h_0 - known.c_0)


def _h_0_heard(known: KnownAnswer) -> bool:
    return _beyond(known.h_0) and any(cell.w_hh.any() for cells in known.weights.cells for cell in cells)


CALLS = (
    Miscalled("h_0 and c_0 swapped", _states_differ, given=_states(lambda h, c, setting: (c, h))),
    Miscalled("h_0 taken for zero", _h_0_heard, given=_states(lambda h, c, setting: (0.0 * h, c))),
    Miscalled("c_0 taken for zero", lambda k: _beyond(k.c_0), given=_states(lambda h, c, setting: (h, 0.0 * c))),
    Miscalled("h_0 clipped at 1", lambda k: _beyond(k.h_0, 1), given=_states(lambda h, c, s: (h.clamp(-1, 1), c))),
    Miscalled("c_0 clipped at 10", lambda k: _beyond(k.c_0, 10), given=_states(lambda h, c, s: (h, c.clamp(-10, 10)))),
    Miscalled("h_n and c_n swapped", lambda k: not k.architecture.proj_size, answered=lambda o, h, c, s: (o, (c, h))),
    Miscalled("c_n is h_n", lambda k: not k.architecture.proj_size, answered=lambda o, h, c, setting: (o, (h, h))),
    Miscalled(
        "h_n is the output at the last step",
        lambda k: _both_ways(k) or (k.call.lengths is not None and min(k.call.lengths) < k.call.time),
        answered=_last_output,
    ),
    _reordered("given states direction by direction", _layer_major, given=True),
    _reordered("last states direction by direction", _direction_major, given=False),
    _reordered("given states taken to be sorted with the batch", _sorting_mistaken(inverse=True), given=True),
    _reordered("last states left sorted", _sorting_mistaken(inverse=False), given=False),
    Miscalled("reverse output not flipped back", _both_ways, answered=_output(_unflipped)),
    Miscalled(
        "outputs of the directions swapped",
        lambda k: k.architecture.bidirectional,
        answered=_output(lambda output: torch.cat(output.chunk(2, -1)[::-1], -1)),
    ),
    Miscalled(
        "padding read",
        lambda k: k.call.lengths is not None and min(k.call.lengths) < k.call.time,
        given=_filled_up,
        answered=lambda output, h, c, setting: (_as_called(_time_first(output, setting), setting), (h, c)),
    ),
    Miscalled("batch_first not heard", lambda k: _swapped_axes(k.case("float64").setting), given=_axes_swapped),
)
