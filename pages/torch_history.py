"""What changed for nn.LSTM from release to release: docs/torch-history.md, made from the records in records/.

Run `python -m pages.torch_history`: a few minutes of comparing; no torch but the installed one is needed.
A record is made by `python -m lstm_parity record --plain records/VERSION.record` under that torch.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

from packaging.version import Version

from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.compare.records import Comparison, compare_records
from lstm_parity.audits.upgrade.record_file import read_record

ROOT = Path(__file__).parents[1]
RECORDS, PAGE = ROOT / "records", ROOT / "docs" / "torch-history.md"
PARTS = {
    "Worse": tuple(kind for kind in Kind if kind.worse),
    "Numbers": (Kind.NOISE, Kind.NOT_JUDGED, Kind.STILL_DEVIATES),
    "Kernels": (Kind.KERNEL,),
    "Better": (Kind.MENDED, Kind.CRASH_GONE, Kind.REFUSAL_GAINED, Kind.CAPABILITY_GAINED, Kind.FASTER),
}
LONGEST = 400  # characters of a line


def files() -> list[Path]:
    """The records, oldest release first."""
    return sorted(RECORDS.glob("*.record"), key=lambda path: Version(path.stem))


def checksum() -> str:
    """Of all records."""
    known = hashlib.sha256()
    for path in files():
        known.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return known.hexdigest()[:16]


def page() -> Iterator[str]:
    """The lines of the page."""
    records = {path.stem: read_record(path) for path in files()}
    conditions = next(iter(records.values())).conditions
    found = [compare_records(old, new) for old, new in pairwise(records.values())]
    pairs = list(zip(pairwise(records), found, strict=True))
    processor, python = conditions["processor"], conditions["python"].rpartition(".")[0]
    yield from ("# What changed for nn.LSTM, release by release", "")
    yield "Made by `python -m pages.torch_history` from the records of [records](../records/README.md):"
    yield f"{processor}, {conditions['threads']} threads, Python {python}, CPU only. What the words mean"
    yield "is in [upgrades](upgrades.md). Of harm that varies from run to run, what happened in these runs is told."
    yield from ("", *table(pairs))
    for (old, new), comparison in pairs:
        yield from ("", f"## {old} to {new}", "", *section(comparison))
    yield from ("", f"<!-- records: {checksum()} -->")


def table(pairs: list[tuple[tuple[str, str], Comparison]]) -> Iterator[str]:
    """A line for every pair: how many answers have the same bits, and how many findings there are of each part."""
    yield f"| from | to | same bits | {' | '.join(map(str.lower, PARTS))} |"
    yield f"|---|---|---:|{'---:|' * len(PARTS)}"
    for (old, new), comparison in pairs:
        counts = Counter(part for f in comparison.findings for part, kinds in PARTS.items() if f.kind in kinds)
        same = f"{comparison.same} of {comparison.same + comparison.changed}"
        yield f"| {old} | {new} | {same} | {' | '.join(str(counts[part] or '') for part in PARTS)} |"


def section(comparison: Comparison) -> Iterator[str]:
    """What one release changed: what is worse, numbers, kernels, what is better; other words are only counted."""
    told = 0
    for title, kinds in PARTS.items():
        found = [finding for finding in comparison.findings if finding.kind in kinds]
        if found:
            yield from ([""] if told else []) + [f"**{title}**", "", *map(line, found)]
            told += len(found)
    reworded = [finding for finding in comparison.findings if finding.kind is Kind.REWORDED]
    if reworded:
        calls = sum(len(finding.names) for finding in reworded)
        yield from ([""] if told else []) + [f"Refused in other words: {calls}."]
    if not told and not reworded:
        yield "Nothing."


def line(finding: Finding) -> str:
    """A finding as an item of a list."""
    words = f"- {finding.kind.value}: {finding.where}: {finding.words}".replace("|", "\\|").replace("<", "&lt;")
    return words if len(words) <= LONGEST else f"{words[: LONGEST - 3]}..."


if __name__ == "__main__":
    PAGE.write_text("\n".join(page()) + "\n", encoding="utf-8")
