"""Bad calls and capabilities in a record: each told by how it ended, called again where its harm may vary."""

from __future__ import annotations

from itertools import islice
from types import SimpleNamespace

import pytest

from lstm_parity.audits.upgrade.measure.bad_calls import bad_call_outcomes, exit_of, mask_addresses, run_repeatedly
from lstm_parity.audits.upgrade.measure.capabilities import why_not
from lstm_parity.audits.upgrade.record import CallOutcome
from lstm_parity.running.child_process import CallResult, ExitKind, ProcessServer


def test_calls_are_told_by_how_they_end():
    """A good word for a bad call, one of memory that was overrun, and the signal that ended the process."""
    ends = (
        CallResult(ExitKind.RAISED, None, "RuntimeError", "shape"),
        CallResult(ExitKind.RAISED, None, "RuntimeError", "INTERNAL ASSERT FAILED"),
    )
    assert [exit_of(end) for end in (*ends, CallResult(ExitKind.CRASHED, None, "SIGSEGV"))] == [
        "refused",
        "overrun",
        "crashed",
    ]


RETURNED, DEAD = CallResult(ExitKind.RETURNED, "[2]"), CallResult(ExitKind.CRASHED, None, "SIGABRT")


@pytest.mark.parametrize(
    ("ends", "conduct"),
    [
        ([CallResult(ExitKind.RAISED, None, "E", "no")], CallOutcome({"refused": 1}, "E: no")),
        ([RETURNED, CallResult(ExitKind.RETURNED, ["[2]"] * 5)], CallOutcome({"accepted": 6}, "[2]")),
        ([RETURNED, DEAD, *[DEAD] * 5], CallOutcome({"accepted": 1, "crashed": 6}, "[2]")),
        ([RETURNED, DEAD, *[RETURNED] * 5], CallOutcome({"accepted": 6, "crashed": 1}, "[2]")),
        ([DEAD] * 6, CallOutcome({"crashed": 6}, "crashed SIGABRT")),
    ],
    ids=["refused", "accepted", "varies", "dies of all together", "dies"],
)
def test_what_is_not_refused_is_called_again(ends, conduct):
    """In one process, and each alone where that one ended; what is refused is called once."""
    answers = iter(ends)
    assert run_repeatedly(SimpleNamespace(run=lambda *_: next(answers)), "a call") == conduct
    assert not list(answers)


def test_words_are_kept_without_places_and_traces():
    """Lines of source and stacks change with every build."""
    words = 'bad size at "/pytorch/aten/src/RNN.cpp":123, got 0x7f\nException raised from f at a.cpp:1\nframe #0'
    assert mask_addresses(words) == "bad size ..., got 0x..."


def test_a_limit_of_time_is_no_lack_of_a_capability():
    """A process that ended is."""
    assert why_not(CallResult(ExitKind.HUNG, None, "60 s")).startswith("not told: ")
    assert why_not(CallResult(ExitKind.CRASHED, None, "SIGSEGV")) == "the process crashed: SIGSEGV"


def test_bad_calls_are_recorded():
    """By subject and name, with the words they were refused with."""
    rows = ["input: 4 features", "input: rank 4"]
    with ProcessServer("lstm_parity.catalogue.bad_calls.run") as server:
        found = dict(islice(bad_call_outcomes(server, rows), 2))
    assert {name: conduct.refused for name, conduct in found.items()} == {f"nn.LSTM: {row}": True for row in rows}
