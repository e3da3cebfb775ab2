"""What is said of a comparison: as text, as Markdown for a pull request, as JSON, as JUnit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lstm_parity.audits.upgrade.compare.finding import Finding
from lstm_parity.audits.upgrade.compare.records import Comparison
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.reports.formats.junit import Ending, JUnitTest, junit_xml, known_tests, make_whole
from lstm_parity.reports.formats.known import known_fields, known_markdown, known_text
from lstm_parity.reports.formats.markdown import Document, fold, plain, table
from lstm_parity.reports.json_text import json_text

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult


def comparison_text(comparison: Comparison, known: KnownResult | None = None) -> str:
    """Write a line for every finding, then a summary."""
    lines = [" -> ".join(map(_section, (comparison.old, comparison.new))), *(f.line for f in comparison.findings), ""]
    return "\n".join([*lines, summarize(comparison), *(["", known_text(known)] if known else [])]) + "\n"


def _section(record: Record) -> str:
    """Return the torch of a record, and the libraries that it computes with."""
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


def comparison_markdown(comparison: Comparison, known: KnownResult | None = None) -> Document:
    """Return the summary and a table of what is worse; what is not worse folded, noise among it."""
    worse = [finding for finding in comparison.findings if finding in comparison.worse]
    others = [finding for finding in comparison.findings if finding not in comparison.worse]
    return [
        f"### LSTMs, {plain(comparison.old.name)} to {plain(comparison.new.name)}",
        "\n".join(map(plain, summarize(comparison).splitlines())),
        *(known_markdown(known) if known else ()),
        _write_table(worse, bold=True) if worse else "",
        fold(f"{len(others)} findings that are not worse", _write_table(others)) if others else "",
    ]


def _write_table(findings: Sequence[Finding], bold: bool = False) -> str:
    return table(("what", "where", "how"), (), ((f.kind.value, f.where, f.words) for f in findings), bold)


def comparison_json(comparison: Comparison, known: KnownResult | None = None) -> str:
    """Return all findings with the names of all their cases or calls, and the conditions of both records."""
    return json_text("comparison", 1, comparison_fields(comparison, known))


def comparison_fields(comparison: Comparison, known: KnownResult | None = None) -> dict[str, Any]:
    """Return a comparison as JSON holds it."""
    return {
        "old": dict(comparison.old.conditions),
        "new": dict(comparison.new.conditions),
        "same": comparison.same,
        "changed": comparison.changed,
        "worse": bool(comparison.worse),
        "findings": [
            {
                "kind": f.kind.value,
                "worse": f.kind.worse,
                "where": f.where,
                "words": f.words,
                "names": list(f.names),
                **({"worst": {"old": f.worst[0], "new": f.worst[1]}} if f.worst else {}),
            }
            for f in comparison.findings
        ],
        **({"known": known_fields(known)} if known else {}),
    }


def comparison_junit(comparison: Comparison, known: KnownResult | None = None) -> str:
    """Write a test for each finding, which fails if it is worse and not known, and one for the whole."""
    worse = comparison.worse
    unknown = {(one.name, one.verdict) for one in known.unknown} if known else {(f.where, f.kind.value) for f in worse}
    tests = [_test_finding(one, one in worse, (one.where, one.kind.value) in unknown) for one in comparison.findings]
    about = {"old": _section(comparison.old), "new": _section(comparison.new)}
    whole = make_whole("comparison", comparison_code(comparison, known), summarize(comparison))
    return junit_xml("lstm-parity compare", [*tests, *known_tests(known), whole], about)


def comparison_code(comparison: Comparison, known: KnownResult | None = None) -> int:
    """Return what the command exits with: 1 if something is worse, or, with known deviations, not as they say."""
    return 0 if (known.holds if known else not comparison.worse) else 1


def _test_finding(one: Finding, is_worse: bool, is_unknown: bool) -> JUnitTest:
    """Return the test of a finding, which fails if it is worse, and is skipped if that is known."""
    kind = one.kind.value
    if not is_worse:
        return JUnitTest(kind, one.where)
    if not is_unknown:
        return JUnitTest(kind, one.where, Ending.SKIPPED, f"{kind}, as known")
    return JUnitTest(kind, one.where, Ending.FAILURE, one.words, "\n".join(one.names))
