"""Right LSTMs of unusual manners: they refuse some settings, take their time, or have bits of their own at some sizes.

None may be accused: `module:specimens/rare_right.py:NAME`. `MANNERS` says where each differs from nn.LSTM in bits, and
what it refuses by NotImplementedError.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from specimens.rare_layers import change_weights, from_canonical, read_setting, run_with_weights, to_canonical


@dataclass(frozen=True)
class Manner:
    """What is unusual in a right LSTM; own_bits: whether its bits may not be nn.LSTM's at a setting."""

    name: str
    sentence: str
    own_bits: Callable[[Setting], bool] = lambda s: False
    refuses: Callable[[Setting], bool] = lambda s: False


class RightLayer(nn.LSTM):
    """nn.LSTM with a manner."""

    manner: Manner

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        setting = read_setting(self, input, hx)
        if setting is not None and self.manner.refuses(setting):
            raise NotImplementedError(self.manner.sentence)
        if setting is None or not self.manner.own_bits(setting):
            return nn.LSTM.forward(self, input, hx)
        return self.run(setting, input, hx)

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Compute what nn.LSTM computes, in another way."""
        return nn.LSTM.forward(self, input, hx)


class WithoutProjection(RightLayer):
    """Refused when it is constructed."""

    manner = Manner("WithoutProjection", "no projection", refuses=lambda s: s.architecture.proj_size > 0)

    def __init__(self, *arguments: Any, proj_size: int = 0, **keywords: Any) -> None:
        if proj_size:
            raise NotImplementedError("no projection")
        super().__init__(*arguments, **keywords)


class SortedOnly(RightLayer):
    """Refused when it is called."""

    manner = Manner(
        "SortedOnly",
        "packed calls must be sorted, and float16 is not there",
        refuses=lambda s: (s.call.lengths is not None and not s.call.enforce_sorted) or s.runtime.dtype == "float16",
    )


class FewCombinations(RightLayer):
    """Refused in combinations that no single argument shows."""

    manner = Manner(
        "FewCombinations",
        "no bidirectional batch_first, no third layer without a bias",
        refuses=lambda s: (
            (s.architecture.bidirectional and s.architecture.batch_first)
            or (s.architecture.num_layers > 2 and not s.architecture.bias)
        ),
    )


class Unhurried(RightLayer):
    """Slow, and slower with more steps."""

    manner = Manner("Unhurried", "3 ms for each call, and a tenth of one for each step", own_bits=lambda s: True)

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Wait, and compute."""
        time.sleep(0.003 + 0.0001 * min(s.call.time, 200))
        return super().run(s, input, hx)


def _turn_columns(s: Setting, weights: dict[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    return {n: w.flip(1) if n.startswith("weight_ih_l0") else w for n, w in weights.items()}


def _run_turned(lstm: nn.LSTM, s: Setting, input: Any, hx: Any) -> Any:
    """Add the products with the input from the last to the first."""
    x = input._replace(data=input.data.flip(-1)) if isinstance(input, PackedSequence) else input.flip(-1)
    return change_weights(_turn_columns)(lstm, s, x, hx)  # type: ignore[arg-type]


class OtherOrderWhenWide(RightLayer):
    """Another order of summation, beyond one vector's width."""

    manner = Manner(
        "OtherOrderWhenWide",
        "products with the input are added from the last to the first at I > 16",
        own_bits=lambda s: s.architecture.input_size > 16,
    )

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Add the other way round."""
        return _run_turned(self, s, input, hx)


class AlternatingOrders(RightLayer):
    """Another order at every second call, as atomic additions have it; not with deterministic algorithms."""

    manner = Manner(
        "AlternatingOrders",
        "each second call adds the other way round, unless torch is deterministic",
        own_bits=lambda s: not s.runtime.deterministic,
    )
    calls = 0

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Add this way or that."""
        self.calls += 1
        return _run_turned(self, s, input, hx) if self.calls % 2 else super().run(s, input, hx)


class HalvesOfTheBatch(RightLayer):
    """Products of other shapes, so that a library takes other kernels."""

    manner = Manner(
        "HalvesOfTheBatch",
        "batches above 8 rows are computed in two halves",
        own_bits=lambda s: s.call.rows > 8 and s.call.lengths is None,
    )

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Compute one half, and the other."""
        sizes, axis = [s.call.rows // 2, s.call.rows - s.call.rows // 2], 0 if self.batch_first else 1
        states = [None, None] if hx is None else list(zip(hx[0].split(sizes, 1), hx[1].split(sizes, 1), strict=True))
        parts = input.split(sizes, axis)
        done = [nn.LSTM.forward(self, x, h) for x, h in zip(parts, states, strict=True)]
        h, c = (torch.cat(both, 1) for both in zip(*(last for _, last in done), strict=True))
        return torch.cat([y for y, _ in done], axis), (h, c)


class BlocksOfTime(RightLayer):
    """States handed on from block to block."""

    manner = Manner(
        "BlocksOfTime",
        "more than 16 steps in one direction are computed in blocks of 16",
        own_bits=lambda s: s.call.time > 16 and not s.architecture.bidirectional and s.call.lengths is None,
    )

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Compute block after block."""
        axis, parts = 1 if self.batch_first and input.dim() == 3 else 0, []
        for block in input.split(16, axis):
            y, hx = nn.LSTM.forward(self, block, hx)
            parts.append(y)
        return torch.cat(parts, axis), hx


class DoubleInside(RightLayer):
    """More accurate than its dtype at every third size."""

    manner = Manner(
        "DoubleInside",
        "float32 is computed in float64 where 3 divides H",
        own_bits=lambda s: s.runtime.dtype == "float32" and s.architecture.hidden_size % 3 == 0,
    )

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Compute in float64, and round."""
        packed = isinstance(input, PackedSequence)
        x = input._replace(data=input.data.double()) if packed else input.double()
        states = None if hx is None else tuple(h.double() for h in hx)
        y, (h, c) = run_with_weights(self, [w.double() for w in self._flat_weights if w is not None], x, states)
        return y._replace(data=y.data.float()) if packed else y.float(), (h.float(), c.float())


class RowByRow(RightLayer):
    """No row of a packed call knows of another."""

    manner = Manner(
        "RowByRow",
        "rows of packed calls are computed one by one, without packing",
        own_bits=lambda s: s.call.lengths is not None,
    )

    def run(self, s: Setting, input: Any, hx: Any) -> Any:
        """Compute each row unbatched, and pack the outputs."""
        x, lengths = to_canonical(self, input), s.call.lengths or ()
        outputs, h_n, c_n = [], [], []
        for k, length in enumerate(lengths):
            y, (h, c) = nn.LSTM.forward(self, x[:length, k], None if hx is None else tuple(one[:, k] for one in hx))
            outputs.append(nn.functional.pad(y, (0, 0, 0, s.call.time - length)))
            h_n.append(h)
            c_n.append(c)
        return from_canonical(self, torch.stack(outputs, 1), input), (torch.stack(h_n, 1), torch.stack(c_n, 1))


CLASSES = {
    cls.manner.name: cls
    for cls in (
        WithoutProjection,
        SortedOnly,
        FewCombinations,
        Unhurried,
        OtherOrderWhenWide,
        AlternatingOrders,
        HalvesOfTheBatch,
        BlocksOfTime,
        DoubleInside,
        RowByRow,
    )
}
MANNERS = tuple(cls.manner for cls in CLASSES.values())
