"""Judging what deviates by a file of known deviations: what it excuses, what it does not, and what it says in vain."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timezone
from fnmatch import fnmatchcase
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from lstm_parity.audits.known.entry import Deviation, Entry, KnownResult, Problem
from lstm_parity.audits.known.read import KnownFileError, read_known


def find_version(package: str) -> str:
    """Return the version of a package that is installed here, empty if it is not."""
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _today() -> date:
    return datetime.now(timezone.utc).date()


@dataclass(frozen=True)
class KnownFile:
    """The entries of a file that are of one command.

    find_version: of a package, empty if it is not there.
    """

    file: str
    entries: tuple[Entry, ...]
    today: date
    find_version: Callable[[str], str] = find_version

    @classmethod
    def read(
        cls, file: Path, command: str, find_version: Callable[[str], str] = find_version, today: date | None = None
    ) -> KnownFile:
        """Read a file. Raises KnownFileError, which says what is wrong with it."""
        entries = tuple(entry for entry in read_known(file) if entry.command == command)
        return cls(str(file), entries, today or _today(), find_version)

    def require_names(self, names: Sequence[str]) -> None:
        """Raise KnownFileError if an entry is of none of all names that there are."""
        for entry in self.entries:
            if not any(fnmatchcase(name, entry.name) for name in names):
                words = f"has the name {entry.name!r}, but there are {', '.join(names)}"
                raise KnownFileError(f"--known {self.file}, entry {entry.number} {words}")

    def excuses(self, deviations: Sequence[Deviation]) -> bool:
        """Whether something deviates and all of it is known."""
        return bool(deviations) and not self.judge(deviations).unknown

    def judge(
        self, deviations: Sequence[Deviation], names: Sequence[str] | None = None, *, complete: bool = True
    ) -> KnownResult:
        """Judge what deviates, all of it together.

        names: of what was judged; None if that is everything. complete: whether all was judged, so that what does not
        deviate is known to be gone.
        """
        expired = [entry for entry in self.entries if entry.expires < self.today]
        idle = {e.number: words for e in self.entries if e not in expired and (words := self._is_idle(e, names))}
        active = [entry for entry in self.entries if entry not in expired and entry.number not in idle]
        found: dict[int, list[Deviation]] = {entry.number: [] for entry in active}
        unknown = list[Deviation]()
        for one in deviations:
            first = next((entry for entry in active if entry.covers(one) and entry.allows(one)), None)
            (unknown if first is None else found[first.number]).append(one)
        problems = [(entry, Problem.EXPIRED) for entry in expired]
        for entry in (entry for entry in active if not found[entry.number]):
            if (problem := _find_problem(entry, deviations)) is not Problem.GONE or complete:
                problems.append((entry, problem))
            else:
                idle[entry.number] = "not everything was judged, and of what was it matches nothing"
        return KnownResult(
            self.file,
            tuple((entry, tuple(found[entry.number])) for entry in active if found[entry.number]),
            tuple(unknown),
            tuple(sorted(problems, key=lambda problem: problem[0].number)),
            tuple((entry, idle[entry.number]) for entry in self.entries if entry.number in idle),
        )

    def _is_idle(self, entry: Entry, names: Sequence[str] | None) -> str:
        """Return why an entry says nothing here; empty if it does."""
        if names is not None and not any(fnmatchcase(name, entry.name) for name in names):
            return f"it is of {entry.name}, and judged was {', '.join(names) or 'nothing'}"
        package = entry.versions.name
        there = self.find_version(package)
        if there and entry.versions.specifier.contains(there, prereleases=True):
            return ""
        return f"it is for {entry.versions}, and here is {f'{package} {there}' if there else f'no {package}'}"


def _find_problem(entry: Entry, deviations: Sequence[Deviation]) -> Problem:
    """Return why an entry that excuses nothing is in vain."""
    covered = [one for one in deviations if entry.covers(one)]
    if not covered:
        return Problem.GONE
    return Problem.REDUNDANT if any(entry.allows(one) for one in covered) else Problem.WORSE
