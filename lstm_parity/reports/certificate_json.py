"""A certificate as JSON, for programs."""

from __future__ import annotations

import json
import math
from typing import Any

from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT
from lstm_parity.reports.certificate import Certificate, Row

_FORMAT = "lstm-parity certificate 1"


def certificate_json(certificate: Certificate) -> str:
    """The whole certificate; an infinite distance is written as the string "inf", which JSON has no number for."""
    content = {
        "format": _FORMAT,
        "holds": certificate.holds,
        "limits": {"worst": WORST_LIMIT, "rms": RMS_LIMIT},
        "provenance": dict(certificate.provenance),
        "rows": [finite_numbers(row) for row in certificate.rows],
    }
    return json.dumps(content, indent=1, allow_nan=False) + "\n"


def finite_numbers(row: Row) -> dict[str, Any]:
    """A row as JSON holds it."""
    plain = {**vars(row), "outcome": row.outcome.value}
    return {name: _number(value) for name, value in plain.items()}


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value
