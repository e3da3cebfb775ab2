"""`pytest --against FILE`: when all tests are done the installed torch is recorded and compared with that record."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import pytest

from lstm_parity.audits.upgrade.compare.records import Comparison, compare_records
from lstm_parity.audits.upgrade.record_file import RecordError, read_record
from lstm_parity.audits.upgrade.report import comparison_text
from lstm_parity.audits.upgrade.run import record_with


class Against:
    """A plugin for one run: a section of its summary lists what changed; if something is worse, the run fails."""

    def __init__(self, file: Path, device: str = "cpu") -> None:
        try:
            self._old = read_record(file)
        except RecordError as error:
            raise pytest.UsageError(f"--against: {error}") from error
        self._device = device
        self._told: Comparison | str = "not compared, for the run was stopped"

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Record in a process of its own, and compare, unless the run was stopped before its end."""
        done = (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED)
        if session.exitstatus not in done or session.config.option.collectonly:
            return
        self._told = self._compare()
        if isinstance(self._told, str) or self._told.worse:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED
        elif session.exitstatus == pytest.ExitCode.NO_TESTS_COLLECTED:
            session.exitstatus = pytest.ExitCode.OK

    def _compare(self) -> Comparison | str:
        with tempfile.TemporaryDirectory() as folder:
            try:
                new = record_with(Path(sys.executable), Path(folder) / "new.record", quiet=True, device=self._device)
                return compare_records(self._old, new)
            except (ValueError, OSError) as error:
                return str(error)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Print what changed, line by line."""
        terminalreporter.section("against the record")
        terminalreporter.write(self._told if isinstance(self._told, str) else comparison_text(self._told))
        terminalreporter.write("\n")
