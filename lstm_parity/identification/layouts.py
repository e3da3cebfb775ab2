"""In which order the elements of a parameter are read, and which of them: what people do to matrices by mistake.

A layout takes a matrix (4H, n) or a bias (4H,) and returns one of the same shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from lstm_parity.reference.noise.model import Array

Layout = Callable[[Array], Array]


def _by_block(change: Layout) -> Layout:
    return lambda w: np.concatenate([change(part) for part in np.split(w, 4)])


def _diagonal(w: Array) -> Array:
    return np.asarray(np.eye(*w.shape) * w) if w.ndim == 2 else w


def _on_grid(parts: int) -> Layout:
    return lambda w: np.round(w * parts) / parts


def _one_block(block: int) -> Layout:
    return lambda w: np.concatenate([np.split(w, 4)[block]] * 4)


LAYOUTS: Mapping[str, Layout] = {
    "": lambda w: w,
    "interleaved": lambda w: np.concatenate([w[k::4] for k in range(4)]),
    "transposed": _by_block(np.transpose),
    "with the rows of each gate in the other order": _by_block(lambda w: w[::-1]),
    "with the rows of each gate one place on": _by_block(lambda w: np.roll(w, 1, 0)),
    "with the rows of each gate one place back": _by_block(lambda w: np.roll(w, -1, 0)),
    "by its diagonals alone": _by_block(_diagonal),
    **{f"by its rows of gate {k} alone": _one_block(k) for k in range(4)},
    "with its rows scaled to length 1": lambda w: w / np.sqrt((w * w).sum(-1, keepdims=True)),
    "with its columns scaled to length 1": lambda w: w / np.sqrt((w * w).sum(0, keepdims=True)),
    "by the rows of the first unit alone": _by_block(lambda w: 0.0 * w + w[:1]),
    "without its last row": lambda w: np.concatenate([w[:-1], 0.0 * w[-1:]]),
    "transposed as a whole": lambda w: w.reshape(w.shape[::-1]).T if w.ndim == 2 else w,
}
_PLACES: Mapping[str, Layout] = {  # of places 0 ... n - 1
    "in the other order": lambda k: k[::-1],
    "one place on": lambda k: np.roll(k, 1),
    "one place back": lambda k: np.roll(k, -1),
    "the even ones first": lambda k: np.concatenate([k[0::2], k[1::2]]),
    "the odd ones first": lambda k: np.concatenate([k[1::2], k[0::2]]),
    "the two halves interleaved": lambda k: np.argsort(np.concatenate([k[0::2], k[1::2]])),
    "the two halves exchanged": lambda k: np.roll(k, len(k) // 2),
    "each two exchanged": lambda k: np.where(k ^ 1 < len(k), k ^ 1, k),
    "each of the first half twice": lambda k: k // 2,
    "the first half twice": lambda k: k % ((len(k) + 1) // 2),
    "the first one everywhere": lambda k: 0 * k,
    "the last one everywhere": lambda k: 0 * k + len(k) - 1,
}
_MASKS: Mapping[str, Callable[[Array, Array], Array]] = {  # of the places of rows in a gate and of columns
    "by its lower triangles alone": lambda row, column: column <= row,
    "by its lower triangles without the diagonals": lambda row, column: column < row,
    "by its upper triangles alone": lambda row, column: column >= row,
    "by its upper triangles without the diagonals": lambda row, column: column > row,
    "without its diagonals": lambda row, column: column != row,
    "by the first half of its columns alone": lambda row, column: column < (column.max() + 2) // 2,
    "by the second half of its columns alone": lambda row, column: column >= (column.max() + 2) // 2,
    "without its first column": lambda row, column: column > 0,
    "without its last column": lambda row, column: column < column.max(),
    "without the first row of each gate": lambda row, column: row > 0,
}
_VALUES: Mapping[str, Layout] = {
    "lowered by the mean of each row": lambda w: w - w.mean(-1, keepdims=True),
    "lowered by the mean of each column": lambda w: w - w.mean(0, keepdims=True),
    "lowered by its mean": lambda w: w - w.mean(),
    "by its magnitudes": np.abs,
    "with the rows of each gate put through softmax": lambda w: np.exp(w) / np.exp(w).sum(-1, keepdims=True),
    **{f"rounded to multiples of 1/{n}": _on_grid(n) for n in (2, 4, 8, 10, 16, 32, 64, 100, 128, 256, 1000, 1024)},
}


def _at_places(places: Layout, axis: int) -> Layout:
    """Take rows (axis 0) or columns (axis 1) at other places."""
    return lambda w: w if axis >= w.ndim else np.take(w, places(np.arange(w.shape[axis])), axis)


def _masked(mask: Callable[[Array, Array], Array]) -> Layout:
    def keep(w: Array) -> Array:
        if w.ndim == 1:
            return w
        return np.where(mask(*np.indices(w.shape)), w, 0.0)

    return _by_block(keep)


def _in_gate(gate: int, layout: Layout) -> Layout:
    """Return a layout that changes the rows of one gate alone."""

    def change(w: Array) -> Array:
        blocks, changed = np.split(w, 4), np.split(layout(w), 4)
        return np.concatenate([changed[k] if k == gate else block for k, block in enumerate(blocks)])

    return change


def _compose() -> dict[str, Layout]:
    by_gate = {
        **{f"with the rows of each gate {words}": _by_block(_at_places(at, 0)) for words, at in _PLACES.items()},
        **{f"with its columns {words}": _at_places(at, 1) for words, at in _PLACES.items()},
        **{words: _masked(mask) for words, mask in _MASKS.items()},
        **_VALUES,
    }
    whole = {f"with all its rows {words}": _at_places(at, 0) for words, at in _PLACES.items()}
    alone = {
        f"{words.replace(' of each gate', '')} in gate {gate} only": _in_gate(gate, layout)
        for words, layout in by_gate.items()
        for gate in range(4)
    }
    return {**by_gate, **whole, **alone}


COMPOSED: Mapping[str, Layout] = _compose()  # the rarer ones


def find_layout(name: str) -> Layout:
    """Return a layout by its name, in LAYOUTS or COMPOSED."""
    return LAYOUTS[name] if name in LAYOUTS else COMPOSED[name]
