"""The gradients of a case through an implementation, by autograd; they are judged in `judging/gradients.py`.

Gradients are canonical float64 arrays by name: `input` (T, B, I), `h_0`, `c_0`, then the weights by torch's names.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from lstm_parity.cases.case import Case, round_case
from lstm_parity.cases.setting import Setting
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights, to_numpy
from lstm_parity.running.calls import call_arguments, runtime_flags, weight_tensors
from lstm_parity.running.evidence import INPUTS, TENSORS, Adjoints, BackwardPass, Found, Gradients
from lstm_parity.running.generators import SeededLSTM
from lstm_parity.running.observe import ImplementationError
from lstm_parity.running.protocol import LSTM, Implementation, finds_gradients, load_dropping


def adjoints(case: Case, losses: Sequence[str] = TENSORS, *, ones: bool = False) -> Adjoints:
    """Draw standard normal numbers by the case's seed, rounded to its dtype; zeros for what the loss does not use.

    With `ones` the loss is the plain sum: all its derivatives are 1, and the weights' gradients sums of like numbers.
    """
    generator, architecture = np.random.default_rng(case.seed), case.setting.architecture
    output = (*case.input.shape[:2], architecture.num_directions * architecture.output_size)
    shapes = zip(TENSORS, (output, case.h_0.shape, case.c_0.shape), strict=True)
    drawn = ((name, np.ones(shape) if ones else generator.standard_normal(shape)) for name, shape in shapes)
    d_output, d_h_n, d_c_n = (round_case(a * (name in losses), case.setting.runtime.dtype) for name, a in drawn)
    return Adjoints(d_output, d_h_n, d_c_n, tuple(losses), ones)


def parameters_of(implementation: Implementation, lstm: LSTM, weights: LSTMWeights) -> dict[str, Tensor]:
    """Return the parameters of a loaded LSTM, by torch's names.

    A module's own parameters, or those that the implementation names (`Trainable`), or the very tensors it was given.
    """
    if isinstance(lstm, nn.Module):
        return _rename_parameters(dict(lstm.named_parameters()), {name for name, _ in weights.items()})
    if finds_gradients(implementation):
        raise NotImplementedError("its parameters are in another process: pytest --lstm-in-process brings them here")
    named = getattr(implementation, "parameters", None)
    return dict(weights.items()) if named is None else named(lstm)


def _rename_parameters(named: dict[str, Tensor], wanted: set[str]) -> dict[str, Tensor]:
    """Return a module's parameters by torch's names, if they have these, alone or behind the name of an inner module.

    Raises NotImplementedError if all have names of their own: which of them is which weight is not known.
    """
    if wanted & named.keys() or not named:
        return named
    inner = [name.rpartition(".")[2] for name in named]
    if len(set(inner)) == len(inner) and wanted & set(inner):
        return dict(zip(inner, named.values(), strict=True))
    given = ", ".join(sorted(named)[:4])
    raise NotImplementedError(f"its parameters have names of their own ({given}): their gradients are not judged")


def backward_passes(case: Case) -> tuple[BackwardPass, ...]:
    """Return the ways in which training loops run the backward pass of a case, beside the plain one."""
    names = [name for name, _ in case.weights.items()]
    return (
        BackwardPass("the input and the states need no gradient", inputs=False),
        BackwardPass(f"{', '.join(names[::2])} frozen", frozen=tuple(names[::2])),
        BackwardPass(f"{', '.join(names[1::2])} frozen", frozen=tuple(names[1::2])),
        BackwardPass("a second backward pass through the retained graph", again=True),
        BackwardPass("gradients accumulated over two calls", accumulated=True),
        BackwardPass("the loss is tensor.sum(), whose derivative is expanded", summed=True),
        BackwardPass("a loss 65,536 times as large", scale=2.0**16),
        BackwardPass("in train mode", training=True),
    )


def in_pass(d: Adjoints, backward: BackwardPass) -> Adjoints:
    """Return the adjoints with another backward pass: ones, if that is of a plain sum."""
    if not backward.summed:
        return replace(d, backward=backward)
    output, h_n, c_n = (np.ones_like(array) * (name in d.losses) for name, array in _by_name(d))
    return Adjoints(output, h_n, c_n, d.losses, True, backward)


def _by_name(d: Adjoints) -> Sequence[tuple[str, Array]]:
    return tuple(zip(TENSORS, (d.output, d.h_n, d.c_n), strict=True))


def found_by_autograd(implementation: Implementation, case: Case, d: Adjoints) -> Found:
    """Return the gradients that `backward` leaves in the input, the states (if given) and all parameters, or None.

    Raises what the implementation raises, and ImplementationError if its backward pass writes to what it is given.
    """
    if finds_gradients(implementation):
        return implementation.found_by_autograd(case, d)
    how = d.backward
    with runtime_flags(replace(case.setting.runtime, grad_mode="grad")), torch.enable_grad():
        weights = weight_tensors(case).map(Tensor.requires_grad_)
        lstm = _load(implementation, case.setting, weights, how)
        if how.training and hasattr(lstm, "train"):
            lstm.train()
        parameters = parameters_of(implementation, lstm, weights)
        for name in how.frozen:
            parameters[name].requires_grad_(False)
        given, hx = call_arguments(case.setting, case.input, case.h_0, case.c_0)
        leaves = [given.data if isinstance(given, PackedSequence) else given, *(hx or ())]
        for leaf in leaves:
            leaf.requires_grad_(how.inputs)
        for _ in range(1 + how.accumulated):
            run = _run_second_backward if how.second else _run_backward
            returned = (SeededLSTM(lstm, how.seed) if how.dropout else lstm)(given, hx)
            run(case, returned, d, [*leaves, *parameters.values()])
    grads = [leaf.grad for leaf in leaves]
    if isinstance(given, PackedSequence) and grads[0] is not None:
        grads[0], _ = pad_packed_sequence(given._replace(data=grads[0]), total_length=case.setting.call.time)
    named = dict(zip(gradient_names(case)[: len(grads)], grads, strict=True)) | {
        name: parameter.grad for name, parameter in parameters.items()
    }
    found, scale = {name: _array(grad) for name, grad in named.items()}, how.scale * (1 + how.accumulated)
    return {
        name: None if array is None else canonicalize_gradient(case, name, array) / scale
        for name, array in found.items()
    }


def _load(implementation: Implementation, setting: Setting, weights: LSTMWeights, how: BackwardPass) -> LSTM:
    """Load an LSTM, with dropout if the pass has it. Raises NotImplementedError if it cannot be derived twice."""
    if how.second and (reason := getattr(implementation, "no_second_derivatives", "")):
        raise NotImplementedError(reason)
    if not how.dropout:
        return implementation.load(setting, weights)
    return load_dropping(implementation, setting, weights, how.dropout, training=how.training)


def _pair_adjoints(case: Case, returned: Any, d: Adjoints) -> list[tuple[Tensor, Tensor]]:
    """Return the results that the loss looks at and that have a graph, each with its adjoint.

    If the input is not finite the others are returned too, with zeros: 0 times NaN is NaN in the exact gradients.
    """
    output, last = returned
    setting = case.setting
    if isinstance(output, PackedSequence):
        output, _ = pad_packed_sequence(output, total_length=setting.call.time)
    d_output, d_last = call_arguments(pad_setting(setting), d.output, d.h_n, d.c_n)
    outputs = zip(TENSORS, (output, *last), (d_output, *d_last), strict=True)
    wanted = d.losses if case.is_finite else TENSORS
    return [(result, adjoint) for name, result, adjoint in outputs if name in wanted and result.requires_grad]


def _run_second_backward(case: Case, returned: Any, d: Adjoints, leaves: Sequence[Tensor]) -> None:
    """Differentiate the gradients: the loss is half the sum of the squares, so that its derivatives have derivatives.

    Raises NotImplementedError if the implementation has no second derivatives and says so.
    """
    pairs = _pair_adjoints(case, returned, d)
    loss = torch.stack([(0.5 * adjoint * result.square()).sum() for result, adjoint in pairs]).sum()
    first = torch.autograd.grad(loss, leaves, create_graph=True, allow_unused=True)
    generator = np.random.default_rng(case.seed)
    found = [gradient for gradient in first if gradient is not None]
    drawn = [torch.from_numpy(generator.standard_normal(one.shape)).to(one.dtype) for one in found]
    try:
        torch.stack([(one * weight).sum() for one, weight in zip(found, drawn, strict=True)]).sum().backward()  # type: ignore[no-untyped-call]
    except RuntimeError as error:  # once_differentiable, or a fused kernel
        raise NotImplementedError(f"its gradients have no derivatives: {error}") from error


class _Loss(torch.autograd.Function):
    """A number whose derivative by a result is the given adjoint, the very tensor.

    `torch.autograd.backward` with adjoints imports sympy to compare shapes, which takes seconds in every process.
    """

    @staticmethod
    def forward(ctx: Any, result: Tensor, adjoint: Tensor) -> Tensor:
        if result.shape != adjoint.shape:  # the engine would expand it
            raise RuntimeError(f"the derivative of a result of shape {result.shape} has shape {adjoint.shape}")
        ctx.adjoint = adjoint
        return result.new_zeros(())

    @staticmethod
    def backward(ctx: Any, *_: Tensor) -> tuple[Tensor, None]:
        return ctx.adjoint, None


class _SendBack(torch.autograd.Function):
    """A tensor as it is, whose gradient is changed on its way back."""

    @staticmethod
    def forward(ctx: Any, value: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
        ctx.change = change
        return value.view_as(value)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        return ctx.change(gradient), None


def send_back(value: Tensor, change: Callable[[Tensor], Tensor]) -> Tensor:
    """Return a tensor as it is; its gradient is changed by a function on its way back."""
    return _SendBack.apply(value, change)  # type: ignore[no-any-return, no-untyped-call]


def _run_backward(case: Case, returned: Any, d: Adjoints, leaves: Sequence[Tensor]) -> None:
    """Run backward from what the loss uses, if it has a graph; leaves: those whose gradients a first pass leaves."""
    seen = _pair_adjoints(case, returned, d)
    results, given = [result for result, _ in seen], [adjoint * d.backward.scale for _, adjoint in seen]
    if d.backward.summed:
        results, given = [result.sum() for result in results], [torch.ones_like(result.sum()) for result in results]
    before = [adjoint.clone() for adjoint in given]
    losses = [_Loss.apply(*pair) for pair in zip(results, given, strict=True)]  # type: ignore[no-untyped-call]
    if d.backward.again:
        torch.autograd.backward(losses, retain_graph=True)
        for leaf in leaves:
            leaf.grad = None
    torch.autograd.backward(losses)
    if not all(torch.equal(one, other) for one, other in zip(before, given, strict=True) if one.isfinite().all()):
        raise ImplementationError("the backward pass wrote to the gradient that it was given")


def gradients_by_autograd(implementation: Implementation, case: Case, d: Adjoints) -> Gradients:
    """Return autograd's gradients of an implementation; 0 if none reaches a tensor. Frozen parameters are left out."""
    found = fill_missing(case, found_by_autograd(implementation, case, d))
    wanted = differentiated_names(case, d.backward)
    return {name: gradient for name, gradient in found.items() if name in wanted}


def pad_setting(setting: Setting) -> Setting:
    """Return the same call with states, and with a padded batch, time first, in place of a packed one."""
    packed = setting.call.lengths is not None
    architecture = replace(setting.architecture, batch_first=setting.architecture.batch_first and not packed)
    return replace(
        setting, architecture=architecture, call=replace(setting.call, lengths=None, enforce_sorted=False, states=True)
    )


def _array(gradient: Tensor | None) -> Array | None:
    return None if gradient is None else np.asarray(to_numpy(gradient), np.float64)


def canonicalize_gradient(case: Case, name: str, gradient: Array) -> Array:
    """Return a gradient of the input or of a state out of the layout of the call; others as they are."""
    if name not in INPUTS:
        return gradient
    if case.setting.call.batch is None:
        return np.expand_dims(gradient, 1)
    batch_first = pad_setting(case.setting).architecture.batch_first
    return gradient.swapaxes(0, 1) if name == "input" and batch_first else gradient


def gradient_names(case: Case) -> tuple[str, ...]:
    """Return the names of the gradients that the case has."""
    inputs = INPUTS if case.setting.call.states else INPUTS[:1]
    return (*inputs, *(name for name, _ in case.weights.items()))


def differentiated_names(case: Case, backward: BackwardPass) -> tuple[str, ...]:
    """Return the names of those of them that the backward pass computes."""
    left_out = {*backward.frozen, *(() if backward.inputs else INPUTS)}
    return tuple(name for name in gradient_names(case) if name not in left_out)


def fill_missing(case: Case, found: Found) -> Gradients:
    """Replace None by zeros, and keep torch's names only."""
    zeros = {"input": case.input, "h_0": case.h_0, "c_0": case.c_0, **dict(case.weights.items())}
    return {name: np.zeros_like(zeros[name]) if g is None else g for name, g in found.items() if name in zeros}
