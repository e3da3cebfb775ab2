"""Two records compared as a page: what is worse, what else changed, with its noise; speeds, and conditions."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from lstm_parity.audits.known.entry import KnownResult
from lstm_parity.audits.upgrade.compare.records import Comparison
from lstm_parity.audits.upgrade.compare.speeds import list_speeds
from lstm_parity.audits.upgrade.report import comparison_fields, summarize
from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT
from lstm_parity.reports.html.render import Page, Section, render_page, resolve
from lstm_parity.reports.provenance import collect_provenance

_SPEEDS = (
    ("call", "name", "/call"),
    ("in units of", "word", "/unit"),
    ("before", "number", "/old"),
    ("now", "number", "/new"),
    ("now by before", "number", "/factor"),
)
_CONDITIONS = (("condition", "word", "/name"), ("old", "name", "/old"), ("new", "name", "/new"))
_MAX_SPEEDS = 200


def records_page(comparison: Comparison, known: KnownResult | None = None) -> str:
    """Return the page of two records. Raises ModuleNotFoundError if jinja2 is not installed."""
    fields, is_worse = comparison_fields(comparison), [f in comparison.worse for f in comparison.findings]
    places = {flag: [f"/findings/{k}" for k, worse in enumerate(is_worse) if worse is flag] for flag in (True, False)}
    provenance = {name: collect_provenance()[name] for name in ("lstm-parity", "command")}
    page = {
        "worse": len(places[True]),
        "findings": len(is_worse),
        "speeds": [asdict(one) for one in list_speeds(comparison.old, comparison.new)[:_MAX_SPEEDS]],
        "conditions": _pair_conditions(fields["old"], fields["new"]),
    }
    limits = {"worst": WORST_LIMIT, "rms": RMS_LIMIT}
    data = {**fields, "limits": limits, "page": page, "provenance": provenance}
    judged = {flag: any("worst" in resolve(data, place) for place in places[flag]) for flag in places}
    sections = [
        Section(anchor, name, "findings.html.j2", {"rows": places[flag], "anchor": anchor, "judged": judged[flag]})
        for flag, anchor, name in ((True, "worse", "What is worse"), (False, "others", "What else changed"))
        if places[flag]
    ]
    sections += [_make_table("speeds", "Speeds", "Calls, slowed down most first", _SPEEDS, page)] * bool(page["speeds"])
    sections += [_make_table("conditions", "Conditions", "What both records hold for", _CONDITIONS, page)]
    first, _, _ = summarize(comparison).partition("\n")
    names = f"{comparison.old.name} to {comparison.new.name}"
    verdict, tone = ("WORSE", "bad") if places[True] else ("NOTHING WORSE", "good")
    figures = {"worse": "/page/worse", "findings": "/page/findings", "answers, same bits": "/same"}
    figures |= {"answers, other bits": "/changed"}
    title, named = "LSTMs of two torches", ("comparison", 1)
    return render_page(Page(title, names, verdict, first, [], figures, sections, named, data, provenance, tone, known))


def _pair_conditions(old: dict[str, str], new: dict[str, str]) -> list[dict[str, str]]:
    return [{"name": name, "old": old.get(name, ""), "new": new.get(name, "")} for name in dict.fromkeys((*old, *new))]


def _make_table(
    anchor: str, title: str, caption: str, columns: tuple[tuple[str, str, str], ...], page: dict[str, Any]
) -> Section:
    rows = [f"/page/{anchor}/{k}" for k in range(len(page[anchor]))]
    return Section(anchor, title, "table.html.j2", {"caption": caption, "columns": columns, "rows": rows})
