"""What a sweep costs on a cluster: cells per second of one core, what Ray adds, and how many cores one driver feeds.

Run `OMP_WAIT_POLICY=PASSIVE OPENBLAS_NUM_THREADS=1 RAY_AUTH_MODE=token RAY_AUTH_TOKEN=$(openssl rand -hex 32) python -m
benchmarks.cluster_cost`; it needs Ray, and a quiet machine. The first two are what the command sets by itself. Result:
cluster_cost.md.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

import torch

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.sweep.cluster.on_ray import RayWorkers
from lstm_parity.audits.sweep.run import Plan, Workers, create_store, cut_shards, run_sweep
from lstm_parity.audits.sweep.shard import judge_shard
from lstm_parity.audits.sweep.store import Store
from lstm_parity.audits.sweep.workers import Answer, LocalWorkers, Question, Shard, WorkerProcess
from lstm_parity.implementations.torch_modules import TorchLSTM

PORT = 6399
SOME = "dtype = 'float32' and num_layers = 1"  # of the quick lattice, where walls are compared
NODE = ("--num-cpus=1", "--object-store-memory=100000000", "--disable-usage-stats", "--block")
PRICE = 0.04  # USD for an hour of one core: an assumption, about that of rented machines


@dataclass
class Timed:
    """Workers with the moments of their answers."""

    workers: Workers
    answers: list[tuple[float, int]] = field(default_factory=list)

    def judge(self, shards: Iterable[Shard]) -> Iterator[Answer]:
        """Yield what they answer."""
        for answer in self.workers.judge(shards):
            self.answers.append((time.perf_counter(), len(answer.result.results)))
            yield answer

    @property
    def rate(self) -> float:
        """Cells per second, from the tenth part of the answers to the last but for the slow end."""
        first, last = len(self.answers) // 10, len(self.answers) * 9 // 10
        cells = sum(n for _, n in self.answers[first + 1 : last + 1])
        return cells / (self.answers[last][0] - self.answers[first][0])


@contextmanager
def started_nodes() -> Iterator[str]:
    """Start three nodes of one core as docs/cluster.md says; yield the address."""
    ray = str(Path(sys.executable).with_name("ray"))
    address = f"127.0.0.1:{PORT}"
    commands = [[ray, "start", "--head", f"--port={PORT}", "--include-dashboard=false", *NODE]]
    commands += [[ray, "start", f"--address={address}", *NODE]] * 2
    with ExitStack() as stack:
        for command in commands:
            node = stack.enter_context(subprocess.Popen(command, stdout=subprocess.DEVNULL))
            stack.callback(node.terminate)
            time.sleep(15.0)
        yield address


def sweep(workers: Workers, where: str, folder: Path) -> tuple[Timed, float, int]:
    """Judge some of the quick lattice; return the answers, the driver's seconds of processor, and the cells."""
    path = folder / f"{time.time()}.sweep"
    create_store(path, Plan(profile="quick", where=where), torch=torch.__version__)
    timed = Timed(workers)
    with Store(path) as store:
        before = time.process_time()
        run_sweep(store, timed, Progress())
        return timed, time.process_time() - before, sum(n for _, n in timed.answers)


def measure_core(folder: Path) -> tuple[int, float]:
    """Judge the whole quick lattice in this process; return the cells and the seconds of processor."""
    path = folder / "core.sweep"
    create_store(path, Plan(profile="quick"), torch=torch.__version__)
    with Store(path) as store:
        rows = list(store.left())
    shards = list(cut_shards(rows))
    judge_shard(TorchLSTM(), shards[0])
    before = time.process_time()
    for shard in shards:
        judge_shard(TorchLSTM(), shard)
    return len(rows), time.process_time() - before


def measure_memory(folder: Path) -> tuple[int, int]:
    """Return the most MB that an actor's program takes once it is loaded, and a worker process with large cells."""
    program = "import lstm_parity.audits.sweep.cluster.on_ray; print(open('/proc/self/status').read())"
    actor = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True, text=True).stdout
    with Store(folder / "core.sweep") as store:
        shards = list(cut_shards(list(store.left())[-600:]))  # the largest
    process = WorkerProcess(Question(None))
    process.start()
    for shard in shards:
        process.judge(shard)
    assert process._process is not None
    status = Path(f"/proc/{process._process.pid}/status").read_text()
    process.kill()
    of_both = (int(text.partition("VmHWM:")[2].split()[0]) // 1024 for text in (actor, status))
    return next(of_both), next(of_both)


def compare(folder: Path, turns: int = 3) -> tuple[list[float], list[float], float]:
    """Return the rates of two local processes and of two actors in turns, and the driver's seconds for each cell."""
    local, on_ray, driver = list[float](), list[float](), list[float]()
    with started_nodes() as address:
        for _ in range(turns):
            with LocalWorkers(Question(None), 2) as processes:
                local.append(sweep(processes, SOME, folder)[0].rate)
            with RayWorkers(Question(None), address, 2) as actors:
                timed, seconds, cells = sweep(actors, SOME, folder)
                on_ray.append(timed.rate)
                driver.append(seconds / cells)
    return local, on_ray, median(driver)


def main() -> None:
    """Measure, and write the result."""
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        cells, seconds = measure_core(Path(folder))
        memory = measure_memory(Path(folder))
        local, on_ray, driver = compare(Path(folder))
    rate, ratios = cells / seconds, [b / a for a, b in zip(local, on_ray, strict=True)]
    hours = 1e6 / rate / 3600.0
    lines = [
        "# What a sweep costs on a cluster",
        "",
        f"Made by `python -m benchmarks.cluster_cost`. torch {torch.__version__}, load average {load:.1f} on "
        f"{os.cpu_count()} cores. Ray has three nodes on this machine, started by `ray start`, and two actors.",
        "",
        "| | |",
        "|---|---:|",
        f"| cells of `--profile quick`, nn.LSTM | {cells:,} |",
        f"| seconds of one core that judging them takes, in one process, start excluded | {seconds:.0f} |",
        f"| cells per second and core | {rate:,.0f} |",
        f"| hours of one core for a million cells | {hours:.2f} |",
        f"| the same in USD, at {PRICE} USD for the hour of a core | {hours * PRICE:.4f} |",
        f"| cells per second, two local processes ({SOME}), by the clock | {', '.join(f'{r:,.0f}' for r in local)} |",
        f"| cells per second, two actors, in turns with these | {', '.join(f'{r:,.0f}' for r in on_ray)} |",
        f"| the second over the first, median of the turns | {median(ratios):.2f} |",
        f"| microseconds of the driver for a cell (the store, JSON, Ray) | {1e6 * driver:.0f} |",
        f"| MB of an actor, and of its worker process at most | {memory[0]:,} and {memory[1]:,} |",
        f"| cores that one driver feeds: its rate over a core's | {1.0 / driver / rate:.0f} |",
        "",
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines))
    print("\n".join(lines))


if __name__ == "__main__":
    main()
