"""Paddle live."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle

from framework_tests.common import built, on_padding
from lstm_parity.cases.case import parse_case
from lstm_parity.implementations.frameworks.adapters.paddle_lstm import build, make_lstm
from lstm_parity.reference.conventions.paddle import state_dict
from lstm_parity.reference.weights import LSTMWeights


def weights_of(words: str) -> tuple[Any, LSTMWeights]:
    """A module of a setting and its weights."""
    some = parse_case(f"{words}-float32-normal-1")
    weights = some.weights.map(lambda w: w.astype(np.float32))
    return make_lstm(some.setting, weights), weights


def names_agree(words: str) -> bool:
    """Whether the names of a module's state_dict are those that the convention says."""
    module, weights = weights_of(words)
    own = {name: value.numpy() for name, value in module.state_dict().items()}
    return all(np.array_equal(own[name], array) for name, array in state_dict(weights).items())


def loaded_by_name(words: str) -> float:
    """How far a module is off that was given torch's state_dict as it is."""
    run, weights, x, states = built(build, f"{words}-float32")
    module, _ = weights_of(words)
    exact = run(x, states, None)[0]
    other = paddle.nn.LSTM(module.input_size, module.hidden_size, module.num_layers, proj_size=module.proj_size)
    other.set_state_dict({n: np.ascontiguousarray(a) for n, a in weights.items() if list(a.shape) == shape(other, n)})
    output, _ = other(paddle.to_tensor(np.ascontiguousarray(x.swapaxes(0, 1))), tuple(map(paddle.to_tensor, states)))
    return float(np.abs(output.numpy().swapaxes(0, 1) - exact).max())


def shape(module: Any, name: str) -> list[int]:
    """The shape of a weight of that name, none if there is none."""
    own = module.state_dict()
    return list(own[name].shape) if name in own else []


def without(bias: str) -> list[int]:
    """Run an LSTM that has one bias only: the shape of what it returns."""
    module = paddle.nn.LSTM(6, 8, **{f"bias_{bias}_attr": False})
    return list(module(paddle.zeros([4, 3, 6]))[0].shape)


def without_recurrent_weights() -> list[bool]:
    """An LSTM that is told to have none: whether those it has are all 1, and whether they learn."""
    weight = paddle.nn.LSTM(6, 8, weight_hh_attr=False)[0].cell.weight_hh
    return [bool((weight.numpy() == 1).all()), not weight.stop_gradient]


def cell_without_states() -> list[int]:
    """Run a projected cell from its own zeros: the shape of h."""
    return list(paddle.nn.LSTMCell(6, 8, proj_size=3)(paddle.zeros([4, 6]))[0].shape)


def padding(words: str) -> float:
    """The largest number beyond the end of a row."""
    return on_padding(build, words)


def tutorial(seed: int) -> dict[str, Any]:
    """The seed 000, its module run on its case."""
    run, _, x, _ = built(build, "I6-H8-L2-bf-T3-B4-nostates-float32", seed)
    output, h, c = run(x, None, None)
    y = np.asarray(output).swapaxes(0, 1)
    return {"shapes": [list(a.shape) for a in (y, h, c)], "last": bool(np.array_equal(y[:, -1], h[-1]))}


def parameters(batch: int, time: int) -> int:
    """What `paddle.summary` counts for a batch of so many rows and steps."""
    return int(paddle.summary(paddle.nn.LSTM(6, 8, num_layers=2), (batch, time, 6))["total_params"])
