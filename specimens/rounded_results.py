"""LSTMs that compute rightly and store some of their results in a narrower type, and eight that look alike and do not.

A cache of states in half precision, outputs that are saved to save space, results that pass through a queue: the
numbers are exact, then rounded once. An arithmetic, whose errors come of every step, is a wrong name for that. Written
and committed before anything looked for it: none of the first 12 was named then, 11 as an arithmetic. Of the 7 on
grids, committed when those were named, none was, and all were called an arithmetic.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn


def _store(kept: torch.dtype) -> Callable[[Tensor], Tensor]:
    return lambda numbers: numbers.to(kept).to(numbers.dtype)


def _put_on_grid(step: float, rounding: Callable[[Tensor], Tensor] = torch.round) -> Callable[[Tensor], Tensor]:
    return lambda numbers: rounding(numbers / step) * step


def _quantise(numbers: Tensor) -> Tensor:
    """Keep int8 numbers and a scale."""
    scale = numbers.abs().max() / 127
    return torch.round(numbers / scale) * scale


def _quantise_affinely(numbers: Tensor) -> Tensor:
    """Keep uint8 numbers, a scale and the smallest one."""
    low, high = numbers.min(), numbers.max()
    scale = (high - low) / 255
    return torch.round((numbers - low) / scale) * scale + low


_KEPT: dict[str, Callable[[Tensor], Tensor]] = {  # by words that name it
    "float16": _store(torch.float16),
    "bfloat16": _store(torch.bfloat16),
    "float8 e4m3": _store(torch.float8_e4m3fn),
    "float8 e5m2": _store(torch.float8_e5m2),
    "multiples of 1/32768": _put_on_grid(2.0**-15),
    "multiples of 1/4096": _put_on_grid(2.0**-12),
    "multiples of 1/1000": _put_on_grid(1e-3),
    "down to multiples of 1/128": _put_on_grid(2.0**-7, torch.floor),
    "multiples of": _quantise,
    "multiples of ": _quantise_affinely,
}


@dataclass(frozen=True)
class Rounded:
    """An LSTM that rounds results once: which ones, to which type, and the case it is judged on."""

    name: str
    results: tuple[str, ...]
    kept_in: str
    case: str

    @property
    def module(self) -> type[nn.LSTM]:
        """The class."""
        results, keep = self.results, _KEPT[self.kept_in]

        class Storing(nn.LSTM):
            def forward(self, input, hx=None):  # type: ignore[no-untyped-def]
                output, (h_n, c_n) = super().forward(input, hx)
                found: dict[str, Tensor] = {"output": output, "h_n": h_n, "c_n": c_n}
                output, h_n, c_n = (keep(t) if n in results else t for n, t in found.items())
                return output, (h_n, c_n)

        return Storing


ON_GRIDS = (  # the second lot
    ("OutputInQ15", ("output",), "multiples of 1/32768"),
    ("CacheOfCInQ12", ("c_n",), "multiples of 1/4096"),
    ("OutputInThreeDecimals", ("output",), "multiples of 1/1000"),
    ("OutputRoundedDown", ("output",), "down to multiples of 1/128"),
    ("OutputInInt8", ("output",), "multiples of"),
    ("CacheInInt8", ("h_n", "c_n"), "multiples of"),
    ("OutputInUint8", ("output",), "multiples of "),
)
ROUNDED = (
    Rounded("OutputSavedInHalf", ("output",), "float16", "I3-H4-T4-B2-float32-normal-1"),
    Rounded("OutputSavedInBrain", ("output",), "bfloat16", "I5-H7-bi-T9-B3-float32-normal-2"),
    Rounded("CacheOfHInHalf", ("h_n",), "float16", "I4-H16-T12-B2-float32-trained-3"),
    Rounded("CacheOfCInBrain", ("c_n",), "bfloat16", "I4-H16-T12-B2-nostates-float32-normal-4"),
    Rounded("CacheInHalf", ("h_n", "c_n"), "float16", "I3-H8-L2-T7-B2-float32-normal-5"),
    Rounded("CacheInBrainOfStack", ("h_n", "c_n"), "bfloat16", "I6-H12-L2-bi-T10-B2-float32-normal-6"),
    Rounded("AllSavedInHalf", ("output", "h_n", "c_n"), "float16", "I5-H10-T20-B3-float32-normal-7"),
    Rounded("OutputAndHInBrain", ("output", "h_n"), "bfloat16", "I5-H10-T15-B2-float32-normal-8"),
    Rounded("WideOutputInHalf", ("output",), "float16", "I32-H64-T30-B4-float32-normal-9"),
    Rounded("OutputOfDoubleInHalf", ("output",), "float16", "I3-H6-T8-B2-float64-normal-10"),
    Rounded("CacheOfCInEightBits", ("c_n",), "float8 e5m2", "I3-H9-T8-B2-float32-normal-11"),
    Rounded("OutputInEightBits", ("output",), "float8 e4m3", "I3-H9-T8-B4-float32-normal-12"),
    *(Rounded(name, results, kept, "I5-H10-T15-B2-float32-normal-8") for name, results, kept in ON_GRIDS),
)


class _OfCell(nn.LSTM):
    """A single layer, step by step."""

    def forward(self, input, hx=None):  # type: ignore[no-untyped-def]
        """Compute it; an input is batch first or time first, as declared."""
        x = input.transpose(0, 1) if self.batch_first else input
        zero = x.new_zeros(1, x.shape[1], self.hidden_size)
        h, c = (zero, zero) if hx is None else hx
        h, c, outputs = h[0], c[0], []
        for x_t in x:
            h, c = self.step(x_t, h, c)
            outputs.append(h)
        output = torch.stack(outputs, 1 if self.batch_first else 0)
        return output, (h[None], c[None])

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Compute a step."""
        w_ih, w_hh, b_ih, b_hh = self.all_weights[0]
        i, f, g, o = (self.multiply(x, w_ih) + self.multiply(h, w_hh) + b_ih + b_hh).chunk(4, 1)
        c = f.sigmoid() * c + i.sigmoid() * g.tanh()
        return o.sigmoid() * c.tanh(), c

    def multiply(self, x: Tensor, w: Tensor) -> Tensor:
        """Multiply."""
        return x @ w.T


class StatesInHalf(_OfCell):
    """h and c in float16 after every step."""

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Compute a step."""
        h, c = super().step(x, h, c)
        return h.half().to(x.dtype), c.half().to(x.dtype)


class HiddenInBrain(_OfCell):
    """h alone in bfloat16 after every step."""

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Compute a step."""
        h, c = super().step(x, h, c)
        return h.bfloat16().to(x.dtype), c


class CellInHalf(_OfCell):
    """c alone in float16 after every step."""

    def step(self, x: Tensor, h: Tensor, c: Tensor) -> tuple[Tensor, Tensor]:
        """Compute a step."""
        h, c = super().step(x, h, c)
        return h, c.half().to(x.dtype)


class ProductsInBrain(_OfCell):
    """Factors of products in bfloat16."""

    def multiply(self, x: Tensor, w: Tensor) -> Tensor:
        """Multiply."""
        return x.bfloat16().to(x.dtype) @ w.bfloat16().to(w.dtype).T


class WeightsInHalf(_OfCell):
    """Weights in float16."""

    def multiply(self, x: Tensor, w: Tensor) -> Tensor:
        """Multiply."""
        return x @ w.half().to(w.dtype).T


class AllInHalf(nn.LSTM):
    """Everything in float16."""

    def forward(self, input, hx=None):  # type: ignore[no-untyped-def]
        """Compute it."""
        names, states = dict(self.named_parameters()), None if hx is None else tuple(s.half() for s in hx)
        half = {name: w.half() for name, w in names.items()}
        output, last = torch.func.functional_call(
            _Plain(self), {f"lstm.{n}": w for n, w in half.items()}, (input.half(), states)
        )
        return output.to(input.dtype), tuple(s.to(input.dtype) for s in last)


class _Plain(nn.Module):
    def __init__(self, lstm: nn.LSTM) -> None:
        super().__init__()
        self.lstm = nn.LSTM(lstm.input_size, lstm.hidden_size, batch_first=lstm.batch_first)

    def forward(self, input, hx):  # type: ignore[no-untyped-def]
        return self.lstm(input, hx)


OTHERS = {  # name: the class and its case
    "StatesInHalf": (StatesInHalf, "I5-H10-T20-B3-float32-normal-7"),
    "HiddenInBrain": (HiddenInBrain, "I5-H10-T15-B2-float32-normal-8"),
    "CellInHalf": (CellInHalf, "I4-H16-T12-B2-float32-normal-4"),
    "ProductsInBrain": (ProductsInBrain, "I4-H16-T12-B2-float32-normal-4"),
    "WeightsInHalf": (WeightsInHalf, "I4-H16-T12-B2-float32-normal-4"),
    "AllInHalf": (AllInHalf, "I5-H10-T20-B3-float32-normal-7"),
    "StatesInHalfOfOneStep": (StatesInHalf, "I5-H10-T1-B3-float32-normal-7"),
    "Right": (nn.LSTM, "I5-H10-T20-B3-float32-normal-7"),
}
