"""A verification as a page, with what its diagnosis says."""

from __future__ import annotations

from lstm_parity.audits.identify import identification_fields
from lstm_parity.audits.known.entry import KnownResult
from lstm_parity.audits.pages.identification import draw_curves, identification_sections
from lstm_parity.audits.verification.verify import Verification
from lstm_parity.diagnosis.forward import Diagnosis
from lstm_parity.reports.html.certificate_page import Explained, Proven, certificate_page


def verification_page(found: Verification, diagnosis: Diagnosis | None = None, known: KnownResult | None = None) -> str:
    """Return the page of a verification. Raises ModuleNotFoundError if jinja2 is not installed."""
    proven = Proven(found.proof.killed, found.proof.survivors) if found.proof else None
    explained = None if diagnosis is None else _explain_diagnosis(diagnosis)
    if (seen := found.identified) is None:
        return certificate_page(found.certificate, explained, proven, found.remarks, known=known)
    fields = identification_fields(seen.name, seen.found, seen.sheets, diagnosis)
    more = {"identification": {**fields, "page": {"curves": draw_curves(seen.sheets)}}}
    sections = identification_sections(seen.sheets, seen.name, "/identification")
    return certificate_page(
        found.certificate, explained, proven, found.remarks, more=more, sections=sections, known=known
    )


def _explain_diagnosis(found: Diagnosis) -> Explained:
    """Return what a page says of a diagnosis."""
    if found.mistake is not None:
        known = found.mistake
        alike = tuple(f"or like {other.name}: {other.description}" for other in found.equivalents)
        reported = (f"reported at {known.reported_at}",) if known.reported_at else ()
        return Explained(known.name, known.description, known.fix, found.where, (*alike, *reported, *found.notes))
    if found.summary:
        return Explained(found.summary, where=found.where, notes=found.notes)
    first, *others = found.text.splitlines()
    return Explained("", first, where=found.where, notes=tuple(others))
