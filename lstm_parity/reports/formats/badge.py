"""A certificate as the JSON of a badge, which https://shields.io/badges/endpoint-badge shows."""

from __future__ import annotations

import json

from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import Certificate

_COLORS = {Outcome.PARITY: "brightgreen", Outcome.NOT_ENOUGH: "lightgrey", Outcome.NOT_JUDGED: "lightgrey"}


def badge_json(certificate: Certificate, as_known: bool = False) -> str:
    """Write a badge; as_known: whether everything that deviates is known, which a badge says, and not PARITY."""
    outcome = certificate.outcome
    words = "known deviations" if as_known and outcome.is_wrong else outcome.value
    color = "yellow" if as_known and outcome.is_wrong else _COLORS.get(outcome, "red")
    left_out = f" ({certificate.limits})" if certificate.limits else ""
    badge = {"schemaVersion": 1, "label": "LSTM parity", "message": f"{words}{left_out}", "color": color}
    return json.dumps(badge | {"isError": color == "red"}) + "\n"
