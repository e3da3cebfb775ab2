"""Faults at sizes where a tile, a block or a vector ends."""

from __future__ import annotations

import torch

from specimens.unseen_faults.changes import (
    columns_beyond,
    grad_of_all,
    grad_of_weights,
    last_unit_copied,
    named,
    on_c,
    on_h,
    on_output,
    on_x,
    rounded,
    rows_beyond,
    scaled,
    steps_beyond,
    zeroed,
)
from specimens.unseen_faults.conditions import features, hidden, rows, steps
from specimens.unseen_faults.faulty import Fault

# sizes: tiles, blocks, vector tails
OF_SIZES = (
    Fault("SixteenthUnitZero", hidden(lambda n: n >= 16), after=on_output(zeroed((..., 15))), kind="size"),
    Fault(
        "TailOfSixteenCopied", hidden(lambda n: n > 16 and n % 16 != 0), after=on_output(last_unit_copied), kind="size"
    ),
    Fault(
        "TailOfThirtyTwoCopied",
        hidden(lambda n: n > 32 and n % 32 == 1),
        after=on_output(last_unit_copied),
        kind="size",
    ),
    Fault("TailOfSixtyFourInC", hidden(lambda n: n > 64 and n % 64 != 0), after=on_c(last_unit_copied), kind="size"),
    Fault("H64LastColumn", hidden(lambda n: n == 64), weights=columns_beyond(63, "weight_hh"), kind="size"),
    Fault("H128HalfOfH", hidden(lambda n: n == 128), weights=columns_beyond(64, "weight_hh"), kind="size"),
    Fault("H256Narrow", hidden(lambda n: n >= 256), after=on_output(rounded(torch.bfloat16)), kind="size"),
    Fault("H512LastUnit", hidden(lambda n: n >= 512), after=on_h(last_unit_copied), kind="size"),
    Fault(
        "H32Biases", hidden(lambda n: n == 32), weights=named(lambda n, w: w * 0.99 if "bias" in n else w), kind="size"
    ),
    Fault("OddHAboveSixteen", hidden(lambda n: n > 16 and n % 2 == 1), after=on_c(last_unit_copied), kind="size"),
    Fault("MultiplesOfSixtyFour", hidden(lambda n: n % 64 == 0), after=on_h(scaled(1.001)), kind="size"),
    Fault("H127Or129", hidden(lambda n: n in (127, 129, 255, 257)), after=on_output(last_unit_copied), kind="size"),
    Fault("B16LastRow", rows(lambda n: n == 16), after=on_h(zeroed((slice(None), -1))), kind="size"),
    Fault("RowsBeyondSixteen", rows(lambda n: n > 16), after=on_h(rows_beyond(16)), kind="size"),
    Fault("RowsBeyondThirtyTwo", rows(lambda n: n > 32), after=on_c(rows_beyond(32)), kind="size"),
    Fault("RowsBeyondTenOut", rows(lambda n: n > 10), after=on_output(rows_beyond(10)), kind="size"),
    Fault("EvenRowsAboveTwelve", rows(lambda n: n > 12 and n % 2 == 0), after=on_c(scaled(0.999)), kind="size"),
    Fault("StepsBeyondThirtyTwo", steps(lambda n: n > 32), after=on_output(steps_beyond(32)), kind="size"),
    Fault("StepsBeyond127", steps(lambda n: n > 127), after=on_output(steps_beyond(127)), kind="size"),
    Fault("LongRoundsC", steps(lambda n: n >= 64), after=on_c(rounded(torch.bfloat16)), kind="size"),
    Fault("T33LastH", steps(lambda n: n == 33), after=on_h(scaled(0.99)), kind="size"),
    Fault("InputsBeyondSixtyFour", features(lambda n: n > 64), weights=columns_beyond(64, "weight_ih_l0"), kind="size"),
    Fault("InputsBeyondTwelve", features(lambda n: n > 12), weights=columns_beyond(12, "weight_ih_l0"), kind="size"),
    Fault("I100LastColumn", features(lambda n: n == 100), before=on_x(zeroed((..., -1))), kind="size"),
    Fault(
        "LayersAboveThree", lambda k: k.lstm.num_layers > 3, after=on_h(scaled(0.5)), kind="size", needs=("num_layers",)
    ),
    Fault(
        "FifthLayer",
        lambda k: k.lstm.num_layers >= 5,
        weights=named(lambda n, w: w * 0.9 if "_l4" in n else w),
        kind="size",
        needs=("num_layers",),
    ),
    Fault("WideInputs", lambda k: k.lstm.input_size > 4 * k.lstm.hidden_size, before=on_x(scaled(0.99)), kind="size"),
    Fault("ManyRowsLongSteps", lambda k: k.rows >= 16 and k.steps >= 16, after=on_output(scaled(0.999)), kind="size"),
    Fault(
        "WideAndBoth",
        lambda k: k.lstm.hidden_size >= 32 and k.lstm.bidirectional,
        after=on_c(scaled(0.999)),
        kind="size",
        needs=("bidirectional",),
    ),
    Fault(
        "WideInEval", lambda k: k.lstm.hidden_size >= 64 and not k.lstm.training, after=on_c(scaled(0.999)), kind="size"
    ),
    Fault("WideGradient", hidden(lambda n: n >= 64), weights=grad_of_weights(lambda n, g, k: g * 0.99), kind="size"),
    Fault("LongGradient", steps(lambda n: n > 24), after=grad_of_all(lambda g, k: g * 0.99), kind="size"),
    Fault(
        "ManyRowsGradient",
        rows(lambda n: n > 9),
        weights=grad_of_weights(lambda n, g, k: g * 0.9 if "bias" in n else g),
        kind="size",
    ),
)
