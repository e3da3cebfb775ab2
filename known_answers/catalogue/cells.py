"""Vectors of one layer in one direction: steps, gates, biases, states."""

from __future__ import annotations

from collections.abc import Callable

from lstm_parity.known_answers.vector import Arrays, Vector, changes, gate, only_gate, put, scale


def _hh_from_ih(factor: float) -> Callable[[Arrays], None]:
    """b_hh is b_ih times a factor."""
    return lambda arrays: put("bias_hh_l0", factor * arrays["bias_ih_l0"])(arrays)


def _one_input(arrays: Arrays) -> None:
    """All rows read what the first does."""
    arrays["input"][:] = arrays["input"][:, :1]


_STEPS = (
    Vector("single_step", "One application of the cell, to one row.", time=1, batch=1),
    Vector(
        "single_step_without_states",
        "One application of the cell from zero states: the forget gate has nothing to forget.",
        time=1, batch=1, states=False,
    ),
    Vector("single_step_of_a_batch", "One application of the cell to rows that differ.", time=1, batch=3),
    Vector("sequence", "Five steps, each from the state that the step before left."),
    Vector("single_row", "A batch of one row keeps its batch axis.", batch=1),
    Vector("many_steps", "Twenty-four steps: what is wrong a little at each step adds up.", 2, 3, time=24),
    Vector(
        "all_sizes_one",
        "One feature, one unit, one step, one row: the equations with scalars.",
        1, 1, time=1, batch=1,
    ),
    Vector("one_hidden_unit", "One unit: gates are single rows.", hidden_size=1),
    Vector("one_input_feature", "One input feature: w_ih is a column.", input_size=1),
    Vector("two_hidden_units", "The smallest layer whose recurrent matrix may be transposed.", 2, 2),
)  # fmt: skip

_GATES = (
    Vector("input_gate_alone", "Only the input gate reads input and state.", change=only_gate("i")),
    Vector("forget_gate_alone", "Only the forget gate reads input and state.", change=only_gate("f")),
    Vector("candidate_alone", "Only the candidate g reads input and state.", change=only_gate("g")),
    Vector("output_gate_alone", "Only the output gate reads input and state.", change=only_gate("o")),
    Vector(
        "input_gate_closed",
        "The input gate is about 6e-6: c fades, and nothing of the input enters.",
        change=put("bias_ih_l0", -12.0, gate("i")),
    ),
    Vector(
        "forget_gate_closed",
        "The forget gate is about 6e-6: every step starts anew.",
        change=put("bias_ih_l0", -12.0, gate("f")),
    ),
    Vector(
        "output_gate_closed",
        "The output gate is about 6e-6: c lives on where h shows next to nothing.",
        change=put("bias_ih_l0", -12.0, gate("o")),
    ),
    Vector(
        "input_gate_open",
        "The input gate is about 1: c adds up the candidates.",
        change=put("bias_ih_l0", 8.0, gate("i")),
    ),
    Vector("output_gate_open", "The output gate is about 1: h is tanh(c).", change=put("bias_ih_l0", 8.0, gate("o"))),
    Vector(
        "candidate_at_its_ends",
        "The candidate is near 1 or -1 by the sign of its bias: it is a tanh, not a sigmoid.",
        change=changes(put("bias_ih_l0", 4.0, slice(8, 10)), put("bias_ih_l0", -4.0, slice(10, 12))),
    ),
)  # fmt: skip

_BIASES = (
    Vector("bias_ih_alone", "b_hh is zero: b_ih counts.", change=put("bias_hh_l0", 0.0)),
    Vector("bias_hh_alone", "b_ih is zero: b_hh counts.", change=put("bias_ih_l0", 0.0)),
    Vector(
        "opposite_biases",
        "b_hh is the negative of b_ih: only both together are nothing.",
        change=_hh_from_ih(-1.0),
    ),
    Vector(
        "equal_biases",
        "b_hh is b_ih, so that either, taken twice, passes for both: neither may be left out.",
        change=_hh_from_ih(1.0),
    ),
    Vector("no_bias", "bias=False: gate sums are products alone.", bias=False),
    Vector(
        "forget_bias_one",
        "The forget gate's bias is 1 because the weights say so: none is added on top.",
        change=changes(put("bias_ih_l0", 1.0, gate("f")), put("bias_hh_l0", 0.0, gate("f"))),
    ),
)  # fmt: skip

_STATES = (
    Vector("no_states", "hx is None: both states are zeros.", states=False),
    Vector("zero_states", "States of zeros are given: the same as None.", change=put("[hc]_0", 0.0)),
    Vector("h_0_alone", "c_0 is zero: h_0 reaches the gates.", change=put("c_0", 0.0)),
    Vector("c_0_alone", "h_0 is zero: c_0 reaches the cell state.", change=put("h_0", 0.0)),
    Vector(
        "swapped_states",
        "h_0 is small and c_0 is not, in layers of one shape: (h, c) is not (c, h), neither given nor returned.",
        change=changes(scale("h_0", 2.0**-3), scale("c_0", 4.0)),
    ),
    Vector(
        "h_0_beyond_one",
        "A given h may be larger than any that an LSTM returns: it is not clipped.",
        change=scale("h_0", 4.0),
    ),
    Vector(
        "large_c_0",
        "c_0 is near 50 and -50 in some units: it is neither clipped nor lost, though tanh(c) is 1.",
        change=changes(put("c_0", 48.0, (0, 0, 1)), put("c_0", -52.0, (0, 1, 2))),
    ),
    Vector("states_of_each_row", "Four rows with the same input and other states.", batch=4, change=_one_input),
)  # fmt: skip

VECTORS = (*_STEPS, *_GATES, *_BIASES, *_STATES)
