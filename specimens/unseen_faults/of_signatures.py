"""Faults of one argument, one form of input, one size of 1, or one dtype."""

from __future__ import annotations

import torch

from specimens.unseen_faults.changes import named, on_c, on_h, on_h_0, on_output, on_x, rounded, scaled, zeroed
from specimens.unseen_faults.conditions import features, hidden, rows, steps
from specimens.unseen_faults.faulty import Fault

OF_SIGNATURES = (
    Fault(
        "NoBiasMeansOnes",
        lambda k: not k.lstm.bias,
        before=on_x(lambda _, x: x + 0.1),
        kind="signature",
        needs=("bias",),
    ),
    Fault(
        "StacksSquashed",
        lambda k: k.lstm.num_layers > 1,
        after=on_output(lambda _, y: torch.tanh(y)),
        kind="signature",
        needs=("num_layers",),
    ),
    Fault(
        "ThreeLayersOnly",
        lambda k: k.lstm.num_layers == 3,
        after=on_h(scaled(0.9)),
        kind="signature",
        needs=("num_layers",),
    ),
    Fault(
        "DirectionsSwappedInC",
        lambda k: k.lstm.bidirectional,
        after=on_c(lambda _, c: c.flip(0)),
        kind="signature",
        needs=("bidirectional",),
    ),
    Fault(
        "ReverseHalved",
        lambda k: k.lstm.bidirectional,
        after=on_output(lambda _, y: torch.cat([y[..., : y.shape[-1] // 2], y[..., y.shape[-1] // 2 :] * 0.5], -1)),
        kind="signature",
        needs=("bidirectional",),
    ),
    Fault(
        "BatchFirstReversed",
        lambda k: k.lstm.batch_first and k.sizes is None,
        after=on_output(lambda _, y: y.flip(0)),
        kind="signature",
        needs=("batch_first",),
    ),
    Fault(
        "BatchFirstStates",
        lambda k: k.lstm.batch_first and k.rows > 1,
        after=on_h(lambda _, h: h.flip(1)),
        kind="signature",
        needs=("batch_first",),
    ),
    Fault("UnbatchedScaled", lambda k: k.unbatched, after=on_output(scaled(0.9)), kind="signature"),
    Fault("UnbatchedStates", lambda k: k.unbatched and k.given, before=on_h_0(scaled(0.0)), kind="signature"),
    Fault("PackedStates", lambda k: k.sizes is not None, after=on_c(scaled(0.9)), kind="signature"),
    Fault(
        "PackedLastRow",
        lambda k: k.sizes is not None and k.rows > 1,
        after=on_h(zeroed((slice(None), -1))),
        kind="signature",
    ),
    Fault(
        "PackedLikeOneRow",
        lambda k: k.sizes is not None and bool((k.sizes == 1).any()),
        after=on_output(scaled(0.9)),
        kind="signature",
    ),
    Fault(
        "ProjectionOfOne",
        lambda k: k.lstm.proj_size == 1,
        after=on_output(scaled(0.9)),
        kind="signature",
        needs=("proj_size",),
    ),
    Fault(
        "ProjectionScaled",
        lambda k: k.lstm.proj_size > 0,
        weights=named(lambda n, w: w * 0.9 if "weight_hr" in n else w),
        kind="signature",
        needs=("proj_size",),
    ),
    Fault(
        "ProjectedAndBoth",
        lambda k: k.lstm.proj_size > 0 and k.lstm.bidirectional,
        after=on_c(scaled(0.9)),
        kind="signature",
        needs=(
            "bidirectional",
            "proj_size",
        ),
    ),
    Fault("OneRow", rows(lambda n: n == 1), after=on_output(scaled(0.99)), kind="signature"),
    Fault("OneStep", steps(lambda n: n == 1), after=on_output(scaled(0.99)), kind="signature"),
    Fault("OneUnit", hidden(lambda n: n == 1), after=on_output(scaled(0.99)), kind="signature"),
    Fault("OneInput", features(lambda n: n == 1), before=on_x(scaled(0.9)), kind="signature"),
    Fault(
        "SquareInput",
        lambda k: k.lstm.input_size == k.lstm.hidden_size,
        weights=named(lambda n, w: w.flip(1) if "weight_hh" in n else w),
        kind="signature",
    ),
    Fault(
        "SquareBatch",
        lambda k: k.rows == k.steps and k.sizes is None and k.rows > 1,
        after=on_output(lambda _, y: y.transpose(0, 1)),
        kind="signature",
    ),
)


OF_DTYPES = (
    Fault(
        "DoubleIsSingle", lambda k: k.x.dtype == torch.float64, after=on_output(rounded(torch.float32)), kind="dtype"
    ),
    Fault("HalfIsBfloat", lambda k: k.x.dtype == torch.float16, after=on_c(rounded(torch.bfloat16)), kind="dtype"),
    Fault("BfloatScaled", lambda k: k.x.dtype == torch.bfloat16, after=on_output(scaled(0.9)), kind="dtype"),
    Fault("SingleScaled", lambda k: k.x.dtype == torch.float32, after=on_output(scaled(1.00001)), kind="dtype"),
)
