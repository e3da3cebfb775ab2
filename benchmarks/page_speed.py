"""How large pages are, how long they take to make, and how long a browser takes to open them.

Run `python -m benchmarks.page_speed [PAGE.html ...]` (these too); result: page_speed.md. Opening is the
median of five, from navigation to the event `load`, in a new headless Chromium tab, cells and all laid out.
"""

from __future__ import annotations

import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import torch

from lstm_parity.audits.named import LOADERS
from lstm_parity.audits.pages.comparison import records_page
from lstm_parity.audits.pages.sweep import sum_up_rows, sweep_page
from lstm_parity.audits.sweep.report import sum_up_store
from lstm_parity.audits.sweep.store import Store
from lstm_parity.audits.upgrade.compare.records import compare_records
from lstm_parity.audits.upgrade.record_file import read_record
from lstm_parity.audits.verification.identified import identify_judged
from lstm_parity.implementations.load import load_target
from lstm_parity.implementations.target import parse_target
from lstm_parity.reports.html.certificate_page import certificate_page
from specimens.awkward_certificates import AWKWARD, certify, make_large, make_row
from specimens.browser import open_browser
from specimens.sweep_stores import make_sweep

RECORDS, VERSIONS = Path(__file__).parents[1] / "records", ("2.1.2", "2.13.0")
RESULT = Path(__file__).with_suffix(".md")
TARGETS = (
    "module:examples/module.py:MyLSTM",
    "layer:examples/layer.py:lstm_forward",
    "cell:examples/cell.py:lstm_cell",
    "function:examples/function.py:lstm",
    "module:torch.nn:LSTM",
    "mistake:gates-ifog",
    "mistake:reverse-starts-from-forward-states",
    "mistake:hidden-detached",
)
IDENTIFICATION = """
What a certificate's page adds to a verification: the equations, and the data sheet if these are right.

| target | recovered | seconds of a processor |
|---|---|--:|
"""
NAMES = ("one cell", "markup in names and messages", "a hundred thousand cells")
ABOUT = """# Pages: size and time

Made by `python -m benchmarks.page_speed`. Opening: from navigation to a page that is laid out, the median of five.
Made: seconds of a processor.

| page | KiB | made in s | opened in s |
|---|--:|--:|--:|
"""


def open_page(browser: Any, path: Path) -> float:
    """Return the seconds that a new tab takes."""
    tab = browser.new_page(viewport={"width": 1200, "height": 900})
    start = time.perf_counter()
    tab.goto(path.as_uri(), wait_until="load")
    tab.evaluate("document.documentElement.scrollHeight")  # lays it out
    seconds = time.perf_counter() - start
    tab.close()
    return seconds


def make_pages(folder: Path) -> list[tuple[str, Path, str]]:
    """Return names, files and seconds."""
    found = []
    certificates = {one.name: one.certificate for one in AWKWARD if one.name in NAMES}
    made = {name: partial(certificate_page, one) for name, one in certificates.items()}
    made["a million cells"] = partial(certificate_page, make_large(1_000_000))
    for cells in (100_000, 300_000):
        store = make_sweep(folder / f"{cells}.sweep", cases=cells)
        made[f"a sweep of {cells:,} cells, read from its store"] = partial(make_sweep_page, store)
    old, new = (read_record(RECORDS / f"{version}.record") for version in VERSIONS)
    made[f"torch {' and '.join(VERSIONS)} compared"] = partial(records_page, compare_records(old, new))
    for name, make in made.items():
        path = folder / f"{name.replace(' ', '-')}.html"
        start = time.process_time()
        path.write_text(make(), encoding="utf-8")
        found.append((name, path, f"{time.process_time() - start:.2f}"))
    return found


def make_sweep_page(path: Path) -> str:
    """Return the page of a store, as `sweep report --html` makes it."""
    with Store(path, read_only=True) as store:
        return sweep_page(sum_up_store(store), sum_up_rows(store), "lstm-parity verify")


def measure_identification() -> list[str]:
    """Return for each target the seconds of a processor that its equations and its data sheet take."""
    lines = [IDENTIFICATION]
    for target in TARGETS:
        implementation = load_target(parse_target(target, loaders=LOADERS))
        start = time.process_time()
        found = identify_judged(implementation, certify(make_row()))
        seconds = time.process_time() - start
        what = "equations" + " and data sheet" * bool(found and found.sheets)
        lines.append(f"| {target.replace('lstm_parity/', '')} | {what} | {seconds:.1f} |\n")
        print(lines[-1], end="", flush=True)
    return lines


def main() -> None:
    """Measure, print and write."""
    torch.set_num_threads(1)  # whose seconds are counted
    lines = [ABOUT]
    with tempfile.TemporaryDirectory() as folder, open_browser() as browser:
        given = [(Path(name).name, Path(name).resolve(), "") for name in sys.argv[1:]]
        for name, path, made in [*make_pages(Path(folder)), *given]:
            seconds = median(open_page(browser, path) for _ in range(5))
            lines.append(f"| {name} | {path.stat().st_size / 1024:.0f} | {made} | {seconds:.2f} |\n")
            print(lines[-1], end="", flush=True)
    lines += measure_identification()
    RESULT.write_text("".join(lines), encoding="utf-8")


if __name__ == "__main__":
    main()
