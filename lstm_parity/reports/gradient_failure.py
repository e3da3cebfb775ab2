"""What a failure of a gradient says: which one and by how much, where, got and exact, for which loss, how to repeat it.

It reads like `lstm_parity/reports/failure.py`, and names a weight's element by its gate.
"""

from __future__ import annotations

import math
from functools import partial

from lstm_parity.cases.setting import Setting
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, TensorComparison, Verdict
from lstm_parity.reports.failure import ParityError, describe_setting, format_index
from lstm_parity.running.evidence import INPUTS, Adjoints

_GATES = ("input gate", "forget gate", "candidate", "output gate")  # torch's order of rows: i, f, g, o


class WrongGradientsError(ParityError):
    """An implementation's gradients do not agree with the exact ones to rounding noise."""


def require_gradients(verdict: Verdict, d: Adjoints) -> None:
    """Return where the outcome is PARITY or NOT JUDGED; raise `WrongGradientsError` with the story where it is not."""
    __tracebackhide__ = True
    if verdict.outcome not in (Outcome.PARITY, Outcome.NOT_JUDGED):
        raise WrongGradientsError(verdict, partial(describe_gradient_failure, d=d))


def describe_gradient_failure(verdict: Verdict, d: Adjoints) -> str:
    """The whole story of gradients that do not agree, all of them in it."""
    setting = verdict.case.setting
    lines = [f"gradients: {fault}" for fault in verdict.faults]
    for measured in verdict.deviating:
        lines += _describe_deviation(measured, setting)
    if verdict.outcome is Outcome.FAILED:
        lines += ["the implementation raised:", *(f"  {line}" for line in verdict.reason.strip().splitlines())]
    if verdict.outcome is Outcome.REFUSED:
        lines.append(f"refused: {verdict.reason}")
    if agreeing := [m.tensor for m in verdict.measured if not m.deviates]:
        lines.append(f"  within rounding noise: {', '.join(agreeing)}")
    lines.append(f"  loss: {describe_loss(d)}")
    lines.append(f"  setting: {describe_setting(setting)}, values: {verdict.case.profile}")
    lines.append(f"  judged in: {verdict.arithmetic.name} arithmetic, against back-propagation by hand in float64")
    known = f"--case {verdict.case.id}" if verdict.case.repeatable else f"numbers set by hand after {verdict.case.id}"
    return "\n".join([*lines, f"  repeat: {known}"])


def describe_loss(d: Adjoints) -> str:
    """The loss in words."""
    *others, last = d.losses
    tensors = f"{', '.join(others)} and {last}" if others else last
    if d.ones:
        return f"the plain sum of {tensors}"
    return f"the sum of {tensors}, each element times a number of its own (running.autograd.adjoints)"


def _format_element(measured: TensorComparison, setting: Setting) -> str:
    """Where a gradient is worst, in words: `[t=2, b=1, k=3]`, or `[forget gate, unit 2, column 5]` of a weight."""
    where, name = measured.where, measured.tensor
    if name == "input":
        return "[t={}, b={}, k={}]".format(*where)
    if name in INPUTS:
        return format_index(measured, where, setting)
    column = [f"column {k}" for k in where[1:]]
    if name.startswith("weight_hr"):
        return f"[{', '.join([f'row {where[0]}', *column])}]"
    gate, unit = divmod(where[0], setting.architecture.hidden_size)
    return f"[{', '.join([_GATES[gate], f'unit {unit}', *column])}]"


def _describe_deviation(measured: TensorComparison, setting: Setting) -> list[str]:
    where, got, exact = measured.where, float(measured.got[measured.where]), float(measured.exact[measured.where])
    size = f"{measured.worst:.2g} x rounding noise" if math.isfinite(measured.worst) else "beyond all rounding noise"
    return [
        f"the gradient of {measured.tensor} deviates: {size} at {_format_element(measured, setting)}",
        f"  got {got:.9g} ({got.hex()}), exact {exact:.9g} ({exact.hex()}), noise {measured.noise[where]:.2g}",
        f"  {measured.beyond} of {measured.ratio.size} elements beyond {WORST_LIMIT:g} x noise, "
        f"root mean square {measured.rms:.2g} x noise",
    ]
