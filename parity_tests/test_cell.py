"""Cells stacked by hand."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.torch_modules import TorchLSTMCell
from lstm_parity.judging.forward import judge
from lstm_parity.reports.failure import require_parity
from lstm_parity.running.observe import observe

WIDTHS = st.lists(st.integers(1, 12), min_size=2, max_size=3)


@given(widths=WIDTHS, dtype=st.sampled_from(("float64", "float32")), seed=st.integers(0, 999))
def test_cells_of_different_widths_stack_to_layers(widths, dtype, seed):
    """Each cell of a hand-made stack is a layer of its own width, fed with the outputs of the one below."""
    below = draw_case(Setting(Architecture(5, widths[0]), Call(4, 3), Runtime(dtype)), "normal", seed).input
    for width in widths:
        case = draw_case(Setting(Architecture(below.shape[-1], width), Call(4, 3), Runtime(dtype)), "normal", seed)
        observation = observe(TorchLSTMCell(), fed_with(below, case))
        require_parity(judge(observation))
        below = observation.evidence[0].outputs.output


def fed_with(values, case: Case) -> Case:
    """The same case with another input, which its dtype holds exactly."""
    return replace(case, input=values)
