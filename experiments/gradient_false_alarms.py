"""How far the gradients of correct implementations stray, in units of noise: the limits of outputs, put to the test.

As in false_alarms.py, the cells (implementation, dtype, kernel, value profile) are coloured like a chessboard: one half
fixes the limits, `MARGIN` times its largest distance, the other, with other seeds, counts. A judged case is the set of
all gradients (input, states, every parameter) of one loss in one case. Losses look at output, h_n, c_n, or several of
them, weighted by random numbers, or as plain sums, whose weight gradients are sums of like summands. Sizes: small, once
in every cell; smaller (T to 4, 2 layers at most), in every round after that; wide (H above 128) and long (T from 150 to
300), in every third cell; repeated (T=1000, B=64, plain sums of output: 64,000 summands, like ones where the input is
constant), in three profiles.

Run `python -m experiments.gradient_false_alarms [ROUNDS]`: it goes over all cells once in every round, writes as it
goes (--work) and resumes; it may be stopped at any time, and `--report` tells what there is.
Result: gradient_false_alarms.md, gradient_false_alarms.json.
"""

from __future__ import annotations

import argparse
import json
import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments import false_alarms
from experiments.resumed import ask_all, read_answers

HERE = Path(__file__).parent
MARGIN = false_alarms.MARGIN
TOGETHER = {
    "small": 41,
    "smaller": 82,
    "wide": 2,
    "long": 3,
    "repeated": 1,
}  # cases that share a setting, and are run in each round
SPREAD = 6  # rounds
FIXING = 2  # rounds
REPEATED = ("constant", "memory", "normal")  # the profiles that are run with 64,000 summands
NOTICED = 1e-3  # a gradient is coarse where half of its elements' noise is more than this part of the largest


@dataclass(frozen=True)
class Job:
    """One field of the chessboard, the size that is run on it, and how many times it was before."""

    implementation: str
    dtype: str
    kernel: str
    profile: str
    size: str
    half: str
    round: int

    @property
    def key(self) -> str:
        """A name for it, of which its seed is made."""
        return "/".join(map(str, ("gradients", *vars(self).values())))


def jobs(rounds: int) -> Iterator[Job]:
    """Every cell that autograd passes through, round after round; the larger sizes are spread over the first rounds.

    The cells that fix the limits rest after `FIXING` rounds: what is wanted is a long count.
    """
    cells = [c for c in false_alarms.cells() if c.size == "small" and c.implementation != "reference in NumPy"]
    for k in range(rounds):
        for cell in (c for c in cells if k < FIXING or c.half == "counting"):
            yield Job(**{**vars(cell), "size": "smaller" if k else "small", "round": k})
            spread = zlib.crc32(cell.key.encode())
            larger = ["wide", "long"] if spread % 3 == 0 else []
            larger += ["repeated"] if cell.profile in REPEATED else []
            if spread // 3 % SPREAD == k:
                yield from (Job(**{**vars(cell), "size": size, "round": k}) for size in larger)


def setting(job: Job, rng: Any) -> Any:
    """A random setting of the job's size."""
    cell = false_alarms.Cell(job.implementation, job.dtype, job.kernel, job.profile, job.size, job.half)
    point = false_alarms.setting(replace(cell, size="small" if job.size.startswith("small") else "long"), rng)
    if job.size == "smaller":
        a, time = point.architecture, int(rng.integers(1, 5))
        lengths = point.call.lengths and tuple(min(length, time) for length in point.call.lengths)
        point = replace(point, call=replace(point.call, time=max(lengths or (time,)), lengths=lengths))
        point = replace(point, architecture=replace(a, num_layers=min(a.num_layers, 2)))
    if job.size == "wide":
        point = replace(point, call=replace(point.call, time=int(rng.integers(1, 4)), lengths=None))
        architecture = replace(point.architecture, hidden_size=int(rng.integers(129, 257)))
        point = replace(point, architecture=architecture)
    if job.size == "long":
        point = replace(point, call=replace(point.call, time=int(rng.integers(150, 301)), lengths=None))
    if job.size == "repeated":
        point = replace(point, call=replace(point.call, time=1000, batch=64, lengths=None))
        architecture = replace(point.architecture, num_layers=1, bidirectional=False, proj_size=0)
        point = replace(point, architecture=replace(architecture, hidden_size=int(rng.integers(2, 5))))
    return replace(point, runtime=replace(point.runtime, grad_mode="grad"))


def loss(job: Job, rng: Any) -> tuple[tuple[str, ...], bool]:
    """What the loss looks at, and whether it is a plain sum."""
    tensors = ("output", "h_n", "c_n")
    if job.size == "repeated":
        return ("output",), True
    chosen = tuple(name for name in tensors if rng.random() < 0.5) or (tensors[int(rng.integers(3))],)
    return chosen, bool(rng.random() < 0.4)


def run(job: Job) -> dict[str, Any]:
    """One job: outcomes, the distances, and the losses that were tried."""
    import numpy as np
    import torch

    torch.set_num_threads(1)
    from lstm_parity.cases.case import draw_case
    from lstm_parity.judging.gradients import judge_all_gradients
    from lstm_parity.running.autograd import adjoints

    seed = zlib.crc32(job.key.encode())
    rng = np.random.default_rng(seed)
    point = setting(job, rng)
    cases = [draw_case(point, job.profile, seed + k) for k in range(TOGETHER[job.size])]
    losses = [loss(job, rng) for _ in cases]
    adjoint = [adjoints(case, names, ones=ones) for case, (names, ones) in zip(cases, losses, strict=True)]
    verdicts = judge_all_gradients(false_alarms.implementations()[job.implementation], cases, adjoint)
    for verdict in verdicts:
        if verdict.faults or verdict.outcome.value in ("FAILED", "REFUSED"):
            raise AssertionError(f"{job.key} {verdict.case.id}: {verdict.faults} {verdict.reason}")
    return {**vars(job), **summaries(verdicts, losses)}


def summaries(verdicts: list[Any], losses: list[tuple[tuple[str, ...], bool]]) -> dict[str, Any]:
    """A row of the work file."""
    judged = [(v, names) for v, names in zip(verdicts, losses, strict=True) if v.measured]
    rms = [(max((m.rms for m in v.measured if m.rms_is_meaningful), default=0.0), v.case.id) for v, _ in judged]
    worst = [(v.worst, v.case.id) for v, _ in judged]
    return {
        "judged": len(judged),
        "not judged": len(verdicts) - len(judged),
        "beyond": [f"{v.case.id} {names}" for v, names in judged if v.outcome.value == "DEVIATES"],
        "coarse": sum(any(coarse(m) for m in v.measured) for v, _ in judged),
        "worst": max(worst, default=(0.0, "")),
        "rms": max(rms, default=(0.0, "")),
        "losses": Counter(f"{'plain sum of ' * ones}{', '.join(names)}" for _, (names, ones) in judged),
        "gradients": sum(len(v.measured) for v, _ in judged),
    }


def coarse(m: Any) -> bool:
    """Whether a fault of one part in a thousand of a gradient may hide in its noise."""
    import numpy as np

    finite = np.abs(m.exact[np.isfinite(m.exact)])
    return bool(finite.size and np.median(m.noise) > NOTICED * finite.max())


def main() -> None:
    """Run what has not been run, then write the result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rounds", nargs="?", type=int, default=6)
    parser.add_argument("--work", type=Path, default=Path("/tmp/gradient_false_alarms.jsonl"))
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--report", action="store_true", help="run nothing")
    arguments = parser.parse_args()
    rows = {Job(**{name: row[name] for name in Job.__annotations__}).key: row for row in read_answers(arguments.work)}
    waiting = [] if arguments.report else [job for job in jobs(arguments.rounds) if job.key not in rows]
    waiting.sort(key=lambda job: not job.size.startswith("small"))
    for row in ask_all(run, waiting, arguments.work, arguments.processes):
        rows[Job(**{name: row[name] for name in Job.__annotations__}).key] = row
    report(list(rows.values()))


def report(rows: list[dict[str, Any]]) -> None:
    """Write the limits that one half asks for, the count of the other under those in use, and both by axis."""
    from lstm_parity.judging.verdict import RMS_LIMIT, WORST_LIMIT

    limits = [WORST_LIMIT, RMS_LIMIT]
    halves = {half: [row for row in rows if row["half"] == half] for half in ("fixing", "counting")}
    largest = {half: [max(r[key][0] for r in part) for key in ("worst", "rms")] for half, part in halves.items()}
    judged = {half: sum(row["judged"] for row in part) for half, part in halves.items()}
    beyond = {half: [case for row in part for case in row["beyond"]] for half, part in halves.items()}
    asked, sentences = [round(MARGIN * value, 2) for value in largest["fixing"]], dict[str, str]()
    for half, part in halves.items():
        sentences[half] = (
            f"**{judged[half]:,} judged cases, {sum(r['gradients'] for r in part):,} gradients; largest worst "
        )
        sentences[half] += (
            f"{largest[half][0]:.2f}, largest RMS {largest[half][1]:.2f}; {len(beyond[half])} beyond limits**."
        )
    lines = describe(halves["counting"], sentences, beyond["counting"], asked, limits)
    (HERE / "gradient_false_alarms.md").write_text("\n".join(lines) + "\n")
    numbers = {"limits": limits, "asked": asked, "largest": largest, "judged": judged, "beyond": beyond}
    (HERE / "gradient_false_alarms.json").write_text(json.dumps(numbers, indent=1) + "\n")
    print("\n".join(lines))


def describe(
    counting: list[dict[str, Any]],
    sentences: dict[str, str],
    beyond: list[Any],
    asked: list[float],
    limits: list[float],
) -> list[str]:
    """Return the page: the sentence about each half, then the half that counts, by axis."""
    lines = ["# False alarms of gradients", "", "Made by `python -m experiments.gradient_false_alarms`; what it does"]
    used = f"worst {limits[0]}, RMS {limits[1]}"
    lines += [f"stands at the top of that file. The limits in use are those of outputs: {used}.", ""]
    lines += [
        f"The half that fixes limits: {sentences['fixing']} Times {MARGIN}: worst {asked[0]}, RMS {asked[1]}.",
        "",
    ]
    lines += [f"The half that counts: {sentences['counting']}", "", *(f"* {case}" for case in beyond)]
    lines += [
        "The half that counts, by axis. Not judged: the noise of a hidden state on the way forward is above 2^-5."
    ]
    lines += [
        f"Coarse: in some gradient, half of the elements have a noise above {NOTICED:g} of its largest element.",
        "",
    ]
    return [*lines, *by_axis(counting), "", *by_loss(counting)]


def by_axis(rows: list[dict[str, Any]]) -> list[str]:
    """What was judged, and how far it strayed, at each value of each axis; dtypes by profile and size too."""
    lines = ["| axis | value | judged | not judged | coarse | worst | RMS |", "|---|---|---:|---:|---:|---:|---:|"]
    axes = [(axis,) for axis in ("implementation", "dtype", "kernel", "profile", "size")]
    for axis in (*axes, ("dtype", "size"), ("dtype", "profile")):
        for value in sorted({tuple(row[a] for a in axis) for row in rows}):
            part = [row for row in rows if tuple(row[a] for a in axis) == value]
            sums = " | ".join(f"{sum(row[key] for row in part):,}" for key in ("judged", "not judged", "coarse"))
            far = " | ".join(f"{max(row[key][0] for row in part):.2f}" for key in ("worst", "rms"))
            lines.append(f"| {', '.join(axis)} | {', '.join(value)} | {sums} | {far} |")
    return lines


def by_loss(rows: list[dict[str, Any]]) -> list[str]:
    """How many cases had which loss."""
    counts: Counter[str] = sum((Counter(row["losses"]) for row in rows), Counter())
    return ["| loss on | judged |", "|---|---:|", *(f"| {name} | {n:,} |" for name, n in sorted(counts.items()))]


if __name__ == "__main__":
    main()
