"""A certificate as JSON, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.reports.certificate import Certificate, Row
from lstm_parity.reports.json_text import json_text


def certificate_json(certificate: Certificate, more: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Write the whole certificate; more: further fields."""
    content = {
        "holds": certificate.holds,
        "verdict": certificate.outcome.value,
        "left_out": certificate.limits,
        "limits": {"worst": WORST_LIMIT, "rms": RMS_LIMIT},
        "provenance": dict(certificate.provenance),
        "rows": [row_fields(row) for row in certificate.rows],
        **more,
    }
    return json_text("certificate", 1, content)


def row_of(fields: dict[str, Any]) -> Row:
    """Return the row that `row_fields` made these fields of, read back from JSON."""
    numbers = {name: float(fields[name]) for name in ("worst", "rms")}
    lists = {name: tuple(fields[name]) for name in ("failures", "failing")}
    return Row(**{**fields, **numbers, **lists, "outcome": Outcome(fields["outcome"])})


def row_fields(row: Row) -> dict[str, Any]:
    """Return a row as JSON holds it."""
    return {**vars(row), "outcome": row.outcome.value}
