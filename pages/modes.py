"""Every execution mode crossed with the call forms: what `lstm-parity modes` says, kept mode by mode.

Run `python -m pages.modes` (half an hour on two cores; it needs onnx, onnxruntime and onnxscript), or with the
names of modes to judge those anew, or with --write to write only the page. Results: modes.json and modes.md.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from lstm_parity.audits.modes.report import mode_row, modes_text
from lstm_parity.audits.modes.run import TrialResult, run_trials
from lstm_parity.audits.modes.trials import design_trials
from lstm_parity.implementations.modes import MODES
from lstm_parity.reports.provenance import collect_provenance

HERE = Path(__file__).parent
RAW, PAGE = HERE / "modes.json", HERE / "modes.md"


def kept() -> dict[str, dict]:
    """What was found, by mode and trial."""
    return json.loads(RAW.read_text()) if RAW.exists() else {}


def judge(name: str) -> None:
    """Judge one mode, and keep what became of its trials."""
    found = [one.fields for one in run_trials(design_trials(MODES[name]), print)]
    everything = kept() | {name: {"trials": found, **collect_provenance()}}
    RAW.write_text(json.dumps({mode: everything[mode] for mode in MODES if mode in everything}, indent=0) + "\n")


def page() -> str:
    """What was kept, told as the command tells it, with today's table of lacks."""
    rows, found = [], kept()
    for name in filter(found.__contains__, MODES):
        by_name = {trial.name: trial for trial in design_trials(MODES[name])}
        rows.append(
            mode_row(
                name,
                [
                    TrialResult.of(by_name[one["trial"]], one)
                    for one in found[name]["trials"]
                    if one["trial"] in by_name
                ],
            )
        )
    text = modes_text(rows, collect_provenance(), width=170)
    about = (__doc__ or "").splitlines()[0]
    return f"# {about}\n\nMade by `python -m pages.modes`.\n\n```\n{text.rstrip()}\n```\n"


def main() -> None:
    """Judge the modes that are named, or all, and write the page."""
    names = [argument for argument in sys.argv[1:] if argument != "--write"]
    for name in names or (MODES if "--write" not in sys.argv else []):
        judge(name)
    PAGE.write_text(page())


if __name__ == "__main__":
    main()
