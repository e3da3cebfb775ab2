"""What an arithmetic cannot explain: half of a step that is exact to the dtype, while the other half is not.

An arithmetic errs in every gate. If the last c is what the returned h leads to, within the dtype's own noise, or the
last h is what the output gate makes of the returned c, then what deviates is a function in the other half.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import WORST_LIMIT, TensorComparison, Verdict, distances
from lstm_parity.reference.noise.arithmetics import Arithmetic
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import TENSORS, WHOLE

_TYPICAL = 0.3  # noises that a correct implementation errs by, as in `arithmetic.py`
_CHANCE = 1e-9  # that an arithmetic leaves all elements as exact as they are
_SMALL = 1e-3  # tanh(c), below which the output gate is not found


def is_half_exact(verdict: Verdict, arithmetic: Arithmetic) -> bool:
    """Whether one half of the last steps of a whole call is more exact than an arithmetic leaves it.

    verdict: in the expected arithmetic, in which the call deviates. Of the last layer, whose h is known at each step.
    """
    exact = _select_last_layer(verdict)
    coarse = _select_last_layer(judge(verdict.observation, _soften(arithmetic)))
    if not exact or not coarse:
        return False
    return _is_improbable(exact["c_n"], coarse["c_n"].noise) or _is_output_gate_exact(exact, coarse)


def _soften(arithmetic: Arithmetic) -> Arithmetic:
    """Return an arithmetic whose gate sums err in the place of its activations, which are exact if they saturate."""
    sums = max(arithmetic.accumulation, arithmetic.activation)
    return replace(arithmetic, activation=0.0, accumulation=sums)


def _select_last_layer(verdict: Verdict) -> Mapping[str, TensorComparison]:
    """Return h_n and c_n of the last layer of a whole call of which everything is known; nothing of another."""
    found = {m.tensor: m for m in verdict.measured if m.way == WHOLE}
    if set(found) != set(TENSORS) or found["h_n"].got.shape != found["c_n"].got.shape:
        return {}
    part = slice(-verdict.case.setting.architecture.num_directions, None)
    names = ("got", "exact", "noise", "ratio")
    return {n: replace(found[n], **{name: getattr(found[n], name)[part] for name in names}) for n in ("h_n", "c_n")}


def _is_output_gate_exact(exact: Mapping[str, TensorComparison], coarse: Mapping[str, TensorComparison]) -> bool:
    """Whether h is the exact output gate times the tanh of the c that was returned."""
    h, c = exact["h_n"], exact["c_n"]
    squashed = np.tanh(c.exact)
    kept = np.abs(squashed) > _SMALL
    if not kept.any():
        return False
    gate = h.exact[kept] / squashed[kept]
    expected = gate * np.tanh(c.got[kept])
    by_c = np.square(gate * (1.0 - np.square(squashed[kept])) * coarse["c_n"].noise[kept])
    noise = np.sqrt(np.maximum(np.square(coarse["h_n"].noise[kept]) - by_c, 0.0))  # without what c brings
    native = h.noise[kept] * np.maximum(1.0, np.abs(np.tanh(c.got[kept]) / squashed[kept]))
    got = h.got[kept]
    one = TensorComparison("h_n", WHOLE, got, expected, native, distances(got, expected, native))
    return _is_improbable(one, noise)


def _is_improbable(exact: TensorComparison, noise: Array) -> bool:
    """Whether all elements are exact, of which the noise of an arithmetic would leave few; copies count once."""
    if not (exact.ratio <= WORST_LIMIT).all():
        return False
    _, firsts = np.unique(exact.exact, return_index=True)
    native, noise = exact.noise.ravel()[firsts], noise.ravel()[firsts]
    with np.errstate(divide="ignore", invalid="ignore"):
        chance = np.where(noise > 0.0, WORST_LIMIT * native / (_TYPICAL * noise), 1.0)
    return bool(np.log(np.clip(chance, 1e-300, 1.0)).sum() < np.log(_CHANCE))
