"""What folders cost and see: the default export, the known mistakes on its cases, and the names that single cases give.

Mistakes run on the float32 cases (on those of another dtype where they are none in float32), the whole call only, as a
program that answers a folder shows no more. Names: TF32
products in one case each, a report as somebody would send it. Run `python -m experiments.folders`. Result: folders.md.
"""

from __future__ import annotations

import tempfile
import time
import warnings
from collections import Counter
from functools import cache
from pathlib import Path

from lstm_parity.audits.folders.run import judge_folders
from lstm_parity.audits.folders.write import export_cases, export_design
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import Architecture, Call, Setting
from lstm_parity.catalogue.mistakes import MISTAKES
from lstm_parity.implementations.stack import FromCell
from lstm_parity.judging.arithmetic import explain, is_explained_in
from lstm_parity.judging.forward import judge_all
from lstm_parity.running.observe import observe
from specimens import correct_cells as lstms

PORTION = 16
TF32 = FromCell("TF32 products", lstms.Written(matmul=lstms.products_of(11)))


def cost() -> list[str]:
    """Cases, size and seconds of the default export; the seconds to read it."""
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        cases = export_design()
        export_cases(cases, Path(folder))
        written = time.perf_counter()
        judge_folders(Path(folder))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*.npy")) / 1e6
        return [
            f"{len(cases)} cases, {size:.0f} MB, written in {written - start:.0f} s; "
            f"read, and found without answers, in {time.perf_counter() - written:.0f} s."
        ]


@cache
def small_first(dtype: str) -> list[Case]:
    """The cases of an export, the small ones first, which tell most."""
    return sorted(export_design([dtype]), key=lambda case: case.setting.architecture.hidden_size)


def seen() -> list[str]:
    """How many of the known mistakes deviate in some float32 case, and the names of those that do not."""
    missed = []
    for wrong in MISTAKES:
        dtype = "float32" if "float32" in wrong.dtypes else wrong.dtypes[0]
        cases = small_first(dtype)
        portions = (cases[k : k + PORTION] for k in range(0, len(cases), PORTION))
        runs = ([observe(wrong, case, chain=False) for case in portion] for portion in portions)
        if all(is_explained_in(judge_all(run)) for run in runs):
            missed.append(f"`{wrong.name}`")
    killed = len(MISTAKES) - len(missed)
    return [
        f"{killed} of {len(MISTAKES)} known mistakes deviate. Those that do not: {', '.join(missed) or 'none'}: faults",
        "of Python objects, layouts in memory, repeated calls, gradient modes and threads, which files do not have.",
    ]


def named() -> list[str]:
    """What single cases of TF32 products are named."""
    shapes = [(layers, bi, time, hidden) for layers in (1, 2, 3) for bi in (False, True) for time in (4, 25, 100)
              for hidden in (8, 32)]  # fmt: skip
    names = Counter()
    for layers, bi, steps, hidden in shapes:
        setting = Setting(Architecture(12, hidden, layers, bidirectional=bi), Call(steps, 4))
        explanation = explain([observe(TF32, draw_case(setting, seed=1), chain=False)])
        names[explanation.arithmetic.name if explanation.arithmetic else "none that is known"] += 1
    return [f"* {name}: {count} of {len(shapes)}" for name, count in names.most_common()]


def main() -> None:
    """Everything, written as it is found."""
    warnings.simplefilter("ignore")
    lines = ["# What folders cost and see", "", "Made by `python -m experiments.folders`.", ""]
    lines += ["## The default export", "", *cost(), "", "## Known mistakes", "", *seen(), ""]
    lines += ["## The name of one case", "", "TF32 products, 1 to 3 layers, 4 to 100 steps, are named:", "", *named()]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
