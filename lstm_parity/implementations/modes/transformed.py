"""Modes of torch.func: every row's gradients by themselves; and derivatives forward; of nn.LSTM and of its cell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.modes.compiled import weights_of
from lstm_parity.implementations.modes.mode import SEED, DifferentiatingMode, Make, Mode, RunningModule
from lstm_parity.implementations.stack import CellStack, Step
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.autograd import gradient_names
from lstm_parity.running.calls import call_arguments, runtime_flags, weight_tensors
from lstm_parity.running.evidence import Adjoints, Found


def _function(module: nn.LSTM, cells: bool) -> Callable[..., Any]:
    """(parameters, input, hx) -> (output, (h_n, c_n)), pure."""
    names = tuple(dict(module.named_parameters()))

    def run(values: tuple[Tensor, ...], input: Any, hx: Any) -> Any:
        if not cells:
            with torch.random.fork_rng(devices=[], enabled=module.training):
                if module.training:
                    torch.manual_seed(SEED)
                return torch.func.functional_call(module, dict(zip(names, values, strict=True)), (input, hx))
        weights = iter(values)
        return _map_cells(module, weights_of(module).map(lambda _: next(weights)))(input, hx)

    return run


def _map_cells(module: nn.LSTM, weights: LSTMWeights) -> CellStack:
    """Return the stack of cells that compute with these weights."""

    def cell(w: CellWeights) -> Step:
        b = (w.b_ih, w.b_hh)
        return lambda x, state: torch.lstm_cell(x, state, w.w_ih, w.w_hh, *b)

    if module.proj_size or module.training:
        raise NotImplementedError("nn.LSTMCell has neither proj_size nor dropout")
    return CellStack.of(weights, cell, module.batch_first)


def _map(module: nn.LSTM, setting: Setting, cells: bool) -> RunningModule:
    """Run row by row, mapped over the batch."""
    run, values = _function(module, cells), tuple(module.parameters())
    batch = 0 if module.batch_first else 1
    dims: Any = (batch, (1, 1))

    def call(input: Any, hx: Any) -> Any:
        if isinstance(input, PackedSequence) or input.dim() == 2:
            raise NotImplementedError("there is no batch axis to map over")
        if hx is None:
            one = lambda x: run(values, x, None)  # noqa: E731
            return torch.func.vmap(one, in_dims=batch, out_dims=dims)(input)
        both = lambda x, h, c: run(values, x, (h, c))  # noqa: E731
        return torch.func.vmap(both, in_dims=(batch, 1, 1), out_dims=dims)(input, *hx)

    return RunningModule(call, module)


def _forward(module: nn.LSTM, setting: Setting, cells: bool) -> RunningModule:
    """Return the primal outputs of a jvp by the input."""
    run, values = _function(module, cells), tuple(module.parameters())

    def call(input: Any, hx: Any) -> Any:
        if isinstance(input, PackedSequence):
            of = lambda data: _plain(run(values, input._replace(data=data), hx))  # noqa: E731
            (data, last) = torch.func.jvp(of, (input.data,), (torch.ones_like(input.data),))[0]
            return input._replace(data=data), last
        return torch.func.jvp(lambda x: run(values, x, hx), (input,), (torch.ones_like(input),))[0]

    return RunningModule(call, module)


def _plain(returned: Any) -> Any:
    output, last = returned
    return output.data, last


def _map_samples(cells: bool, mapped: bool = True) -> Callable[[Mode, Case, Adjoints], Found]:
    """Compute the gradients of each row, mapped or one after the other; the weights' are summed over the rows."""

    def find(mode: Mode, case: Case, d: Adjoints) -> Found:
        if mode.dropout:
            raise NotImplementedError("every row by itself draws other dropout masks than the batch")
        if case.setting.call.batch is None or case.setting.call.lengths is not None:
            raise NotImplementedError("there is no batch axis to map over")
        with runtime_flags(case.setting.runtime), torch.enable_grad():
            run, leaves, values = _prepare(mode, case, cells)
            first = case.setting.architecture.batch_first
            adjoints = _module_arguments(case, d)

            def loss(values: Any, leaves: Any, adjoints: Any) -> Tensor:
                output, last = run(values, leaves[0], leaves[1:] or None)
                return _inner_call((output, *last), adjoints)

            axes = (0 if first else 1, *(1 for _ in leaves[1:]))
            grads = (_map_over if mapped else _row_by_row)(
                torch.func.grad(loss, (0, 1)), values, leaves, adjoints, (axes, (axes[0], 1, 1))
            )
        of_values, of_leaves = [g.sum(0) for g in grads[0]], [g.movedim(0, 1) for g in grads[1]]  # h_0: (B, L, H)
        named = zip(gradient_names(case), [*of_leaves, *of_values], strict=True)
        return {name: value.detach().double().numpy() for name, value in named}

    return find


def _inner_call(results: tuple[Tensor, ...], adjoints: tuple[Tensor, ...]) -> Tensor:
    """Return the loss whose derivatives by the results are the adjoints, added up in float64."""
    parts = [(a.double() * b.double()).sum() for a, b in zip(results, adjoints, strict=True)]
    return torch.stack(parts).sum()


def _map_over(function: Any, values: Any, leaves: Any, adjoints: Any, axes: Any) -> Any:
    return torch.func.vmap(function, in_dims=(None, *axes))(values, leaves, adjoints)


def _row_by_row(function: Any, values: Any, leaves: Any, adjoints: Any, axes: Any) -> Any:
    rows = []
    for k in range(leaves[0].shape[axes[0][0]]):
        given = (
            tuple(t.select(axis, k) for t, axis in zip(tensors, dims, strict=True))
            for tensors, dims in zip((leaves, adjoints), axes, strict=True)
        )
        rows.append(function(values, *given))
    return [[torch.stack(parts) for parts in zip(*kind, strict=True)] for kind in zip(*rows, strict=True)]


def _module_arguments(case: Case, d: Adjoints) -> tuple[Tensor, ...]:
    """Return the adjoints in the layout of the call."""
    output, last = call_arguments(_with_states(case.setting), d.output, d.h_n, d.c_n)
    return (output, *last)


def _with_states(setting: Setting) -> Setting:
    return replace(setting, call=replace(setting.call, states=True))


def _prepare(mode: Mode, case: Case, cells: bool) -> tuple[Any, tuple[Tensor, ...], tuple[Tensor, ...]]:
    """Return the pure function, (input, h_0, c_0) or (input,) and the parameters."""
    module = mode.module(case.setting, weight_tensors(case))
    given, hx = call_arguments(case.setting, case.input, case.h_0, case.c_0)
    return _function(module, cells), (given, *(hx or ())), tuple(p.detach() for p in module.parameters())


def _forward_mode(cells: bool) -> Callable[[Mode, Case, Adjoints], Found]:
    """Compute gradients by forward derivatives, one element after the other."""

    def find(mode: Mode, case: Case, d: Adjoints) -> Found:
        if case.setting.call.lengths is not None:
            raise NotImplementedError("gradients of padded calls only")
        with runtime_flags(case.setting.runtime):
            run, leaves, values = _prepare(mode, case, cells)
            adjoints = _module_arguments(case, d)

            def loss(*tensors: Tensor) -> Tensor:
                n = len(leaves)
                output, last = run(tensors[n:], tensors[0], tensors[1:n] or None)
                return _inner_call((output, *last), adjoints)

            whole, names = (*leaves, *values), gradient_names(case)
            some = [k for k, name in enumerate(names) if k < len(leaves) or name.startswith("bias_ih")]
            return {names[k]: _canonical(case, k, _each_element(loss, whole, k)) for k in some}

    return find


def _canonical(case: Case, k: int, gradient: Tensor) -> Any:
    """Return the input time first, or states and input with a batch axis."""
    if k < len(gradient_names(case)) - len(list(case.weights.items())):
        if case.setting.call.batch is None:
            gradient = gradient.unsqueeze(1)
        elif k == 0 and case.setting.architecture.batch_first:
            gradient = gradient.transpose(0, 1)
    return gradient.double().numpy()


def _each_element(loss: Callable[..., Tensor], whole: tuple[Tensor, ...], k: int) -> Tensor:
    gradient = torch.zeros(whole[k].numel(), dtype=torch.float64)
    for n in range(whole[k].numel()):
        tangent = torch.zeros_like(whole[k])
        tangent.reshape(-1)[n] = 1.0
        rest = [torch.zeros_like(t) for t in whole]
        rest[k] = tangent
        gradient[n] = torch.func.jvp(loss, whole, tuple(rest))[1]
    return gradient.reshape(whole[k].shape)


def _make(kind: Callable[..., RunningModule], cells: bool) -> Make:
    return lambda module, setting: kind(module, setting, cells)


_EACH = "its gradients are vmap(grad) of every row, summed for the weights"
_ONE = "forward derivatives by every element of input, states and b_ih, judged as gradients"
_SMALL = (("form", ("batched",)), ("projection", (False,)), ("training", (False,)))

MODES = (
    DifferentiatingMode("vmap, per-sample gradients", _make(_map, False), found=_map_samples(False), note=_EACH),
    DifferentiatingMode("vmap of the cell", _make(_map, True), found=_map_samples(True), note=_EACH),
    DifferentiatingMode(
        "torch.func.grad, row by row", lambda m, s: RunningModule(m, m), found=_map_samples(False, False), note=_EACH
    ),
    DifferentiatingMode(
        "jvp", _make(_forward, False), found=_forward_mode(False), note=_ONE, support=(("mkldnn", (False,)),)
    ),
    DifferentiatingMode("jvp of the cell", _make(_forward, True), found=_forward_mode(True), note=_ONE, support=_SMALL),
)
