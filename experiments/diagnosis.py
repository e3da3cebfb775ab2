"""Whether a wrong LSTM is named by its mistake: each known one as it is, disguised, and ones that are not known.

Each is judged on the probes, and on the probes and the first example of a plain `pytest`'s widest test that fails; then
`diagnose` is asked. Hit: the mistake is named first, or told among those that cannot be told apart on these cases.
Run `python -m experiments.diagnosis`. Result: diagnosis.md.
"""

from __future__ import annotations

import multiprocessing
import statistics
import time
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lstm_parity.cases.case import Case
from lstm_parity.catalogue.mistakes import MISTAKES, find_mistake
from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.probes import PROBES, run_probes
from lstm_parity.judging.forward import Outcome, Verdict, judge
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation
from lstm_parity.running.threads import share_cores
from meta_tests.detecting import by_default
from specimens.disguised_mistakes import STYLES, UNKNOWN, Disguised, on_top_of_torch


@dataclass(frozen=True)
class Row:
    """One wrong LSTM: what it is, what was told of it, and the seconds that the probes and the diagnosis took."""

    kind: str
    truth: str
    told: Diagnosis
    probing: float
    seconds: float

    @property
    def first(self) -> bool:
        """Whether it is named first."""
        return self.told.mistake is not None and self.told.mistake.name == self.truth

    @property
    def hit(self) -> bool:
        """Whether it is told at all."""
        return self.first or self.truth in {other.name for other in self.told.equivalents}


def asked(kind: str, truth: str, wrong: Implementation, also: Sequence[Verdict] = ()) -> Row:
    """Run the probes, and diagnose."""
    start = time.process_time()
    verdicts = [*also, *run_probes(wrong)]
    middle = time.process_time()
    told = diagnose(verdicts)
    return Row(kind, truth, told, middle - start, time.process_time() - middle)


def first_failure(wrong: Implementation, examples: Sequence[Case]) -> list[Verdict]:
    """The verdict of the first example that deviates; none where none does."""
    for case in examples:
        if (verdict := judge(observe(wrong, case))).outcome is Outcome.DEVIATES:
            return [verdict]
    return []


def rows_of(name: str) -> tuple[list[Row], list[tuple[str, Diagnosis]]]:
    """One mistake: as it is, with a failing example, and disguised in one of the styles; and its example alone."""
    by_default()
    warnings.simplefilter("ignore")
    from meta_tests.detecting import examples_of, widest

    known, style = find_mistake(name), tuple(STYLES)[[known.name for known in MISTAKES].index(name) % len(STYLES)]
    failure = first_failure(known, examples_of(widest()))
    rows = [asked("as it is", name, known), asked("as it is, and a failing example", name, known, failure)]
    rows.append(asked("disguised: other sums", name, Disguised(known, style)))
    return rows, [(name, diagnose(failure))] * bool(failure)


def torch_row(k: int) -> Row:
    """One of those on top of torch."""
    truth, wrong = on_top_of_torch()[k]
    return asked("disguised: on top of torch", truth, wrong)


def unknown_row(k: int) -> Row:
    """One of those that are not known."""
    return asked("none of the known", "", UNKNOWN[k])


def main() -> None:
    """Ask, then write the table."""
    share_cores()
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        found = pool.map(rows_of, [known.name for known in MISTAKES], chunksize=4)
        rows = [row for some, _ in found for row in some]
        rows += pool.map(torch_row, range(len(on_top_of_torch())), chunksize=4)
        rows += pool.map(unknown_row, range(len(UNKNOWN)), chunksize=2)
    report(rows, [pair for _, alone in found for pair in alone])


def report(rows: Sequence[Row], alone: Sequence[tuple[str, Diagnosis]]) -> None:
    """The table, and every miss."""
    lines = [
        "# Whether a wrong LSTM is named by its mistake",
        "",
        "Made by `python -m experiments.diagnosis`; what it does stands at the top of that file.",
        "",
        f"{len(PROBES)} probes. Processor seconds: median / most.",
        "",
        "| wrong LSTMs | asked | named first | told | seconds of the probes | seconds of the diagnosis |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for kind in dict.fromkeys(row.kind for row in rows if row.truth):
        group = [row for row in rows if row.kind == kind]
        first, hit = sum(row.first for row in group), sum(row.hit for row in group)
        share = f"{hit} ({100 * hit / len(group):.1f} %)"
        lines.append(
            f"| {kind} | {len(group)} | {first} | {share} | {_seconds([r.probing for r in group])} | "
            f"{_seconds([r.seconds for r in group])} |"
        )
    lines += ["", _alone(alone)]
    lines += ["", "Not named first:", ""]
    lines += [f"* `{row.truth}` ({row.kind}): {_brief(row.told)}" for row in rows if row.truth and not row.first]
    lines += ["", "None of the known:", ""]
    names = iter(wrong.name for wrong in UNKNOWN)
    lines += [f"* {next(names)}: {_brief(row.told)}" for row in rows if not row.truth]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def _alone(alone: Sequence[tuple[str, Diagnosis]]) -> str:
    """How many of the mistakes that fail a property test are named by that one example, without probes."""
    told = sum(name in {d.mistake and d.mistake.name, *(other.name for other in d.equivalents)} for name, d in alone)
    first = sum(d.mistake is not None and d.mistake.name == name for name, d in alone)
    return f"With the failing example alone, of {len(alone)} that fail there, {first} are named first and {told} told."


def _seconds(seconds: Sequence[float]) -> str:
    return f"{statistics.median(seconds):.2f} / {max(seconds):.2f}"


def _brief(told: Diagnosis) -> str:
    """The first line, and what is nearest."""
    nearest = (
        f"; nearest `{told.nearest.mistake.name}`, but for {told.nearest.unexplained} cases" if told.nearest else ""
    )
    others = f"; or {', '.join(other.name for other in told.equivalents)}" if told.equivalents else ""
    return told.text.splitlines()[0] + others + nearest


if __name__ == "__main__":
    main()
