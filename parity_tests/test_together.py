"""Everything at once: what is right axis by axis may be wrong where they meet."""

from __future__ import annotations

import pytest
from hypothesis import given, settings

from lstm_parity.implementations.references import TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.parity_tests.strategies import agrees, cases
from lstm_parity.parity_tests.test_relations import run, same

EXAMPLES = 200  # the tests below see all axes at once, so they are given more


@pytest.mark.most_sensitive
@settings(max_examples=EXAMPLES)
@given(case=cases())
def test_any_setting_is_computed_as_the_equations_say(implementation, case):
    """Every axis free."""
    assert agrees(implementation, case)


@given(case=cases())
def test_it_is_the_lstm_that_torch_computes(implementation, case):
    """Side by side with nn.LSTM, or nn.LSTM with the reference, where noise has not drowned the trajectory."""
    other = TorchReference() if isinstance(implementation, TorchLSTM) else TorchLSTM()

    assert same(implementation, case, run(other, case))
