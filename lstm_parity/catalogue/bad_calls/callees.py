"""Who is given the bad calls: nn.LSTM, nn.LSTMCell and both references. `run_bad_call` runs in a child process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.catalogue.bad_calls import BAD, CONSTRUCTORS
from lstm_parity.catalogue.bad_calls.bad_call import BadCall
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.weights import LONG_NAMES, as_numpy

CALLEES = ("nn.LSTM", "nn.LSTMCell", "torch reference", "NumPy reference")
ROWS = (*(f"constructor: {name}" for name in CONSTRUCTORS), *BAD)

_NOT_IN_NUMPY = ("another device", "packed input: ", "bfloat16")


def can_run(subject: str, row: str) -> bool:
    """Whether the subject has such a call at all."""
    if row not in BAD:
        return _constructor(subject, row) is not None
    bad = BAD[row]
    if subject == "torch reference":
        return True
    if subject == "NumPy reference":
        return not any(words in row for words in _NOT_IN_NUMPY)
    return bad.module is not None and bad.function == {"nn.LSTM": "lstm_forward", "nn.LSTMCell": "lstm_cell"}[subject]


def run_bad_call(subject: str, row: str) -> str:
    """Describe what the subject returned from a bad call; its exceptions are passed on."""
    if row not in BAD:
        module = (nn.LSTM if subject == "nn.LSTM" else nn.LSTMCell)(**(_constructor(subject, row) or {}))
        return f"{module}".splitlines()[0]
    if subject == "nn.LSTM":
        return describe_result(_nn_lstm(BAD[row]))
    if subject == "nn.LSTMCell":
        return describe_result(_nn_lstm_cell(BAD[row]))
    if subject == "NumPy reference":
        return describe_result(getattr(numpy_lstm, BAD[row].function)(**numpy_arguments(BAD[row])))
    return describe_result(getattr(torch_lstm, BAD[row].function)(**BAD[row].arguments))


def numpy_arguments(bad: BadCall) -> dict[str, Any]:
    """The arguments of a bad call with arrays, a packed sequence padded, with its lengths."""
    arguments = bad.arguments
    if isinstance(arguments.get("input"), PackedSequence):
        padded, lengths = pad_packed_sequence(arguments["input"])
        arguments |= {"input": padded, "lengths": lengths}
    return {name: as_numpy(value) for name, value in arguments.items()}


def describe_result(returned: Any) -> str:
    """What was returned, in words: shapes, and dtypes where they are not float32."""
    if isinstance(returned, PackedSequence):
        return describe_result(returned.data)
    if isinstance(returned, (tuple, list)):
        return f"({', '.join(map(describe_result, returned))})"
    dtype = str(returned.dtype).removeprefix("torch.")
    return str(list(returned.shape)) + ("" if dtype == "float32" else f" {dtype}")


def _constructor(subject: str, row: str) -> dict[str, Any] | None:
    """All arguments of a constructor; None if the class has no such argument."""
    changes = CONSTRUCTORS[row.removeprefix("constructor: ")]
    if subject == "nn.LSTM":
        return {"input_size": 3, "hidden_size": 4, "num_layers": 2} | changes
    cell = {"input_size": 3, "hidden_size": 4, "bias": True}
    return cell | changes if subject == "nn.LSTMCell" and changes.keys() <= cell.keys() else None


def _nn_lstm(bad: BadCall) -> Any:
    arguments = bad.arguments
    input, weights = arguments["input"], arguments["weights"]
    layers = {"num_layers": len(weights.cells)}
    module = nn.LSTM(**({"input_size": 3, "hidden_size": 4} | layers | dict(bad.module or {})))
    _replace(module, dict(weights.items()))
    if "lengths" in arguments:
        input = pack_padded_sequence(input, arguments["lengths"], module.batch_first, enforce_sorted=False)
    return module(input, arguments["hx"])


def _nn_lstm_cell(bad: BadCall) -> Any:
    arguments = bad.arguments
    module = nn.LSTMCell(**({"input_size": 3, "hidden_size": 4} | dict(bad.module or {})))
    _replace(module, {LONG_NAMES[name]: value for name, value in arguments["weights"].items()})
    return module(arguments["x"], arguments["state"])


def _replace(module: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    """Replace the parameters of a module by others of any shape and dtype; zeros for those that the call leaves out."""
    for name, parameter in list(module.named_parameters()):
        value = weights.get(name, torch.zeros_like(parameter))
        setattr(module, name, nn.Parameter(value, requires_grad=value.is_floating_point()))
