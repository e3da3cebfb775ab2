"""What is said of a comparison: as text, as Markdown for a pull request, as JSON."""

from __future__ import annotations

from collections import Counter

from lstm_parity.audits.upgrade.compare.records import Comparison
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.reports.json_text import json_text


def comparison_text(comparison: Comparison) -> str:
    """A line for every finding, then a summary."""
    lines = [" -> ".join(map(_section, (comparison.old, comparison.new))), *(f.line for f in comparison.findings), ""]
    return "\n".join(lines + [summarize(comparison)]) + "\n"


def _section(record: Record) -> str:
    """The torch of a record, and the libraries that it computes with."""
    kernels = record.conditions.get("kernels")
    return f"{record.name} ({kernels})" if kernels else record.name


def summarize(comparison: Comparison) -> str:
    """Of the answers, how many have the same bits; the kinds of findings, counted; whether anything is worse."""
    total = comparison.same + comparison.changed
    counts = Counter(finding.kind.value for finding in comparison.findings)
    told = "; ".join(f"{kind}: {count}" for kind, count in counts.items()) or "nothing to report"
    if comparison.changed and _is_same_torch(comparison):
        told += "; torch is the same, so what differs is not torch's doing"
    verdict = f"WORSE in {len(comparison.worse)} findings" if comparison.worse else "nothing is worse"
    return f"{comparison.same} of {total} answers have the same bits; {told}.\n{verdict}"


def _is_same_torch(comparison: Comparison) -> bool:
    old, new = comparison.old.conditions, comparison.new.conditions
    return all(old.get(name) == new.get(name) for name in ("torch", "git"))


def comparison_markdown(comparison: Comparison) -> str:
    """A table of the findings under the summary."""
    rows = [
        f"| {'**' * f.kind.worse}{f.kind.value}{'**' * f.kind.worse} | {_cell(f.where)} | {_cell(f.words)} |"
        for f in comparison.findings
    ]
    table = ["", "| what | where | how |", "|---|---|---|", *rows] if rows else []
    title = f"### LSTMs, {comparison.old.name} to {comparison.new.name}"
    return "\n".join([title, "", summarize(comparison), *table]) + "\n"


def _cell(words: str) -> str:
    return words.replace("|", "\\|").replace("\n", " ")


def comparison_json(comparison: Comparison) -> str:
    """All findings with the names of all their cases or calls, and the conditions of both records."""
    told = {
        "old": dict(comparison.old.conditions),
        "new": dict(comparison.new.conditions),
        "same": comparison.same,
        "changed": comparison.changed,
        "worse": bool(comparison.worse),
        "findings": [
            {"kind": f.kind.value, "worse": f.kind.worse, "where": f.where, "words": f.words, "names": list(f.names)}
            for f in comparison.findings
        ],
    }
    return json_text("comparison", 1, told)
