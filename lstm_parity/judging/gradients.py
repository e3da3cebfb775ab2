"""Gradients judged as outputs are, by the same limits: `experiments/gradient_false_alarms.md` shows that these hold."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Runtime
from lstm_parity.judging.exact import MAX_HIDDEN_NOISE, exact_gradients_of_all, gradients_by_hand, noise_factor
from lstm_parity.judging.verdict import GRADIENT, Outcome, TensorComparison, Verdict, compare, decide, list_lost
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.noise.backward import Expected as ExpectedGradients
from lstm_parity.running.autograd import adjoints, differentiated_names, fill_missing, found_by_autograd, gradient_names
from lstm_parity.running.evidence import Adjoints, BackwardPass, Found, Gradients, Masks, Observation
from lstm_parity.running.observe import describe_exception
from lstm_parity.running.protocol import Implementation, expected_arithmetic, is_lenient, refusal_reason

_FindExact = Callable[[Sequence[Case], Sequence[Adjoints], Arithmetic, Sequence[Masks]], ExpectedGradients]
_SECOND = 3e3  # roundoffs, of the largest element of a second derivative


def compare_gradients(
    case: Case, got: Gradients, d: Adjoints, masks: Masks = (), arithmetic: Arithmetic | None = None
) -> tuple[TensorComparison, ...]:
    """Compare gradients with those derived by hand, in units of their noise; none if noise hides the way forward.

    Only the gradients given are compared. arithmetic: None for the dtype's own.
    """
    return _compare_all_gradients([case], [got], [d], [masks], [gradients_by_hand(case, d, masks)], arithmetic)[0]


def _compare_all_gradients(
    cases: Sequence[Case],
    got: Sequence[Gradients],
    d: Sequence[Adjoints],
    masks: Sequence[Masks] | None = None,
    exact: Sequence[Gradients] | None = None,
    arithmetic: Arithmetic | None = None,
    find: _FindExact = exact_gradients_of_all,
) -> list[tuple[TensorComparison, ...]]:
    """Return the same for N cases of one setting, side by side, against the values that the noise was computed with.

    exact: other values to measure them against. find: what computes the values and the noise.
    """
    dtype = cases[0].setting.runtime.dtype
    twin = find(cases, d, arithmetic or NATIVE[dtype], masks or [()] * len(cases))
    noisy = twin.named()
    scale = noise_factor(dtype)
    found = list[tuple[TensorComparison, ...]]()
    for n, case in enumerate(cases):
        names = (
            [name for name in differentiated_names(case, d[n].backward) if name in got[n]]
            if twin.hidden_noise[n] <= MAX_HIDDEN_NOISE
            else []
        )
        right = {name: noisy[name].value[n] for name in names} if exact is None else exact[n]
        found.append(tuple(compare(k, GRADIENT, got[n][k], right[k], noisy[k].deviation[n] * scale) for k in names))
    return found


def judge_gradients(implementation: Implementation, case: Case, d: Adjoints, masks: Masks = ()) -> Verdict:
    """Return the verdict on an implementation's gradients of one case."""
    return judge_all_gradients(implementation, [case], [d], [masks])[0]


def judge_second_derivatives(implementation: Implementation, reference: Implementation, case: Case) -> Verdict:
    """Judge the gradient of a weighted sum of gradients against that of a reference in float64.

    No noise is modelled: it agrees within `_SECOND` of the largest element of each tensor, in roundoffs.
    """
    d = replace(adjoints(case), backward=BackwardPass("differentiated twice", second=True))
    arithmetic = expected_arithmetic(implementation, case.setting)
    if (reason := refusal_reason(implementation, case)) is not None:
        return _end(Observation(case, refused=reason), d, arithmetic)
    wide = replace(case, setting=replace(case.setting, runtime=Runtime("float64", grad_mode="grad")))
    exact = fill_missing(case, found_by_autograd(reference, wide, d))
    try:
        found = found_by_autograd(implementation, case, d)
    except NotImplementedError as error:
        return _end(Observation(case, refused=str(error)), d, arithmetic)
    except Exception as error:  # the implementation is the user's: any exception is a verdict
        return _end(Observation(case, failed=describe_exception(error)), d, arithmetic)
    got, a = fill_missing(case, found), arithmetic
    roundoff = max(a.value, a.state, a.accumulation, a.product, a.activation)
    compared = tuple(
        compare(
            name, GRADIENT, got[name], right, np.full_like(right, _SECOND * roundoff * np.abs(right).max(initial=0.0))
        )
        for name, right in exact.items()
        if name in got
    )
    return Verdict(decide((), compared), Observation(case), arithmetic, compared, adjoints=d)


def judge_shared_gradients(
    implementation: Implementation, cases: Sequence[Case], d: Sequence[Adjoints]
) -> list[Verdict]:
    """Judge cases that share their weights and differ in layout and modes: what is the same is computed once.

    d: drawn by the seeds of the cases, as `adjoints` does.
    """
    known = dict[Any, ExpectedGradients]()

    def find(
        some: Sequence[Case], d: Sequence[Adjoints], arithmetic: Arithmetic, masks: Sequence[Masks]
    ) -> ExpectedGradients:
        case, call = some[0], some[0].setting.call
        lengths = call.lengths or (call.time,) * call.rows
        key = id(case.weights), case.seed, call.states, lengths, d[0].losses, arithmetic
        if key not in known:
            known[key] = exact_gradients_of_all(some, d, arithmetic, masks)
        return known[key]

    pairs = zip(cases, d, strict=True)
    return [judge_all_gradients(implementation, [case], [one], find=find)[0] for case, one in pairs]


def judge_all_gradients(
    implementation: Implementation,
    cases: Sequence[Case],
    d: Sequence[Adjoints],
    masks: Sequence[Masks] | None = None,
    find: _FindExact = exact_gradients_of_all,
) -> list[Verdict]:
    """Return the verdicts on N cases of one setting; their measured tensors are gradients.

    find: what computes the exact gradients with their noise.
    DEVIATES too where a parameter is not one of torch's, or has no gradient though the loss depends on it.
    """
    arithmetic = expected_arithmetic(implementation, cases[0].setting)
    if (reason := refusal_reason(implementation, cases[0])) is not None:
        return [_end(Observation(case, refused=reason), one, arithmetic) for case, one in zip(cases, d, strict=True)]
    found = list[Found]()
    try:
        found += (found_by_autograd(implementation, case, one) for case, one in zip(cases, d, strict=True))
    except NotImplementedError as error:
        words = str(error)
        return [_end(Observation(case, refused=words), one, arithmetic) for case, one in zip(cases, d, strict=True)]
    except Exception as error:  # the implementation is the user's: any exception is a verdict
        words = describe_exception(error)
        return [_end(Observation(case, failed=words), one, arithmetic) for case, one in zip(cases, d, strict=True)]
    gradients = [fill_missing(case, one) for case, one in zip(cases, found, strict=True)]
    compared = _compare_all_gradients(cases, gradients, d, masks, arithmetic=arithmetic, find=find)
    verdicts = [_make_verdict(*one, arithmetic) for one in zip(cases, d, found, compared, strict=True)]
    return [_remark_non_finite(v) for v in verdicts] if is_lenient(implementation) else verdicts


def _remark_non_finite(verdict: Verdict) -> Verdict:
    """Return a verdict that accuses nobody because of gradients through inputs that are not finite.

    They deviate in correct LSTMs that mask with `torch.where`, or clamp.
    """
    if verdict.outcome is not Outcome.DEVIATES or verdict.case.is_finite:
        return verdict
    names = ", ".join(m.tensor for m in verdict.deviating)
    reason = f"a remark: gradients through inputs that are not finite deviate ({names}); --strict counts them"
    return replace(verdict, outcome=Outcome.NOT_JUDGED, reason=reason, unjudged=(reason,))


def _end(observation: Observation, d: Adjoints, arithmetic: Arithmetic) -> Verdict:
    """Return the verdict on a run that returned no gradient: it refused or failed."""
    outcome = Outcome.FAILED if observation.failed else Outcome.REFUSED
    return Verdict(outcome, observation, arithmetic, reason=observation.failed or observation.refused or "", adjoints=d)


def _make_verdict(
    case: Case, d: Adjoints, found: Found, compared: tuple[TensorComparison, ...], arithmetic: Arithmetic
) -> Verdict:
    observation, names = Observation(case), gradient_names(case)
    wanted = differentiated_names(case, d.backward)
    faults = [f"{name} is no parameter of nn.LSTM with these arguments" for name in found if name not in names]
    faults += [f"{name} is not among the parameters" for name in names if name not in found]
    faults += [
        f"{name} has a gradient, but requires none"
        for name in names
        if name not in wanted and found.get(name) is not None
    ]
    missing = [m.tensor for m in compared if found[m.tensor] is None and m.exact.any()]
    faults += [
        f"{name} has no gradient (None), but the loss depends on it: is it detached or copied?" for name in missing
    ]
    if not compared and not faults:
        reason = "lost in the noise of hidden states"
        return Verdict(Outcome.NOT_JUDGED, observation, arithmetic, reason=reason, unjudged=(reason,), adjoints=d)
    kept = tuple(m for m in compared if m.tensor not in missing)
    outcome = decide(faults, kept)
    lost = tuple(list_lost(kept))
    return Verdict(outcome, observation, arithmetic, kept, tuple(faults), "; ".join(lost), lost, adjoints=d)


def deviating_gradients(found: Sequence[TensorComparison]) -> list[str]:
    """Return a sentence for every gradient that is more than rounding noise away."""
    return [
        f"the gradient of {m.tensor} deviates: {m.worst:.2g} x rounding noise at {list(m.where)}, "
        f"got {m.got[m.where]!r}, exact {m.exact[m.where]!r}, root mean square {m.rms:.2g} x noise"
        for m in found
        if m.deviates
    ]
