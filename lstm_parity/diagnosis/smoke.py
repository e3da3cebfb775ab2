"""The first question: is the adapter wrong, before the LSTM is called wrong? One plain call, looked at closely."""

from __future__ import annotations

import numpy as np

from lstm_parity.cases.case import Case, on_device, parse_case
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.evidence import Outputs
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

# the plainest first: all sizes differ, so that a shape shows which axis is which
_CALLS = (
    "I3-H5-T4-B2-float32-normal-1",
    "I3-H5-T4-B2-float64-normal-1",
    "I3-H5-T4-unbatched-float32-normal-1",
    "I3-H5-T4-B1-nostates-float32-normal-1",
    "I3-H5-bf-T4-B2-float32-normal-1",
    "I3-H5-P4-T4-B2-float32-normal-1",
    "I3-H5-P4-T4-B2-nostates-float32-normal-1",
    "I3-H5-P4-nobias-T4-B2-float32-normal-1",
    *(
        f"I3-H5{layers}{others}-T4-B2{states}-{dtype}-normal-1"
        for dtype in ("float32", "float64")
        for states in ("", "-nostates")
        for layers in ("", "-L2", "-L3")
        for others in ("", "-nobias", "-bi", "-nobias-bi")
        if layers or others or states
    ),
)


def check_adapter(implementation: Implementation, device: str = "cpu") -> str | None:
    """Describe what is wrong with the form of the plainest supported call; None if it can be judged.

    Whether its numbers are right is not judged here, only whether they are numbers.
    """
    refusals = dict[str, str]()  # the first call that was refused for each reason
    for name in _CALLS:
        seen = observe(implementation, on_device(parse_case(name), device), chain=False)
        if seen.refused is None:
            break
        refusals.setdefault(seen.refused, f"  {name}: {seen.refused}")
    else:
        return "\n".join(["every plain call was refused, so nothing can be judged:", *refusals.values()])
    if seen.failed is not None:
        arrays = "\n  hint: a function that computes with NumPy arrays needs --arrays numpy (pytest: --lstm-arrays)"
        hint = arrays if "torch.float32' as a data type" in seen.failed or "numpy" in seen.failed.lower() else ""
        return f"the plainest call, {name}, failed:\n{_indent(seen.failed)}{hint}"
    outputs = seen.evidence[0].outputs
    if outputs.faults:
        hints = [f"  hint: {hint}" for hint in _hints(outputs, seen.case)]
        return "\n".join(
            [f"the plainest call, {name}, returned what is no LSTM's:", *map("  {}".format, outputs.faults), *hints]
        )
    if not all(np.isfinite(array).all() for array in (outputs.output, outputs.h_n, outputs.c_n) if array is not None):
        return f"the plainest call, {name}, returned NaN or infinity for ordinary numbers"
    return _are_swapped(implementation, seen.case, outputs)


def _indent(text: str) -> str:
    return "\n".join(f"  {line}" for line in text.strip().splitlines())


def _hints(outputs: Outputs, asked: Case) -> list[str]:
    """Return the likeliest causes of a wrong shape."""
    architecture, call = asked.setting.architecture, asked.setting.call
    words = " ".join(outputs.faults)
    swapped = (
        f"output has shape ({call.rows}, {call.time}, " if not architecture.batch_first else "output has shape (4, 2, "
    )
    hints = []
    if swapped in words:
        hints.append("time and batch look swapped: nn.LSTM is (T, B, features) unless batch_first")
    if "output has shape" in words and "h_n has shape" not in words and "c_n has shape" not in words and not hints:
        hints.append("is output every step's h, and not only the last one's?")
    if "h_n has shape (2, 5)" in words or "c_n has shape (2, 5)" in words:
        hints.append("states keep a first axis of num_layers * num_directions: (1, 2, 5) here")
    if "dtype" in words:
        hints.append("everything is to be computed and returned in the input's dtype")
    if "ndarray" in words:
        hints.append("a function on NumPy arrays needs --arrays numpy (pytest: --lstm-arrays numpy)")
    return hints


def _are_swapped(implementation: Implementation, asked: Case, outputs: Outputs) -> str | None:
    """Whether all would be right if h_n and c_n changed places."""
    if judge(observe(implementation, asked, chain=False)).outcome is not Outcome.DEVIATES:
        return None
    last = outputs.output[-1] if outputs.output is not None else None
    h_n, c_n = outputs.h_n, outputs.c_n
    if last is None or h_n is None or c_n is None or np.array_equal(h_n[0], last) or not np.array_equal(c_n[0], last):
        return None
    return "h_n and c_n are returned in each other's place: c_n is the last step's output, which h_n should be"
