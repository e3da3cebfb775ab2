"""A verification as a report: the certificate, with what a diagnosis, a proof and known deviations say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_parity.audits.known.entry import KnownResult
from lstm_parity.reports.certificate import INTERRUPTED, Certificate
from lstm_parity.reports.certificate_json import certificate_json
from lstm_parity.reports.certificate_text import certificate_text
from lstm_parity.reports.formats.badge import badge_json
from lstm_parity.reports.formats.certificate_junit import certificate_tests
from lstm_parity.reports.formats.certificate_markdown import certificate_markdown
from lstm_parity.reports.formats.junit import junit_xml
from lstm_parity.reports.formats.known import known_fields, known_markdown, known_text
from lstm_parity.reports.formats.markdown import Document, code_block
from lstm_parity.reports.formats.report import Report


def find_exit_code(certificate: Certificate, known: KnownResult | None) -> int:
    """Return the certificate's exit code, or, with known deviations, 1 unless all is as they say.

    If all that is wrong is known, what is left decides: 3 if something of it was not judged.
    """
    if known is None:
        return certificate.exit_code
    rest = replace(certificate, rows=tuple(row for row in certificate.rows if not row.outcome.is_wrong))
    nothing_left = bool(certificate.rows) and not rest.rows and INTERRUPTED not in certificate.limits
    return 1 if not known.holds else 0 if rest.holds or nothing_left else 3


def certificate_report(
    certificate: Certificate, more: Sequence[str] = (), known: KnownResult | None = None, code: int | None = None
) -> Report:
    """Return a certificate as a report; more: paragraphs behind it, such as a diagnosis.

    code: what the command exits with, if that is not the certificate's own.
    """
    code = find_exit_code(certificate, known) if code is None else code

    def write_text(width: int) -> str:
        parts = [certificate_text(certificate, width).rstrip("\n"), *more, *([known_text(known)] if known else [])]
        return "\n\n".join(parts) + "\n"

    def write_markdown() -> Document:
        first, *others = certificate_markdown(certificate)
        return [first, *(known_markdown(known) if known else ()), *map(code_block, more), *others]

    def write_junit() -> str:
        return junit_xml("lstm-parity", certificate_tests(certificate, known, code), certificate.provenance)

    files = {
        "junit": write_junit,
        "badge": lambda: badge_json(certificate, as_known=known is not None and known.holds),
    }
    fields = {"known": known_fields(known)} if known else {}
    return Report(write_text, write_markdown, lambda: certificate_json(certificate, fields), files)
