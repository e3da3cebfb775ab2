"""Judging a shard of a sweep: a few rows of its plan, in any process; rows and results are plain values.

Rows with the same numbers share them, and a loaded LSTM: it is called once for each row. What the rows returned is
judged once for each distinct result. A row that deviates is run again by itself, from a new LSTM.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import numpy as np
import torch

from lstm_parity.audits.sweep.rows import PlannedRow, Result, ShardResult, sum_up
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.lattice import GRADIENTS, Cell
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.judging.forward import judge, judge_all
from lstm_parity.judging.gradients import judge_all_gradients, judge_shared_gradients
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic, of_dtype
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.evidence import Evidence, Observation
from lstm_parity.running.observe import describe_exception, observe, observe_steps
from lstm_parity.running.protocol import LSTM, Implementation, own_arithmetic

_WORST_FIRST = (Outcome.FAILED, Outcome.DEVIATES, Outcome.NOT_JUDGED, Outcome.REFUSED, Outcome.PARITY)


@dataclass(frozen=True)
class LoadedOnce(Wrapped):
    """An implementation that keeps the LSTMs of one set of weights, instead of loading one for each call."""

    kept: dict[Any, LSTM] = field(default_factory=dict, repr=False)

    def find_loaded(self, setting: Setting) -> LSTM | None:
        """Return the LSTM that was loaded for these arguments; None if there is none yet."""
        return self.kept.get(_arguments(setting))

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Load an LSTM, and keep it."""
        lstm = self.kept[_arguments(setting)] = self.implementation.load(setting, weights)
        return lstm


def _arguments(setting: Setting) -> tuple[Any, ...]:
    """Return what an LSTM is loaded for, beside its weights."""
    return setting.architecture, setting.runtime.dtype, setting.runtime.device, setting.runtime.grad_mode


@dataclass(frozen=True)
class InArithmetics(Wrapped):
    """An implementation judged in the arithmetics that were measured before, by dtype; a declared one comes first."""

    arithmetics: dict[str, Arithmetic]

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return the declared arithmetic, or the measured one."""
        return own_arithmetic(self.implementation, setting) or self.arithmetics.get(setting.runtime.dtype)


def judge_shard(
    implementation: Implementation, rows: Sequence[PlannedRow], arithmetics: dict[str, str] | None = None
) -> ShardResult:
    """Judge rows; those with the same numbers must stand together.

    arithmetics: by dtype, the name of the one of that dtype in which the implementation works.
    """
    warnings.filterwarnings("ignore", "LSTM with projections is not supported with oneDNN", UserWarning)  # no fault
    torch.set_num_threads(1)  # where a setting says nothing else
    known = {dtype: next(a for a in of_dtype(dtype) if a.name == name) for dtype, name in (arithmetics or {}).items()}
    judged = InArithmetics(implementation, known) if known else implementation
    done = ShardResult()
    for _, group in groupby(rows, key=lambda row: (row.cell.numbers, row.seed, row.cases, row.cell.question)):
        _judge_group(judged, list(group), done)
    return done


def _judge_group(implementation: Implementation, rows: list[PlannedRow], done: ShardResult) -> None:
    """Judge rows with the same numbers, the cases of all seeds together."""
    ask = _judge_gradients if rows[0].cell.question == GRADIENTS else _judge_outputs
    cells, seeds = [row.cell for row in rows], range(rows[0].seed, rows[0].seed + rows[0].cases)
    verdicts = ask(implementation, [draw_alike(cells, seed) for seed in seeds])
    known = dict[tuple[int, ...], Result]()
    for k, row in enumerate(rows):
        found = verdicts[k :: len(rows)]
        same = tuple(id(verdict.measured) for verdict in found)
        if same not in known or not found[0].measured:
            known[same] = _make_result(implementation, row, found, len(done.computations))
            done.computations.append(sum_up(m for verdict in found for m in verdict.measured))
        done.results.append(replace(known[same], number=row.number))


def draw_alike(cells: Sequence[Cell], seed: int) -> list[tuple[Cell, Case]]:
    """Draw the cases of cells with the same numbers: as `draw_case` does, which is called once."""
    first = cells[0]
    given = replace(first.setting, call=replace(first.setting.call, states=True))
    drawn, zeros = draw_case(given, first.profile, seed), dict[str, Any]()
    for name in ("h_0", "c_0"):
        zeros[name] = np.zeros_like(getattr(drawn, name))
    return [
        (cell, replace(drawn, setting=cell.setting, **({} if cell.setting.call.states else zeros))) for cell in cells
    ]


def _judge_outputs(implementation: Implementation, seeds: Iterable[list[tuple[Cell, Case]]]) -> list[Verdict]:
    seen = list[Observation]()
    for cases in seeds:
        once, steps = LoadedOnce(implementation), dict[Any, tuple[Evidence, ...]]()
        seen += [_observe(once, cell, case, steps) for cell, case in cases]
    return judge_all(seen)


def _observe(
    implementation: Implementation, cell: Cell, case: Case, known: dict[Any, tuple[Evidence, ...]]
) -> Observation:
    """Run the whole call; its single steps too, if calls of these are not known from another cell."""
    seen = observe(implementation, case, chain=False)
    if not cell.is_chained or not seen.evidence:
        return seen
    key = case.setting.one_step(), case.setting.call.states, case.setting.call.lengths is None
    try:
        if key not in known:
            known[key] = observe_steps(implementation, case, seen.evidence[0].outputs)
    except Exception as error:  # the implementation is the user's: any exception is a verdict
        return Observation(case, failed=describe_exception(error), arithmetic=seen.arithmetic)
    return replace(seen, evidence=(*seen.evidence, *known[key]))


def _judge_gradients(implementation: Implementation, seeds: Iterable[list[tuple[Cell, Case]]]) -> list[Verdict]:
    verdicts = list[Verdict]()
    for cases in seeds:
        asked = [case for _, case in cases]
        verdicts += judge_shared_gradients(implementation, asked, [adjoints(case) for case in asked])
    return verdicts


def _make_result(implementation: Implementation, row: PlannedRow, verdicts: list[Verdict], computation: int) -> Result:
    outcome = next(one for one in _WORST_FIRST if any(verdict.outcome is one for verdict in verdicts))
    worst = max(verdicts, key=lambda verdict: (verdict.outcome is outcome, verdict.worst))
    detail = "" if outcome is Outcome.PARITY else _describe(worst)
    if outcome is Outcome.DEVIATES:
        alone = _judge_alone(implementation, row.cell, worst.case)
        detail += "" if alone.outcome is outcome else f"; by itself it is {alone.outcome.value}"
    return Result(
        row.number,
        outcome.value,
        max(verdict.worst for verdict in verdicts),
        max((m.rms for verdict in verdicts for m in verdict.measured if m.rms_is_meaningful), default=0.0),
        worst.arithmetic.name,
        computation,
        worst.case.seed,
        detail,
    )


def _judge_alone(implementation: Implementation, cell: Cell, case: Case) -> Verdict:
    if cell.question == GRADIENTS:
        return judge_all_gradients(implementation, [case], [adjoints(case)])[0]
    return judge(observe(implementation, case, chain=cell.is_chained))


def _describe(verdict: Verdict) -> str:
    """Return why a case is not in parity, as short as a cell of a table holds it."""
    if verdict.reason and not verdict.deviating and not verdict.faults:
        return verdict.reason.strip().splitlines()[-1][:300]
    if verdict.faults:
        return verdict.faults[0]
    worst = max(verdict.deviating, key=lambda measured: measured.worst)
    where = ", ".join(map(str, worst.where))
    return f"{worst.tensor}[{where}] of the {worst.way} is {worst.worst:.3g} noises from the exact value"
