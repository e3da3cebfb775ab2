"""A sweep is judged, kept and taken up again: nothing is lost, nothing is counted twice."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.sweep.comparison import compare_stores
from lstm_parity.audits.sweep.report import sum_up_store
from lstm_parity.audits.sweep.rows import PlannedRow, decode_result, decode_rows, encode_result, encode_rows
from lstm_parity.audits.sweep.run import Plan, create_store, cut_shards, lock_store, read_plan, run_sweep
from lstm_parity.audits.sweep.shard import judge_shard
from lstm_parity.audits.sweep.store import Store, StoreError
from lstm_parity.audits.sweep.workers import Answer, LocalWorkers, Question
from lstm_parity.cases.case import draw_case
from lstm_parity.cases.lattice import GRADIENTS, Cell, build_lattice
from lstm_parity.cases.setting import parse_setting
from lstm_parity.cli import main
from lstm_parity.implementations.target import parse_target
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.observe import observe

FEW = "dtype = 'float32' and not bidirectional and num_layers = 1 and batch = 3 and profile = 'normal' and not bias"
MACHINE = json.dumps({"torch": "1", "processor": "one", "kernels": "none"})
build_once = cache(build_lattice)
VERDICTS = "SELECT number, outcome, worst, rms, arithmetic, detail FROM cell ORDER BY number"


class Here:
    """Workers in this process; `stop` shards are judged before it is killed."""

    def __init__(self, stop=None):
        self.stop = stop

    def judge(self, shards):
        """Judge shards one after the other."""
        for k, shard in enumerate(shards):
            if k == self.stop:
                raise KeyboardInterrupt
            rows = decode_rows(json.loads(json.dumps(encode_rows(shard))))
            result = json.loads(json.dumps(encode_result(judge_shard(TorchLSTM(), rows))))
            yield Answer(decode_result(result), MACHINE)


def make_store(path: Path, **more) -> Path:
    """Write the plan of a small sweep."""
    create_store(path, Plan(**{"profile": "quick", "where": FEW, **more}), torch="1")
    return path


def run(path: Path, stop=None) -> bool:
    """Judge what is left in a store."""
    with Store(path) as store:
        return run_sweep(store, Here(stop), Progress())


@pytest.fixture(autouse=True)
def small_shards(monkeypatch):
    """Shards of a few cells, and one lattice for all stores of a profile, which takes a second to build."""
    monkeypatch.setattr("lstm_parity.audits.sweep.run._SHARD", 30.0)
    monkeypatch.setattr("lstm_parity.audits.sweep.run.build_lattice", build_once)


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """A store that was judged at once."""
    path = make_store(tmp_path_factory.mktemp("sweep") / "whole.sweep")
    assert run(path)
    return path


def test_a_killed_sweep_goes_on_with_nothing_lost(whole, tmp_path):
    """Judged in two runs, the second after a kill, a store has the same rows as one that was judged at once."""
    path = make_store(tmp_path / "two.sweep")
    with pytest.raises(KeyboardInterrupt):
        run(path, stop=1)
    run(path)

    with Store(path) as store, Store(whole) as other:
        assert store.ask(VERDICTS) == other.ask(VERDICTS)


def test_a_shard_that_is_written_twice_counts_once(tmp_path):
    """A result that comes again, as after a lost answer, changes nothing."""
    with Store(make_store(tmp_path / "s.sweep")) as store:
        answer = next(Here().judge(cut_shards(store.left())))
        store.write(answer.result, MACHINE)
        before = store.ask("SELECT COUNT(*) FROM computation")
        store.write(answer.result, MACHINE)

        assert store.ask("SELECT COUNT(*) FROM computation") == before


@pytest.mark.parametrize("question", ["outputs", GRADIENTS])
def test_cells_judged_together_have_the_verdicts_of_each_by_itself(question):
    """Sharing numbers, LSTMs, steps and exact answers changes no verdict and no distance."""
    names = (
        "I5-H7-L2-T4-B3-{}float32-grad",
        "I5-H7-L2-bf-T4-B3-{}float32-grad",
        "I5-H7-L2-T4-B3-{}float32-grad-native",
    )
    packed = ("", "packed4.1.2-", "sorted4.4.1-", "nostates-")
    cells = [Cell(parse_setting(name.format(more)), "normal", question) for name in names for more in packed]
    rows = [PlannedRow(k, cell, 5) for k, cell in enumerate(cells)]
    found = [(r.outcome, r.worst) for r in judge_shard(TorchLSTM(), rows).results]

    assert found == [(verdict.outcome.value, pytest.approx(verdict.worst)) for verdict in map(judge_alone, cells)]


def judge_alone(cell: Cell):
    """The verdict on one cell."""
    case = draw_case(cell.setting, cell.profile, 5)
    if cell.question == GRADIENTS:
        return judge_gradients(TorchLSTM(), case, adjoints(case))
    return judge(observe(TorchLSTM(), case))


def test_more_cases_are_more_seeds(tmp_path):
    """`--cases` judges every cell with as many seeds as it takes, and says how many."""
    path = make_store(tmp_path / "s.sweep", cases=1000)
    run(path)
    with Store(path) as store:
        assert sum_up_store(store).cases >= 1000


def test_a_file_that_is_no_store_is_refused(tmp_path):
    """In words, with the command that saves what can be saved."""
    path = tmp_path / "s.sweep"
    path.write_bytes(b"nothing of the kind" * 100)
    ended = CliRunner().invoke(main, ["sweep", "report", str(path)])

    assert (ended.exit_code, "sweep rescue" in ended.output) == (2, True)


def test_a_damaged_store_is_saved_but_for_what_cannot_be_read(whole, tmp_path):
    """The rows that can be read are in a new store, and the rest is judged again: the same rows as before."""
    damaged, saved = tmp_path / "damaged.sweep", tmp_path / "saved.sweep"
    content = bytearray(whole.read_bytes())
    middle = len(content) // 2 // 4096 * 4096
    content[middle : middle + 8192] = b"\xff" * 8192
    damaged.write_bytes(content)
    ended = CliRunner().invoke(main, ["sweep", "rescue", str(damaged), str(saved)])
    run(saved)

    with Store(saved) as store, Store(whole) as other:
        assert (ended.exit_code, store.ask(VERDICTS)) == (0, other.ask(VERDICTS)), ended.output


@pytest.mark.parametrize("where", ["hiden_size = 3", "bidirectional and", "1); DROP TABLE cell; --", "randomblob(3) ="])
def test_a_condition_that_is_none_is_refused(where, whole):
    """With the columns that there are; and a condition can only compare."""
    ended = CliRunner().invoke(main, ["sweep", "report", str(whole), "--where", where])

    assert (ended.exit_code, "hidden_size" in ended.output) == (2, True)


def test_a_store_of_another_plan_is_refused(whole):
    """What differs is named."""
    with lock_store(whole):
        pass
    ended = CliRunner().invoke(
        main, ["sweep", "--store", str(whole), "--profile", "quick", "--where", FEW, "--seed", "9"]
    )

    assert (ended.exit_code, "seed" in ended.output) == (2, True)


def test_a_sweep_of_a_target_goes_on(tmp_path):
    """The plan that a store holds is the one that the same options make."""
    target = parse_target("module:torch.nn:LSTM", without=("projection",))
    path = make_store(tmp_path / "s.sweep", target=target.fields)

    assert read_plan(path) == Plan(target.fields, profile="quick", where=FEW)


def test_two_runs_never_write_one_store(whole):
    """The second one is refused."""
    with lock_store(whole), pytest.raises(StoreError, match="written by another"), lock_store(whole):
        pass


def test_two_sweeps_of_one_torch_do_not_drift(whole, tmp_path):
    """With other seeds nothing is worse and no mean differs beyond chance."""
    path = make_store(tmp_path / "other.sweep", seed=1)
    run(path)
    with Store(path) as store, Store(whole) as other:
        found = compare_stores(other, store)

    assert (found.exit_code, found.common) == (0, 528) or found.changed == ()


FAULTY = """
import os
from torch import nn

class Faulty(nn.LSTM):
    def forward(self, x, hx=None):
        print("noise on stdout")
        if self.hidden_size == 2:
            os._exit(3)
        output, (h, c) = super().forward(x, hx)
        return (output + 0.01 if self.hidden_size == 3 else output), (h, c)
"""


def test_what_kills_a_worker_is_one_failed_cell(tmp_path):
    """The cells beside it are judged; what it prints disturbs nothing; where it deviates is found."""
    file = tmp_path / "faulty.py"
    file.write_text(FAULTY)
    target = parse_target(f"module:{file}:Faulty")
    where = (
        f"{FEW.replace('not bias', 'bias')} and hidden_size < 5 and time = 4 and input_size = 5 and states and mkldnn"
    )
    where += " and form = 'batched' and not (projection or batch_first or strided or deterministic)"
    where += " and grad_mode = 'no_grad' and threads = 1"
    path = make_store(tmp_path / "s.sweep", where=where, target=target.fields)
    with Store(path) as store, LocalWorkers(Question(target.fields), 1) as workers:
        run_sweep(store, workers, Progress())
        found = dict(store.ask("SELECT hidden_size, outcome FROM cell"))

    assert found == {1: "PARITY", 2: "FAILED", 3: "DEVIATES", 4: "PARITY"}
