"""What fifty digits say: every implementation against the stored numbers."""

from __future__ import annotations

import pytest

from lstm_parity.audits.known_answers import judge_known_answer, read_all_known_answers, require_known_answer
from lstm_parity.judging.forward import Outcome

KNOWN = read_all_known_answers()


@pytest.mark.parametrize("name", KNOWN)
def test_an_implementation_returns_the_known_answers(implementation, name, device):
    """In every dtype that holds the given numbers, what is returned is what fifty digits say, to rounding noise."""
    verdicts = [judge_known_answer(KNOWN[name], implementation, dtype, device) for dtype in KNOWN[name].dtypes]
    if all(verdict.outcome is Outcome.REFUSED for verdict in verdicts):
        pytest.skip(verdicts[0].reason)
    for verdict in verdicts:
        if verdict.outcome is not Outcome.REFUSED:
            require_known_answer(KNOWN[name], verdict)
