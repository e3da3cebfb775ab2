"""What a report leaves open, and what may be wrong with how the numbers were computed, by what is in the report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_parity.audits.bug_reports.readings.assumptions import (
    AFTER,
    BEFORE,
    FRESH,
    KEPT,
    LAST_STATE,
    LAST_STEP,
    LEFT,
    NORMS,
    ORDERS,
    OUTPUT,
    RIGHT,
    ROWS,
    STEPS,
    Assumptions,
)
from lstm_parity.audits.bug_reports.readings.printed import has_printed_inputs
from lstm_parity.audits.bug_reports.readings.scaled import has_zeros
from lstm_parity.audits.bug_reports.readings.surroundings import find_elementwise
from lstm_parity.audits.bug_reports.report import Report
from lstm_parity.files.lstms.found import split_name
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.views import MERGES, LayerNorm, Scale

_MOST_CONVENTIONS = 4


def list_choices(report: Report) -> dict[str, Sequence[Any]]:
    """List the values of each assumption that the report allows, the likeliest first."""
    inputs = [call.arrays["input"].values.ndim for call in report.calls]
    entered = [rank + 1 for rank in inputs] if _begins_with_lookup(report) else inputs
    choices: dict[str, Sequence[Any]] = {"lstm": range(min(len(report.lstms), _MOST_CONVENTIONS))}
    if max(entered) == 3:
        declared = report.fields.get("batch_first")
        choices["batch_first"] = (False, True) if declared is None else (declared,)
    if min(entered) == 2:
        is_cell = any(split_name(name)[-1] == "weight_ih" for lstm in report.lstms for name in lstm.used)
        choices["is_batch"] = (True, False) if is_cell else (False, True)
    choices["output"] = _outputs(report)
    choices["merge"] = _merges(report)
    choices["reverse"] = (report.fields.get("reverse", False),)
    choices["in_order"] = (True, False) if report.fields.get("reverse") else (True,)
    if _has_padding(report):
        declared = report.fields.get("padding")
        choices["padding"] = (RIGHT, LEFT) if declared is None and not _has_mask(report) else (declared or RIGHT,)
    choices["rounded"] = (False, True) if has_printed_inputs(report) else (False,)
    return choices


def list_possible(report: Report) -> dict[str, Sequence[Any]]:
    """List the values that each assumption may have if something is wrong."""
    before, after = (report.fields.get(name, ()) for name in ("before", "after"))
    possible: dict[str, Sequence[Any]] = {
        "batch_first": (False, True),
        "reverse": (False, True),
        "swapped": ("directions", "states", "layers"),
        "padding": (RIGHT, LEFT) if _has_padding(report) and not _has_mask(report) else (),
        "reads_padding": (True,) if _has_padding(report) else (),
        "takes_padding": (True,) if _has_padding(report) else (),
        "in_order": (False,) if report.fields.get("reverse") else (),
        "merge": ("concat", *MERGES),
    }
    if any("output" in call.arrays and has_zeros(call.arrays["output"].values) for call in report.calls):
        possible["dropped"] = (True,)
    possible["scaled"] = (True,)
    possible["shift"] = (1, -1) if _begins_with_lookup(report) else ()
    possible["across"] = (ROWS, STEPS) if {"softmax", "log_softmax"} & {*after} else ()
    around = [find_elementwise(name, report.arrays, Assumptions(), back=True) for name in (*before, *after)]
    possible["norm"] = NORMS if any(isinstance(one, LayerNorm) for one in around) else ()
    possible["unscaled"] = (BEFORE, AFTER) if any(isinstance(one, Scale) for one in around) else ()
    possible["order"] = ORDERS if any(call.lengths for call in report.calls) else ORDERS[1:]
    if len(report.calls) > 1:
        possible["states"] = (FRESH, KEPT)
    if "output_steps" in report.fields or "h_n" in after:
        possible["output"] = (LAST_STATE, LAST_STEP)
    return possible


def _begins_with_lookup(report: Report) -> bool:
    """Whether the input is whole numbers that the first layer looks up."""
    before = [name for name in report.fields.get("before", ()) if name != "dropout"]
    if before and find_elementwise(before[0], report.arrays, Assumptions(), back=False) is not None:
        return False
    values = [call.arrays["input"] for call in report.calls]
    return bool(before) and all(one.values.ndim <= 2 and _is_whole(one.values) for one in values)


def _is_whole(values: Array) -> bool:
    return bool((values == np.round(values)).all())


def _outputs(report: Report) -> Sequence[str]:
    """List what the array `output` may hold: every step, or one of each row, by its rank."""
    lacks_time = _lacks_time(report)
    if "output_steps" in report.fields:
        return (LAST_STEP,) if lacks_time and report.fields["output_steps"] == [-1] else (OUTPUT,)
    return (LAST_STEP, LAST_STATE, OUTPUT) if lacks_time else (OUTPUT,)


def _lacks_time(report: Report) -> bool:
    """Whether outputs have one axis less than what enters the LSTM, and no declared operation takes time away."""
    if any(name in ("h_n", "last", "mean", "max") for name in report.fields.get("after", ())):
        return False
    lookup = _begins_with_lookup(report)
    return any(
        call.arrays["output"].values.ndim < call.arrays["input"].values.ndim + lookup
        for call in report.calls
        if "output" in call.arrays
    )


def _merges(report: Report) -> Sequence[str]:
    """List how two directions may be merged: as declared, else by the number of features if that shows it."""
    if "merge" in report.fields:
        return (report.fields["merge"],)
    first = next((call.arrays["output"] for call in report.calls if "output" in call.arrays), None)
    if first is None or report.fields.get("after") or not report.lstms:
        return ("concat",)
    recurrent = report.lstms[0].weights.get("weight_hh_l0")
    is_two = "weight_hh_l0_reverse" in report.lstms[0].weights
    is_half = is_two and recurrent is not None and first.values.shape[-1:] == recurrent.shape[-1:]
    return MERGES if is_half else ("concat",)


def _has_padding(report: Report) -> bool:
    return any(call.lengths is not None or "mask" in call.arrays for call in report.calls)


def _has_mask(report: Report) -> bool:
    return any("mask" in call.arrays for call in report.calls)
