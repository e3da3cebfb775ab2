"""What became of a file of known deviations as text, as Markdown and for programs: nothing is excused in silence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lstm_parity.reports.formats.markdown import bullets

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import Deviation, Entry, KnownResult

_SHOWN = 5  # deviations that nothing excuses, one of each place


def known_lines(found: KnownResult) -> list[str]:
    """Say what is excused and why, what is not, which entries fail, and which say nothing here; then the conclusion."""
    lines = [f"excused by {_name(entry)}: {_describe(some)}" for entry, some in found.excused]
    lines += [f"not known: {line}" for line in _describe_unknown(found.unknown)]
    lines += [f"{_name(entry)} {problem.value}" for entry, problem in found.problems]
    lines += [f"{_name(entry)} says nothing here: {reason}" for entry, reason in found.idle]
    return [*lines, _conclude(found)]


def known_text(found: KnownResult) -> str:
    """Return the same as a paragraph."""
    *lines, conclusion = known_lines(found)
    return "\n".join([f"Known deviations, {found.file}:", *(f"  {line}" for line in lines), conclusion])


def known_markdown(found: KnownResult) -> tuple[str, ...]:
    """Return the same as blocks of Markdown."""
    *lines, conclusion = known_lines(found)
    return (f"**{conclusion}**", bullets(lines))


def known_fields(found: KnownResult) -> dict[str, Any]:
    """Return the same for programs."""
    return {
        "file": found.file,
        "holds": found.holds,
        "excused": [{**_fields(entry), "cases": len(some), "places": _places(some)} for entry, some in found.excused],
        "unknown": _describe_unknown(found.unknown),
        "problems": [{**_fields(entry), "problem": problem.name.lower()} for entry, problem in found.problems],
        "idle": [{**_fields(entry), "why": why} for entry, why in found.idle],
    }


def _conclude(found: KnownResult) -> str:
    if found.holds:
        return "AS KNOWN: all that deviates is known." if found.excused else "AS KNOWN: nothing deviates."
    return "NOT AS KNOWN: " + "; ".join(
        [f"what is not known: {len(_places(found.unknown))}"] * bool(found.unknown)
        + [f"entries that are not right any more: {len(found.problems)}"] * bool(found.problems)
    )


def _name(entry: Entry) -> str:
    reported = f", {entry.reported_at}" if entry.reported_at else ""
    return f"entry {entry.number} ({entry.reason}{reported}; until {entry.expires})"


def _fields(entry: Entry) -> dict[str, Any]:
    return {"entry": entry.number, "reason": entry.reason, "expires": str(entry.expires)}


def _places(deviations: Sequence[Deviation]) -> list[str]:
    return list(dict.fromkeys(f"{one.place}: {one.verdict}" for one in deviations))


def _describe(some: Sequence[Deviation]) -> str:
    """Describe deviations that are excused together."""
    worst = max(one.worst for one in some)
    measured = f", worst {worst:.4g} x noise" if worst else ""
    first = f"; the first: {some[0].case}" if some[0].case else ""
    return f"{', '.join(_places(some))} in {len(some)} case{'s' * (len(some) > 1)}{measured}{first}"


def _describe_unknown(deviations: Sequence[Deviation]) -> list[str]:
    """Describe deviations that nothing excuses, those of one place together."""
    groups: dict[str, list[Deviation]] = {}
    for one in deviations:
        groups.setdefault(f"{one.place}: {one.verdict}", []).append(one)
    lines = [_describe(some) for some in groups.values()]
    more = [f"and {len(lines) - _SHOWN} more"] if len(lines) > _SHOWN else []
    return lines[:_SHOWN] + more
