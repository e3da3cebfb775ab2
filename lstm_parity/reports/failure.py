"""What a failure says: what deviates and by how much, where, got and exact, how much of it, and how to repeat it.

Outputs and gradients have one form; an element of a weight's gradient is named by its gate.
"""

from __future__ import annotations

import math
from functools import cached_property

from lstm_parity.cases.setting import Setting
from lstm_parity.judging.failure import Failure, find_failure
from lstm_parity.judging.places import DIRECTIONS, GATES, find_place
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, TensorComparison, Verdict
from lstm_parity.reports.lines import REPEAT, repeat_case
from lstm_parity.running.evidence import (
    CHAIN,
    DROPPING,
    EXPANDED,
    INPUTS,
    LATE,
    NOT_DROPPING,
    OFTEN,
    PAIR,
    PREFIXES,
    RELOADED,
    SEEN,
    TENSORS,
    TRAINING,
    TRAJECTORY,
    TWICE,
    WHOLE,
    Adjoints,
)

_RUN_KINDS = {
    TRAJECTORY: "from the initial states on",
    SEEN: "from the initial states on",
    WHOLE: "one step from its own previous output",
    CHAIN: "one step from its own previous h_n and c_n",
    PREFIXES: "one step from its own h_n and c_n after the steps before",
    PAIR: "from a run that should be the same",
    TWICE: "in a second call with the same tensors, one step from its own previous output",
    LATE: "read after a second call, one step from its own previous output",
    OFTEN: "in the last of many calls with the same tensors, one step from its own previous output",
    TRAINING: "in train mode, one step from its own previous output",
    DROPPING: "in train mode, with the masks of dropout that were read off it, one step from its own previous output",
    NOT_DROPPING: "in eval mode, with dropout, one step from its own previous output",
    EXPANDED: "from states whose rows are one row in memory (expand), one step from its own previous output",
    RELOADED: "after its weights have changed, one step from its own previous output",
}


class ParityError(AssertionError):
    """An implementation does not agree with the exact answer to rounding noise; the message is made when it is read."""

    def __init__(self, verdict: Verdict, context: tuple[str, ...] = (), repeat: str = "") -> None:
        super().__init__(verdict)
        self.verdict, self._context, self._repeat = verdict, context, repeat

    @cached_property
    def failure(self) -> Failure:
        """The verdict, with what its report needs."""
        return find_failure(self.verdict, self._context, self._repeat)

    def __str__(self) -> str:
        return describe_failure(self.failure)


def require_parity(verdict: Verdict) -> None:
    """Return if the outcome is PARITY or NOT JUDGED; raise `ParityError` with the whole report if not."""
    __tracebackhide__ = True
    if verdict.outcome not in (Outcome.PARITY, Outcome.NOT_JUDGED):
        raise ParityError(verdict)


def describe_failure(failure: Failure, command: str = "") -> str:
    """Describe a verdict that is not PARITY, with all deviating tensors.

    command: what `--case` is added to, to repeat the case.
    """
    verdict = failure.verdict
    lines = [verdict.reason] if verdict.outcome is Outcome.NOT_JUDGED else []
    lines += [f"gradients: {fault}" if verdict.adjoints else fault for fault in verdict.faults]
    for comparison in failure.shown:
        lines += _describe_deviation(comparison, verdict.case.setting)
    if verdict.outcome is Outcome.FAILED:
        raised = verdict.reason.startswith("Traceback") or verdict.adjoints is not None
        lines.append("the implementation raised:" if raised else "the implementation failed:")
        lines += [f"  {line}" for line in verdict.reason.strip().splitlines()]
    if verdict.outcome is Outcome.REFUSED:
        lines.append(f"refused: {verdict.reason}")
    lines += _describe_agreement(failure)
    lines += [f"  loss: {describe_loss(verdict.adjoints)}"] if verdict.adjoints else []
    lines.append(f"  setting: {_describe_setting(verdict.case.setting)}, values: {verdict.case.profile}")
    lines.append(f"  judged in: {verdict.arithmetic.name} arithmetic{_describe_arithmetic(failure)}")
    return "\n".join(
        [*lines, *(f"  {line}" for line in failure.context), f"{REPEAT}{describe_repeat(failure, command)}"]
    )


def _describe_agreement(failure: Failure) -> list[str]:
    if failure.verdict.adjoints is not None:
        agreeing = [m.tensor for m in failure.verdict.measured if not m.deviates]
        return [f"  within rounding noise: {', '.join(agreeing)}"] if agreeing else []
    evidence = failure.verdict.observation.evidence
    seen = [one.name for one in evidence[0].seen] if evidence else []
    absent = [name for name in TENSORS if seen and name not in seen] or (evidence[0].outputs.absent if evidence else ())
    shown = {*absent, *(comparison.tensor for comparison in failure.shown)}
    agreeing = [name for name in TENSORS if name not in shown] if failure.shown else []
    words = ((agreeing, "agrees", "agree"), (absent, "is not given", "are not given"))
    return [f"  {' and '.join(names)} {one if len(names) == 1 else more}" for names, one, more in words if names]


def _describe_arithmetic(failure: Failure) -> str:
    """Describe which other arithmetic explains the deviation, if one was sought."""
    if failure.verdict.adjoints is not None:
        return ", against back-propagation by hand in float64"
    if not failure.was_sought:
        return ""
    found = failure.explained_by
    return "; no known arithmetic explains it" if found is None else f"; {found.name} would explain it"


def describe_repeat(failure: Failure, command: str) -> str:
    """Describe how to run the case again: by its name, unless it was changed by hand after it was drawn."""
    case = failure.verdict.case
    if failure.repeat:
        return failure.repeat
    if case.repeatable:
        return repeat_case(command, case.id)
    return f"no --case can, for numbers were set by hand after drawing {case.id}"


def describe_loss(d: Adjoints) -> str:
    """Describe the loss that the adjoints are of."""
    passed = f", {d.backward.words}" if d.backward.words else ""
    *others, last = d.losses
    tensors = f"{', '.join(others)} and {last}" if others else last
    if d.ones:
        return f"the plain sum of {tensors}{passed}"
    return f"the sum of {tensors}, each element times a number of its own (running.autograd.adjoints){passed}"


def _describe_deviation(measured: TensorComparison, setting: Setting) -> list[str]:
    where, got, exact = measured.where, float(measured.got[measured.where]), float(measured.exact[measured.where])
    size = f"{measured.worst:.2g} x rounding noise" if math.isfinite(measured.worst) else "beyond all rounding noise"
    right = "the other run" if measured.way == PAIR else "exact"
    if measured.way in _RUN_KINDS:
        place = f"{_format_index(measured, where, setting)}, {_RUN_KINDS[measured.way]}"
        first = f"{measured.tensor} deviates: {size} at {place}"
    else:
        first = f"the gradient of {measured.tensor} deviates: {size} at {_format_element(measured, setting)}"
    return [
        first,
        f"  got {got:.9g} ({got.hex()}), {right} {exact:.9g} ({exact.hex()}), noise {measured.noise[where]:.2g}",
        f"  {measured.beyond} of {measured.ratio.size} elements beyond {WORST_LIMIT:g} x noise, "
        f"root mean square {measured.rms:.2g} x noise",
    ]


def _format_element(measured: TensorComparison, setting: Setting) -> str:
    """Describe where a gradient is worst: `[t=2, b=1, k=3]`, or `[forget gate, unit 2, column 5]` of a weight."""
    place = find_place(measured, measured.where, setting)
    if place is None or measured.tensor in INPUTS:
        return _format_index(measured, measured.where, setting)
    column = [f"column {place.column}"] * (place.column is not None)
    if place.gate is None:
        return f"[{', '.join([f'row {place.unit}', *column])}]"
    return f"[{', '.join([GATES[place.gate], f'unit {place.unit}', *column])}]"


def _format_index(measured: TensorComparison, where: tuple[int, ...], setting: Setting) -> str:
    """Describe an element's index: `[t=2, b=1, k=3] (layer 1, reverse)`, as the canonical layout counts."""
    place = find_place(measured, where, setting)
    if place is None:
        return str(list(where))
    index = [f"t={place.step}"] * (place.step is not None) + [f"b={place.row}", f"k={place.unit}"]
    if place.layer is None:
        return f"[{', '.join(index)}]"
    direction = "" if place.direction is None else f", {DIRECTIONS[place.direction]}"
    return f"[{', '.join(index)}] (layer {place.layer}{direction})"


def _describe_setting(setting: Setting) -> str:
    """Describe a setting by torch's names, only what is not default."""
    a, c, r = setting.architecture, setting.call, setting.runtime
    words = [f"input_size={a.input_size}", f"hidden_size={a.hidden_size}"]
    words += [f"num_layers={a.num_layers}"] * (a.num_layers > 1) + ["bias=False"] * (not a.bias)
    words += ["batch_first=True"] * a.batch_first + ["bidirectional=True"] * a.bidirectional
    words += [f"proj_size={a.proj_size}"] * (a.proj_size > 0)
    words += [f"T={c.time}", "unbatched" if c.batch is None else f"B={c.batch}"]
    if c.lengths is not None:
        words.append(f"packed, lengths={list(c.lengths)}")
    words += ["hx=None"] * (not c.states) + ["input and states strided"] * c.strided
    words += [f"dtype={r.dtype}"] * (r.dtype != "float32")
    words += [f"device={r.device}"] * (r.device != "cpu") + [f"grad_mode={r.grad_mode}"] * (r.grad_mode != "no_grad")
    words += ["oneDNN off"] * (not r.mkldnn) + [f"{r.threads} threads"] * (r.threads is not None)
    return ", ".join(words + ["deterministic algorithms"] * r.deterministic)
