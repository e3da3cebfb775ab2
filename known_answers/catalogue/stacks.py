"""Vectors of stacked layers, of two directions, and of projections."""

from __future__ import annotations

import numpy as np

from lstm_parity.known_answers.vector import Arrays, Vector, changes, put, scale

FORWARD, REVERSE = "weight_??_l?", "weight_*_reverse"


def _identity(arrays: Arrays) -> None:
    """The projection keeps the first P units as they are."""
    for name in ("weight_hr_l0", "weight_hr_l0_reverse"):
        if name in arrays:
            arrays[name][:] = np.eye(*arrays[name].shape)


_LAYERS = (
    Vector("two_layers", "The second layer reads the output of the first.", num_layers=2),
    Vector("three_layers", "Three layers, with states of their own.", num_layers=3),
    Vector("two_layers_without_states", "hx is None: every layer starts from zeros.", num_layers=2, states=False),
    Vector("two_layers_without_bias", "bias=False in every layer.", num_layers=2, bias=False),
    Vector("two_layers_one_step", "One step through two layers.", num_layers=2, time=1),
    Vector(
        "layers_of_one_shape",
        "The input is as wide as the hidden state: the weights of the layers could stand for one another.",
        4, 4, num_layers=3,
    ),
)  # fmt: skip

_DIRECTIONS = (
    Vector("bidirectional", "The reverse direction reads from the last step to the first.", bidirectional=True),
    Vector("bidirectional_without_states", "Both directions start from zeros.", bidirectional=True, states=False),
    Vector("bidirectional_without_bias", "bias=False in both directions.", bidirectional=True, bias=False),
    Vector("bidirectional_one_step", "One step: both directions read the same.", bidirectional=True, time=1),
    Vector(
        "reverse_direction_alone",
        "The forward weights are zero: the reverse direction is the second half of the output.",
        bidirectional=True, change=put(FORWARD, 0.0),
    ),
    Vector(
        "forward_direction_alone",
        "The reverse weights are zero: the forward direction is the first half of the output.",
        bidirectional=True, change=put(REVERSE, 0.0),
    ),
    Vector(
        "bidirectional_two_layers",
        "The second layer reads both directions of the first, forward features first.",
        num_layers=2, bidirectional=True,
    ),
    Vector("bidirectional_three_layers", "Six pairs of states, each its own.", 2, 3, num_layers=3, bidirectional=True),
    Vector(
        "direction_major_states",
        "States and last states stand layer by layer, and in a layer forward before reverse.",
        num_layers=2, bidirectional=True,
        change=scale("[hc]_0", np.array([0.25, 0.5, 1.0, 2.0])[:, None, None]),
    ),
)  # fmt: skip

_PROJECTIONS = (
    Vector("projection", "h has proj_size features, c has hidden_size.", proj_size=2),
    Vector("projection_one_step", "One step: h_0 is narrower than c_0.", proj_size=2, time=1),
    Vector("projection_without_states", "hx is None: the zeros of h and c differ in shape.", proj_size=2, states=False),
    Vector("projection_without_bias", "bias=False: a projection never has one.", proj_size=2, bias=False),
    Vector("projection_to_one", "proj_size=1: w_hh is a column.", proj_size=1),
    Vector("projection_of_three", "proj_size=3: one less than hidden_size, as many as input features.", proj_size=3),
    Vector("identity_projection", "w_hr cuts h down to its first units.", proj_size=2, change=_identity),
    Vector(
        "projection_fed_back",
        "w_hr is large: what the next step reads is the projected h, not the one before it.",
        proj_size=2, change=scale("weight_hr_l0", 2.0),
    ),
    Vector("projection_two_layers", "The second layer reads proj_size features.", num_layers=2, proj_size=2),
    Vector("projection_bidirectional", "Each direction has its own w_hr.", bidirectional=True, proj_size=2),
    Vector(
        "projection_bidirectional_two_layers",
        "The second layer reads twice proj_size features.",
        num_layers=2, bidirectional=True, proj_size=3,
    ),
    Vector(
        "identity_projections",
        "Both directions of a bidirectional layer cut h down to its first units.",
        bidirectional=True, proj_size=3, change=changes(_identity, scale("[hc]_0", 2.0)),
    ),
)  # fmt: skip

VECTORS = (*_LAYERS, *_DIRECTIONS, *_PROJECTIONS)
