"""Which derivative is wrong where the results are right: an LSTM whose every derivative can be scaled or replaced.

The gradients of an implementation are compared with those of this model, changed in one place at a time: first in one
layer over three steps, then in two.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import product

import numpy as np

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.connections.change import RARE_WHEN, WHEN
from lstm_parity.identification.derivatives.model import GradientModel, WrongDerivative
from lstm_parity.identification.derivatives.replaced import AT, READ, SHARES, SLOPES, VALUES
from lstm_parity.identification.probe import Probe, ProbeError
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.autograd import adjoints, found_by_autograd
from lstm_parity.running.evidence import TENSORS, Adjoints, Found
from lstm_parity.running.protocol import stands_in

_FACTORS = (0.0, 2.0, 0.5, -1.0, 3.0)
_MOST_LIMITS = 3
_EXACT = 1e-9  # as a part of the largest number of a gradient
_EDGES = (  # what a factor of the gradient goes back through, as it is printed; those of several come after their parts
    *("i by z_i", "f by z_f", "g by z_g", "o by z_o"),
    *("c' by f", "c' by c", "c' by i", "c' by g", "h' by o", "h' by c'"),
    *("z by h", "z by x", "z by w_ih", "z by w_hh", "z by b_ih", "z by b_hh", "z by both biases"),
    *(f"z_{gate} by {name}" for name in ("w_ih", "w_hh", "b_ih", "b_hh", "x", "h") for gate in "ifgo"),
    *("the first step by h_0", "the first step by c_0", "the first step by h_0 and c_0"),
    *("the loss by output", "the loss by h_n", "the loss by c_n"),
    *("layers after the first by their input", "every layer by its input"),
)
_STATES = ("a step by h", "a step by c", "a step by h and c")


def _candidates(limits: Sequence[float]) -> Iterator[WrongDerivative]:
    """Yield every wrong derivative; limits: what gradients may be clipped to."""
    for edge in _EDGES:
        yield from (WrongDerivative(edge, factor) for factor in _FACTORS)
    for edge in (*_EDGES[:4], "h' by c'"):
        yield from (WrongDerivative(edge, slope=slope) for slope in SLOPES)
    yield from (WrongDerivative("z by w_hh", slope=slope) for slope in READ)
    for when, edge in product((*WHEN, *RARE_WHEN), _STATES):
        yield from (WrongDerivative(edge, factor, when=when) for factor in (0.0, 0.5))
    for edge, slope in product(AT, SHARES):
        yield WrongDerivative(edge, slope=slope)
    yield from (WrongDerivative(edge, limit=limit) for limit, edge in product(limits, _STATES))
    for edge, slope in product(("c' by f", "c' by c", "c' by i", "c' by g", "h' by o"), VALUES):
        yield WrongDerivative(edge, slope=slope)


def _find_limits(found: Iterable[Array | None]) -> list[float]:
    """Return the magnitudes that stand in gradients several times, as those do that are clipped."""
    every = np.concatenate([np.zeros(0), *(np.abs(g).ravel() for g in found if g is not None)])
    values, counts = np.unique(np.round(every, 12), return_counts=True)
    return [float(v) for v, count in zip(values, counts, strict=True) if count > 1 and v > 0.0][:_MOST_LIMITS]


def recover_derivative(probe: Probe) -> WrongDerivative | None:
    """Return the one wrong derivative, or None if none is; the results are right.

    Raises UnknownEquationError if it is none that is known, and ProbeError if no gradients are to be had.
    """
    for states in ("", "-nostates"):
        if cases := list(_collect(probe, states)):
            break
    if not cases:
        raise ProbeError("gradients were refused")

    def explains(wrong: WrongDerivative | None) -> bool:
        return all(_agree(found, _of_given(case, GradientModel(wrong).gradients(case, d))) for case, d, found in cases)

    if explains(None):
        return None
    limits = _find_limits(found.get(name) for _, _, found in cases for name in ("h_0", "c_0"))
    known = next((wrong for wrong in _candidates(limits) if explains(wrong)), None)
    if known is None:
        raise UnknownEquationError("its gradients are wrong, in more than one derivative or in one that is not known")
    return known


def _collect(probe: Probe, states: str) -> Iterator[tuple[Case, Adjoints, Found]]:
    """Yield cases of one layer and of two, with their gradients, as far as these are not refused."""
    bias = "" if probe.bias else "-nobias"
    layout = "-bf" if probe.batch_first else ""
    for layers, steps, seed in (("", 4, 1), ("", 3, 2), ("-L2", 4, 3)):
        case = draw_case(parse_setting(f"I3-H3{layers}{bias}{layout}-T{steps}-B3{states}-float64-grad"), "normal", seed)
        d = adjoints(case, ("output",) if stands_in(probe.implementation) else TENSORS)
        if (found := _find(probe, case, d)) is not None:
            yield case, d, found


def _find(probe: Probe, case: Case, d: Adjoints) -> Found | None:
    """Find the gradients of a case; None if it is refused. Raises ProbeError if there are none."""
    try:
        if probe.implementation.unsupported_reason(case.setting) is not None:
            return None
        return found_by_autograd(probe.implementation, case, d)
    except NotImplementedError:
        return None
    except Exception as error:  # the implementation is the user's
        raise ProbeError(f"gradients were not found: {error}") from error


def _of_given(case: Case, gradients: Mapping[str, Array]) -> dict[str, Array]:
    """Return the gradients of what was given: no states, perhaps."""
    return {n: g for n, g in gradients.items() if case.setting.call.states or n not in ("h_0", "c_0")}


def _agree(found: Mapping[str, Array | None], exact: Mapping[str, Array]) -> bool:
    for name, wanted in exact.items():
        got = found.get(name)
        got = np.zeros_like(wanted) if got is None else got
        if np.abs(got - wanted).max() > _EXACT * max(1.0, float(np.abs(wanted).max())):
            return False
    return True
