"""A sweep as text, Markdown, JSON and JUnit: `lstm-parity sweep`."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from lstm_parity.reports.certificate_text import format_distance
from lstm_parity.reports.formats.markdown import bullets, code, code_block, fold, plain
from lstm_parity.reports.formats.report import Report
from lstm_parity.reports.formats.sweep_junit import sweep_comparison_junit, sweep_junit
from lstm_parity.reports.json_text import json_text
from lstm_parity.reports.lines import REPEAT, repeat_case
from lstm_parity.reports.page import make_table, render_page, render_text

if TYPE_CHECKING:
    from lstm_parity.audits.sweep.cluster.machines import MachineShare
    from lstm_parity.audits.sweep.cluster.on_ray import RefusedNode
    from lstm_parity.audits.sweep.comparison import SweepComparison
    from lstm_parity.audits.sweep.report import SweepReport, WrongCell
    from lstm_parity.audits.sweep.statistics import Mean, Pooled

_WIDTH = 120
_OF_MACHINE = ("torch", "processor", "device")  # what is always said of one
_CONCLUSIONS = {
    "PARITY": "every cell that was judged agrees to rounding noise, and so do all together.",
    "NOT ENOUGH": "nothing is wrong, but {left:,} cells are not judged yet: the same command goes on.",
}


def sweep_report(report: SweepReport, repeat: str) -> Report:
    """Return a report in all forms; repeat: the command that `--case ID` is added to."""
    wrong = [*_write_wrong(report, repeat)]
    return Report(
        lambda width: sweep_text(report, repeat, width),
        lambda: [
            f"### Sweep of {plain(report.head['name'])}: {plain(conclude_sweep(report))}",
            bullets(f"the wrong cells sit where {code(one.where)}" for one in report.corners),
            code_block("\n".join(wrong)) if wrong else "",
            fold("everything that was judged", code_block(sweep_text(report, repeat, _WIDTH))),
        ],
        lambda: _sweep_json(report),
        {"junit": lambda: sweep_junit(report, describe_sweep(report), conclude_sweep(report), "\n".join(wrong))},
    )


def comparison_report(found: SweepComparison) -> Report:
    """Return a comparison in all forms."""
    return Report(
        lambda width: _comparison_text(found),
        lambda: ["### Two sweeps compared", code_block(_comparison_text(found))],
        lambda: json_text("sweep comparison", 1, comparison_fields(found)),
        {"junit": lambda: sweep_comparison_junit(found, _describe_both(found), conclude_comparison(found))},
    )


def sweep_text(report: SweepReport, repeat: str, width: int) -> str:
    """Write a report for a terminal of so many columns."""
    console = render_page(f"Sweep of {report.head['name']}", describe_sweep(report), width)
    numbers = ("elements", "RMS", "worst", "mean", "mean x sign")
    rows = ([*key, *_write_pooled(pooled)] for key, pooled in report.pooled.items())
    console.print(make_table(("", "tensor"), numbers, rows, "Errors, in noises"), highlight=False)
    axes = (
        [
            *(f"{one.axis} = {one.value}", f"{one.judged:,}", f"{one.wrong:,}", f"{one.worst:.2f}"),
            *((f"{one.pooled.rms:.3f}", _write_mean(one.pooled.shift)) if one.pooled else ("", "")),
        ]
        for one in report.axes
    )
    columns = ("cells", "wrong", "worst", "RMS of output", "mean of output")
    console.print(make_table(("axis",), columns, axes, "Axis by axis"), highlight=False)
    parts = [render_text(console), *_write_reasons(report), *_write_wrong(report, repeat)]
    return "\n".join([*parts, "", conclude_sweep(report), ""])


def describe_sweep(report: SweepReport) -> dict[str, str]:
    """Return what a sweep is of and where it was judged, by name."""
    head, counts = report.head, report.counts
    left_out = [f"{count:,} {reason}" for reason, count in head["left_out"].items()]
    return {
        "lattice": head["lattice"] + (f"; where {head['where']}" if head["where"] else ""),
        "cells": ", ".join(
            [f"{n:,} {outcome}" for outcome, n in counts.items()] + [f"{report.left:,} left"] * (report.left > 0)
        ),
        "cases": f"{report.cases:,}, of which {report.computations:,} distinct computations",
        "no cells": "; ".join(left_out) or "none",
        **_describe_machines(report.machines),
        "worst": _write_cell(report.worst) if report.worst else "nothing was judged",
    }


def _describe_machines(machines: Sequence[MachineShare]) -> dict[str, str]:
    """Describe the machines by torch, processor and device; several by all else that differs too, a line for each."""
    names = dict.fromkeys(name for one in machines for name in one.description)
    shown = [n for n in names if n in _OF_MACHINE or len({one.description.get(n) for one in machines}) > 1]
    words = [", ".join(f"{n} {one.description[n]}" for n in shown if n in one.description) for one in machines]
    if len(machines) == 1:
        return {"machine": words[0]}
    return {
        f"machine {one.number}": f"{one.cells:,} cells, {one.wrong:,} wrong, "
        f"worst {format_distance(one.worst)} noises: {text}"
        for one, text in zip(machines, words, strict=True)
    }


def refused_nodes_text(nodes: Iterable[RefusedNode]) -> str:
    """Write which nodes of a cluster judged nothing, a line for each; empty if all did."""
    return "".join(f"node {node.address} was not used: {node.reason}\n" for node in nodes)


def _write_cell(cell: WrongCell) -> str:
    return f"{format_distance(cell.worst)} noises: {cell.id}" + (
        "" if cell.question == "outputs" else f" ({cell.question})"
    )


def _write_pooled(pooled: Pooled) -> list[str]:
    means = (_write_mean(mean) for mean in (pooled.shift, pooled.growth))
    return [f"{pooled.elements:,}", f"{pooled.rms:.3f}", f"{pooled.worst:.2f}", *means]


def _write_mean(mean: Mean) -> str:
    if math.isnan(mean.error):
        return f"{mean.value:+.4f}"
    return f"{mean.value:+.4f} ± {mean.half_width:.4f}"


def _write_p(p: float) -> str:
    return f"= {p:.1e}" if p > 1e-300 else "< 1e-300"


def _write_reasons(report: SweepReport) -> Iterable[str]:
    if report.reasons:
        yield "Refused or not judged:"
        yield from (f"  {count:,} cells: {reason}" for reason, count in report.reasons.items())
        yield ""


def _write_wrong(report: SweepReport, repeat: str) -> Iterable[str]:
    if report.corners:
        yield "The wrong cells sit where:"
        yield from (f"  {one.where}  ({one.wrong:,} of {one.cells:,} cells there are wrong)" for one in report.corners)
        yield ""
    for cell in report.wrong:
        yield f"{cell.outcome}: {cell.detail}"
        yield f"{REPEAT}{repeat_case(repeat, cell.id, cell.question)}"
    for bias in report.biases:
        kind = "the mean error" if bias.kind == "shift" else "the mean error times the sign of the value"
        yield (
            f"BIASED: {bias.words}: {kind} of {bias.tensor} is {_write_mean(bias.mean)} noises over "
            f"{bias.mean.groups:,} groups of cells (p {_write_p(bias.p)}); a correct kernel's is nearer to 0"
        )


def conclude_sweep(report: SweepReport) -> str:
    """Return what a sweep comes to, in a sentence that begins with the verdict."""
    outcome = report.outcome.value
    if outcome in _CONCLUSIONS:
        return f"{outcome}: {_CONCLUSIONS[outcome].format(left=report.left)}"
    wrong = sum(count for name, count in report.counts.items() if name in ("DEVIATES", "FAILED"))
    words = f"{wrong:,} cells are wrong" if wrong else "every cell agrees to rounding noise, but all together do not"
    return f"{outcome}: {words}."


def sweep_fields(report: SweepReport) -> dict[str, Any]:
    """Return a report as JSON holds it."""
    content: dict[str, Any] = {name: value for name, value in vars(report).items() if name != "pooled"}
    plain = {name: _make_plain(value) for name, value in content.items()}
    pooled = [{"of": words, "tensor": tensor, **asdict(one)} for (words, tensor), one in report.pooled.items()]
    return {"outcome": report.outcome.value, **plain, "pooled": pooled}


def _sweep_json(report: SweepReport) -> str:
    """Write a report as JSON."""
    return json_text("sweep", 1, sweep_fields(report))


def comparison_fields(found: SweepComparison) -> dict[str, Any]:
    """Return a comparison as JSON holds it."""
    return {name: _make_plain(value) for name, value in vars(found).items()}


def _make_plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_make_plain(one) for one in value]
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value


def _comparison_text(found: SweepComparison) -> str:
    """Write what differs between two sweeps."""
    lines = [render_text(render_page("Two sweeps compared", _describe_both(found), _WIDTH))]
    lines += [f"  {one.old} -> {one.new}: {one.id} {one.detail}" for one in found.changed[:20]]
    lines += [f"  and {len(found.changed) - 20:,} more"] * (len(found.changed) > 20)
    lines += [
        f"  drift: {one.words}: {one.kind} of {one.tensor} {_write_mean(one.old)} -> {_write_mean(one.new)} "
        f"(p {_write_p(one.p)})"
        for one in found.drift[:20]
    ]
    return "\n".join([*lines, "", conclude_comparison(found), ""])


def _describe_both(found: SweepComparison) -> dict[str, str]:
    """Return what two sweeps are of, and how many cells both have, by name."""
    return {
        "old": describe_head(found.old),
        "new": describe_head(found.new),
        "cells": f"{found.common:,} in both; {found.only['old']:,} only in the old, {found.only['new']:,} in the new",
    }


def conclude_comparison(found: SweepComparison) -> str:
    """Return what a comparison comes to, in a sentence."""
    if found.exit_code == 1:
        return f"{found.worse:,} cells are worse, {len(found.drift):,} means drift."
    return "No cell is in both." if found.exit_code == 3 else "Nothing is worse."


def describe_head(head: Mapping[str, Any]) -> str:
    """Return what a sweep is of, in a line."""
    return f"{head['name']}, torch {head['torch']}, {head['lattice']}, seed {head['seed']}, {head['started']}"
