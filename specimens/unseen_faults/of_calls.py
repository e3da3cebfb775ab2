"""Faults of values, of train mode, of calls that follow one another, of weights that change, and of states."""

from __future__ import annotations

import torch

from specimens.unseen_faults.changes import (
    clamped,
    fill_shared,
    goes_on,
    grad_of_all,
    keep_state,
    named,
    on_c,
    on_c_0,
    on_h,
    on_h_0,
    on_output,
    on_x,
    reused_buffer,
    rounded,
    scaled,
    stale,
    stale_by_address,
    stale_in_part,
    zeros_shared,
)
from specimens.unseen_faults.conditions import expanded, later_states, not_first, training
from specimens.unseen_faults.faulty import Fault

OF_VALUES = (
    Fault("InputsClamped", before=on_x(clamped(-60.0, 60.0)), kind="values"),
    Fault("InputsClampedFar", before=on_x(clamped(-200.0, 200.0)), kind="values"),
    Fault("CellClampedAtStart", before=on_c_0(clamped(-50.0, 50.0)), kind="values"),
    Fault("CellClampedAtEnd", after=on_c(clamped(-50.0, 50.0)), kind="values"),
    Fault("CellClampedFar", before=on_c_0(clamped(-150.0, 150.0)), kind="values"),
    Fault("WeightsClamped", weights=named(lambda n, w: w.clamp(-50.0, 50.0)), kind="values"),
    Fault("BiasesClamped", weights=named(lambda n, w: w.clamp(-20.0, 20.0) if "bias" in n else w), kind="values"),
    Fault("NegativeInputsClamped", before=on_x(clamped(-40.0, float("inf"))), kind="values"),
    Fault("LargeStatesRounded", before=on_c_0(lambda _, c: torch.where(c.abs() > 16, c.round(), c)), kind="values"),
    Fault("NegativeZeroC", before=on_c_0(lambda _, c: torch.where(c.abs() < 1e-6, c * 0.0, c)), kind="values"),
)


OF_TRAIN_MODE = (
    Fault("ScaledInTraining", training, after=on_output(scaled(0.9)), kind="training"),
    Fault("NarrowInTraining", training, after=on_c(rounded(torch.bfloat16)), kind="training"),
    Fault("NoBiasInTraining", training, weights=named(lambda n, w: w * 0.0 if "bias_hh" in n else w), kind="training"),
    Fault("NoStateInTraining", training, before=on_h_0(scaled(0.0)), kind="training"),
    Fault("NoiseInTraining", training, after=on_output(lambda _, y: y + 1e-3 * torch.ones_like(y)), kind="training"),
    Fault("GradientInTraining", training, after=grad_of_all(lambda g, k: g * 1.1), kind="training"),
    Fault(
        "StackInTraining",
        lambda k: k.lstm.training and k.lstm.num_layers > 1,
        after=on_h(scaled(0.9)),
        kind="training",
        needs=("num_layers",),
    ),
    Fault(
        "BothInTraining",
        lambda k: k.lstm.training and k.lstm.bidirectional,
        after=on_c(scaled(0.9)),
        kind="training",
        needs=("bidirectional",),
    ),
    Fault("WrongInEval", lambda k: not k.lstm.training, after=on_h(scaled(0.99)), kind="training"),
)


OF_CALLS = (
    Fault("SecondCallScaled", not_first, after=on_output(scaled(0.99)), kind="calls"),
    Fault("SecondCallOfC", not_first, after=on_c(scaled(1.01)), kind="calls"),
    Fault("TenthCall", lambda k: k.count >= 9, after=on_h(scaled(0.9)), kind="calls"),
    Fault("GoesOn", before=goes_on, after=keep_state, kind="calls"),
    Fault("SharedZeros", lambda k: not k.given, before=zeros_shared, after=fill_shared, kind="calls"),
    Fault("BufferReused", after=reused_buffer, kind="calls"),
    Fault("EveryOtherCall", lambda k: k.count % 2 == 1, after=on_h(scaled(0.5)), kind="calls"),
)


OF_CHANGED_WEIGHTS = (
    Fault("WeightsOfFirstCall", weights=stale, kind="weights"),
    Fault("BiasesOfFirstCall", weights=stale_in_part("bias"), kind="weights"),
    Fault("RecurrentOfFirstCall", weights=stale_in_part("weight_hh"), kind="weights"),
    Fault("LayerZeroOfFirstCall", weights=stale_in_part("_l0"), kind="weights"),
    Fault("WeightsByAddress", weights=stale_by_address, kind="weights"),
    Fault("InputWeightsOfFirstCall", weights=stale_in_part("weight_ih"), kind="weights"),
)


# states: forms and memory
OF_STATES = (
    Fault("StridedStateZero", later_states, before=on_h_0(scaled(0.0)), kind="states"),
    Fault("StridedCellScaled", later_states, before=on_c_0(scaled(0.9)), kind="states"),
    Fault("ExpandedState", expanded, before=on_h_0(scaled(0.5)), kind="states"),
    Fault("StartsFromHalf", lambda k: not k.given, before=on_c_0(lambda _, c: c + 0.5), kind="states"),
    Fault("StartsFromH", lambda k: not k.given, before=on_h_0(lambda _, h: h + 0.1), kind="states"),
    Fault("GivenCellIgnored", lambda k: k.given, before=on_c_0(scaled(0.0)), kind="states"),
    Fault("GivenHiddenHalved", lambda k: k.given, before=on_h_0(scaled(0.5)), kind="states"),
    Fault(
        "StatesOfRowZero",
        lambda k: k.given and k.rows > 1,
        before=on_c_0(lambda _, c: c[:, :1].expand_as(c)),
        kind="states",
    ),
    Fault("StatesReversedRows", lambda k: k.given and k.rows > 1, before=on_h_0(lambda _, h: h.flip(1)), kind="states"),
    Fault(
        "LayersOfStatesReversed",
        lambda k: k.given and len(k.h) > 1,
        before=on_c_0(lambda _, c: c.flip(0)),
        kind="states",
        needs=("num_layers",),
    ),
)
