"""Which kernel computes an LSTM, by what torch's profiler sees in a call of each form."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence
from torch.profiler import ProfilerActivity, profile

from lstm_parity.audits.upgrade.measure.bad_calls import mask_addresses
from lstm_parity.cases.setting import DTYPES

_FUSED = ("mkldnn", "onednn", "_thnn", "fused", "quantized", "flex", "zendnn")
_FORMS = (
    "padded",
    "unbatched",
    "packed, equal lengths",
    "packed, varying lengths",
    "projected",
    "bidirectional",
    "cell",
)


def record_kernels() -> dict[str, list[str]]:
    """Return the kernels of every form, dtype and gradient mode; of a call that fails, what it raised."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        combinations = itertools.product(_FORMS, DTYPES, (False, True))
        return {
            f"{form}, {dtype}, {'forward and backward' if grad else 'no_grad'}": _profile_kernels(form, dtype, grad)
            for form, dtype, grad in combinations
        }


def _profile_kernels(form: str, dtype: str, grad: bool) -> list[str]:
    try:
        call = _prepare_call(form, getattr(torch, dtype))
        with profile(activities=[ProfilerActivity.CPU]) as seen, torch.set_grad_enabled(grad):
            result = call()
            if grad:
                torch.autograd.backward(result.sum())
    except Exception as error:  # any exception of torch is its answer
        return [f"{type(error).__name__}: {mask_addresses(str(error))}"]
    return sorted(_canonical_name(event.key for event in seen.key_averages()))


def _canonical_name(operators: Iterator[str]) -> set[str]:
    """Return the operators that compute a whole layer, or a whole cell, at once; else that there were none."""
    found = {name for name in operators if name.startswith("aten::") and any(part in name for part in _FUSED)}
    return {name for name in found if "rnn" in name or "lstm" in name} or {"single operators"}


def _prepare_call(form: str, dtype: torch.dtype) -> Callable[[], torch.Tensor]:
    x = torch.ones(5, 2, 3, dtype=dtype)
    if form == "cell":
        cell = nn.LSTMCell(3, 4, dtype=dtype)
        return lambda: cell(x[0])[0]
    lstm = nn.LSTM(3, 4, dtype=dtype, proj_size=2 * (form == "projected"), bidirectional=form == "bidirectional")
    if form.startswith("packed"):
        packed = pack_padded_sequence(x, torch.tensor([5, 5] if "equal" in form else [5, 2]))
        return lambda: lstm(packed)[0].data
    return lambda: lstm(x[:, 0] if form == "unbatched" else x)[0]
