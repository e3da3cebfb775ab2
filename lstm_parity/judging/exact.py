"""Exact answers and their noise: of the outputs and of the gradients of runs of one setting, the cases side by side."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import torch

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Runtime
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.noise.backward import Expected as ExpectedGradients
from lstm_parity.reference.noise.backward import lstm_backward as noisy_backward
from lstm_parity.reference.noise.forward import Cells, Expected, lstm_forward, prepare_cells, prepare_layer
from lstm_parity.reference.noise.kept_weights import keep_weights
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.reference.numpy_backward import lstm_backward
from lstm_parity.reference.weights import CellWeights, LSTMWeights, to_numpy
from lstm_parity.running.autograd import canonicalize_gradient, gradient_names, pad_setting
from lstm_parity.running.calls import call_arguments
from lstm_parity.running.evidence import WHOLE, Adjoints, Evidence, Gradients, Masks, Outputs

# A hidden layer's noise above this (h is within 1) leaves nothing to judge the whole call by.
MAX_HIDDEN_NOISE = 2.0**-5
_LARGE = 2**20  # gate sums, from which on rows are computed in as many threads as torch has
_LONG = 2**17  # gate sums, from which on a product's own threads, which wait for one another, cost more than they save


def exact_answer(
    cases: Sequence[Case], evidence: Sequence[Evidence], arithmetic: Arithmetic, *, steps: bool = True
) -> Expected:
    """Return the exact answers of N runs of one setting, each step from the states that the implementation returned.

    Without `steps`, every step is from our own states. Every evidence must be complete.
    """
    runs = _Runs.of(cases, evidence, arithmetic.weights)
    size = runs.output.size // runs.h_n.shape[-1] * 4 * runs.c_0.value.shape[-1]
    threads = min(torch.get_num_threads(), runs.x.value.shape[2]) if size >= _LARGE else 1
    if threads == 1 and size < _LONG:
        return runs.compute(arithmetic, steps)
    from threadpoolctl import threadpool_limits  # not needed to compare records

    # Each thread's products are a thread's own: NumPy's, waiting for one another, would be slower than one alone.
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        has_cores = threads == 1 < torch.get_num_threads()
        parts = pool.map(
            lambda k: runs.rows(slice(k, None, threads)).compute(arithmetic, steps, has_cores), range(threads)
        )
        return _interleave(list(parts), runs)


def exact_trajectory(case: Case, arithmetic: Arithmetic, evidence: Evidence | None = None) -> Expected | None:
    """Compute the exact answer of a whole call from the initial states on, with a leading axis of one case.

    evidence: a run whose input, states and lengths are used; the case's own by default. None if a sum may overflow, or
    if the noise is too large to mean something.
    """
    found = exact_answer([case], [_complete(case, evidence)], arithmetic, steps=False)
    noise = max(float(found.output.deviation.max()), float(found.h_n.deviation.max()))
    return None if found.overflow[0] or not noise <= MAX_HIDDEN_NOISE else found


def _complete(case: Case, evidence: Evidence | None) -> Evidence:
    """Return a whole call whose outputs, which a trajectory does not depend on, are zeros where they are not known."""
    if evidence is not None and evidence.outputs.complete:
        return evidence
    a = case.setting.architecture
    output = np.zeros((*case.input.shape[:2], a.num_directions * a.output_size))
    outputs = Outputs(output, np.zeros_like(case.h_0), np.zeros_like(case.c_0))
    if evidence is not None:
        return replace(evidence, outputs=outputs)
    return Evidence(WHOLE, case.input, case.h_0, case.c_0, outputs, case.setting.call.lengths)


def noise_factor(dtype: str) -> float:
    """Return by how much a comparison is noisier than a run: in float64 the exact answer is as noisy as the run."""
    return float(np.sqrt(2.0)) if dtype == "float64" else 1.0


@dataclass(frozen=True, eq=False)
class _Runs:
    """N runs: x (N, T, B, I), states (N, L*D, B, .), what was returned, and which steps are valid (T, B, 1)."""

    x: Noisy
    h_0: Noisy
    c_0: Noisy
    output: Array
    h_n: Array
    valid: Array
    cells: Cells
    masks: tuple[Array, ...]

    @classmethod
    def of(cls, cases: Sequence[Case], evidence: Sequence[Evidence], kept: str = "") -> _Runs:
        """Stack runs; kept: how weights are kept."""
        x, h_0, c_0 = (_stack_noisy(parts) for parts in zip(*(e.inputs for e in evidence), strict=True))
        lengths = np.array(evidence[0].lengths or [x.value.shape[1]] * x.value.shape[2])
        return cls(
            x,
            h_0,
            c_0,
            _stack([e.outputs.output for e in evidence if e.outputs.output is not None]),
            _stack([e.outputs.h_n for e in evidence if e.outputs.h_n is not None]),
            np.arange(x.value.shape[1])[:, None, None] < lengths[:, None],
            _prepare_weights(cases, kept),
            tuple(np.stack(masks) for masks in zip(*(e.masks for e in evidence), strict=True)),
        )

    def rows(self, rows: slice) -> _Runs:
        """Return some rows of the batch, which do not depend on the others."""
        x, h_0, c_0 = (noisy[:, :, rows] for noisy in (self.x, self.h_0, self.c_0))
        output, h_n = (array[:, :, rows] for array in (self.output, self.h_n))
        masks = tuple(mask[:, :, rows] for mask in self.masks)
        return _Runs(x, h_0, c_0, output, h_n, self.valid[:, rows], self.cells, masks)

    def compute(self, arithmetic: Arithmetic, steps: bool, threads: bool = False) -> Expected:
        """Compute the exact answers and their noise; threads: whether the directions of a layer may each have one."""
        with np.errstate(all="ignore"):
            seen = self._returned_states if steps else lambda layer: None
            states = (self.h_0, self.c_0)
            return lstm_forward(arithmetic, self.x, states, self.cells, self.valid, seen, self.masks, threads)

    def _returned_states(self, layer: int) -> Array | None:
        """Return the hidden states that were returned: the last layer's, and all layers' if there is one step only."""
        if self.x.value.shape[1] == 1:
            h_n = np.split(self.h_n, len(self.cells), axis=1)[layer]
            return np.concatenate(list(np.swapaxes(h_n, 0, 1)), -1)[:, None]
        return self.output if layer == len(self.cells) - 1 else None


_Layers = WeakKeyDictionary[CellWeights, Any]
_prepared: WeakKeyDictionary[CellWeights, _Layers] = WeakKeyDictionary()  # by the first direction and the last


def _prepare_weights(cases: Sequence[Case], kept: str) -> Cells:
    """Prepare the weights of some cases; those of a single one once, for as long as they are in use."""
    if kept or len(cases) > 1:
        return prepare_cells(stack_weights([keep_weights(case.weights, kept) for case in cases]))
    return tuple(map(_prepare_once, cases[0].weights.cells))


def _prepare_once(directions: tuple[CellWeights, ...]) -> Any:
    known = _prepared.setdefault(directions[0], WeakKeyDictionary())
    if directions[-1] not in known:
        known[directions[-1]] = prepare_layer(stack_weights([LSTMWeights((directions,))]).cells[0])
    return known[directions[-1]]


def _interleave(parts: list[Expected], runs: _Runs) -> Expected:
    """Return the rows of the parts, every so-many-th row in each, together again."""

    def together(noisy: list[Noisy]) -> Noisy:
        value = np.empty((*noisy[0].value.shape[:2], runs.x.value.shape[2], noisy[0].value.shape[-1]))
        noise = np.empty_like(value)
        for k, part in enumerate(noisy):
            value[:, :, k :: len(parts)], noise[:, :, k :: len(parts)] = part.value, part.deviation
        return Noisy(value, noise)

    return Expected(
        together([part.output for part in parts]),
        together([part.h_n for part in parts]),
        together([part.c_n for part in parts]),
        np.any([part.overflow for part in parts], axis=0),
        np.max([part.hidden_noise for part in parts], axis=0),
    )


def _stack_noisy(parts: Sequence[Noisy]) -> Noisy:
    """Stack arrays along a case axis; without noise if none has any."""
    noise = None if all(part.noise is None for part in parts) else np.stack([part.deviation for part in parts])
    return Noisy(_stack([part.value for part in parts]), noise)


def _stack(arrays: Sequence[Array]) -> Array:
    """Stack arrays along a new first axis; one alone is not copied."""
    return arrays[0][None] if len(arrays) == 1 else np.stack(arrays)


def stack_weights(weights: Sequence[LSTMWeights]) -> LSTMWeights:
    """Stack NumPy weights of one architecture along a leading case axis."""

    def stack(cells: tuple[CellWeights, ...]) -> CellWeights:
        return CellWeights(**{name: _stack([getattr(cell, name) for cell in cells]) for name, _ in cells[0].items()})

    layers = zip(*(w.cells for w in weights), strict=True)
    return LSTMWeights(tuple(tuple(map(stack, zip(*layer, strict=True))) for layer in layers))


def gradients_by_hand(case: Case, d: Adjoints, masks: Masks = ()) -> Gradients:
    """Compute gradients in float64 by `reference/numpy_backward.py`, called in the layout of the case."""
    wide = replace(pad_setting(case.setting), runtime=Runtime("float64"))
    forth, back = (
        [[to_numpy(part) for part in parts] for parts in ((first,), second)]
        for first, second in (
            call_arguments(wide, case.input, case.h_0, case.c_0),
            call_arguments(wide, d.output, d.h_n, d.c_n),
        )
    )
    d_input, d_hx, d_weights = lstm_backward(
        forth[0][0],
        forth[1] if case.setting.call.states else None,
        case.weights,
        back[0][0],
        back[1],
        lengths=case.setting.call.lengths,
        batch_first=wide.architecture.batch_first,
        dropout_masks=masks or None,
    )
    found = [d_input, *(d_hx if case.setting.call.states else ()), *(w for _, w in d_weights.items())]
    return {
        name: canonicalize_gradient(case, name, array) for name, array in zip(gradient_names(case), found, strict=True)
    }


def exact_gradients(
    case: Case, d: Adjoints, arithmetic: Arithmetic | None = None, masks: Masks = ()
) -> ExpectedGradients:
    """Return the exact gradients with a correct implementation's noise, in its dtype's arithmetic or another, N = 1."""
    return exact_gradients_of_all([case], [d], arithmetic or NATIVE[case.setting.runtime.dtype], [masks])


def exact_gradients_of_all(
    cases: Sequence[Case], d: Sequence[Adjoints], arithmetic: Arithmetic, masks: Sequence[Masks]
) -> ExpectedGradients:
    """Return the same for N cases of one setting."""
    call = cases[0].setting.call
    lengths = np.array(call.lengths or [call.time] * call.rows)
    valid = np.arange(call.time)[:, None, None] < lengths[:, None]
    with np.errstate(all="ignore"):
        return noisy_backward(
            arithmetic,
            np.stack([case.input for case in cases]),
            (np.stack([case.h_0 for case in cases]), np.stack([case.c_0 for case in cases])),
            stack_weights([case.weights for case in cases]),
            np.stack([one.output for one in d]),
            (np.stack([one.h_n for one in d]), np.stack([one.c_n for one in d])),
            valid,
            [np.stack(mask) for mask in zip(*masks, strict=True)],
        )
