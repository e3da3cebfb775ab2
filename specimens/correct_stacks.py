"""Correct LSTMs that bring their own stacking, packing or runtime: one more by hand, and those of other packages.

Those of other packages refuse, in words, what they do not have. `pip install onnx onnxruntime opt_einsum scipy`;
`pip install --no-deps opacus`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.stack import State
from lstm_parity.reference.weights import CellWeights, LSTMWeights, to_numpy
from lstm_parity.running.protocol import LSTM
from specimens.correct_layers import biases, finish


@dataclass(frozen=True)
class OverBatchSizes:
    """Whatever comes is packed, and each step has as many rows as its batch size says, as in torch's own loop."""

    name: str = "packed, over batch_sizes"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Called like nn.LSTM."""
        batch_first = setting.architecture.batch_first

        def lstm(input: Any, hx: State | None) -> Any:
            if isinstance(input, PackedSequence):
                return over_batch_sizes(input, hx, weights)
            if input.dim() == 2:
                states = None if hx is None else (hx[0].unsqueeze(1), hx[1].unsqueeze(1))
                output, (h_n, c_n) = lstm(input.unsqueeze(0 if batch_first else 1), states)
                return output.squeeze(0 if batch_first else 1), (h_n.squeeze(1), c_n.squeeze(1))
            rows, steps = input.shape[:2] if batch_first else input.shape[1::-1]
            packed = pack_padded_sequence(input, torch.full((rows,), steps), batch_first)
            output, last = over_batch_sizes(packed, hx, weights)
            return pad_packed_sequence(output, batch_first)[0], last

        return lstm


def over_batch_sizes(packed: PackedSequence, hx: State | None, weights: LSTMWeights) -> tuple[PackedSequence, State]:
    """All layers on packed data; states in the caller's order of rows."""
    data, sizes, rows = packed.data, packed.batch_sizes.tolist(), int(packed.batch_sizes[0])
    order = torch.arange(rows) if packed.sorted_indices is None else packed.sorted_indices
    lasts: list[State] = []
    for directions in weights.cells:
        outputs = []
        for direction, w in enumerate(directions):
            widths = w.output_size, w.hidden_size
            states = hx or [data.new_zeros(len(lasts) + 1, rows, width) for width in widths]
            state = states[0][len(lasts)][order], states[1][len(lasts)][order]
            output, last = one_direction(data, sizes, state, w, direction == 1)
            outputs.append(output)
            lasts.append((last[0][order.argsort()], last[1][order.argsort()]))
        data = torch.cat(outputs, -1)
    return packed._replace(data=data), (torch.stack([h for h, _ in lasts]), torch.stack([c for _, c in lasts]))


def one_direction(data: Tensor, sizes: list[int], state: State, w: CellWeights, reverse: bool) -> tuple[Tensor, State]:
    """One direction of one layer: rows that are not in a step keep their state."""
    (h, c), steps = state, list(data.split(sizes))
    for t in reversed(range(len(sizes))) if reverse else range(len(sizes)):
        n = sizes[t]
        new_h, new_c = finish(steps[t] @ w.w_ih.t() + h[:n] @ w.w_hh.t() + biases(w), c[:n], w)
        h, c, steps[t] = torch.cat([new_h, h[n:]]), torch.cat([new_c, c[n:]]), new_h
    return torch.cat(steps), (h, c)


@dataclass(frozen=True)
class Opacus:
    """`opacus.layers.DPLSTM`."""

    name: str = "Opacus's DPLSTM"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """It has no projection, and says so; without a batch it returns a wrong shape, which it does not say."""
        if setting.architecture.proj_size:
            return "DPLSTM has no proj_size"
        if setting.call.batch is None:
            return "DPLSTM takes batches only"
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A module with these weights, by the names of nn.LSTM's."""
        from opacus.layers import DPLSTM

        arguments = {name: value for name, value in setting.architecture.arguments().items() if name != "proj_size"}
        module: nn.Module = DPLSTM(**arguments).to(getattr(torch, setting.runtime.dtype)).eval()
        module.load_state_dict(dict(weights.items()))
        return module


def onnx_layer(session: Callable[[int, Any], Callable[[dict[str, Any]], Any]]) -> Callable[..., Any]:
    """A layer that is one LSTM node of ONNX, run by the session of a hidden size and a dtype."""

    def layer(input: Tensor, state: State, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Any:
        from specimens.other_suites import IOFC

        def ordered(rows: Tensor) -> np.ndarray:
            gates = rows.chunk(4)
            return to_numpy(torch.cat([gates[IOFC.index(k)] for k in range(4)]))[None]

        h, c = (to_numpy(part)[None] for part in state)
        biases = np.concatenate([ordered(b_ih), ordered(b_hh)], 1)
        given = {
            "X": to_numpy(input.transpose(0, 1)),
            "W": ordered(w_ih),
            "R": ordered(w_hh),
            "B": biases,
            "h": h,
            "c": c,
        }
        y, y_h, y_c = map(torch.from_numpy, session(w_hh.shape[1], given["X"].dtype)(given))
        return y[:, 0].transpose(0, 1), (y_h[0], y_c[0])

    return layer


@dataclass(frozen=True)
class Onnx(FromLayer):
    """A layer by ONNX, in the dtypes that its runtime has."""

    dtypes: tuple[str, ...] = ("float64", "float32")

    def unsupported_reason(self, setting: Setting) -> str | None:
        """The dtypes that it has not."""
        dtype = setting.runtime.dtype
        return (
            super().unsupported_reason(setting) if dtype in self.dtypes else f"{self.name} does not compute in {dtype}"
        )


def onnx_model(hidden_size: int, dtype: Any) -> Any:
    """A model of one LSTM node."""
    from onnx import helper

    kind = helper.np_dtype_to_tensor_dtype(dtype)
    ranks = {"X": 3, "W": 3, "R": 3, "B": 2, "h": 3, "c": 3}
    inputs = [helper.make_tensor_value_info(name, kind, [None] * rank) for name, rank in ranks.items()]
    outputs = [
        helper.make_tensor_value_info(name, kind, [None] * rank) for name, rank in {"Y": 4, "H": 3, "C": 3}.items()
    ]
    names = ["X", "W", "R", "B", "", "h", "c"]
    node = helper.make_node("LSTM", names, ["Y", "H", "C"], hidden_size=hidden_size)
    graph = helper.make_graph([node], "lstm", inputs, outputs)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)


@cache
def reference_session(hidden_size: int, dtype: Any) -> Callable[[dict[str, Any]], Any]:
    """ONNX's reference in NumPy."""
    from onnx.reference import ReferenceEvaluator

    evaluator = ReferenceEvaluator(onnx_model(hidden_size, dtype))
    return lambda given: evaluator.run(None, given)


@cache
def runtime_session(hidden_size: int, dtype: Any) -> Callable[[dict[str, Any]], Any]:
    """ONNX Runtime on one thread."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    made = onnxruntime.InferenceSession(
        onnx_model(hidden_size, dtype).SerializeToString(), options, providers=["CPUExecutionProvider"]
    )
    return lambda given: made.run(None, given)
