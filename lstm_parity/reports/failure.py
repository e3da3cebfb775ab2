"""What a failure says: what deviates and by how much, where, got and expected, how much of it, and how to repeat it."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.forward import judge_trajectory
from lstm_parity.judging.verdict import WORST_LIMIT, Outcome, TensorComparison, Verdict
from lstm_parity.running.evidence import CHAIN, LATE, PAIR, TENSORS, TRAJECTORY, TWICE, WHOLE

_RUN_KINDS = {
    TRAJECTORY: "from the initial states on",
    WHOLE: "one step from its own previous output",
    CHAIN: "one step from its own previous h_n and c_n",
    PAIR: "from a run that should be the same",
    TWICE: "in a second call with the same tensors, one step from its own previous output",
    LATE: "read after a second call, one step from its own previous output",
}


class ParityError(AssertionError):
    """An implementation does not agree with the exact answer to rounding noise; the message is made when it is read."""

    def __init__(self, verdict: Verdict, tell: Callable[[Verdict], str] | None = None) -> None:
        super().__init__(verdict)
        self.verdict, self.tell = verdict, tell or describe_failure

    @cached_property
    def _story(self) -> str:
        return self.tell(self.verdict)

    def __str__(self) -> str:
        return self._story


def require_parity(verdict: Verdict) -> None:
    """Return where the outcome is PARITY or NOT JUDGED; raise `ParityError` with the whole story where it is not."""
    __tracebackhide__ = True
    if verdict.outcome not in (Outcome.PARITY, Outcome.NOT_JUDGED):
        raise ParityError(verdict)


def describe_failure(verdict: Verdict) -> str:
    """The whole story of a verdict that is not PARITY, all deviating tensors in it."""
    lines = [*verdict.faults]
    told = _list_comparisons(verdict)
    for measured in told:
        lines += _describe_deviation(measured, verdict.case.setting)
    if verdict.outcome is Outcome.FAILED:
        raised = verdict.reason.startswith("Traceback")
        lines.append("the implementation raised:" if raised else "the implementation failed:")
        lines += [f"  {line}" for line in verdict.reason.strip().splitlines()]
    if verdict.outcome is Outcome.REFUSED:
        lines.append(f"refused: {verdict.reason}")
    if told and (agreeing := [name for name in TENSORS if name not in {measured.tensor for measured in told}]):
        lines.append("  " + " and ".join(agreeing) + (" agrees" if len(agreeing) == 1 else " agree"))
    lines.append(f"  setting: {describe_setting(verdict.case.setting)}, values: {verdict.case.profile}")
    lines.append(f"  judged in: {verdict.arithmetic.name} arithmetic{_describe_arithmetic(verdict)}")
    lines.append(_repeat_line(verdict.case))
    return "\n".join(lines)


def _describe_arithmetic(verdict: Verdict) -> str:
    """Whether another arithmetic explains the deviation."""
    ours = verdict.observation.evidence and all(measured.way != PAIR for measured in verdict.deviating)
    if not ours or not verdict.deviating or verdict.faults:
        return ""
    found = explain([verdict.observation], verdict.arithmetic).arithmetic
    return "; no known arithmetic explains it" if found is None else f"; {found.name} would explain it"


def _repeat_line(case: Case) -> str:
    """How to run the case again: by its name, unless it was changed by hand after it was drawn."""
    if case.repeatable:
        return f"  repeat: --case {case.id}"
    return f"  repeat: no --case can, for numbers were set by hand after drawing {case.id}"


def _list_comparisons(verdict: Verdict) -> tuple[TensorComparison, ...]:
    """The deviating tensors as a reader of the results sees them, from the initial states on, if that can be said.

    The steps alone would also accuse what only follows from an output that is wrong: each starts from that output.
    """
    if any(measured.way == PAIR for measured in verdict.measured) or not verdict.deviating:
        return verdict.deviating
    return tuple(m for m in judge_trajectory(verdict) if m.deviates) or verdict.deviating


def _describe_deviation(measured: TensorComparison, setting: Setting) -> list[str]:
    where, got, exact = measured.where, float(measured.got[measured.where]), float(measured.exact[measured.where])
    size = f"{measured.worst:.2g} x rounding noise" if math.isfinite(measured.worst) else "beyond all rounding noise"
    right = "the other run" if measured.way == PAIR else "exact"
    return [
        f"{measured.tensor} deviates: {size} at {format_index(measured, where, setting)}, {_RUN_KINDS[measured.way]}",
        f"  got {got:.9g} ({got.hex()}), {right} {exact:.9g} ({exact.hex()}), noise {measured.noise[where]:.2g}",
        f"  {measured.beyond} of {measured.ratio.size} elements beyond {WORST_LIMIT:g} x noise, "
        f"root mean square {measured.rms:.2g} x noise",
    ]


def format_index(measured: TensorComparison, where: tuple[int, ...], setting: Setting) -> str:
    """An element's index in words: `[t=2, b=1, k=3] (layer 1, reverse)`, as the canonical layout counts."""
    first, row, unit = where
    batch, time = setting.call.rows, f"t={first}"
    if measured.way == CHAIN:
        step, row = divmod(row, batch)
        time = f"t={step}"
    directions = setting.architecture.num_directions
    if measured.tensor == "output":
        layer = setting.architecture.num_layers - 1
        direction, unit = divmod(unit, setting.architecture.output_size)
    else:
        layer, direction = divmod(first, directions)
        time = time if measured.way == CHAIN else ""
    names = f"layer {layer}" + (f", {('forward', 'reverse')[direction]}" if directions == 2 else "")
    index = ", ".join(part for part in (time, f"b={row}", f"k={unit}") if part)
    return f"[{index}] ({names})"


def describe_setting(setting: Setting) -> str:
    """The setting in torch's words, only what is not default."""
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
