"""A sweep as a page: its cells by axis and value, where the wrong ones sit, biases, and how the errors are spread."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lstm_parity.audits.sweep.comparison import SweepComparison
from lstm_parity.audits.sweep.report import AXES, WRONG, SweepReport, choose_rows
from lstm_parity.audits.sweep.rows import PER_NOISE
from lstm_parity.audits.sweep.store import Store
from lstm_parity.cases.setting import DTYPES
from lstm_parity.judging.verdict import OF_ONE_CASE, RMS_LIMIT, WORST_LIMIT, Outcome
from lstm_parity.reference.noise.model import Array
from lstm_parity.reports.certificate import WORST_FIRST, Certificate, Row, Tally
from lstm_parity.reports.html.render import Page, Section, render_page
from lstm_parity.reports.html.summary import summarize
from lstm_parity.reports.lines import repeat_case
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.reports.sweep import (
    comparison_fields,
    conclude_comparison,
    conclude_sweep,
    describe_head,
    describe_sweep,
    sweep_fields,
)

_MAX_CHANGES = 200  # cells of a comparison that are listed
_MAX_REASONS = 50
_FLAGS = ("bidirectional", "projection", "bias", "batch_first", "states", "strided", "mkldnn", "deterministic")
_SIZES = ("input_size", "hidden_size", "time", "batch")  # shown by the next power of 2
_SHOWN = tuple(axis for axis in AXES if axis not in ("dtype", "question"))
_RESULTS = ("setting", "outcome", "worst", "rms", "arithmetic", "failing_seed", "detail")
_FIGURES = ("judged", "deviate", "refused", "not judged", "worst")
_VERDICTS = {0: ("NOTHING WORSE", "good"), 1: ("WORSE", "bad"), 3: ("NOTHING IN BOTH", "open")}  # by exit code
_CHANGES = (
    ("was", "verdict", "/old"),
    ("is", "verdict", "/new"),
    ("cell", "name", "/id"),
    ("question", "word", "/question"),
    ("why", "name", "/detail"),
)
_DRIFT = (
    ("cells", "word", "/words"),
    ("tensor", "word", "/tensor"),
    ("mean", "word", "/kind"),
    ("was", "mean", "/old/value"),
    ("is", "mean", "/new/value"),
    ("p", "chance", "/p"),
)


def sweep_page(report: SweepReport, rows: tuple[Row, ...], repeat: str) -> str:
    """Return the page of a sweep. Raises ModuleNotFoundError if jinja2 is not installed.

    rows: of `sum_up_rows`. repeat: the command that `--case ID` is added to.
    """
    provenance = {name: collect_provenance()[name] for name in ("lstm-parity", "command")} | describe_sweep(report)
    sums, head = summarize(Certificate(provenance, rows, "")), report.head
    counted = [fields for row in rows if (fields := _row_fields(row))]
    data = {
        **sweep_fields(report),
        "reasons": dict(Counter(report.reasons).most_common(_MAX_REASONS)),
        "limits": {"worst": WORST_LIMIT, "rms": RMS_LIMIT},
        "beyond": "",
        "rows": counted,
        "page": {
            **sums,
            "rows_left_out": 0,
            "tails": _list_tails(report),
            "per_noise": PER_NOISE,
            "remarks": [],
            "commands": [repeat_case(repeat, cell.id, cell.question) for cell in report.wrong],
        },
        "provenance": provenance,
    }
    limits = [f"only cells where {head['where']}"] * bool(head["where"])
    figures = {name: f"/page/totals/{name}" for name in _FIGURES} | {"not judged yet": "/left", "cases": "/cases"}
    claim = conclude_sweep(report).partition(": ")[2]
    named, sections = ("sweep", 1), _list_sections(report, data)
    return render_page(
        Page(
            "A sweep of the lattice of settings",
            head["name"],
            report.outcome.value,
            claim[0].upper() + claim[1:],
            limits,
            figures,
            sections,
            named,
            data,
            provenance,
        )
    )


def _list_sections(report: SweepReport, data: Mapping[str, Any]) -> list[Section]:
    sections = [Section("wrong", "Where the wrong cells sit", "corners.html.j2")] * bool(report.wrong)
    biases = [Section("biases", "Means that are not zero", "biases.html.j2")] * bool(report.biases)
    sections += [] if report.wrong else biases  # of wrong cells they say nothing new
    sections += [Section("verdicts", "Verdicts", "verdicts.html.j2")]
    sections += [Section("coverage", "What was judged", "coverage.html.j2")] * bool(data["page"]["axes"])
    sections += [Section("heat", "Where the noise is largest", "heat.html.j2")] * bool(data["page"]["leading"])
    sections += [Section("distances", "Errors against the limit", "tails.html.j2")] * bool(report.tails)
    sections += [Section("means", "Errors of many cells together", "pooled.html.j2")] * bool(report.pooled)
    sections += biases if report.wrong else []
    return [*sections, Section("unjudged", "What was not judged", "unjudged.html.j2")]


def _row_fields(row: Row) -> dict[str, Any]:
    names = ("implementation", "dtype", "question", "arithmetic", "counts", "worst", "rms")
    return {name: getattr(row, name) for name in names} | {
        "outcome": row.outcome.value,
        "failing": [],
        "failing_count": 0,
    }


def _list_tails(report: SweepReport) -> list[dict[str, Any]]:
    """Return how many errors there are of each size, with the worst, by dtype and tensor."""
    tails = []
    for (words, tensor), pooled in report.pooled.items():
        dtype = words.removeprefix("dtype = ")
        if counts := report.tails.get(f"{dtype} {tensor}"):
            sums = {"elements": sum(counts), "near": sum(counts[:PER_NOISE]), "worst": pooled.worst}
            tails.append({"dtype": dtype, "tensor": tensor, "counts": counts, **sums})
    return tails


def sum_up_rows(store: Store, where: str = "", command: str = "") -> tuple[Row, ...]:
    """Sum up the judged cells of a store by dtype and question, as rows of a certificate. Raises StoreError.

    command: what `--case` is added to.
    """
    axes = dict.fromkeys((*_SHOWN, *_SIZES, "machine"))
    cells = store.columns((*axes, "dtype", "question", *_RESULTS), where)
    judged = choose_rows(cells, cells["outcome"].astype(bool))
    shown = {axis: _write_values(axis, judged[axis]) for axis in axes if axis != "machine" or len({*judged[axis]}) > 1}
    name, pairs = store.head["name"], {*zip(judged["dtype"].tolist(), judged["question"].tolist(), strict=True)}
    found = list[Row]()
    for dtype, question in sorted(pairs, key=lambda pair: (DTYPES.index(pair[0]), pair[1] != "outputs")):
        its = (judged["dtype"] == dtype) & (judged["question"] == question)
        part, values = choose_rows(judged, its), choose_rows(shown, its)
        found.append(_make_row(name, dtype, question, part, values, command))
    return tuple(found)


def _make_row(
    name: str, dtype: str, question: str, cells: Mapping[str, Array], values: Mapping[str, Array], command: str
) -> Row:
    counts = Counter(cells["outcome"].tolist())
    outcome = next((one for one in WORST_FIRST if counts[one.value]), Outcome.REFUSED)
    unjudged = np.isin(cells["outcome"].astype(str), (Outcome.REFUSED.value, Outcome.NOT_JUDGED.value))
    arithmetic = Counter(cells["arithmetic"].tolist()).most_common(1)[0][0]
    return Row(
        name,
        dtype,
        outcome,
        arithmetic,
        arithmetic,
        {one.value: counts[one.value] for one in OF_ONE_CASE},
        float(cells["worst"].max()),
        float(cells["rms"].max()),
        {},
        dict(Counter(cells["detail"][unjudged]).most_common(_MAX_REASONS)),
        (),
        (),
        question,
        command=command,
        tallies={axis: dict(_tally(cells, column)) for axis, column in values.items()},
    )


def _tally(cells: Mapping[str, Array], values: Array) -> Iterator[tuple[str, Tally]]:
    """Yield each value of an axis with what became of its cells, and the worst of them."""
    outcomes, worst = cells["outcome"].astype(str), cells["worst"].astype(float)
    for value in np.unique(values):
        its = np.flatnonzero(values == value)
        counts = Counter(outcomes[its].tolist())
        wrong = {name: counts[name] for name in WRONG}
        judged = counts[Outcome.PARITY.value] + counts[Outcome.DEVIATES.value]
        farthest = int(its[worst[its].argmax()])
        case = "-".join(str(cells[name][farthest]) for name in ("setting", "profile", "failing_seed"))
        unjudged = counts[Outcome.NOT_JUDGED.value]
        numbers = (judged, wrong[Outcome.DEVIATES.value], wrong[Outcome.FAILED.value], counts[Outcome.REFUSED.value])
        yield str(value), Tally(*numbers, unjudged, float(worst[farthest]), case if judged else "")


def _write_values(axis: str, values: Array) -> Array:
    """Return the values of an axis as a page names them."""
    if axis in _FLAGS:
        return np.where(values.astype(bool), "True", "False")
    if axis in _SIZES:
        highest = 2 ** np.ceil(np.log2(np.maximum(values.astype(float), 1.0))).astype(int)
        return np.array([f"{high // 2 + 1} to {high}" if high > 2 else str(high) for high in highest])
    return values.astype(str)


def sweep_comparison_page(found: SweepComparison) -> str:
    """Return the page of two sweeps compared. Raises ModuleNotFoundError if jinja2 is not installed."""
    fields = comparison_fields(found)
    changed = sorted(fields["changed"], key=lambda one: (one["new"] not in WRONG, one["old"] not in WRONG))
    left = max(0, len(changed) - _MAX_CHANGES)
    totals = {"changed": len(changed), "changes_left_out": left, "drift": len(found.drift)}
    provenance = {name: collect_provenance()[name] for name in ("lstm-parity", "command")}
    provenance |= {"old": describe_head(found.old), "new": describe_head(found.new)}
    data = {**fields, "changed": changed[:_MAX_CHANGES], "page": totals, "provenance": provenance}
    titles = (("changed", "Cells that are judged otherwise", _CHANGES), ("drift", "Means that drift", _DRIFT))
    tables = [(name, title, _make_table(data, name, columns)) for name, title, columns in titles]
    sections = [Section(name, title, "table.html.j2", table) for name, title, table in tables if table["rows"]]
    verdict, tone = _VERDICTS[found.exit_code]
    figures = {"in both": "/common", "worse": "/worse", "judged otherwise": "/page/changed", "drift": "/page/drift"}
    figures |= {"only in the old": "/only/old", "only in the new": "/only/new"}
    limits = [f"{left:,} more cells that are judged otherwise are only counted"] * bool(left)
    return render_page(
        Page(
            "Two sweeps compared",
            f"{found.old['name']} and {found.new['name']}",
            verdict,
            conclude_comparison(found),
            limits,
            figures,
            sections,
            ("sweep comparison", 1),
            data,
            provenance,
            tone,
        )
    )


def _make_table(data: Mapping[str, Any], name: str, columns: tuple[tuple[str, str, str], ...]) -> dict[str, Any]:
    captions = {"changed": "The old verdict and the new one, the worst first", "drift": "Means of both, in noises"}
    return {"caption": captions[name], "columns": columns, "rows": [f"/{name}/{k}" for k in range(len(data[name]))]}
