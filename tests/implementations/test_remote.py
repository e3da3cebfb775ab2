"""Code under judgement runs in a process of its own: whatever it does there is a verdict with a sentence."""

from __future__ import annotations

import math
import socket
from pathlib import Path

import pytest
import torch

from lstm_parity.audits.named import LOADERS
from lstm_parity.cases.case import parse_case
from lstm_parity.diagnosis.smoke import check_adapter
from lstm_parity.implementations.load import load_target
from lstm_parity.implementations.remote import make_worker_server
from lstm_parity.implementations.remote import wire as frames
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.remote.purity import RANDOM_CHANGED, STATE
from lstm_parity.implementations.target import Target, TargetError, parse_target
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.failure import describe_failure
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.calls import read_bits
from lstm_parity.running.observe import observe
from specimens import misbehaving_layers as misbehaving

ROOT = Path(__file__).parents[2]
PLAIN = parse_case("I3-H5-T4-B2-float32-normal-1")
SAYS = {
    "raises": "ValueError: no such thing",
    "crashes": "segmentation fault: it read or wrote memory that is not its own (SIGSEGV)",
    "aborts": "(SIGABRT); its last words:\n  assertion failed: rows == 4 * H",
    "exits": "it ended the process by an exit with status 3",
    "leaves": "it ended the process by an exit with status 4",
    "hangs": "it did not return within 0.5 seconds and was killed",
    "eats": "can't allocate memory",
    "sets_the_default_dtype": "the call changed torch's default dtype from torch.float32 to torch.float64",
    "sets_the_gradient_mode": "the call changed torch's gradient mode from False to True",
    "sets_the_threads": "the call changed torch's number of threads",
    "seeds_torch": "the call changed torch's random generator: in eval mode an LSTM draws nothing",
    "draws_from_numpy": "the call changed NumPy's random generator",
    "draws_from_python": "the call changed Python's random generator",
    "changes_its_weights": "the call changed its argument weight_ih_l0 in place: compute with a copy",
    "returns_arrays": "the layer returned output as a ndarray, but must return torch.Tensors",
    "returns_one": "the layer returned a Tensor, but must return (output, (h, c))",
}


@pytest.fixture(scope="module")
def server():
    """One server of processes for all tests here."""
    with make_worker_server() as started:
        yield started


@pytest.fixture
def elsewhere(server):
    """A function of `misbehaving`, or another target, in a process of its own."""
    made = []

    def of(name, limit=20.0):
        for other in made:
            other.leave()  # a server has one process at a time
        target = name if isinstance(name, Target) else Target("layer", "specimens.misbehaving_layers", name)
        made.append(RemoteImplementation(target, limit, 1.0, server))
        return made[-1]

    yield of
    for one in made:
        one.leave()


@pytest.mark.parametrize("name", SAYS)
def test_what_it_does_is_a_verdict_with_a_sentence(elsewhere, name):
    """The run goes on, and is told what happened."""
    verdict = judge(observe(elsewhere(name, 0.5 if name == "hangs" else 20.0), PLAIN))

    assert verdict.outcome is Outcome.FAILED
    assert SAYS[name] in describe_failure(find_failure(verdict))


def test_after_a_crash_the_next_call_is_answered(elsewhere):
    """A new process takes the place of the one that died."""
    dying = elsewhere("crashes")

    assert [judge(observe(dying, PLAIN)).outcome for _ in range(3)] == [Outcome.FAILED] * 3


def test_what_is_printed_is_kept_out_of_the_report(elsewhere, capfd):
    """Words on stdout are no deviation, and are not ours to show."""
    assert judge(observe(elsewhere("prints"), PLAIN)).outcome is Outcome.PARITY
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    "text",
    [
        "module:examples/module.py:MyLSTM",
        "layer:examples/layer.py:lstm_forward",
        "cell:examples/cell.py:lstm_cell",
        "function:examples/function.py:lstm",
        "function:torch:lstm",
        "module:torch.nn:LSTM",
        "mistake:gates-ifog",
    ],
)
@pytest.mark.parametrize("strided", ["", "-strided"])
def test_it_returns_there_what_it_returns_here(elsewhere, monkeypatch, text, strided):
    """Bit for bit, for every kind and every layout of the arguments."""
    monkeypatch.chdir(ROOT)
    target, asked = parse_target(text, loaders=LOADERS), parse_case(f"I3-H5-T4-B2{strided}-float32-threads1-normal-1")
    here, there = (observe(one, asked).evidence[0].outputs for one in (load_target(target), elsewhere(target)))

    assert all((getattr(here, name) == getattr(there, name)).all() for name in ("output", "h_n", "c_n"))


@pytest.mark.parametrize(
    "dtype", [torch.float64, torch.float32, torch.bfloat16, torch.float16, torch.int64, torch.bool]
)
@pytest.mark.parametrize("shape", [(), (1,), (3, 0, 2), (2, 3, 4)], ids=str)
def test_a_tensor_of_any_layout_is_told_byte_for_byte(dtype, shape):
    """Of one element with gaps around it too, which torch calls contiguous."""
    wide = torch.arange(2 * max(1, math.prod(shape))).to(dtype)[::2]
    strided = wide[: math.prod(shape)].reshape(shape)
    here, there = socket.socketpair()
    with here, there:
        frames.send(here, {}, strided)
        _, (told,) = frames.receive(there)

    assert (told.dtype, told.shape, read_bits(told)) == (dtype, torch.Size(shape), read_bits(strided))


def test_numpy_functions_are_given_arrays(elsewhere, monkeypatch):
    """With --arrays numpy; without, if it names NumPy and not torch."""
    monkeypatch.chdir(ROOT)
    text = "layer:examples/layer_numpy.py:lstm_forward"

    assert [check_adapter(elsewhere(parse_target(text, arrays))) for arrays in ("numpy", "torch")] == [None, None]


def test_gradients_are_found_there(elsewhere):
    """Autograd runs where the implementation runs."""
    asked = parse_case("I3-H5-T4-B2-float32-grad-normal-1")
    verdict = judge_gradients(elsewhere(Target("layer", "examples.layer", "lstm_forward")), asked, adjoints(asked))

    assert verdict.outcome is Outcome.PARITY
    assert {"input", "h_0", "c_0", "weight_hh_l0"} <= {measured.tensor for measured in verdict.measured}


def test_what_is_declared_is_not_asked(elsewhere):
    """A declared limit is a refusal that says where it comes from."""
    limited = Target("layer", "examples.layer", "lstm_forward", without=("packed",))
    seen = observe(elsewhere(limited), parse_case("I3-H5-T4-B2-packed4.2-float32-normal-1"))

    assert seen.refused == "declared: --without packed"


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("returns_nan", "returned NaN or infinity for ordinary numbers"),
        ("returns_the_last_step", "is output every step's h, and not only the last one's?"),
        ("raises", "ValueError: no such thing"),
    ],
)
def test_the_smoke_tells_a_wrong_adapter_from_a_wrong_lstm(elsewhere, name, words):
    """Before anything is judged."""
    assert words in check_adapter(elsewhere(name))


def test_the_smoke_lets_a_wrong_lstm_pass(elsewhere):
    """Whether numbers are right is not its question."""
    assert check_adapter(elsewhere(parse_target("mistake:gates-ifog", loaders=LOADERS))) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "modle:torch.nn:LSTM",
            "'modle' is none of module, layer, cell, function, class, mistake, mode, framework: is it module?",
        ),
        ("module:examples/modul.py:MyLSTM", "there is no file examples/modul.py: is it module.py?"),
        ("module:torch.nn", "a module is named as in module:path/to/file.py:name"),
        ("mistake:gates-ifgo", "the known mistakes are gates-ifog"),
        ("module:torch.nn:LSTMM", "torch.nn has no LSTMM: is it LSTM?"),
        ("module:torch.nnn:LSTM", "there is no module torch.nnn to import"),
        ("layer:specimens.misbehaving_layers:constant", "is a int, but a layer must be a function"),
        ("layer:torch.nn:LSTM", "is a type, but a layer must be a function"),
    ],
)
def test_a_target_that_is_none_is_refused_with_a_hint(monkeypatch, text, words):
    """What was given, and what was meant."""
    monkeypatch.chdir(ROOT)
    with pytest.raises(TargetError) as refusal:
        load_target(parse_target(text, loaders=LOADERS))
    assert words in str(refusal.value)


def test_an_import_that_fails_is_told(elsewhere, tmp_path):
    """With the exception that the file raised."""
    (tmp_path / "broken.py").write_text("import no_such_package\n")
    with pytest.raises(TargetError, match="No module named 'no_such_package'"):
        elsewhere(parse_target(f"layer:{tmp_path}/broken.py:f")).start()


def test_nothing_global_is_forgotten():
    """What is watched in a call is as long as this: who adds a setting adds a test."""
    assert len(STATE) + len(RANDOM_CHANGED) == 9
    assert torch.get_default_dtype() == torch.float32
    assert set(SAYS) <= set(vars(misbehaving))
