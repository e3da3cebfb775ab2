"""The arithmetic of LSTMs, measured from outside: docs/arithmetic.md, a data sheet of each implementation and dtype.

Run `python -m pages.arithmetic` for torch and the references, in the environment of `make frameworks` for what is
installed there, with names to measure those anew, or with --write to write only the page. Results: arithmetic.json.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lstm_parity.audits.data_sheet import HEADINGS, sheet_cells, sheet_fields
from lstm_parity.cases.setting import DTYPES, Runtime
from lstm_parity.cli_parts import find_target
from lstm_parity.identification.arithmetic.sheet import SIZE, measure_data_sheet
from lstm_parity.identification.probe import ProbeError
from lstm_parity.implementations.frameworks.registry import FRAMEWORKS
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import TargetError
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.protocol import Implementation

RAW = Path(__file__).with_suffix(".json")
PAGE = Path(__file__).parents[1] / "docs" / "arithmetic.md"
MODES = ("autocast to bfloat16", "quantizable.LSTM, constructed")
HEAD = """\
# The arithmetic of LSTMs

Made by `python -m pages.arithmetic`. What `lstm-parity identify` measures of one step with {size} inputs and units,
from outside, by exact numbers: errors of each activation alone, bits that are kept of factors and of running sums,
the order in which sums are added up (after FPRev, Xie et al., USENIX ATC 2025), what is fused, and what happens to
subnormal numbers. u is half the spacing of the numbers next to 1. An order is named if it explains two samples of
{most} terms; others are "in another order". Rows are batches of all that is asked at once; "a row alone" says whether
one row by itself gives the same numbers bit for bit.

All numbers are those of one processor ({machine}): kernels depend on it.
"""


@dataclass(frozen=True)
class Subject:
    """What is measured: an implementation of ours, or a target in a process of its own."""

    title: str
    implementation: Implementation | None = None
    target: str = ""
    mkldnn: bool = True


SUBJECTS = (
    Subject("torch.nn.LSTM, oneDNN", TorchLSTM()),
    Subject("torch.nn.LSTM, without oneDNN", TorchLSTM(), mkldnn=False),
    Subject("torch.nn.LSTMCell", TorchLSTMCell()),
    *(Subject(f"nn.LSTM, {mode}", target=f"mode:{mode}") for mode in MODES),
    Subject("reference in torch", TorchReference()),
    Subject("reference in NumPy", NumpyReference()),
    *(Subject(framework.title, target=f"framework:{framework.name}") for framework in FRAMEWORKS),
)


def measure(subject: Subject) -> Iterator[dict[str, Any]]:
    """Yield a row for each dtype that can be called."""
    if subject.implementation is not None:
        yield from _measure_dtypes(subject, subject.implementation)
        return
    remote = RemoteImplementation(find_target(subject.target), 600.0, 16.0)
    with remote as there:
        there.start()
        dtypes = DTYPES if subject.target.startswith("mode:") else ("float64", "float32")  # what adapters are judged in
        yield from _measure_dtypes(subject, there, dtypes)


def _measure_dtypes(
    subject: Subject, implementation: Implementation, dtypes: Sequence[str] = DTYPES
) -> Iterator[dict[str, Any]]:
    for dtype in dtypes:
        try:
            sheet = measure_data_sheet(implementation, Runtime(dtype, mkldnn=subject.mkldnn))
        except ProbeError as error:
            print(f"{subject.title}, {dtype}: {str(error).splitlines()[0]}", flush=True)
            continue
        print(f"{subject.title}, {dtype}: {sheet.lacks or 'lacks nothing'}", flush=True)
        yield {"cells": sheet_cells(sheet), **sheet_fields(sheet)}


def kept() -> dict[str, dict[str, Any]]:
    """Return what was measured, by title."""
    return json.loads(RAW.read_text(encoding="utf-8")) if RAW.exists() else {}


def page() -> str:
    """Write what was kept as a table."""
    found = kept()
    machine = next(iter(found.values()))["provenance"]
    head = HEAD.format(size=SIZE, most=26, machine=f"{machine['processor']}, {machine['kernels']}")
    lines = ["| LSTM | dtype | " + " | ".join(HEADINGS) + " |", "|---|---" + "|---" * len(HEADINGS) + "|"]
    for subject in SUBJECTS:
        for sheet in found.get(subject.title, {"sheets": []})["sheets"]:
            lines.append(f"| {subject.title} | {sheet['dtype']} | " + " | ".join(sheet["cells"]) + " |")
    return head + "\n" + "\n".join(lines) + "\n"


def main() -> None:
    """Measure those that are named, or all that are installed, and write the page."""
    names = [argument for argument in sys.argv[1:] if argument != "--write"]
    for subject in SUBJECTS if "--write" not in sys.argv else ():
        if names and subject.title not in names:
            continue
        try:
            sheets = list(measure(subject))
        except (TargetError, RuntimeError) as error:
            print(f"{subject.title}: {error}", flush=True)
            continue
        everything = kept() | {subject.title: {"sheets": sheets, "provenance": collect_provenance()}}
        RAW.write_text(json.dumps(everything, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main()
