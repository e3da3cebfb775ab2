"""`pytest --against FILE`: a run fails where the installed torch is worse than the record, and says how it differs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import write_record
from lstm_parity.plugin import against
from lstm_parity.plugin.against import Against

OLD = Record({"torch": "1.2.3"}, capabilities={"vmap": ""})
OK, FAILED, NOTHING, STOPPED = 0, 1, pytest.ExitCode.NO_TESTS_COLLECTED, pytest.ExitCode.INTERRUPTED


@pytest.fixture
def file(tmp_path):
    """A record of an older torch."""
    write_record(OLD, tmp_path / "old.record")
    return tmp_path / "old.record"


def finished(file, status):
    """The exit status of a run that would have ended with this one, and its summary."""
    plugin, told = Against(file), []
    session = SimpleNamespace(exitstatus=status, config=SimpleNamespace(option=SimpleNamespace(collectonly=False)))
    plugin.pytest_sessionfinish(session)
    plugin.pytest_terminal_summary(SimpleNamespace(section=told.append, write=told.append))
    return session.exitstatus, "".join(told)


@pytest.mark.parametrize(
    ("words", "status", "end"),
    [("", OK, OK), ("", FAILED, FAILED), ("", NOTHING, OK), ("no", OK, FAILED), ("no", STOPPED, STOPPED)],
)
def test_a_run_fails_where_the_installed_torch_is_worse(monkeypatch, file, words, status, end):
    """Else it ends as it would have; without tests it succeeds."""
    new = Record({"torch": "1.3.0"}, capabilities={"vmap": words})
    monkeypatch.setattr(against, "record_with", lambda *_, **__: new)
    assert finished(file, status)[0] == end


def test_the_summary_says_what_changed(monkeypatch, file):
    """As compare does."""
    new = Record({"torch": "1.3.0"}, capabilities={"vmap": "no"})
    monkeypatch.setattr(against, "record_with", lambda *_, **__: new)
    told = finished(file, OK)[1]
    assert "torch 1.2.3 -> torch 1.3.0\ncapability lost: vmap: worked, now no\n" in told


def test_a_torch_that_cannot_be_recorded_fails_the_run(monkeypatch, file):
    """With the reason."""

    def raising(*_, **__):
        raise ValueError("recording ended with status 1")

    monkeypatch.setattr(against, "record_with", raising)
    assert finished(file, OK) == (FAILED, "against the recordrecording ended with status 1\n")


def test_what_is_no_record_is_refused_before_any_test(tmp_path):
    """In words."""
    with pytest.raises(pytest.UsageError, match=r"--against: .*cannot be read"):
        Against(tmp_path / "nothing")
