"""What a fault does: to an input, a state, a result, a weight, or a gradient."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from specimens.unseen_faults.faulty import Call, Three, differently


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
