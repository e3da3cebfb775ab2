"""Faults of gradients in the forms of a training loop, and under the modes of autograd."""

from __future__ import annotations

import torch

from specimens.unseen_faults.changes import grad_of_all, grad_of_weights, on_c, on_c_0, on_h, on_output, on_x, scaled
from specimens.unseen_faults.conditions import any_frozen, needs_grad
from specimens.unseen_faults.faulty import Fault, OnceDifferentiable, differently

# gradients: the forms of a training loop
OF_GRADIENTS = (
    Fault(
        "InputWithoutGradient",
        lambda k: not needs_grad(k),
        weights=grad_of_weights(lambda n, g, k: g * 0.5),
        kind="gradients",
    ),
    Fault(
        "InputWithoutGradientBias",
        lambda k: not needs_grad(k),
        weights=grad_of_weights(lambda n, g, k: g * 0.0 if "bias" in n else g),
        kind="gradients",
    ),
    Fault("FrozenSpoilsOthers", any_frozen, weights=grad_of_weights(lambda n, g, k: g * 0.5), kind="gradients"),
    Fault(
        "FrozenSpoilsInput",
        any_frozen,
        before=on_x(lambda _, x: differently(x, lambda g, k: g * 0.5)),
        kind="gradients",
    ),
    Fault("SecondBackwardHalved", after=grad_of_all(lambda g, k: g if k == 0 else g / 2), kind="gradients"),
    Fault("SecondBackwardZero", weights=grad_of_weights(lambda n, g, k: g if k == 0 else g * 0.0), kind="gradients"),
    Fault(
        "SecondBackwardTwice",
        weights=grad_of_weights(lambda n, g, k: g * (k + 1) if "weight_hh" in n else g),
        kind="gradients",
    ),
    Fault("LargeGradientsClipped", after=grad_of_all(lambda g, k: g.clamp(-100.0, 100.0)), kind="gradients"),
    Fault("LargeWeightGradients", weights=grad_of_weights(lambda n, g, k: g.clamp(-1000.0, 1000.0)), kind="gradients"),
    Fault(
        "SmallGradientsFlushed",
        weights=grad_of_weights(lambda n, g, k: torch.where(g.abs() < 1e-4, g * 0.0, g)),
        kind="gradients",
    ),
    Fault("OnceDifferentiable", after=lambda k, r: tuple(OnceDifferentiable.apply(t) for t in r), kind="gradients"),
    Fault(
        "ExpandedAdjoint",
        after=grad_of_all(lambda g, k: g * 0.5 if g.numel() > 1 and 0 in g.stride() else g),
        kind="gradients",
    ),
    Fault(
        "AdjointHalvedInPlace",
        after=grad_of_all(lambda g, k: g if 0 in g.stride() else g.mul_(0.5).mul(2.0)),
        kind="gradients",
    ),
    Fault("LossOnHAlone", after=lambda k, r: (r[0], differently(r[1], lambda g, n: g * 0.5), r[2]), kind="gradients"),
    Fault("LossOnCAlone", after=lambda k, r: (r[0], r[1], differently(r[2], lambda g, n: g * 0.0)), kind="gradients"),
    Fault("NarrowGradient", after=grad_of_all(lambda g, k: g.to(torch.bfloat16).to(g.dtype)), kind="gradients"),
    Fault("GradientOfStatesLost", before=lambda k, g: (g[0], g[1].detach(), g[2]), kind="gradients"),
    Fault("GradientOfCellHalved", before=on_c_0(lambda _, c: differently(c, lambda g, k: g * 0.5)), kind="gradients"),
    Fault(
        "RecurrentGradientTransposed",
        weights=grad_of_weights(lambda n, g, k: g.flip(0) if "weight_hh" in n else g),
        kind="gradients",
    ),
    Fault("BiasGradientsMeant", weights=grad_of_weights(lambda n, g, k: g / 2 if "bias" in n else g), kind="gradients"),
    Fault("InputGradientLost", before=on_x(lambda _, x: x.detach()), kind="gradients"),
    Fault(
        "LastLayersGradient",
        weights=grad_of_weights(lambda n, g, k: g * 0.9 if "_l1" in n else g),
        kind="gradients",
        needs=("num_layers",),
    ),
    Fault(
        "ReverseGradient",
        weights=grad_of_weights(lambda n, g, k: g * 0.9 if "reverse" in n else g),
        kind="gradients",
        needs=("bidirectional",),
    ),
    Fault("PackedGradient", lambda k: k.sizes is not None, after=grad_of_all(lambda g, k: g * 0.9), kind="gradients"),
)


OF_GRAD_MODES = (
    Fault("WrongInInference", lambda k: torch.is_inference_mode_enabled(), after=on_output(scaled(0.99)), kind="modes"),
    Fault("WrongWithoutGrad", lambda k: not torch.is_grad_enabled(), after=on_c(scaled(0.99)), kind="modes"),
    Fault("WrongWithGrad", lambda k: torch.is_grad_enabled(), after=on_h(scaled(0.99)), kind="modes"),
    Fault("WrongIfInputNeedsGradient", needs_grad, after=on_output(scaled(0.99)), kind="modes"),
)
