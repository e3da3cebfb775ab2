"""What a verified implementation computes, for its page: its equations, and the data sheet of its arithmetic."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lstm_parity.cases.setting import DTYPES, Runtime
from lstm_parity.identification.arithmetic.sheet import DataSheet, measure_data_sheet
from lstm_parity.identification.model import Identification, identify_implementation
from lstm_parity.identification.probe import ProbeError
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import Certificate
from lstm_parity.running.protocol import Implementation

_USUAL = "float32"


@dataclass(frozen=True, eq=False)
class Identified:
    """What was recovered of an implementation: nothing if it cannot be probed; sheets: none if it is no LSTM."""

    name: str
    found: Identification
    sheets: Sequence[DataSheet] = ()


def identify_judged(implementation: Implementation, certificate: Certificate) -> Identified | None:
    """Recover what a judged implementation computes; None if it fails, so that calls of it may take long.

    Its arithmetic is measured in the first dtype that is wrong, by default in float32, if its equations are right.
    """
    if certificate.outcome is Outcome.FAILED or not certificate.rows:
        return None
    try:
        found = identify_implementation(implementation)
    except ProbeError as error:
        return Identified(implementation.name, Identification(None, (), f"it cannot be probed: {error}"))
    if found.equations is None or found.equations.differing:
        return Identified(implementation.name, found)
    try:
        sheet = measure_data_sheet(implementation, Runtime(_choose_dtype(certificate)))
    except ProbeError:
        return Identified(implementation.name, found)
    return Identified(implementation.name, found, (sheet,))


def _choose_dtype(certificate: Certificate) -> str:
    wrong = [row.dtype for row in certificate.rows if row.outcome.is_wrong]
    judged = {row.dtype for row in certificate.rows}
    return next(iter(wrong), _USUAL if _USUAL in judged else min(judged, key=DTYPES.index))
