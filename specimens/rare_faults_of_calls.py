"""LSTMs that are wrong in one way of calling, one runtime, one kind of numbers or one gradient, else nn.LSTM's bits.

A sweep has to find each of them alone: `module:specimens/rare_faults_of_calls.py:NAME`. `FAULTS` is the truth.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.setting import Setting
from specimens.rare_layers import (
    Act,
    RareFault,
    RareLayer,
    change_c,
    change_h,
    change_input,
    change_output,
    change_weights,
    from_canonical,
    make_class,
    replace_at,
    run_with_weights,
    to_canonical,
)
from specimens.unseen_faults.faulty import differently


def _ties(s: Setting) -> list[int]:
    """The lengths that more than one row has."""
    return [length for length, n in Counter(s.call.lengths or ()).items() if n > 1]


def _is_varied(s: Setting) -> bool:
    """Whether the call is packed with lengths that are not all equal."""
    return s.call.lengths is not None and len(set(s.call.lengths)) > 1


def _threads(s: Setting) -> int:
    return s.runtime.threads or torch.get_num_threads()


def _swap_tied(s: Setting, h: Tensor) -> Tensor:
    """Swap the first two rows of the greatest length that more than one row has."""
    lengths, tied = s.call.lengths or (), max(_ties(s))
    one, other = [k for k, length in enumerate(lengths) if length == tied][:2]
    return replace_at(h, (slice(None), [one, other]), h[:, [other, one]])


def _split_badly(s: Setting, y: Tensor) -> Tensor:
    half = s.call.rows // 2
    return replace_at(y, (slice(None), half), y[:, half - 1])


def _read_padding(lstm: RareLayer, s: Setting, input: PackedSequence, hx: Any) -> Any:
    """Run the backward direction from the last padded step, over zeros; h_n and c_n are nn.LSTM's."""
    output, last = nn.LSTM.forward(lstm, input, hx)
    padded = to_canonical(lstm, input)
    y, _ = nn.LSTM.forward(lstm, padded.transpose(0, 1) if lstm.batch_first else padded, hx)
    y = y.transpose(0, 1) if lstm.batch_first else y
    size = s.architecture.output_size
    both = torch.cat([to_canonical(lstm, output)[..., :size], y[..., size:]], -1)
    return from_canonical(lstm, both, output), last


def _refuse_view(*_: Any) -> Any:
    raise RuntimeError("view size is not compatible with input tensor's size and stride")


def _scale_gradient(part: str, factor: float) -> Act:
    """Scale the gradients of the weights whose name holds `part`."""
    return change_weights(
        lambda s, ws: {n: differently(w, lambda g, _: g * factor) if part in n else w for n, w in ws.items()}
    )


def _skip_last_row(lstm: RareLayer, s: Setting, input: Any, hx: Any) -> Any:
    """Leave the last row's part out of all gradients of weights: numbers as they are, that row's weights detached."""
    output, last = nn.LSTM.forward(lstm, input, hx)
    frozen = [w.detach() for w in lstm._flat_weights if w is not None]
    other, states = run_with_weights(lstm, frozen, input, hx)
    y, z = to_canonical(lstm, output), to_canonical(lstm, other)
    mixed = (torch.cat([a[:, :-1], b[:, -1:]], 1) for a, b in ((y, z), *zip(last, states, strict=True)))
    y, h, c = mixed
    return from_canonical(lstm, y, output), (h, c)


def _lose_c_0(lstm: RareLayer, s: Setting, input: Any, hx: Any) -> Any:
    return nn.LSTM.forward(lstm, input, (hx[0], differently(hx[1], lambda g, _: g * 0.0)))


def _truncate(lstm: RareLayer, s: Setting, input: Tensor, hx: Any) -> Any:
    """Differentiate through the last 64 steps alone; the numbers are those of the whole call."""
    axis = 1 if lstm.batch_first and input.dim() == 3 else 0
    whole, states = nn.LSTM.forward(lstm, input, hx)
    first, rest = input.split([s.call.time - 64, 64], axis)
    y, last = nn.LSTM.forward(lstm, first, hx)
    z, ends = nn.LSTM.forward(lstm, rest, tuple(state.detach() for state in last))
    output, h, c = (
        value.detach() + (own - own.detach())
        for value, own in zip((whole, *states), (torch.cat([y, z], axis), *ends), strict=True)
    )
    return output, (h, c)


def _look_up(s: Setting, x: Tensor) -> Tensor:
    return x.roll(1, -1)


FAULTS = (
    RareFault(
        "EqualLengths",
        "h_n comes with its rows moved on by one if all lengths of a packed call are equal and need no sorting.",
        lambda s, p: (
            s.call.lengths is not None
            and len(set(s.call.lengths)) == 1 < s.call.rows
            and not s.call.enforce_sorted
            and p != "constant"
        ),
        {"lengths": "all equal", "enforce_sorted": "False"},
        change_h(lambda s, h: h.roll(1, 1)),
    ),
    RareFault(
        "TwoTies",
        "Two rows of c_n change places if exactly two lengths of a packed call are shared by several rows.",
        lambda s, p: len(_ties(s)) == 2 and p != "constant",
        {"lengths": "two ties"},
        change_c(_swap_tied),
    ),
    RareFault(
        "StridedBatchFirst",
        "Rows of the input are moved on by one if it is strided and batch_first.",
        lambda s, p: (
            s.call.strided
            and s.architecture.batch_first
            and s.call.lengths is None
            and s.call.rows > 1
            and p != "constant"
        ),
        {"strided": "True", "batch_first": "True", "lengths": "None"},
        change_input(lambda s, x: x.roll(1, 1)),
    ),
    RareFault(
        "AloneBothWaysFromZero",
        "c_n of the backward direction is zeros in an unbatched, bidirectional call without states.",
        lambda s, p: not s.call.states and s.call.batch is None and s.architecture.bidirectional,
        {"states": "False", "batch": "None", "bidirectional": "True"},
        change_c(lambda s, c: replace_at(c, slice(1, None, 2), 0.0)),
    ),
    RareFault(
        "InferenceWithoutBias",
        "bias_hh is not added in inference mode with more than one layer.",
        lambda s, p: s.runtime.grad_mode == "inference" and s.architecture.bias and s.architecture.num_layers > 1,
        {"grad_mode": "inference", "bias": "True", "num_layers": "> 1"},
        change_weights(lambda s, ws: {n: w * 0.0 if "bias_hh" in n else w for n, w in ws.items()}),
    ),
    RareFault(
        "TwoThreads",
        "The output's first row of the second half of a batch is that before it with two threads and B * H > 64.",
        lambda s, p: (
            _threads(s) == 2
            and s.call.rows > 1
            and s.call.rows * s.architecture.hidden_size > 64
            and s.call.lengths is None
            and p != "constant"
        ),
        {"threads": "2", "batch": "B*H > 64", "hidden_size": "B*H > 64", "lengths": "None"},
        change_output(_split_badly),
    ),
    RareFault(
        "FreshMemory",
        "An element of c_n is NaN with deterministic algorithms, no states and three layers.",
        lambda s, p: s.runtime.deterministic and not s.call.states and s.architecture.num_layers == 3,
        {"deterministic": "True", "states": "False", "num_layers": "3"},
        change_c(lambda s, c: replace_at(c, (-1, 0, 0), torch.nan)),
        certain=False,  # a profile may have NaN there
    ),
    RareFault(
        "NativeProjection",
        "h_n is 2 percent too small with a projection, no bias and no library's kernels.",
        lambda s, p: not s.runtime.mkldnn and not s.architecture.bias and s.architecture.proj_size > 0,
        {"mkldnn": "False", "bias": "False", "proj_size": "> 0"},
        change_h(lambda s, h: h * 0.98),
    ),
    RareFault(
        "SortedReadsPadding",
        "The backward direction starts in the padding of a sorted packed call without states.",
        lambda s, p: _is_varied(s) and s.call.enforce_sorted and not s.call.states and s.architecture.bidirectional,
        {"enforce_sorted": "True", "states": "False", "bidirectional": "True"},
        _read_padding,
    ),
    RareFault(
        "FirstRowOfOneStep",
        "h_n of the first row is zeros if its length is 1, in a packed call with others longer.",
        lambda s, p: _is_varied(s) and s.call.lengths is not None and s.call.lengths[0] == 1,
        {"lengths": "the first row's is 1"},
        change_h(lambda s, h: replace_at(h, (slice(None), 0), 0.0)),
    ),
    RareFault(
        "SortedStridedStack",
        "A sorted packed call with strided data raises RuntimeError with two layers.",
        lambda s, p: s.call.enforce_sorted and s.call.strided and s.architecture.num_layers == 2,
        {"enforce_sorted": "True", "strided": "True", "num_layers": "2"},
        _refuse_view,
        kind="raises",
    ),
    RareFault(
        "AloneSquare",
        "The output is in reverse order of steps in an unbatched call with T = I above 1.",
        lambda s, p: s.call.batch is None and s.call.time == s.architecture.input_size > 1,
        {"batch": "None", "time": "I", "input_size": "T"},
        change_output(lambda s, y: y.flip(0)),
    ),
    RareFault(
        "OneHotLookedUp",
        "One-hot input rows are looked up, one column beside the right one.",
        lambda s, p: p == "one_hot" and s.architecture.input_size > 1,
        {"profile": "one_hot", "input_size": "> 1"},
        change_input(_look_up),
    ),
    RareFault(
        "RepeatedInput",
        "Input after the first step is 3 percent too small if all steps of a batch have the same, and I > 1.",
        lambda s, p: (
            p in ("memory", "constant")
            and s.call.time > 1
            and s.architecture.input_size > 1
            and s.call.batch is not None
            and s.call.lengths is None
        ),
        {"profile": "memory, constant", "time": "> 1", "lengths": "None"},
        change_input(lambda s, x: torch.cat([x[:1], x[1:] * 0.97])),
    ),
    RareFault(
        "SmallestInput",
        "c_n is NaN if the whole input is below 1e-30: it is divided by its square.",
        lambda s, p: p == "denormal" and s.runtime.dtype != "float16",
        {"profile": "denormal", "dtype": "all but float16"},
        change_c(lambda s, c: c * torch.nan),
    ),
    RareFault(
        "NotFinite",
        "NaN and infinities in the input are read as 0 in a bidirectional call that is not packed.",
        lambda s, p: p == "non_finite" and s.architecture.bidirectional and s.call.lengths is None,
        {"profile": "non_finite", "bidirectional": "True", "lengths": "None"},
        change_input(lambda s, x: x.nan_to_num(0.0, 0.0, 0.0)),
        certain=False,  # c_0 is not finite either
    ),
    RareFault(
        "ThirdProjectionGradient",
        "The gradients of weight_hr are half as large again with three layers.",
        lambda s, p: s.architecture.num_layers == 3 and s.architecture.proj_size > 0,
        {"num_layers": "3", "proj_size": "> 0"},
        _scale_gradient("weight_hr", 1.5),
        kind="gradients",
    ),
    RareFault(
        "LastRowGradient",
        "The last row has no part in the weights' gradients where B is one more than a multiple of 32.",
        lambda s, p: s.call.rows % 32 == 1 < s.call.rows,
        {"batch": "33, 65, ..."},
        _skip_last_row,
        kind="gradients",
    ),
    RareFault(
        "AloneStateGradient",
        "The gradient of c_0 is zeros in an unbatched call without a bias.",
        lambda s, p: s.call.states and s.call.batch is None and not s.architecture.bias,
        {"states": "True", "batch": "None", "bias": "False"},
        _lose_c_0,
        kind="gradients",
    ),
    RareFault(
        "TruncatedGradient",
        "The backward pass stops 64 steps from the end, in one direction, not packed.",
        lambda s, p: s.call.time > 64 and not s.architecture.bidirectional and s.call.lengths is None,
        {"time": "> 64", "bidirectional": "False", "lengths": "None"},
        _truncate,
        kind="gradients",
        certain=False,  # a memory shorter than 64 steps hides it
    ),
)
CLASSES = {fault.name: make_class(fault, __name__) for fault in FAULTS}
globals().update(CLASSES)
