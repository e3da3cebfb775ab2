"""Calls with rows of other lengths that people make otherwise: where a row starts and ends, and in which order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from lstm_parity.identification.connections.wired import Results, Wired
from lstm_parity.identification.equations import usual_equations
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights


@dataclass(frozen=True, eq=False)
class Rows:
    """A call. x (T, B, I) is zero after the ends of its rows; h_0 and c_0 (L*D, B, H); lengths: of the rows."""

    weights: LSTMWeights
    x: Array
    h_0: Array
    c_0: Array
    lengths: tuple[int, ...]

    def compute(self, h_0: Array | None = None, c_0: Array | None = None, shorter: int = 0, fewest: int = 0) -> Results:
        """Return output (T, B, D*H), h_n and c_n, each row to its end.

        shorter: how many steps before it, if it is padded; fewest: steps that it has then at least.
        """
        h_0, c_0 = self.h_0 if h_0 is None else h_0, self.c_0 if c_0 is None else c_0
        model, rows = Wired(usual_equations()), list[Results]()
        for row, length in enumerate(self.lengths):
            steps, one = max(length - (shorter if length < len(self.x) else 0), fewest), slice(row, row + 1)
            output, h_n, c_n = model(self.weights, self.x[: max(steps, 1), one], h_0[:, one], c_0[:, one])
            if not steps:
                h_n, c_n = h_0[:, one], c_0[:, one]
            padding = np.zeros((len(self.x) - steps, *output.shape[1:]))
            rows.append((np.concatenate([output[:steps], padding]), h_n, c_n))
        output, h_n, c_n = (np.concatenate(parts, 1) for parts in zip(*rows, strict=True))
        return output, h_n, c_n

    def compute_padding(self) -> Results:
        """Return what a call returns that knows no lengths."""
        return Wired(usual_equations())(self.weights, self.x, self.h_0, self.c_0)

    @property
    def order(self) -> list[int]:
        """Return the rows, the longest first, in the order in which nn.utils.rnn sorts them."""
        return sorted(range(len(self.lengths)), key=lambda row: -self.lengths[row])

    @property
    def is_running(self) -> Array:
        """Return whether a row is still running at a step, (T, B, 1)."""
        return (np.arange(len(self.x))[:, None] < np.array(self.lengths))[..., None]


def _after_padding(rows: Rows) -> Results:
    output, *_ = rows.compute()
    _, h_n, c_n = rows.compute_padding()
    return output, h_n, c_n


def _one_early(rows: Rows) -> Results:
    output, *_ = rows.compute()
    _, h_n, c_n = rows.compute(shorter=1)
    return output, h_n, c_n


def _one_early_at_most(rows: Rows) -> Results:
    output, *_ = rows.compute()
    _, h_n, c_n = rows.compute(shorter=1, fewest=1)
    return output, h_n, c_n


def _reverse_in_padding(rows: Rows) -> Results:
    """Return the change in which only the forward direction knows the lengths."""
    right, whole, d = rows.compute(), rows.compute_padding(), rows.weights.num_directions
    halves = np.split(right[0], d, -1)[:1] + [half * rows.is_running for half in np.split(whole[0], d, -1)[1:]]
    h_n, c_n = (np.concatenate([one[:1], other[1:]]) for one, other in zip(right[1:], whole[1:], strict=True))
    return np.concatenate(halves, -1), h_n, c_n


def _turned_whole(rows: Rows) -> Results:
    """Take the steps of a row from the end of the padding on, in one layer."""
    output, h_n, c_n = rows.compute()
    if rows.weights.num_directions == 1 or rows.weights.num_layers > 1:
        return output, h_n, c_n
    one = LSTMWeights(((rows.weights.cells[0][1],),))
    back, h, c = Rows(one, rows.x[::-1], rows.h_0[1:], rows.c_0[1:], rows.lengths).compute()
    halves = np.split(output, 2, -1)[0], back[::-1] * rows.is_running
    return np.concatenate(halves, -1), np.concatenate([h_n[:1], h]), np.concatenate([c_n[:1], c])


def _all_in_padding(rows: Rows) -> Results:
    output, h_n, c_n = rows.compute_padding()
    return output * rows.is_running, h_n, c_n


def _sort_states(rows: Rows) -> Results:
    output, h_n, c_n = rows.compute()
    return output, h_n[:, rows.order], c_n[:, rows.order]


def _unsort_states(rows: Rows) -> Results:
    output, h_n, c_n = rows.compute()
    back = np.argsort(rows.order)
    return output, h_n[:, back], c_n[:, back]


def _sort_output(rows: Rows) -> Results:
    output, h_n, c_n = rows.compute()
    return output[:, rows.order], h_n, c_n


def _start_unsorted(rows: Rows) -> Results:
    back = np.argsort(rows.order)
    return rows.compute(rows.h_0[:, back], rows.c_0[:, back])


def _start_sorted(rows: Rows) -> Results:
    return rows.compute(rows.h_0[:, rows.order], rows.c_0[:, rows.order])


def _start_from_zeros(rows: Rows) -> Results:
    return rows.compute(0.0 * rows.h_0, 0.0 * rows.c_0)


def _last_of_longest(rows: Rows) -> Results:
    output, h_n, c_n = rows.compute()
    if rows.weights.num_directions == 1:
        h_n = np.concatenate([h_n[:-1], output[-1:]])
    return output, h_n, c_n


def _one_goes_on(rows: Rows, *, is_c: bool) -> Results:
    """In the padding of a row, one of both states goes on, in an LSTM of one layer and direction."""
    output, h_n, c_n = (part.copy() for part in rows.compute())
    if len(h_n) > 1:
        return output, h_n, c_n
    model = Wired(usual_equations())
    for row, length in enumerate(rows.lengths):
        one = slice(row, row + 1)
        for t in range(length, len(rows.x)):
            _, h, c = model(rows.weights, rows.x[t : t + 1, one], h_n[:, one], c_n[:, one])
            h_n[:, one], c_n[:, one] = (h_n[:, one], c) if is_c else (h, c_n[:, one])
    return output, h_n, c_n


_CHANGES: Mapping[str, Callable[[Rows], Results]] = {
    "h_n and c_n are those after the padding of a row, not those at its end": _after_padding,
    "in the padding of a row h stands still, and c goes on": partial(_one_goes_on, is_c=True),
    "in the padding of a row c stands still, and h goes on": partial(_one_goes_on, is_c=False),
    "h_n and c_n of a shorter row are those one step before its end": _one_early,
    "h_n and c_n of a shorter row of two steps or more are those one step before its end": _one_early_at_most,
    "the reverse direction starts in the padding of a row, not at its end": _reverse_in_padding,
    "the reverse direction turns a row round with its padding, and takes as many steps as the row has": _turned_whole,
    "the lengths of rows are not used: both directions and the states run through the padding": _all_in_padding,
    "h_n and c_n stay in the order of rows sorted by length": _sort_states,
    "h_n and c_n are sorted back twice": _unsort_states,
    "output stays in the order of rows sorted by length": _sort_output,
    "h_0 and c_0 are given to the rows as they are sorted by length, without being sorted": _start_unsorted,
    "h_0 and c_0 are sorted by length, but the rows are not": _start_sorted,
    "h_0 and c_0 are zero if rows have other lengths": _start_from_zeros,
    "h_n is the output at the last step of the longest row": _last_of_longest,
}


def find_row_change(calls: Sequence[tuple[Rows, Mapping[str, Array]]]) -> str | None:
    """Return what explains the results of all calls; None if they are right, or nothing does.

    calls: each with what is known of output, h_n and c_n.
    """
    if not calls or all(_agree(rows.compute(), results) for rows, results in calls):
        return None
    explained = (
        words for words, change in _CHANGES.items() if all(_agree(change(rows), known) for rows, known in calls)
    )
    return next(explained, None)


def _agree(found: Results, known: Mapping[str, Array]) -> bool:
    named = dict(zip(("output", "h_n", "c_n"), found, strict=True))
    return all(bool((np.abs(named[name] - value) <= 1e-9).all()) for name, value in known.items())
