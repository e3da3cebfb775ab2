"""Beyond one machine, as far as it needs no Ray: machines are kept apart, and what the nodes must have is found."""

from __future__ import annotations

import json
import os
import signal
import sys
from itertools import cycle
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.sweep.cluster.shipping import find_folder, make_absolute, make_relative
from lstm_parity.audits.sweep.report import sum_up_store
from lstm_parity.audits.sweep.rows import PlannedRow, Result, ShardResult
from lstm_parity.audits.sweep.run import Plan, create_store, run_sweep
from lstm_parity.audits.sweep.store import Store
from lstm_parity.audits.sweep.workers import Answer, ClusterError, Question, WorkerProcess
from lstm_parity.cases.lattice import Cell
from lstm_parity.cases.setting import parse_setting
from lstm_parity.cli import main
from lstm_parity.reports.sweep import sweep_text

FEW = "dtype = 'float32' and num_layers = 1 and batch = 3 and time = 4 and hidden_size < 4 and mkldnn"
ROW = PlannedRow(0, Cell(parse_setting("I2-H3-T4-B3-float32")), 1)


class Elsewhere:
    """Workers that judge nothing: machines with two capabilities answer in turns."""

    def judge(self, shards):
        """Say PARITY, and DEVIATES where it is AVX2."""
        for shard, capability in zip(shards, cycle(("AVX2", "AVX512")), strict=False):
            outcome, worst = ("DEVIATES", 9.0) if capability == "AVX2" else ("PARITY", 1.0)
            results = [Result(row.number, outcome, worst, 0.1, "float32", 0, 1) for row in shard]
            machine = {"torch": "2.13", "processor": f"x86_64, capability {capability}", "kernels": "none"}
            yield Answer(ShardResult(results, [{}]), json.dumps(machine))


@pytest.fixture
def report(tmp_path, monkeypatch):
    """What a store says that two kinds of machines filled."""
    monkeypatch.setattr("lstm_parity.audits.sweep.run._SHARD", 10.0)
    create_store(tmp_path / "s.sweep", Plan(profile="quick", where=FEW), torch="2.13")
    with Store(tmp_path / "s.sweep") as store:
        run_sweep(store, Elsewhere(), Progress())
        yield sum_up_store(store)


def test_machines_that_differ_are_kept_apart(report):
    """What is wrong on one of them only is not said of the other."""
    found = [(one.description["processor"], one.wrong == one.cells, one.worst) for one in report.machines]

    assert found == [("x86_64, capability AVX2", True, 9.0), ("x86_64, capability AVX512", False, 1.0)]


def test_a_report_has_a_line_for_each_machine(report):
    """With what tells it from the others, and not with what they share."""
    text = sweep_text(report, "", 120)

    assert ("machine 2" in text, "AVX512" in text, "kernels" in text) == (True, True, False)


def test_a_cell_without_errors_shares_no_computation(tmp_path, monkeypatch):
    """A crash has no errors; what is judged after it is another computation."""
    create_store(tmp_path / "s.sweep", Plan(profile="quick", where=FEW), torch="2.13")
    monkeypatch.setattr("lstm_parity.audits.sweep.run._SHARD", 1.0)
    with Store(tmp_path / "s.sweep") as store:
        run_sweep(store, Elsewhere(), Progress())
        shared = store.ask("SELECT 1 FROM cell GROUP BY computation HAVING COUNT(DISTINCT numbers) > 1")

    assert shared == []


def test_a_file_goes_to_the_nodes_with_its_folder(tmp_path, monkeypatch):
    """There it is found by its place in the copy, with the file that says how it is used."""
    fields = {"place": str(tmp_path / "mine.py"), "map": str(tmp_path / "maps" / "m.toml"), "name": "Mine"}
    sent = make_relative(fields, find_folder(fields))
    (copy := tmp_path / "copy").mkdir()
    monkeypatch.chdir(copy)
    found = make_absolute(sent)

    assert (found["place"], found["map"]) == (str(copy / "mine.py"), str(copy / "maps" / "m.toml"))


def test_a_file_beside_the_folder_is_refused():
    """In words, with the folder that goes to the nodes."""
    with pytest.raises(ClusterError, match="copy of is /a/b"):
        make_relative({"place": "/a/b/mine.py", "map": "/a/m.toml"}, Path("/a/b"))


def test_an_installed_module_is_not_copied(tmp_path, monkeypatch):
    """One in the current folder is, with the folder; one that only an environment has must be on every node."""
    (tmp_path / "mine.py").touch()
    monkeypatch.chdir(tmp_path)
    found = [find_folder({"place": place, "map": ""}) for place in ("mine", "torch.nn", "")]

    assert found == [tmp_path, None, None]


def test_without_ray_the_command_says_what_to_install(monkeypatch, tmp_path):
    """As a wrong call."""
    monkeypatch.setitem(sys.modules, "ray", None)
    monkeypatch.delitem(sys.modules, "lstm_parity.audits.sweep.cluster.on_ray", raising=False)
    options = ["--profile", "quick", "--where", FEW, "--store", str(tmp_path / "s.sweep")]
    ended = CliRunner().invoke(main, ["sweep", "--ray", *options])

    assert (ended.exit_code, "pip install 'lstm-parity[ray]'" in ended.output) == (2, True)


@pytest.mark.skipif(os.name == "nt", reason="Windows has no SIGKILL")
def test_a_row_whose_process_was_killed_from_outside_is_tried_again():
    """What the system kills for want of memory, say, is no verdict on the cell."""
    process = WorkerProcess(Question(None))
    process.start()
    os.kill(process._process.pid, signal.SIGKILL)
    answer = process.judge([ROW])
    process.kill()
    process.printed.close()

    assert [result.outcome for result in answer.result.results] == ["PARITY"]
