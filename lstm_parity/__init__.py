"""The engine of one question: is the difference between two LSTMs rounding noise, or a bug, and which bug.

`check(MyLSTM)` judges a class or function in a test of yours, `identify(MyLSTM)` recovers what it computes, and
`measure_arithmetic(MyLSTM)` what it rounds where. The other names are the parts of a check: a `Case` is run by an
implementation (`observe`), judged (`judge`) and, if it deviates, diagnosed (`diagnose`).
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lstm_parity.audits.check import check
    from lstm_parity.audits.identify import identify, measure_arithmetic
    from lstm_parity.cases.case import Case
    from lstm_parity.diagnosis.forward import diagnose
    from lstm_parity.judging.forward import judge
    from lstm_parity.running.observe import observe

__all__ = ["Case", "__version__", "check", "diagnose", "identify", "judge", "measure_arithmetic", "observe"]
_PLACES = {
    "check": "lstm_parity.audits.check",
    "identify": "lstm_parity.audits.identify",
    "measure_arithmetic": "lstm_parity.audits.identify",
    "Case": "lstm_parity.cases.case",
    "observe": "lstm_parity.running.observe",
    "judge": "lstm_parity.judging.forward",
    "diagnose": "lstm_parity.diagnosis.forward",
}
__version__: str


def __getattr__(name: str) -> Any:
    """Import a name when it is first used, so that importing a part of the engine stays quick."""
    if name == "__version__":
        return importlib.import_module("lstm_parity.version").find_version()
    if name in _PLACES:
        return getattr(importlib.import_module(_PLACES[name]), name)
    raise AttributeError(f"module 'lstm_parity' has no attribute {name!r}")
