"""Calls that must be refused, and have read or written past the end of something."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.catalogue.bad_calls.probe_helpers import is_refused, require

z = torch.zeros


def weights(input_size: int, hidden_size: int, num_layers: int) -> list[Tensor]:
    """The flat weights of a stack of layers, in the order of the operators."""
    sizes = [input_size] + [hidden_size] * (num_layers - 1)
    rows = 4 * hidden_size
    return [w for size in sizes for w in (z(rows, size), z(rows, hidden_size), z(rows), z(rows))]


def a_cell_given_batched_states_for_one_row() -> str:
    """The size of the batch is that of the hidden state, so that the check of sizes takes one for the other."""
    return is_refused(lambda: nn.LSTMCell(5, 3)(torch.randn(5), (torch.randn(3, 3), torch.randn(3, 3))))


def a_cell_given_both_states_as_one_tensor() -> str:
    """A tensor in place of the pair, beside unbatched input."""
    return is_refused(lambda: nn.LSTMCell(4, 3)(torch.randn(4), z(2, 3, 3)))


def the_packed_operator_given_states_of_other_sizes() -> str:
    """h_0 and c_0 that fit neither the layers nor one another."""
    packed = pack_padded_sequence(z(4, 3, 8), [4, 3, 2])
    arguments = (
        packed.data,
        packed.batch_sizes,
        [z(4, 1, 1), z(3, 2, 1)],
        weights(8, 1, 3),
        True,
        3,
        0.0,
        False,
        False,
    )
    return is_refused(lambda: torch.ops.aten.lstm.data(*arguments))


def the_operator_given_more_layers_of_c() -> str:
    """Four layers of c for two of h: the last two are dropped."""
    states = z(2, 2, 3), z(4, 2, 3)
    return is_refused(lambda: torch._VF.lstm(z(2, 2, 3), states, weights(3, 3, 2), True, 2, 0.0, False, False, False))


def the_onednn_operator_given_other_sizes() -> str:
    """Weights, states and sizes of which no two fit."""
    operator = require(torch, "mkldnn_rnn_layer")
    tensors = z(1, 8, 1), z(5, 8), z(5, 8), z(5), z(5), z(1, 8), z(1, 1)
    return is_refused(lambda: operator(*tensors, False, [], 2, 8, 2, True, False, False, False))


def the_backward_operator_of_a_cell_given_too_few_gates() -> str:
    """One column of gates where there are four for every unit."""
    operator = require(torch.ops.aten, "_thnn_differentiable_lstm_cell_backward")
    one = torch.ones(1, 1)
    return is_refused(lambda: operator(one, None, one, one, None, None, one, one))


def a_cell_given_states_of_rank_5() -> str:
    """h has three axes too many."""
    return is_refused(lambda: nn.LSTMCell(1, 1)(torch.randn(1, 1), (torch.randn(1, 1, 5, 127, 1), torch.randn(1, 1))))


def the_operator_given_no_weights() -> str:
    """An empty list of weights for one layer."""
    states = z(1, 2, 3), z(1, 2, 3)
    return is_refused(lambda: torch._VF.lstm(z(3, 2, 4), states, [], True, 1, 0.0, False, False, False))


def unpacking_batch_sizes_that_grow() -> str:
    """A PackedSequence made by hand whose sequences start late."""
    return is_refused(lambda: pad_packed_sequence(PackedSequence(z(8, 4), torch.tensor([1, 2, 5]))))


def packed_input_of_other_features() -> str:
    """4 features where 300 are read, all lengths equal."""
    packed = pack_padded_sequence(torch.randn(5, 2, 4), [5, 5])
    return is_refused(lambda: nn.LSTM(300, 4)(packed))


def packed_input_beside_states_of_another_batch() -> str:
    """States of one row for three, all lengths equal."""
    packed = pack_padded_sequence(torch.randn(5, 3, 4), [5, 5, 5])
    return is_refused(lambda: nn.LSTM(4, 4)(packed, (z(1, 1, 4), z(1, 1, 4))))


def packed_input_beside_too_few_layers_of_c() -> str:
    """c of one layer for two, lengths that differ."""
    packed = pack_padded_sequence(torch.randn(5, 2, 4), [5, 3])
    return is_refused(lambda: nn.LSTM(4, 4, 2)(packed, (z(2, 2, 4), z(1, 2, 4))))


def input_of_other_features_without_states() -> str:
    """2 features where 13 are read, and no states beside."""
    return is_refused(lambda: nn.LSTM(13, 4, 2)(torch.randn(5, 3, 2)))


def states_of_c_that_nobody_checks() -> str:
    """c of another batch than h, and of another width."""
    lstm, x, h = nn.LSTM(3, 4), torch.randn(5, 2, 3), z(1, 2, 4)
    return is_refused(lambda: lstm(x, (h, z(1, 3, 4)))) or is_refused(lambda: lstm(x, (h, z(1, 2, 5))))
