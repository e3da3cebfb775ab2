"""LSTMs that are wrong at one size, shape, dtype or kind of numbers, and nn.LSTM bit for bit everywhere else.

A sweep has to find each of them alone: `module:specimens/rare_faults.py:NAME`. `FAULTS` is the truth about them;
`specimens/rare_faults_of_calls.py` has those of calls, runtimes and gradients, `specimens/rare_right.py` right ones.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from lstm_parity.cases.setting import Setting
from specimens.rare_layers import (
    Act,
    RareFault,
    Three,
    change_c,
    change_c_0,
    change_h,
    change_input,
    change_output,
    change_result,
    change_weights,
    make_class,
    replace_at,
    run_with_weights,
)


def _states(s: Setting) -> int:
    """L * D."""
    return s.architecture.num_layers * s.architecture.num_directions


def _is_dense(s: Setting) -> bool:
    return s.call.lengths is None


def _last_unit_copied(_: Setting, y: Tensor) -> Tensor:
    return replace_at(y, (..., -1), y[..., -2])


def _drop_column(part: str) -> Act:
    """Compute without the last column of the weights whose name holds `part`."""
    return change_weights(
        lambda s, ws: {n: replace_at(w, (slice(None), -1), 0.0) if part in n else w for n, w in ws.items()}
    )


def _swap_first(s: Setting, ws: dict[str, Tensor]) -> dict[str, Tensor]:
    """Compute layer 0 with weight_ih and weight_hh in each other's place."""
    pairs = {"weight_ih_l0": "weight_hh_l0", "weight_ih_l0_reverse": "weight_hh_l0_reverse"}
    other = pairs | {b: a for a, b in pairs.items()}
    return {n: ws[other.get(n, n)] for n in ws}


def _drop_tail_bias(s: Setting, ws: dict[str, Tensor]) -> dict[str, Tensor]:
    tails = [(k + 1) * s.architecture.hidden_size - 1 for k in range(4)]
    return {n: replace_at(w, tails, 0.0) if "bias_hh" in n else w for n, w in ws.items()}


def _beyond_the_grid(s: Setting, y: Tensor) -> Tensor:
    flat = y.reshape(-1, y.shape[-1])
    return replace_at(flat, slice(1024, None), 0.0).reshape(y.shape)


def _lose_carry(lstm: nn.LSTM, s: Setting, input: Tensor, hx: tuple[Tensor, Tensor] | None) -> tuple[Tensor, object]:
    """Compute the last step, the first of a block of 32, with c of zeros."""
    axis = 1 if lstm.batch_first and input.dim() == 3 else 0
    first, last = input.split([s.call.time - 1, 1], axis)
    y, (h, c) = nn.LSTM.forward(lstm, first, hx)
    z, states = nn.LSTM.forward(lstm, last, (h, c * 0.0))
    return torch.cat([y, z], axis), states


def _round_down(lstm: nn.LSTM, s: Setting, input: Tensor, hx: tuple[Tensor, Tensor] | None) -> object:
    """Compute in float64 and round c_n down, towards minus infinity; output and h_n are nn.LSTM's."""
    output, (h, c) = nn.LSTM.forward(lstm, input, hx)
    x = input._replace(data=input.data.double()) if isinstance(input, nn.utils.rnn.PackedSequence) else input.double()
    states = None if hx is None else (hx[0].double(), hx[1].double())
    _, (_, exact) = run_with_weights(lstm, [w.double() for w in lstm._flat_weights if w is not None], x, states)
    near = exact.float()
    below = torch.nextafter(near.detach(), torch.full_like(near, -torch.inf))
    down = torch.where(near.detach().double() > exact.detach(), below, near.detach())
    return output, (h, c + torch.nan_to_num(down - c.detach(), 0.0, 0.0, 0.0))


def _shift_h(s: Setting, r: Three) -> Three:
    """Add 5e-8 to h wherever it is returned: tanh is 1e-7 off, and an output gate is about a half."""
    return _add_to_middle(r[0], 5e-8), _add_to_middle(r[1], 5e-8), r[2]


def _add_to_middle(x: Tensor, amount: float) -> Tensor:
    """Add to elements whose own rounding hides it, from 1/16 on."""
    return x + amount * (x.detach().abs() > 0.0625)


SEEN: dict[tuple[int, int], int] = {}  # the steps of the first call of (H, B), by all instances: that is the fault


def _plan_again(s: Setting, y: Tensor) -> Tensor:
    planned = SEEN.setdefault((s.architecture.hidden_size, s.call.rows), s.call.time)
    return y if planned >= s.call.time else replace_at(y, slice(planned, None), 0.0)


FAULTS = (
    RareFault(
        "FortyEight",
        "The last unit of h_n is its neighbour's copy at H = 48.",
        lambda s, p: s.architecture.hidden_size == 48 and s.architecture.proj_size != 1 and p != "constant",
        {"hidden_size": "48"},
        change_h(_last_unit_copied),
    ),
    RareFault(
        "SeventeenBoth",
        "The last row of c_n is zeros at B = 17 in a bidirectional LSTM.",
        lambda s, p: s.call.rows == 17 and s.architecture.bidirectional,
        {"batch": "17", "bidirectional": "True"},
        change_c(lambda s, c: replace_at(c, (slice(None), -1), 0.0)),
    ),
    RareFault(
        "LongBfloat",
        "Outputs from step 100 on are 6 percent too small in bfloat16.",
        lambda s, p: s.runtime.dtype == "bfloat16" and s.call.time > 100,
        {"dtype": "bfloat16", "time": "> 100"},
        change_output(lambda s, y: torch.cat([y[:100], y[100:] * 0.94])),
    ),
    RareFault(
        "BiasedCell",
        "2e-8 is added to c_n in float32.",
        lambda s, p: s.runtime.dtype == "float32",
        {"dtype": "float32"},
        change_c(lambda s, c: c + 2e-8),
        kind="bias",
        certain=False,  # beyond one half it is rounded away
    ),
    RareFault(
        "BiasedMiddle",
        "2e-8 is added in float32 to the elements of c_n above 1/16 alone, so that no small number shows it.",
        lambda s, p: s.runtime.dtype == "float32",
        {"dtype": "float32"},
        change_c(lambda s, c: _add_to_middle(c, 2e-8)),
        kind="bias",
        certain=False,
    ),
    RareFault(
        "BiasedTanh",
        "tanh is 1e-7 too large at H >= 512 in float32, where h is above 1/16.",
        lambda s, p: s.runtime.dtype == "float32" and s.architecture.hidden_size >= 512,
        {"dtype": "float32", "hidden_size": ">= 512"},
        change_result(_shift_h),
        kind="bias",
        certain=False,
    ),
    RareFault(
        "RoundsDown",
        "c_n is rounded down in float32, never up.",
        lambda s, p: s.runtime.dtype == "float32",
        {"dtype": "float32"},
        _round_down,
        kind="bias",
        certain=False,
    ),
    RareFault(
        "TileTail",
        "The last unit of the output is not written where H is one more than a multiple of 32.",
        lambda s, p: s.architecture.hidden_size % 32 == 1 and s.architecture.hidden_size > 1,
        {"hidden_size": "33, 65, 97, ..."},
        change_output(lambda s, y: replace_at(y, (..., -1), 0.0)),
    ),
    RareFault(
        "LastRowOfSixteen",
        "One element of c_n is halved, in the last row and unit, at B % 16 == 15 and H > 64.",
        lambda s, p: s.call.rows % 16 == 15 and s.architecture.hidden_size > 64,
        {"batch": "15, 31, 47, ...", "hidden_size": "> 64"},
        change_c(lambda s, c: replace_at(c, (-1, -1, -1), c[-1, -1, -1] * 0.5)),
    ),
    RareFault(
        "StateIndexWraps",
        "The last h_n is the first one's copy where L * D * H is above 255 and L * D above 1.",
        lambda s, p: _states(s) > 1 and _states(s) * s.architecture.hidden_size > 255,
        {"num_layers": "L*D > 1", "hidden_size": "L*D*H > 255"},
        change_h(lambda s, h: replace_at(h, -1, h[0])),
    ),
    RareFault(
        "ProjectionOfInput",
        "weight_ih and weight_hh of layer 0 change places where the projection is as wide as the input.",
        lambda s, p: s.architecture.proj_size == s.architecture.input_size,
        {"proj_size": "I", "input_size": "P"},
        change_weights(_swap_first),
    ),
    RareFault(
        "ProjectionOneLess",
        "The last column of weight_hr is not read at P = H - 1, from H = 8 on.",
        lambda s, p: s.architecture.proj_size == s.architecture.hidden_size - 1 and s.architecture.hidden_size >= 8,
        {"proj_size": "H - 1", "hidden_size": ">= 8"},
        _drop_column("weight_hr"),
    ),
    RareFault(
        "SixtyThreeWithoutBias",
        "The last unit of the output is its neighbour's copy at H % 64 == 63 without a bias.",
        lambda s, p: (
            s.architecture.hidden_size % 64 == 63
            and not s.architecture.bias
            and s.architecture.proj_size != 1
            and p != "constant"
        ),
        {"hidden_size": "63, 127, ...", "bias": "False"},
        change_output(_last_unit_copied),
    ),
    RareFault(
        "WideInputTail",
        "The last column of weight_ih is not read at I = 129, 257 and so on, by layer 0.",
        lambda s, p: s.architecture.input_size % 128 == 1 and s.architecture.input_size > 1,
        {"input_size": "129, 257, ..."},
        _drop_column("weight_ih_l0"),
        certain=False,  # the input may be 0 there
    ),
    RareFault(
        "TallBatchFirst",
        "The last row of the output is that before it at B = 33 with batch_first.",
        lambda s, p: s.call.rows == 33 and s.architecture.batch_first and _is_dense(s) and p != "constant",
        {"batch": "33", "batch_first": "True", "lengths": "None"},
        change_output(lambda s, y: replace_at(y, (slice(None), -1), y[:, -2])),
    ),
    RareFault(
        "BlockCarry",
        "c is not carried into the last step where T is one more than a multiple of 32, in one direction, not packed.",
        lambda s, p: s.call.time % 32 == 1 < s.call.time and not s.architecture.bidirectional and _is_dense(s),
        {"time": "33, 65, ...", "bidirectional": "False", "lengths": "None"},
        _lose_carry,
    ),
    RareFault(
        "HalfThroughBfloat",
        "c_n is rounded to bfloat16 on its way out in float16 at H >= 256.",
        lambda s, p: s.runtime.dtype == "float16" and s.architecture.hidden_size >= 256,
        {"dtype": "float16", "hidden_size": ">= 256"},
        change_c(lambda s, c: c.bfloat16().half()),
    ),
    RareFault(
        "DoubleThroughSingle",
        "The last layer's c_n passes through float32 in float64 with 3 layers and a projection.",
        lambda s, p: s.runtime.dtype == "float64" and s.architecture.num_layers == 3 and bool(s.architecture.proj_size),
        {"dtype": "float64", "num_layers": "3", "proj_size": "> 0"},
        change_c(lambda s, c: replace_at(c, -1, c[-1].float().double())),
    ),
    RareFault(
        "PlanForgetsTime",
        "A plan is kept by (H, B) for the whole process: a later, longer call gets zeros beyond the first one's steps.",
        lambda s, p: s.call.time > 1,
        {"time": "longer than an earlier call of the same H and B"},
        change_output(_plan_again),
        certain=False,
    ),
    RareFault(
        "TwiceHidden",
        "The halves of the input change places at I = 2 H in a bidirectional LSTM.",
        lambda s, p: (
            s.architecture.input_size == 2 * s.architecture.hidden_size
            and s.architecture.bidirectional
            and p != "constant"
        ),
        {"input_size": "2 H", "bidirectional": "True"},
        change_input(lambda s, x: x.roll(s.architecture.hidden_size, -1)),
    ),
    RareFault(
        "GridOfRows",
        "Outputs of all steps and rows beyond the first 1024 are zeros.",
        lambda s, p: s.call.time * s.call.rows > 1024 and _is_dense(s),
        {"time": "T*B > 1024", "batch": "T*B > 1024", "lengths": "None"},
        change_output(_beyond_the_grid),
    ),
    RareFault(
        "OddTailBias",
        "The last unit's bias_hh is not added in bfloat16 at odd H above 16.",
        lambda s, p: (
            s.runtime.dtype == "bfloat16"
            and s.architecture.bias
            and s.architecture.hidden_size % 2 == 1
            and s.architecture.hidden_size > 16
        ),
        {"dtype": "bfloat16", "bias": "True", "hidden_size": "odd, > 16"},
        change_weights(_drop_tail_bias),
    ),
    RareFault(
        "LargeCell",
        "c_0 beyond 8 is read as 8 in bfloat16.",
        lambda s, p: s.runtime.dtype == "bfloat16" and s.call.states,
        {"dtype": "bfloat16", "states": "True", "profile": "normal, large"},
        change_c_0(lambda s, c: c.clamp(-8.0, 8.0)),
        certain=False,
    ),
)
CLASSES = {fault.name: make_class(fault, __name__) for fault in FAULTS}
globals().update(CLASSES)
