"""A sweep on a Ray cluster of two nodes: workers, a node and the driver are killed, and nothing is lost or doubled."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.sweep.run import Plan, create_store, run_sweep
from lstm_parity.audits.sweep.store import Store
from lstm_parity.audits.sweep.workers import ClusterError, LocalWorkers, Question
from lstm_parity.implementations.target import parse_target

pytest.importorskip("ray", reason="Ray is not installed: pip install 'lstm-parity[ray]'")
pytestmark = [
    pytest.mark.filterwarnings("ignore"),  # of Ray
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes to kill are found in /proc"),
]

from ray.cluster_utils import Cluster  # noqa: E402

from lstm_parity.audits.sweep.cluster.on_ray import RayWorkers  # noqa: E402

WHERE = (
    "dtype = 'float32' and profile = 'normal' and not bidirectional and num_layers = 1 and batch = 3 and mkldnn "
    "and (time = 4 or hidden_size = 7) and time < 20 and hidden_size < 20 and input_size < 20"
)
ROWS = "SELECT number, setting, outcome, worst, rms, arithmetic, failing_seed, detail FROM cell ORDER BY number"
NODE = {"num_cpus": 1, "object_store_memory": 100 * 2**20}
SWEEP = """
from lstm_parity.audits.sweep import run
from lstm_parity.cli import main
run._SHARD = 20.0
main()
"""
SLOW = """
import os, time
from torch import nn

class Slow(nn.LSTM):
    def forward(self, x, hx=None):
        time.sleep(0.01)
        if self.hidden_size == 2 and hx is None and x.dim() == 3:
            os._exit(3)
        output, (h, c) = super().forward(x, hx)
        return (output + 0.01 if self.hidden_size == 3 else output), (h, c)
"""


@pytest.fixture(scope="module")
def target(tmp_path_factory):
    """An LSTM that is slow, so that a kill meets it at work, wrong at one size, and deadly at another."""
    file = tmp_path_factory.mktemp("target") / "slow.py"
    file.write_text(SLOW)
    return parse_target(f"module:{file}:Slow")


@pytest.fixture(scope="module")
def cluster():
    """Two nodes of one core."""
    found = Cluster(initialize_head=True, head_node_args={**NODE, "include_dashboard": False})
    found.add_node(**NODE)
    yield found
    found.shutdown()


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Shards of a few cells."""
    monkeypatch.setattr("lstm_parity.audits.sweep.run._SHARD", 20.0)


def make_store(path: Path, target) -> Path:
    """Write the plan of a sweep."""
    create_store(path, Plan(target.fields, str(target), "quick", where=WHERE), torch="1")
    return path


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, target):
    """The rows of a sweep by processes of this machine."""
    path = make_store(tmp_path_factory.mktemp("sweep") / "local.sweep", target)
    with Store(path) as store, LocalWorkers(Question(target.fields), 2) as workers:
        run_sweep(store, workers, Progress())
        return store.ask(ROWS)


def find_children(parent: int, name: bytes) -> list[int]:
    """Return the processes that a process started, by how their command lines begin."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            started_by = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            if started_by == parent and (folder / "cmdline").read_bytes().startswith(name):
                found.append(int(folder.name))
        except OSError:  # it has ended
            continue
    return found


def kill_first(processes: list[int]) -> bool:
    """Kill a process, if there is one."""
    for process in processes[:1]:
        os.kill(process, signal.SIGKILL)
    return bool(processes)


class Disturbed:
    """Workers of a cluster to which one thing after the other happens, after so many answers at least."""

    def __init__(self, workers: RayWorkers, events: list[tuple[int, Callable[[], object]]]):
        self.workers, self.events = workers, events

    def judge(self, shards):
        """Yield what they answer; what cannot happen yet, False, happens after a later answer."""
        for k, answer in enumerate(self.workers.judge(shards)):
            if self.events and k >= self.events[0][0] and self.events[0][1]() is not False:
                self.events.pop(0)
            yield answer


def test_killed_workers_and_a_lost_node_change_no_row(cluster, target, undisturbed, tmp_path):
    """An actor, the process of another and a node are killed, a node joins: the rows are those of one machine."""
    raylet = cluster.head_node.all_processes["raylet"][0].process.pid

    def kill_actor():
        return kill_first(find_children(raylet, b"ray::Judge"))

    def kill_process():
        return kill_first([one for actor in find_children(raylet, b"ray::Judge") for one in find_children(actor, b"")])

    events = [
        (1, kill_actor),
        (4, lambda: cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)),
        (5, kill_process),
        (7, lambda: cluster.add_node(**NODE)),
    ]
    with Store(make_store(tmp_path / "ray.sweep", target)) as store:
        with RayWorkers(Question(target.fields), cluster.address) as workers:
            assert run_sweep(store, Disturbed(workers, events), Progress())

        assert (events, store.ask(ROWS)) == ([], undisturbed)


def test_a_killed_driver_goes_on(cluster, target, undisturbed, tmp_path):
    """The command is killed while it writes, and given again: the rows are those of one machine."""
    store = tmp_path / "ray.sweep"
    make_store(store, target)
    options = ["--profile", "quick", "--where", WHERE, "--store", str(store), "--impl", str(target)]
    command = [sys.executable, "-c", SWEEP, "sweep", "--ray", cluster.address, *options]
    driver = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    with closing(sqlite3.connect(store)) as db:
        while driver.poll() is None and not count(db):
            time.sleep(0.05)
        driver.kill()
        driver.wait()
        written = count(db)
    ended = subprocess.run(command, check=False, capture_output=True, text=True)
    with Store(store) as opened:
        assert (0 < written < len(undisturbed), opened.ask(ROWS)) == (True, undisturbed), ended.stderr


def count(db: sqlite3.Connection) -> int:
    """Count the rows that have an outcome."""
    return db.execute("SELECT COUNT(outcome) FROM cell").fetchone()[0]


def test_an_address_where_nothing_answers_is_refused():
    """At once: Ray itself would try for minutes."""
    with pytest.raises(ClusterError, match="nothing answers"), RayWorkers(Question(None), "127.0.0.1:1"):
        pass


def test_nodes_with_another_lstm_parity_are_refused(cluster, tmp_path, monkeypatch):
    """Its limits may be others: with the two versions; and if there are no other nodes, the sweep ends."""
    monkeypatch.setattr("lstm_parity.audits.sweep.cluster.on_ray.find_version", lambda: "9.9")
    create_store(tmp_path / "s.sweep", Plan(profile="quick", where=WHERE), torch="1")
    with (
        Store(tmp_path / "s.sweep") as store,
        RayWorkers(Question(None), cluster.address) as workers,
        pytest.raises(ClusterError, match=r"and this is 9\.9"),
    ):
        run_sweep(store, workers, Progress())
