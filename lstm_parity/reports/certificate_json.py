"""A certificate as JSON, for programs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from types import MappingProxyType
from typing import Any

from lstm_parity.judging.spread import BIN_EDGES, Spread, StepSpread
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.reports.certificate import Certificate, Row, Tally
from lstm_parity.reports.deviation import deviation_of
from lstm_parity.reports.json_text import json_text


def certificate_json(certificate: Certificate, more: Mapping[str, Any] = MappingProxyType({})) -> str:
    """Write the whole certificate; more: further fields."""
    return json_text("certificate", 1, {**certificate_fields(certificate), **more})


def certificate_fields(certificate: Certificate) -> dict[str, Any]:
    """Return a certificate as JSON holds it, rows included."""
    return {
        "holds": certificate.holds,
        "verdict": certificate.outcome.value,
        "left_out": certificate.limits,
        "beyond": certificate.beyond,
        "limits": {"worst": WORST_LIMIT, "rms": RMS_LIMIT, "bin_edges": BIN_EDGES},
        "provenance": dict(certificate.provenance),
        "rows": [row_fields(row) for row in certificate.rows],
    }


def row_of(fields: dict[str, Any]) -> Row:
    """Return the row that `row_fields` made these fields of, read back from JSON."""
    numbers = {name: float(fields[name]) for name in ("worst", "rms")}
    lists = {name: tuple(fields[name]) for name in ("failures", "failing")}
    parts = {
        "tallies": {
            axis: {value: Tally(**tally) for value, tally in values.items()}
            for axis, values in fields["tallies"].items()
        },
        "deviations": tuple(map(deviation_of, fields["deviations"])),
        "spreads": tuple(Spread(**{**one, "counts": tuple(one["counts"])}) for one in fields["spreads"]),
        "steps": tuple(StepSpread(**{**one, "counts": tuple(one.get("counts", ()))}) for one in fields["steps"]),
    }
    return Row(**{**fields, **numbers, **lists, **parts, "outcome": Outcome(fields["outcome"])})


def row_fields(row: Row) -> dict[str, Any]:
    """Return a row as JSON holds it."""
    return {**asdict(row), "outcome": row.outcome.value}
