"""A certificate as a page."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from lstm_parity.reports.certificate import INTERRUPTED, WORST_FIRST, Certificate, Row
from lstm_parity.reports.certificate_json import certificate_fields, row_fields
from lstm_parity.reports.certificate_text import describe_conclusion, describe_styles
from lstm_parity.reports.html.render import Page, Section, render_page
from lstm_parity.reports.html.summary import sum_map, summarize

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult

_MAX_ROWS = 200  # of a page; more are only counted
_MAX_FAILING = 20  # cases of a row that are listed
_MAX_DEVIATIONS = 12  # shown in full
_BYTES = 600_000  # of the details of rows that are embedded
_DETAILS = ("tallies", "coverage", "uncovered", "spreads", "steps", "deviations", "failures")
_FIGURES = ("judged", "deviate", "refused", "not judged", "worst")


@dataclass(frozen=True)
class Explained:
    """What is wrong, as a diagnosis says it.

    name: of a known mistake or an arithmetic, or what it does, empty if nothing explains it. what: in words. change: to
    get right; where: it shows. notes: further sentences.
    """

    name: str
    what: str = ""
    change: str = ""
    where: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proven:
    """The known mistakes that would have been found, with the case that shows each, and those that would not."""

    seen: Mapping[str, str]
    unseen: tuple[str, ...]


def certificate_page(
    certificate: Certificate,
    explained: Explained | None = None,
    proven: Proven | None = None,
    remarks: Sequence[str] = (),
    title: str = "LSTM parity certificate",
    claim: str = "",
    more: Mapping[str, Any] = MappingProxyType({}),
    sections: Sequence[Section] = (),
    known: KnownResult | None = None,
) -> str:
    """Return the page of a certificate.

    remarks: what was found out about what was judged, in lines. claim: a sentence instead of the certificate's own.
    more: data that is embedded too, for further sections, behind those that say what is wrong. known: what became of a
    file of known deviations.
    """
    data = _page_data(certificate, explained, proven, remarks) | dict(more)
    names = list(dict.fromkeys(row.implementation for row in certificate.rows))
    subject = ", ".join(names[:4]) + f" and {len(names) - 4} more" * (len(names) > 4)
    limits = ["interrupted: what was left then is not in it"] * (INTERRUPTED in certificate.limits)
    limits += [f"left out: {certificate.limits}"] * bool(certificate.limits)
    limits += [f"not judged: {certificate.beyond}"] * bool(certificate.beyond)
    return render_page(
        Page(
            title,
            subject or "nothing",
            certificate.outcome.value,
            claim or " ".join(filter(None, (describe_conclusion(certificate), describe_styles(certificate)))),
            limits,
            {name: f"/page/totals/{name}" for name in _FIGURES},
            _list_sections(data, sections),
            ("certificate", 1),
            data,
            certificate.provenance,
            known=known,
        )
    )


def _page_data(
    certificate: Certificate, explained: Explained | None, proven: Proven | None, remarks: Sequence[str]
) -> dict[str, Any]:
    """Return what is embedded: the certificate, its rows the worst first if they are many, and the sums of the page."""
    rows, left = certificate.rows, max(0, len(certificate.rows) - _MAX_ROWS)
    if left:
        rows = tuple(sorted(rows, key=_badness)[:_MAX_ROWS])
    fields = certificate_fields(Certificate(certificate.provenance, (), certificate.beyond, certificate.limits))
    reduced = _reduce(rows)
    left_out = {
        "rows_left_out": left,
        "failures_left_out": sum(len(one) for one in _choose_failures(reduced, slice(_MAX_DEVIATIONS, None))),
    }
    verdict = {"holds": certificate.holds, "verdict": certificate.outcome.value}
    more = {"explained": asdict(explained)} if explained else {}
    more |= {"proven": {"seen": dict(proven.seen), "unseen": list(proven.unseen)}} if proven else {}
    return {
        **fields,
        **verdict,
        "rows": reduced,
        "page": {**summarize(certificate), **left_out, "proof": _count_proof(proven), "remarks": list(remarks)},
        **more,
    }


def _count_proof(proven: Proven | None) -> dict[str, int] | None:
    return None if proven is None else {"seen": len(proven.seen), "all": len(proven.seen) + len(proven.unseen)}


def _badness(row: Row) -> tuple[int, float]:
    order = WORST_FIRST.index(row.outcome) if row.outcome in WORST_FIRST else len(WORST_FIRST)
    return order, -math.inf if math.isnan(row.worst) else -row.worst


def _reduce(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return rows as JSON holds them, in their order, with the details of the worst as far as there is room."""
    found: dict[int, dict[str, Any]] = {}
    room = _BYTES
    for k in sorted(range(len(rows)), key=lambda k: _badness(rows[k])):
        fields = row_fields(rows[k])
        fields |= {"failing": fields["failing"][:_MAX_FAILING], "failing_count": len(fields["failing"])}
        room -= len(json.dumps({name: fields[name] for name in _DETAILS}))
        details = {} if room >= 0 else {name: type(fields[name])() for name in _DETAILS}
        found[k] = _sum_maps(fields | details | {"complete": room >= 0})
    return [found[k] for k in range(len(rows))]


def _sum_maps(row: dict[str, Any]) -> dict[str, Any]:
    """Add to each map of a row what it shows."""
    tensors = [t for one in row["deviations"] for name in ("tensors", "pictured") for t in one[name]]
    for found in (one for tensor in tensors for one in tensor["maps"]):
        found["sums"] = sum_map(found)
    return row


def _choose_failures(rows: Sequence[Mapping[str, Any]], part: slice) -> tuple[list[Any], list[Any]]:
    """Return the pointers of some deviations, and of some failures that are only told, each with that of its row."""
    deviations = [
        (f"/rows/{r}/deviations/{d}", f"/rows/{r}")
        for r, row in enumerate(rows)
        for d, _ in enumerate(row["deviations"])
    ]
    stories = [
        (f"/rows/{r}/failures/{d}", f"/rows/{r}")
        for r, row in enumerate(rows)
        for d, _ in enumerate(row["failures"])
        if not row["deviations"]
    ]
    return deviations[part], stories[part]


def _list_sections(data: Mapping[str, Any], further: Sequence[Section]) -> list[Section]:
    sums = data["page"]
    deviations, stories = _choose_failures(data["rows"], slice(_MAX_DEVIATIONS))
    shown = {"deviations": deviations, "stories": stories}
    sections = [Section("wrong", "What is wrong", "explained.html.j2")] * ("explained" in data)
    sections += [Section("deviations", "Where it deviates", "deviations.html.j2", shown)] * bool(deviations or stories)
    sections += further if sections else []
    sections += [Section("verdicts", "Verdicts", "verdicts.html.j2")]
    sections += [Section("coverage", "What was judged", "coverage.html.j2")] * bool(sums["axes"])
    sections += [Section("heat", "Where the noise is largest", "heat.html.j2")] * bool(sums["leading"])
    sections += [Section("distances", "Distances against the limits", "distances.html.j2")] * bool(sums["spreads"])
    sections += [] if stories or deviations or "explained" in data else further
    sections += [Section("proof", "Which mistakes would have been seen", "proof.html.j2")] * ("proven" in data)
    sections += [Section("unjudged", "What was not judged", "unjudged.html.j2")]
    return sections
