"""Relations: two calls that must be the same LSTM, whatever anybody's reference says.

Each test runs a case and a case made from it, brings the results of the second into the form of the first, and
compares the two runs with one another (`lstm_parity/judging/pairs.py`).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.errors import UnsatisfiedAssumption

from lstm_parity.cases.case import Case, round_case
from lstm_parity.judging.forward import judge
from lstm_parity.judging.pairs import judge_pair
from lstm_parity.parity_tests.strategies import cases
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.reports.failure import require_parity
from lstm_parity.running.calls import Outputs
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import expected_arithmetic

BATCHED = {"batch": st.integers(2, 5)}
ONE_WAY = {"bidirectional": False}


def run(implementation, case: Case) -> Outputs:
    """What an implementation returns for a case, demanded to be well-formed."""
    observation = observe(implementation, case, chain=False)
    if observation.refused is not None:
        raise UnsatisfiedAssumption(observation.refused)
    if observation.failed is not None or not observation.evidence[0].outputs.complete:
        require_parity(judge(observation))
    return observation.evidence[0].outputs


def alike(implementation, case: Case, one: Outputs, other: Outputs) -> bool:
    """True, or ParityError raised with the whole story."""
    require_parity(judge_pair(case, one, other, expected_arithmetic(implementation, case.setting)))
    return True


def same(implementation, case: Case, other: Outputs) -> bool:
    """Whether the implementation returns for a case what it returned otherwise."""
    return alike(implementation, case, run(implementation, case), other)


def called(case: Case, **changes) -> Case:
    """The same case called otherwise."""
    return replace(case, setting=replace(case.setting, call=replace(case.setting.call, **changes)))


def rows_of(case: Case, rows) -> Case:
    """The case with these rows of the batch, in this order."""
    lengths = case.setting.call.lengths
    chosen = None if lengths is None else tuple(lengths[row] for row in rows)
    time = max(chosen) if chosen else case.setting.call.time
    parts = {"input": case.input[:time, rows], "h_0": case.h_0[:, rows], "c_0": case.c_0[:, rows]}
    return replace(called(case, batch=len(rows), lengths=chosen, time=time), **parts)


def weighed(case: Case, change) -> Case:
    """The case with every cell's weights changed by `change(cell, layer)`."""
    layers = enumerate(case.weights.cells)
    return replace(case, weights=LSTMWeights(tuple(tuple(change(cell, k) for cell in cells) for k, cells in layers)))


@given(case=cases(**BATCHED))
def test_rows_of_a_batch_may_come_in_any_order(implementation, case):
    """A permuted batch gives permuted results, packed or not."""
    order = np.arange(case.setting.call.rows)[::-1]
    other = run(implementation, rows_of(case, order))

    assert same(implementation, case, Outputs(*(t[:, order] for t in (other.output, other.h_n, other.c_n))))


@given(case=cases(**BATCHED))
def test_a_row_knows_nothing_of_its_neighbours(implementation, case):
    """The rows one by one, each at its own length, are the batch: packing and padding change nothing."""
    alone = [run(implementation, rows_of(case, [row])) for row in range(case.setting.call.rows)]
    time = case.setting.call.time
    padded = [np.pad(one.output, [(0, time - len(one.output)), (0, 0), (0, 0)]) for one in alone]
    together = Outputs(
        np.concatenate(padded, 1), *(np.concatenate([getattr(o, n) for o in alone], 1) for n in ("h_n", "c_n"))
    )

    assert same(implementation, case, together)


@given(case=cases(**ONE_WAY, packed=False, time=st.integers(2, 8)))
def test_a_sequence_in_two_halves_is_the_whole(implementation, case):
    """The second half starts from the h_n and c_n of the first."""
    half = case.setting.call.time // 2
    first = run(implementation, replace(called(case, time=half), input=case.input[:half]))
    rest = replace(called(case, time=case.setting.call.time - half, states=True), input=case.input[half:])
    second = run(implementation, replace(rest, h_0=first.h_n, c_0=first.c_n))
    joined = Outputs(np.concatenate([first.output, second.output]), second.h_n, second.c_n)

    assert same(implementation, case, joined)


@given(case=cases(bidirectional=True, packed=False))
def test_reversed_time_swaps_the_directions(implementation, case):
    """With the sequence turned round and the directions' weights and states exchanged, the results are exchanged."""

    def swap(array):
        return array.reshape(-1, 2, *array.shape[1:])[:, ::-1].reshape(array.shape)

    def halves(array):
        return np.concatenate(np.split(array, 2, -1)[::-1], -1)

    def turned(cell, layer):
        return replace(cell, w_ih=halves(cell.w_ih) if layer else cell.w_ih)

    exchanged = weighed(case, turned)
    weights = LSTMWeights(tuple(cells[::-1] for cells in exchanged.weights.cells))
    other = replace(exchanged, weights=weights, input=case.input[::-1], h_0=swap(case.h_0), c_0=swap(case.c_0))
    back = run(implementation, other)

    assert same(implementation, case, Outputs(halves(back.output[::-1]), swap(back.h_n), swap(back.c_n)))


@given(case=cases(projected=False, **ONE_WAY))
def test_hidden_units_have_no_order(implementation, case):
    """Units permuted in weights and states give permuted results."""
    order = np.arange(case.setting.architecture.hidden_size)[::-1]
    rows = (np.arange(4)[:, None] * len(order) + order).ravel()

    def permuted(cell: CellWeights, layer: int) -> CellWeights:
        moved = cell.map(lambda w: w[rows])
        return replace(moved, w_hh=moved.w_hh[:, order], w_ih=moved.w_ih[:, order] if layer else moved.w_ih)

    other = replace(weighed(case, permuted), h_0=case.h_0[..., order], c_0=case.c_0[..., order])
    back = run(implementation, other)

    assert same(implementation, case, Outputs(*(t[..., order] for t in (back.output, back.h_n, back.c_n))))


@given(case=cases(bias=True))
def test_only_the_sum_of_both_biases_counts(implementation, case):
    """All of the bias in b_ih, or all of it in b_hh, is the same LSTM."""
    dtype = case.setting.runtime.dtype

    def folded(cell: CellWeights, layer: int) -> CellWeights:
        return replace(cell, b_ih=round_case(cell.b_ih + cell.b_hh, dtype), b_hh=np.zeros_like(cell.b_hh))

    one = weighed(case, folded)
    other = weighed(one, lambda cell, layer: replace(cell, b_ih=cell.b_hh, b_hh=cell.b_ih))

    assert same(implementation, one, run(implementation, other))


@given(case=cases(num_layers=st.integers(2, 3), packed=False, profile=st.sampled_from(("normal", "trained", "sparse"))))
def test_a_stack_is_its_layers_one_after_the_other(implementation, case):
    """Each layer by itself, fed with the output of the one below."""
    below, h_n, c_n = case.input, [], []
    directions = case.setting.architecture.num_directions
    for layer, cells in enumerate(case.weights.cells):
        states = slice(layer * directions, (layer + 1) * directions)
        sizes = replace(case.setting.architecture, num_layers=1, input_size=below.shape[-1])
        alone = replace(case, setting=replace(case.setting, architecture=sizes), weights=LSTMWeights((cells,)))
        part = run(implementation, replace(alone, input=below, h_0=case.h_0[states], c_0=case.c_0[states]))
        below, h_n, c_n = part.output, [*h_n, part.h_n], [*c_n, part.c_n]

    assert same(implementation, case, Outputs(below, np.concatenate(h_n), np.concatenate(c_n)))


@given(case=cases(num_layers=1))
def test_without_recurrent_weights_h_0_is_forgotten(implementation, case):
    """Where w_hh is zero, what h_0 was makes no difference; c_0 still does."""
    one = weighed(case, lambda cell, layer: replace(cell, w_hh=np.zeros_like(cell.w_hh)))
    other = replace(one, h_0=np.zeros_like(one.h_0))

    assert same(implementation, one, run(implementation, other))


@given(case=cases(states=False))
def test_no_states_are_zeros(implementation, case):
    """hx=None, and zeros given for it."""
    assert same(implementation, case, run(implementation, called(case, states=True)))


@given(case=cases(batch=None))
def test_unbatched_is_a_batch_of_one(implementation, case):
    """A sequence without a batch axis, and with one of length 1."""
    assert same(implementation, case, run(implementation, called(case, batch=1)))


@given(case=cases(**BATCHED, packed=False))
def test_packing_equal_lengths_changes_nothing(implementation, case):
    """A packed batch whose rows are all as long as the padded one; torch takes another kernel for it since 2.13."""
    full = (case.setting.call.time,) * case.setting.call.rows

    assert same(implementation, case, run(implementation, called(case, lengths=full)))
