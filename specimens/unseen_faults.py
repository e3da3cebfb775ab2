"""Wrong LSTMs of kinds that no list of this project names: right almost everywhere, wrong where few tests look.

A kernel, a cache, a training loop or a wrapper gets them wrong: at sizes where a tile or a block ends, in train mode,
at the second call, once a weight has changed, for values beyond a clamp, in a backward pass of another form. Each is a
class with nn.LSTM's arguments, so that every door takes it: `module:specimens/unseen_faults.py:NAME`. `narrow` makes
the same class with fewer arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

Three = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class Call:
    """One call of an LSTM: its module, the input (T, B, I) or packed data (N, I), and states (L*D, B, .)."""

    lstm: Any
    x: Tensor
    h: Tensor
    c: Tensor
    sizes: Tensor | None  # batch_sizes of a packed input
    given: bool  # whether hx was given
    unbatched: bool
    count: int  # calls of this module before

    @property
    def steps(self) -> int:
        """T, or the longest length."""
        return len(self.x) if self.sizes is None else len(self.sizes)

    @property
    def rows(self) -> int:
        """B."""
        return self.h.shape[1]


def always(_: Call) -> bool:
    """Whether the fault shows: in every call."""
    return True


@dataclass(frozen=True)
class Fault:
    """When an LSTM is wrong, and what it does then.

    before: (x, h, c) -> (x, h, c) ahead of the call; weights: the list that nn.LSTM keeps in `_flat_weights`; after:
    (output, h_n, c_n) -> the same, the output being (T, B, D*P) or packed data.
    """

    name: str
    when: Callable[[Call], bool] = always
    before: Callable[[Call, Three], Three] | None = None
    weights: Callable[[Call, list[Tensor]], list[Tensor]] | None = None
    after: Callable[[Call, Three], Three] | None = None
    kind: str = ""
    needs: tuple[str, ...] = ()  # the arguments without which it cannot show

    def shows_in(self, names: Sequence[str]) -> bool:
        """Whether a class with these arguments is wrong."""
        return set(self.needs) <= set(names)


class Faulty(nn.LSTM):
    """nn.LSTM with a fault."""

    fault = Fault("none")

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        super().__init__(*arguments, **keywords)
        self.count = 0
        self.kept: dict[str, Any] = {}

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        packed = input if isinstance(input, PackedSequence) else None
        unbatched = packed is None and input.dim() == 2
        if packed is not None:
            x, rows, index = packed.data, int(packed.batch_sizes[0]), packed.sorted_indices
        else:
            x = input[:, None] if unbatched else input.transpose(0, 1) if self.batch_first else input
            rows, index = x.shape[1], None
        h, c = self._states(x, hx, rows, unbatched, index)
        sizes = None if packed is None else packed.batch_sizes
        call = Call(self, x, h, c, sizes, hx is not None, unbatched, self.count)
        self.count += 1
        output, h, c = self._run(call, x, h, c)
        if packed is not None:
            back = packed.unsorted_indices
            h, c = (s if back is None else s[:, back] for s in (h, c))
            return PackedSequence(output, packed.batch_sizes, packed.sorted_indices, back), (h, c)
        if unbatched:
            return output[:, 0], (h[:, 0], c[:, 0])
        return (output.transpose(0, 1) if self.batch_first else output), (h, c)

    def _states(self, x: Tensor, hx: Any, rows: int, unbatched: bool, index: Tensor | None) -> tuple[Tensor, Tensor]:
        count = self.num_layers * (2 if self.bidirectional else 1)
        if hx is None:
            sizes = self.proj_size or self.hidden_size, self.hidden_size
            h, c = (x.new_zeros(count, rows, size) for size in sizes)
        else:
            h, c = (s[:, None] if unbatched else s for s in hx)
        return (h, c) if index is None else (h[:, index], c[:, index])

    def _run(self, call: Call, x: Tensor, h: Tensor, c: Tensor) -> Three:
        fault, weights = self.fault, [w for w in self._flat_weights if w is not None]
        shows = fault.when(call)
        if shows and fault.before:
            x, h, c = fault.before(call, (x, h, c))
        if shows and fault.weights:
            weights = fault.weights(call, weights)
        output, h, c = self._compute(x, (h, c), weights, call.sizes)
        return fault.after(call, (output, h, c)) if shows and fault.after else (output, h, c)

    def _compute(self, x: Tensor, hx: tuple[Tensor, Tensor], weights: list[Tensor], sizes: Tensor | None) -> Three:
        how = self.bias, self.num_layers, self.dropout, self.training, self.bidirectional
        if sizes is None:
            return torch._VF.lstm(x, hx, weights, *how, False)
        return torch._VF.lstm(x, sizes, hx, weights, *how)


class _Backward(torch.autograd.Function):
    """The identity with another derivative: function(adjoint, number of backward passes before) -> adjoint."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, function: Callable[[Tensor, int], Tensor]) -> Tensor:
        ctx.function, ctx.count = function, 0
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        ctx.count += 1
        return ctx.function(gradients[0], ctx.count - 1), None


class _OnceDifferentiable(torch.autograd.Function):
    """The identity, whose derivative's derivative is 0."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        return x.view_as(x)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        return gradients[0].detach().clone()


def differently(x: Tensor, function: Callable[[Tensor, int], Tensor]) -> Tensor:
    """Return x with another derivative."""
    return _Backward.apply(x, function)


# ---------------------------------------------------------------- what is damaged


def on_output(change: Callable[[Call, Tensor], Tensor]) -> Callable[[Call, Three], Three]:
    """Change the output alone."""
    return lambda call, r: (change(call, r[0]), r[1], r[2])


def on_h(change: Callable[[Call, Tensor], Tensor]) -> Callable[[Call, Three], Three]:
    """Change h_n alone."""
    return lambda call, r: (r[0], change(call, r[1]), r[2])


def on_c(change: Callable[[Call, Tensor], Tensor]) -> Callable[[Call, Three], Three]:
    """Change c_n alone."""
    return lambda call, r: (r[0], r[1], change(call, r[2]))


def on_x(change: Callable[[Call, Tensor], Tensor]) -> Callable[[Call, Three], Three]:
    """Change the input that is read."""
    return lambda call, g: (change(call, g[0]), g[1], g[2])


def on_h_0(change: Callable[[Call, Tensor], Tensor]) -> Callable[[Call, Three], Three]:
    """Change h_0 as it is read."""
    return lambda call, g: (g[0], change(call, g[1]), g[2])


def on_c_0(change: Callable[[Call, Tensor], Tensor]) -> Callable[[Call, Three], Three]:
    """Change c_0 as it is read."""
    return lambda call, g: (g[0], g[1], change(call, g[2]))


def zeroed(index: Any) -> Callable[[Call, Tensor], Tensor]:
    """Set a part of a tensor to 0."""

    def change(_: Call, x: Tensor) -> Tensor:
        mask = torch.ones_like(x)
        mask[index] = 0.0
        return x * mask

    return change


def last_unit_copied(_: Call, y: Tensor) -> Tensor:
    """The last unit is its neighbour's copy."""
    return torch.cat([y[..., :-1], y[..., -2:-1]], -1) if y.shape[-1] > 1 else y * 0.5


def rows_beyond(n: int) -> Callable[[Call, Tensor], Tensor]:
    """Rows from n on are zeros: a block that is not finished."""
    return lambda call, y: torch.cat([y[:, :n], y[:, n:] * 0.0], 1) if y.dim() == 3 else y


def steps_beyond(n: int) -> Callable[[Call, Tensor], Tensor]:
    """Outputs from step n on are those of step n - 1."""
    return lambda call, y: torch.cat([y[:n], y[n - 1 : n].expand(len(y) - n, -1, -1)]) if y.dim() == 3 else y


def columns_beyond(n: int, of: str) -> Callable[[Call, list[Tensor]], list[Tensor]]:
    """Columns from n on of the weights with this name are not read."""

    def change(call: Call, weights: list[Tensor]) -> list[Tensor]:
        names = call.lstm._flat_weights_names
        return [
            torch.cat([w[:, :n], w[:, n:] * 0.0], 1) if of in name else w
            for name, w in zip(names, weights, strict=True)
        ]

    return change


def named(function: Callable[[str, Tensor], Tensor]) -> Callable[[Call, list[Tensor]], list[Tensor]]:
    """Change weights by their names."""
    return lambda call, ws: [function(n, w) for n, w in zip(call.lstm._flat_weights_names, ws, strict=True)]


def clamped(low: float, high: float) -> Callable[[Call, Tensor], Tensor]:
    """Limit a tensor."""
    return lambda _, x: x.clamp(low, high)


def scaled(factor: float) -> Callable[[Call, Tensor], Tensor]:
    """Multiply a tensor."""
    return lambda _, x: x * factor


def rounded(dtype: torch.dtype) -> Callable[[Call, Tensor], Tensor]:
    """Round a tensor through a narrower type."""
    return lambda _, x: x.to(dtype).to(x.dtype)


def stale(call: Call, weights: list[Tensor]) -> list[Tensor]:
    """The weights of the first call."""
    first = call.lstm.kept.setdefault("weights", [w.detach().clone() for w in weights])
    return [w if torch.equal(w, f) else f for w, f in zip(weights, first, strict=True)]


def stale_in_part(part: str) -> Callable[[Call, list[Tensor]], list[Tensor]]:
    """Those weights whose name holds `part` are the first call's."""

    def change(call: Call, weights: list[Tensor]) -> list[Tensor]:
        old = stale(call, weights)
        return [o if part in n else w for n, o, w in zip(call.lstm._flat_weights_names, old, weights, strict=True)]

    return change


def stale_by_address(call: Call, weights: list[Tensor]) -> list[Tensor]:
    """A copy kept for each address: an update in place is not noticed."""
    kept = call.lstm.kept
    return [kept.setdefault(w.data_ptr(), (w, w.detach().clone()))[1] if w.numel() else w for w in weights]


SHARED: dict[Any, Any] = {}  # kept by all instances: that is the fault


def zeros_shared(call: Call, given: Three) -> Three:
    """A buffer of initial zeros by shape, which is written to."""
    x, h, c = given
    kept = SHARED.setdefault((h.shape, h.dtype), torch.zeros_like(h))
    return x, h + kept, c


def fill_shared(call: Call, result: Three) -> Three:
    """Write the last state into the shared buffer."""
    if not call.given and (result[1].shape, result[1].dtype) in SHARED:
        SHARED[result[1].shape, result[1].dtype] = result[1].detach()
    return result


def goes_on(call: Call, given: Three) -> Three:
    """Without hx it starts where the last call ended."""
    old = call.lstm.kept.get("state")
    fits = old is not None and not call.given and old[0].shape == given[1].shape and old[0].dtype == given[1].dtype
    return (given[0], *old) if fits else given


def keep_state(call: Call, result: Three) -> Three:
    """Keep the last states."""
    call.lstm.kept["state"] = tuple(s.detach() for s in result[1:])
    return result


def reused_buffer(call: Call, result: Three) -> Three:
    """Results of one shape share one buffer: the results of the call before change."""
    kept = call.lstm.kept
    with torch.no_grad():
        old = kept.get("buffer")
        if old is not None and old.shape == result[0].shape and old.dtype == result[0].dtype and not old.requires_grad:
            old.copy_(result[0])
            if not result[0].requires_grad:
                return old, result[1], result[2]
    if not result[0].requires_grad and not torch.is_inference_mode_enabled():
        kept["buffer"] = result[0]
    return result


def grad_of_weights(function: Callable[[str, Tensor, int], Tensor]) -> Callable[[Call, list[Tensor]], list[Tensor]]:
    """Change the gradients of weights: function(name, gradient, passes before)."""

    def change(call: Call, weights: list[Tensor]) -> list[Tensor]:
        names = call.lstm._flat_weights_names
        return [differently(w, partial(function, n)) for n, w in zip(names, weights, strict=True)]

    return change


def grad_of_all(function: Callable[[Tensor, int], Tensor]) -> Callable[[Call, Three], Three]:
    """Change the adjoints that come in by output, h_n and c_n."""
    return lambda _, result: tuple(differently(r, function) for r in result)  # type: ignore[return-value]


def needs_grad(call: Call) -> bool:
    """Whether the input needs a gradient."""
    return call.x.requires_grad


def any_frozen(call: Call) -> bool:
    """Whether some weights are frozen and others not."""
    needs = {w.requires_grad for w in call.lstm._flat_weights}
    return needs == {True, False}


def hidden(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether H is one of those."""
    return lambda call: n(call.lstm.hidden_size)


def rows(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether B is one of those."""
    return lambda call: n(call.rows)


def steps(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether T is one of those."""
    return lambda call: n(call.steps)


def features(n: Callable[[int], bool]) -> Callable[[Call], bool]:
    """Whether I is one of those."""
    return lambda call: n(call.lstm.input_size)


def training(call: Call) -> bool:
    """Whether the module is in train mode."""
    return bool(call.lstm.training)


def not_first(call: Call) -> bool:
    """Whether it was called before."""
    return call.count > 0


def later_states(call: Call) -> bool:
    """Whether a state is given whose memory has gaps."""
    return call.given and not (call.h.is_contiguous() and call.c.is_contiguous())


def expanded(call: Call) -> bool:
    """Whether all rows of a given state are one row in memory."""
    return call.given and call.rows > 1 and call.h.stride(1) == 0


FAULTS = (
    # sizes: tiles, blocks, vector tails
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
    # values
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
    # train mode
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
    # calls one after the other
    Fault("SecondCallScaled", not_first, after=on_output(scaled(0.99)), kind="calls"),
    Fault("SecondCallOfC", not_first, after=on_c(scaled(1.01)), kind="calls"),
    Fault("TenthCall", lambda k: k.count >= 9, after=on_h(scaled(0.9)), kind="calls"),
    Fault("GoesOn", before=goes_on, after=keep_state, kind="calls"),
    Fault("SharedZeros", lambda k: not k.given, before=zeros_shared, after=fill_shared, kind="calls"),
    Fault("BufferReused", after=reused_buffer, kind="calls"),
    Fault("EveryOtherCall", lambda k: k.count % 2 == 1, after=on_h(scaled(0.5)), kind="calls"),
    # weights that change
    Fault("WeightsOfFirstCall", weights=stale, kind="weights"),
    Fault("BiasesOfFirstCall", weights=stale_in_part("bias"), kind="weights"),
    Fault("RecurrentOfFirstCall", weights=stale_in_part("weight_hh"), kind="weights"),
    Fault("LayerZeroOfFirstCall", weights=stale_in_part("_l0"), kind="weights"),
    Fault("WeightsByAddress", weights=stale_by_address, kind="weights"),
    Fault("InputWeightsOfFirstCall", weights=stale_in_part("weight_ih"), kind="weights"),
    # states: forms and memory
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
    # gradients: the forms of a training loop
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
    Fault("OnceDifferentiable", after=lambda k, r: tuple(_OnceDifferentiable.apply(t) for t in r), kind="gradients"),
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
    # modes of autograd
    Fault("WrongInInference", lambda k: torch.is_inference_mode_enabled(), after=on_output(scaled(0.99)), kind="modes"),
    Fault("WrongWithoutGrad", lambda k: not torch.is_grad_enabled(), after=on_c(scaled(0.99)), kind="modes"),
    Fault("WrongWithGrad", lambda k: torch.is_grad_enabled(), after=on_h(scaled(0.99)), kind="modes"),
    Fault("WrongIfInputNeedsGradient", needs_grad, after=on_output(scaled(0.99)), kind="modes"),
    # signature
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
    # dtypes
    Fault(
        "DoubleIsSingle", lambda k: k.x.dtype == torch.float64, after=on_output(rounded(torch.float32)), kind="dtype"
    ),
    Fault("HalfIsBfloat", lambda k: k.x.dtype == torch.float16, after=on_c(rounded(torch.bfloat16)), kind="dtype"),
    Fault("BfloatScaled", lambda k: k.x.dtype == torch.bfloat16, after=on_output(scaled(0.9)), kind="dtype"),
    Fault("SingleScaled", lambda k: k.x.dtype == torch.float32, after=on_output(scaled(1.00001)), kind="dtype"),
)


def made(fault: Fault) -> type[Faulty]:
    """Make the class of a fault."""
    return type(fault.name, (Faulty,), {"fault": fault, "__module__": __name__})


SIZES = ("input_size", "hidden_size")
DEFAULTS = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False, "proj_size": 0}


def narrow(cls: type[nn.LSTM], names: Sequence[str]) -> type[nn.LSTM]:
    """Make a class with only these arguments beside input_size and hidden_size, as its signature says."""
    kind, none = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    signature = inspect.Signature([inspect.Parameter(n, kind, default=DEFAULTS.get(n, none)) for n in (*SIZES, *names)])
    return type(cls.__name__, (cls,), {"__signature__": signature, "__module__": __name__})


SIGNATURES = {  # by the suffix of the class's name: what its constructor has beside the sizes
    "": ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size"),
    "_sizes": (),
    "_layers": ("num_layers",),
    "_no_bias": ("num_layers", "batch_first", "bidirectional"),
}
CLASSES: dict[str, type[nn.LSTM]] = {
    fault.name + suffix: narrow(made(fault), names) if suffix else made(fault)
    for fault in FAULTS
    for suffix, names in SIGNATURES.items()
}
globals().update(CLASSES)
