"""Cases per second of the tests that others have of LSTMs: Opacus's, torch's own, and a typical property test.

Opacus's is the pattern of `opacus/tests/dp_layers/dp_rnn_test.py`, forward: DPLSTM with nn.LSTM's weights, compared by
`torch.allclose`, with that file's sizes and tolerances. torch's is the pattern of `test_non_contiguous_tensors` of
`test/test_modules.py`, forward, on the inputs of nn.LSTM in its ModuleInfo database. Each is left out if its package is
missing: `pip install --no-deps opacus opt_einsum scipy expecttest`.
"""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import nn

CASES = 200
Work = Callable[[], int]  # returns how many cases it compared


@settings(max_examples=CASES, deadline=None, database=None)
@given(seed=st.integers(0, 2**32), time=st.integers(1, 6), batch=st.integers(1, 5), hidden=st.integers(1, 9))
def _property(seed: int, time: int, batch: int, hidden: int) -> None:
    torch.manual_seed(seed)
    lstm, cell = nn.LSTM(5, hidden), nn.LSTMCell(5, hidden)
    cell.load_state_dict({name.removesuffix("_l0"): value for name, value in lstm.state_dict().items()})
    x = torch.randn(time, batch, 5)
    with torch.no_grad():
        output, _ = lstm(x)
        state, outputs = (torch.zeros(batch, hidden), torch.zeros(batch, hidden)), []
        for t in range(time):
            state = cell(x[t], state)
            outputs.append(state[0])
        torch.testing.assert_close(torch.stack(outputs), output)


def hypothesis_with_assert_close() -> int:
    """A typical property test: nn.LSTM against a loop over nn.LSTMCell, by torch.testing.assert_close."""
    _property()
    return CASES


def opacus_dp_rnn_test() -> int:
    """DPLSTM against nn.LSTM over the sizes of Opacus's test."""
    from opacus.layers import DPLSTM

    sizes = list(itertools.product((1, 3), (2, 4), (5, 7), (3, 6), (1, 2), (False, True), (False, True)))
    for batch, time, features, hidden, layers, bidirectional, bias in sizes:
        given = {"num_layers": layers, "bias": bias, "bidirectional": bidirectional, "batch_first": True}
        lstm, other = nn.LSTM(features, hidden, **given), DPLSTM(features, hidden, **given)
        other.load_state_dict(lstm.state_dict())
        x = torch.randn(batch, time, features)
        pairs = zip(_flat(lstm(x)), _flat(other(x)), strict=True)
        assert all(torch.allclose(one, two, atol=1e-5, rtol=1e-3) for one, two in pairs)
    return len(sizes)


def torch_module_info() -> int:
    """nn.LSTM on the inputs of torch's database, contiguous and not."""
    from torch.testing._internal.common_modules import module_db
    from torch.testing._internal.common_utils import noncontiguous_like

    (info,) = (one for one in module_db if one.module_cls is nn.LSTM)
    with torch.no_grad():
        inputs = info.module_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=True)
        for one in inputs:
            module = nn.LSTM(*one.constructor_input.args, **one.constructor_input.kwargs)
            args = one.forward_input.args
            strided = _apply(noncontiguous_like, args)
            torch.testing.assert_close(module(*strided), module(*args))
    return len(inputs)


def _apply(function: Callable[[Any], Any], given: Any) -> Any:
    if isinstance(given, torch.Tensor):
        return function(given)
    return tuple(_apply(function, one) for one in given) if isinstance(given, tuple) else given


def _flat(given: Any) -> Iterator[Any]:
    if isinstance(given, torch.Tensor):
        yield given
    else:
        for one in given:
            yield from _flat(one)


def available() -> dict[str, Work]:
    """Those whose packages are there, by name."""
    found: dict[str, Work] = {}
    for work in (hypothesis_with_assert_close, opacus_dp_rnn_test, torch_module_info):
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                work()
        except ImportError:
            continue
        found[work.__name__.replace("_", " ")] = work
    return found
