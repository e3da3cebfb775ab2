"""The gradients of a case three ways: an implementation's, by autograd; ours, derived by hand; and with their noise.

Gradients are canonical float64 arrays by name: `input` (T, B, I), `h_0`, `c_0`, then the weights by torch's names.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from parity.calling import TENSORS, arguments, runtime_flags, weight_tensors
from parity.cases import Case, rounded
from parity.expecting import stack_weights
from parity.implementations.protocol import Implementation
from parity.judge import MEANINGFUL, Measured, distances
from parity.settings import Runtime, Setting
from reference.arithmetics import NATIVE, Arithmetic
from reference.noisy_backward import Expected
from reference.noisy_backward import lstm_backward as noisy_backward
from reference.numpy_backward import lstm_backward
from reference.rounding import Array
from reference.weights import to_numpy

GRADIENT = "gradient"
Gradients = dict[str, Array]
Masks = Sequence[Array]


@dataclass(frozen=True, eq=False)
class Adjoints:
    """The derivatives of a loss by output (T, B, D*P), h_n (L*D, B, P) and c_n (L*D, B, H)."""

    output: Array
    h_n: Array
    c_n: Array


def adjoints(case: Case, losses: Sequence[str] = TENSORS) -> Adjoints:
    """Standard normal numbers of the case's seed, rounded to its dtype; zeros for what the loss does not look at."""
    generator, architecture = np.random.default_rng(case.seed), case.setting.architecture
    output = (*case.input.shape[:2], architecture.num_directions * architecture.output_size)
    shapes = zip(TENSORS, (output, case.h_0.shape, case.c_0.shape), strict=True)
    drawn = ((name, generator.standard_normal(shape)) for name, shape in shapes)
    return Adjoints(*(rounded(a * (name in losses), case.setting.runtime.dtype) for name, a in drawn))


def by_autograd(implementation: Implementation, case: Case, d: Adjoints) -> Gradients:
    """What autograd says through an implementation: a module, or one that computes with the tensors it is given.

    `h_0` and `c_0` are left out where the call gives none; a gradient that does not reach a tensor is 0.
    """
    with runtime_flags(replace(case.setting.runtime, grad_mode="grad")), torch.enable_grad():
        weights = weight_tensors(case).map(Tensor.requires_grad_)
        lstm = implementation.load(case.setting, weights)
        parameters = dict(lstm.named_parameters() if isinstance(lstm, nn.Module) else weights.items())
        given, hx = arguments(case.setting, case.input, case.h_0, case.c_0)
        leaves = [given.data if isinstance(given, PackedSequence) else given, *(hx or ())]
        for leaf in leaves:
            leaf.requires_grad_()
        output, last = lstm(given, hx)
        if isinstance(output, PackedSequence):
            output, _ = pad_packed_sequence(output, total_length=case.setting.call.time)
        d_output, d_last = arguments(_dense(case.setting), d.output, d.h_n, d.c_n)
        wanted = [*leaves, *(parameters[name] for name, _ in weights.items())]
        found = torch.autograd.grad((output, *last), wanted, (d_output, *d_last), allow_unused=True)
    known = [torch.zeros_like(w) if g is None else g for w, g in zip(wanted, found, strict=True)]
    if isinstance(given, PackedSequence):
        known[0], _ = pad_packed_sequence(given._replace(data=known[0]), total_length=case.setting.call.time)
    arrays = [np.asarray(to_numpy(g), np.float64) for g in known]
    return _named(case, arrays[0], arrays[1 : len(leaves)], arrays[len(leaves) :])


def by_hand(case: Case, d: Adjoints, masks: Masks = ()) -> Gradients:
    """What `reference/numpy_backward.py` says in float64, called in the layout of the case."""
    wide = replace(_dense(case.setting), runtime=Runtime("float64"))
    forth, back = (
        [[to_numpy(part) for part in parts] for parts in ((first,), second)]
        for first, second in (
            arguments(wide, case.input, case.h_0, case.c_0),
            arguments(wide, d.output, d.h_n, d.c_n),
        )
    )
    d_input, d_hx, d_weights = lstm_backward(
        forth[0][0],
        forth[1] if case.setting.call.states else None,
        case.weights,
        back[0][0],
        back[1],
        lengths=case.setting.call.lengths,
        batch_first=wide.architecture.batch_first,
        dropout_masks=masks or None,
    )
    return _named(case, d_input, d_hx if case.setting.call.states else (), [w for _, w in d_weights.items()])


def expected(case: Case, d: Adjoints, arithmetic: Arithmetic | None = None, masks: Masks = ()) -> Expected:
    """The exact gradients with the noise of a correct implementation, in its dtype's arithmetic or another, N = 1."""
    arithmetic, call = arithmetic or NATIVE[case.setting.runtime.dtype], case.setting.call
    lengths = np.array(call.lengths or [call.time] * call.rows)
    valid = np.arange(call.time)[:, None, None] < lengths[:, None]
    with np.errstate(all="ignore"):
        return noisy_backward(
            arithmetic,
            case.input[None],
            (case.h_0[None], case.c_0[None]),
            stack_weights([case.weights]),
            d.output[None],
            (d.h_n[None], d.c_n[None]),
            valid,
            [mask[None] for mask in masks],
        )


def measured(case: Case, got: Gradients, d: Adjoints, masks: Masks = ()) -> tuple[Measured, ...]:
    """Gradients against those derived by hand, in units of their noise; none where rounding drowns the way forward."""
    exact, noise = by_hand(case, d, masks), expected(case, d, masks=masks)
    if not noise.carried[0] <= MEANINGFUL:
        return ()
    noisy = {"input": noise.input, "h_0": noise.h_0, "c_0": noise.c_0, **dict(noise.weights.items())}
    scale = np.sqrt(2.0) if case.setting.runtime.dtype == "float64" else 1.0  # there both are as noisy
    return tuple(_measured(name, got[name], exact[name], noisy[name].deviation[0] * scale) for name in exact)


def _measured(name: str, got: Array, exact: Array, noise: Array) -> Measured:
    return Measured(name, GRADIENT, got, exact, noise, distances(got, exact, noise))


def deviations(found: Sequence[Measured]) -> list[str]:
    """A sentence for every gradient that is more than rounding noise away."""
    return [
        f"the gradient of {m.tensor} deviates: {m.worst:.2g} x rounding noise at {list(m.where)}, "
        f"got {m.got[m.where]!r}, exact {m.exact[m.where]!r}, root mean square {m.rms:.2g} x noise"
        for m in found
        if m.deviates
    ]


def _dense(setting: Setting) -> Setting:
    """The same call with states, and with a padded batch, time first, for a packed one."""
    packed = setting.call.lengths is not None
    architecture = replace(setting.architecture, batch_first=setting.architecture.batch_first and not packed)
    return replace(
        setting, architecture=architecture, call=replace(setting.call, lengths=None, enforce_sorted=False, states=True)
    )


def _named(case: Case, d_input: Array, d_hx: Sequence[Array], d_weights: Sequence[Array]) -> Gradients:
    """Canonical arrays by name, from arrays in the layout of the call."""
    dense, unbatched = _dense(case.setting), case.setting.call.batch is None
    if unbatched:
        d_input, d_hx = d_input[:, None], [d[:, None] for d in d_hx]
    elif dense.architecture.batch_first:
        d_input = d_input.swapaxes(0, 1)
    names = ("input", *(("h_0", "c_0") if d_hx else ()), *(name for name, _ in case.weights.items()))
    return dict(zip(names, (d_input, *d_hx, *d_weights), strict=True))
