"""How time and memory of judging grow with steps, hidden size, rows and layers, one of them at a time.

float32, I = H, one thread; every point is a process of its own with a limit of time: nn.LSTM is called on an input of
the case, forward or back too, and the case is judged (with gradients, autograd is run there). Times are processor
seconds, the best of three unless one takes ten; memory is the process's largest, less what it had before it judged.

Run `python -m benchmarks.growth [SECONDS]`: a quarter of an hour. Result: growth.md, growth.png.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

HERE = Path(__file__)
LIMIT = 240  # seconds of a clock: a limit of processor time makes that time coarse
BASE = {"T": 20, "H": 64, "B": 4, "layers": 1}
AXES = {
    "T": (10, 20, 50, 100, 200, 500, 1000, 2000, 5000),
    "H": (16, 32, 64, 128, 256, 512, 1024, 2048),
    "B": (1, 4, 16, 64, 256, 1024),
    "layers": (1, 2, 4, 8, 16),
}
PASSES = ("forward", "gradients")
Point = dict[str, Any]


def seconds(work: Callable[[], object]) -> float:
    """The best processor time of three calls, or of one that takes long."""
    found: list[float] = []
    while len(found) < 3 and sum(found) < 10.0:
        start = time.process_time()
        work()
        found.append(time.process_time() - start)
    return min(found)


def measure(way: str, sizes: dict[str, int]) -> Point:
    """Seconds of nn.LSTM and of judging, and MiB of judging, in this process."""
    import resource

    import torch

    from lstm_parity.cases.case import draw_case
    from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
    from lstm_parity.implementations.torch_modules import TorchLSTM
    from lstm_parity.judging.forward import judge_all
    from lstm_parity.judging.gradients import judge_gradients
    from lstm_parity.running.autograd import adjoints
    from lstm_parity.running.observe import observe

    torch.set_num_threads(1)
    back, architecture = way == "gradients", (sizes["H"], sizes["H"], sizes["layers"])
    runtime = Runtime("float32", grad_mode="grad" if back else "no_grad")
    case = draw_case(Setting(Architecture(*architecture), Call(sizes["T"], sizes["B"]), runtime), "normal", 0)
    module = torch.nn.LSTM(*architecture)
    x, observation, d = torch.from_numpy(case.input).float(), observe(TorchLSTM(), case, chain=False), adjoints(case)

    def run() -> None:
        with torch.set_grad_enabled(back):
            output, _ = module(x)
            if back:
                output.sum().backward()

    alone, before = seconds(run), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    judged = seconds(lambda: judge_gradients(TorchLSTM(), case, d) if back else judge_all([observation]))
    return {"run": alone, "judged": judged, "MiB": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024}


def measure_apart(way: str, sizes: dict[str, int], limit: int) -> Point | None:
    """The same in a process of its own; None if it took longer than the limit."""
    script = f"import json; from benchmarks.growth import measure; print(json.dumps(measure({way!r}, {sizes!r})))"
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    command = [sys.executable, "-W", "ignore", "-c", script]
    try:
        done = subprocess.run(
            command, env=os.environ | threads, timeout=limit, stdout=subprocess.PIPE, text=True, check=True
        )
    except subprocess.TimeoutExpired:
        return None
    return dict(json.loads(done.stdout))


def row(axis: str, size: int, found: dict[str, Point | None]) -> str:
    """A row of the table."""
    cells = [axis, str(size)]
    for way in PASSES:
        one = found.get(way)
        if one is None:
            cells += ["beyond the limit", "", "", ""]
        else:
            cells += [f"{1e3 * one['run']:.1f}", f"{1e3 * one['judged']:.1f}"]
            cells += [f"{one['judged'] / one['run']:.1f}", f"{one['MiB']:.0f}"]
    return f"| {' | '.join(cells)} |"


def draw(points: dict[tuple[str, str, int], Point | None]) -> None:
    """The plot: seconds and MiB over each axis."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(2, len(AXES), figsize=(13, 5.5), sharey="row", constrained_layout=True)
    for column, axis in enumerate(AXES):
        for way, color in zip(PASSES, ("tab:blue", "tab:orange"), strict=True):
            there = {size: one for (w, name, size), one in points.items() if (w, name) == (way, axis) and one}
            for panel, key, name in ((0, "judged", f"judging, {way}"), (0, "run", f"nn.LSTM, {way}"), (1, "MiB", way)):
                style = "--" if key == "run" else "-"
                panels[panel][column].loglog(
                    list(there), [max(one[key], 1e-4) for one in there.values()], style, color=color, label=name
                )
        panels[1][column].set_xlabel(axis)
        for panel in panels[:, column]:
            panel.grid(alpha=0.3)
    panels[0][0].set_ylabel("seconds")
    panels[1][0].set_ylabel("MiB")
    panels[1][0].set_ylim(0.5)
    panels[0][0].legend(fontsize=7)
    figure.savefig(HERE.with_suffix(".png"), dpi=70)


def main() -> None:
    """Measure every point, write the table and the plot."""
    import numpy as np
    import torch

    limit = int(sys.argv[1]) if len(sys.argv) > 1 else LIMIT
    lines = ["# How judging grows", "", (__doc__ or "").strip(), ""]
    lines += [
        f"torch {torch.__version__}, NumPy {np.__version__}, limit {limit} s a point; where an axis is not named,"
    ]
    lines += [", ".join(f"{name} = {size}" for name, size in BASE.items()) + ".", ""]
    lines += [
        "| | | forward: nn.LSTM, ms | judging, ms | ratio | MiB | gradients: nn.LSTM, ms | judging, ms | ratio | MiB |"
    ]
    lines += ["|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|"]
    points: dict[tuple[str, str, int], Point | None] = {}
    for axis, sizes in AXES.items():
        for size in sizes:
            found: dict[str, Point | None] = {}
            for way in PASSES:
                smaller = [one for (w, name, _), one in points.items() if (w, name) == (way, axis)]
                found[way] = None if None in smaller else measure_apart(way, {**BASE, axis: size}, limit)
                points[way, axis, size] = found[way]
            lines.append(row(axis, size, found))
            print(lines[-1], flush=True)
    draw(points)
    HERE.with_suffix(".md").write_text("\n".join([*lines, "", "![growth](growth.png)"]) + "\n")


if __name__ == "__main__":
    main()
