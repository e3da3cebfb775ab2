"""A certificate as text, for a terminal or a log."""

from __future__ import annotations

from collections.abc import Mapping

from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.reports.certificate import OUTPUTS, Certificate, Row
from lstm_parity.reports.page import FittedTable, make_table, print_line, render_page, render_text, wrap_line

UNITS = (
    "worst and RMS are distances from the exact answer in units of expected rounding noise; "
    f"the limits are {WORST_LIMIT:g} and {RMS_LIMIT:g}."
)
NUMBERS = ("judged", "deviate", "refused", "not judged", "worst", "RMS")


def certificate_text(certificate: Certificate, width: int = 120) -> str:
    """Return the whole certificate, plain text of at most `width` columns."""
    console = render_page("LSTM PARITY CERTIFICATE", certificate.provenance, width)
    if _has_questions(certificate):
        print_line(console, f"{certificate.rows[0].implementation}\n")
    console.print(_table(certificate))
    print_line(console, wrap_line(UNITS, width, 0) + "\n")
    for title, lines in (("Judged", describe_coverage(certificate)), ("Not judged", describe_unjudged(certificate))):
        print_line(console, title + ":" if lines else f"{title}: nothing.")
        for line in lines:
            print_line(console, f"  {line}")
    for row in certificate.rows:
        for failure in row.failures:
            print_line(console, f"\n{row.implementation}, {row.dtype}:\n{failure}")
    print_line(console, "")
    for line in filter(None, (describe_conclusion(certificate), describe_styles(certificate))):
        print_line(console, wrap_line(line, width, 0))
    return render_text(console)


def _table(certificate: Certificate) -> FittedTable:
    several = _has_questions(certificate)
    words = ["question" if several else "implementation", "layer dtype", "verdict", "in arithmetic"]
    rows = [[row.question if several else row.implementation, *describe_cells(row)] for row in certificate.rows]
    return make_table(words, NUMBERS, rows)


def _has_questions(certificate: Certificate) -> bool:
    """Whether there are several questions to one implementation, and not one to several."""
    return any(row.question != OUTPUTS for row in certificate.rows)


def describe_cells(row: Row) -> list[str]:
    """Return the dtype, the verdict, the arithmetic and `NUMBERS` of a row; empty what was not judged."""
    judged = row.counts["PARITY"] + row.counts["DEVIATES"]
    bad = row.counts["DEVIATES"] + row.counts["FAILED"]
    numbers = [judged, bad, row.counts["REFUSED"], row.counts["NOT JUDGED"]]
    distances = [format_distance(row.worst), format_distance(row.rms)] if judged else ["", ""]
    name = (row.arithmetic or "none that is known") if judged else ""
    return [row.dtype, row.outcome.value, name, *map(str, numbers), *distances]


def format_distance(noises: float) -> str:
    """Return a distance in noises, in few digits."""
    return f"{noises:.2f}" if noises < 1e4 else f"{noises:.1e}"


def describe_coverage(certificate: Certificate) -> list[str]:
    """Count the cases that were judged at each value of each axis, all rows together."""
    totals: dict[str, dict[str, int]] = {}
    for row in certificate.rows:
        for axis, counts in row.coverage.items():
            for value, count in counts.items():
                axis_totals = totals.setdefault(axis, {})
                axis_totals[value] = axis_totals.get(value, 0) + count
    missing = {axis: _never(certificate, axis, counts) for axis, counts in totals.items()}
    return [
        f"{axis}: " + ", ".join([*(f"{value} {count}" for value, count in sorted(counts.items())), *missing[axis]])
        for axis, counts in totals.items()
    ]


def _never(certificate: Certificate, axis: str, judged: Mapping[str, int]) -> list[str]:
    """Return the values of an axis that no row has judged, with the reason."""
    reasons = {value: reason for row in certificate.rows for value, reason in row.uncovered.get(axis, {}).items()}
    return [f"{value} never ({reason})" for value, reason in sorted(reasons.items()) if value not in judged]


def describe_unjudged(certificate: Certificate) -> list[str]:
    """Describe what was not judged, with the reason and the number of cases."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    for row in certificate.rows:
        for reason, count in row.reasons.items():
            counts = found.setdefault((row.implementation, reason), {})
            counts[row.dtype] = counts.get(row.dtype, 0) + count
    return [
        f"{implementation}, {', '.join(counts)}: {', '.join(map(str, counts.values()))} cases {reason}"
        for (implementation, reason), counts in found.items()
    ] + [certificate.beyond]


def describe_conclusion(certificate: Certificate) -> str:
    """Conclude in a line."""
    outcome, limits = certificate.outcome, f" ({certificate.limits})" if certificate.limits else ""
    if outcome is Outcome.PARITY:
        return f"PARITY{limits}: every difference that was judged is rounding noise."
    if outcome in (Outcome.NOT_ENOUGH, Outcome.NOT_JUDGED):
        return (
            f"NOT ENOUGH{limits}: nothing that was judged is wrong, but "
            + (_missing(certificate) or "too little was judged")
            + "."
        )
    bad = [
        f"{r.implementation} in {r.dtype}"
        + (f", {r.question}" if r.question != OUTPUTS else "")
        + (f" (it agrees in {r.arithmetic} arithmetic)" if r.arithmetic else "")
        for r in certificate.rows
        if r.outcome.is_wrong
    ]
    return f"NO PARITY, {outcome.value}{limits}: " + ", ".join(bad) + "."


def describe_styles(certificate: Certificate) -> str:
    """Name the arithmetics of the dtype that are not its native one, which correct LSTMs may work in."""
    if not certificate.holds:
        return ""
    styles = {f"{r.expected}" for r in certificate.rows if r.outcome is Outcome.PARITY and r.expected != r.dtype}
    return f"Judged in: {', '.join(sorted(styles))}. --strict demands the native arithmetic." if styles else ""


def _missing(certificate: Certificate) -> str:
    """List what was offered and not judged."""
    return "; ".join(
        f"{row.implementation} in {row.dtype}: {axis}={value} was {reason}"
        for row in certificate.rows
        if row.outcome in (Outcome.NOT_ENOUGH, Outcome.NOT_JUDGED)
        for axis, values in row.uncovered.items()
        for value, reason in values.items()
        if not reason.startswith("refused")
    )
