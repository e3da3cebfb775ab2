"""What is wrong with calls of other kinds, if whole batches are right: rows of other lengths, and second calls."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from lstm_parity.cases.case import parse_case
from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.connections.rows import Rows, find_row_change
from lstm_parity.identification.connections.wired import Wired
from lstm_parity.identification.equations import usual_equations
from lstm_parity.identification.model import Identification
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.calls import call_lstm, weight_tensors
from lstm_parity.running.evidence import TENSORS
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation, stands_in

_PACKED = tuple(
    f"I3-H4{others}-T5-B4-{lengths}{states}-float64-normal-{seed}"
    for seed, lengths in ((1, "packed2.5.1.4"), (2, "packed4.5.3.2"), (1, "packed5.4.2.1"))
    for others in ("", "-bi", "-L2", "-nobias")
    for states in ("", "-nostates")
)
_PLAIN = tuple(
    f"I3-H4{others}-T4-B2-nostates-float64-normal-{seed}" for others in ("", "-nobias", "-bi", "-L2") for seed in (1, 2)
)


def _find_call_change(implementation: Implementation) -> Identification | None:
    """Return what such calls compute, if that differs from nn.LSTM and is known."""
    words = _find_rows(implementation) or _find_memory(implementation)
    if words is None:
        return None
    change = Change(words, "calls", lambda results: results)
    return Identification(usual_equations(), (change,), gradients="not tested")


def _find_rows(implementation: Implementation) -> str | None:
    names = ("output",) if stands_in(implementation) else TENSORS
    calls = list[tuple[Rows, dict[str, Array]]]()
    for case in map(parse_case, _PACKED):
        seen = observe(implementation, case, chain=False)
        lengths = case.setting.call.lengths
        if not seen.evidence or lengths is None:
            continue
        outputs = seen.evidence[0].outputs
        known = {name: value for name in names if (value := getattr(outputs, name)) is not None}
        running = (np.arange(len(case.input))[:, None] < np.array(lengths))[..., None]
        calls.append((Rows(case.weights, case.input * running, case.h_0, case.c_0, tuple(lengths)), known))
    return find_row_change(calls)


def _find_memory(implementation: Implementation) -> str | None:
    """Say whether a second call starts from the states in which the first ended."""
    found = list[bool]()
    for case in map(parse_case, _PLAIN):
        if implementation.unsupported_reason(case.setting) is not None:
            continue
        try:
            lstm = implementation.load(case.setting, weight_tensors(case))
            seen = [call_lstm(lstm, case.setting, case.input, case.h_0, case.c_0).output for _ in range(2)]
        except Exception:  # the implementation is the user's
            continue
        model = Wired(usual_equations())
        _, *ended = model(case.weights, case.input, case.h_0, case.c_0)
        wanted = model(case.weights, case.input, ended[0], ended[1])[0]
        found.append(all(one is not None for one in seen) and bool(np.abs(seen[1] - wanted).max() < 1e-9))
    return "a second call without states starts from those in which the first ended" if found and all(found) else None


def add_call_change(implementation: Implementation, found: Identification) -> Identification:
    """Return an identification with what differs in such calls, if nothing else does."""
    more = _find_call_change(implementation) if found.is_right else None
    return found if more is None else replace(found, changes=more.changes)
