"""Calls in child processes end as they end, and disturb neither one another nor this process."""

from __future__ import annotations

import pytest

from lstm_parity.running.child_process import UNLUCKY_MEMORY, CallResult, ExitKind, ProcessServer


@pytest.fixture(scope="module")
def isolation():
    """A server that has loaded nothing."""
    with ProcessServer() as server:
        yield server


ENDINGS = [
    ("math:hypot", [3, 4], CallResult(ExitKind.RETURNED, 5.0)),
    ("math:sqrt", [-1], CallResult(ExitKind.RAISED, None, "ValueError", "math domain error")),
    ("builtins:set", [], CallResult(ExitKind.RAISED, None, "TypeError", "Object of type set is not JSON serializable")),
    (
        "no_such_module:f",
        [],
        CallResult(ExitKind.RAISED, None, "ModuleNotFoundError", "No module named 'no_such_module'"),
    ),
    ("os:abort", [], CallResult(ExitKind.CRASHED, None, "SIGABRT")),
    ("signal:raise_signal", [11], CallResult(ExitKind.CRASHED, None, "SIGSEGV")),
    ("os:_exit", [3], CallResult(ExitKind.EXITED, None, "3")),
    ("sys:exit", [4], CallResult(ExitKind.EXITED, None, "4")),
    ("sys:exit", [], CallResult(ExitKind.EXITED, None, "0")),
    ("os:system", ["kill -9 $PPID"], CallResult(ExitKind.CRASHED, None, "SIGKILL")),
    ("builtins:print", ["noise"], CallResult(ExitKind.RETURNED)),
]


@pytest.mark.parametrize(("function", "arguments", "ending"), ENDINGS)
def test_an_ending_is_told_as_it_was(isolation, function, arguments, ending):
    """By its kind, and with the words there are."""
    assert isolation.run(function, *arguments) == ending


def test_what_hangs_is_ended_at_the_limit(isolation):
    """The next call is answered as if nothing had been."""
    assert isolation.run("time:sleep", 60, limit=0.2) == CallResult(ExitKind.HUNG, None, "0.2 s")
    assert isolation.run("math:sqrt", 4) == CallResult(ExitKind.RETURNED, 2.0)


def test_an_answer_may_be_longer_than_a_pipe(isolation):
    """A million characters."""
    assert isolation.run("builtins:sorted", ["x" * 1_000_000]).value == ["x" * 1_000_000]


def test_a_call_leaves_nothing_behind_for_the_next(isolation):
    """Each is run in a process of its own."""
    isolation.run("os:putenv", "LEFT", "behind")
    isolation.run("random:seed", 1)
    first, second = isolation.run("os:getpid"), isolation.run("os:getpid")
    assert first.value != second.value


def test_the_last_words_of_a_crash_are_kept(isolation):
    """What a dying process printed says why."""
    ending = isolation.run("os:execv", "/bin/sh", ["sh", "-c", "echo free: invalid size >&2; kill -6 $$"])
    assert ending == CallResult(ExitKind.CRASHED, None, "SIGABRT", "free: invalid size")


def test_a_server_that_cannot_start_says_so(capfd):
    """Modules to load beforehand have to be there."""
    with pytest.raises(ChildProcessError, match="ended with status 1"):
        ProcessServer("no_such_module").run("math:sqrt", 4)
    assert "No module named 'no_such_module'" in capfd.readouterr().err


def test_a_closed_server_is_started_again():
    """Closing twice does no harm."""
    server = ProcessServer()
    server.close()
    assert server.run("math:sqrt", 4).value == 2.0
    server.close()
    assert server.run("math:sqrt", 9).value == 3.0
    server.close()


def test_a_server_has_the_environment_that_it_is_given():
    """Beside that of this process."""
    with ProcessServer(environment=UNLUCKY_MEMORY) as server:
        assert server.run("os:getenv", "GLIBC_TUNABLES").value == UNLUCKY_MEMORY["GLIBC_TUNABLES"]
        assert server.run("os:getenv", "PATH").value
