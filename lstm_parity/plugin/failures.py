"""What a failing test prints: the report of the verdict in place of a traceback, and with `--impl` one diagnosis."""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

from lstm_parity.plugin import option
from lstm_parity.plugin.implementation import find_judged

if TYPE_CHECKING:
    from lstm_parity.reports.failure import ParityError

_DIAGNOSED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Replace the traceback of a ParityError by its report and the command that repeats it."""
    outcome = yield
    from lstm_parity.reports.failure import ParityError

    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, ParityError):
        test = item.nodeid.partition("[")[0]
        target = option(item.config, "impl")
        given = f" --impl {target}" if target else ""
        story = str(error).replace("repeat: --case", f"repeat: pytest {test}{given} --case")
        outcome.get_result().longrepr = story + _diagnose(item, error, story.splitlines()[0])


def _diagnose(item: pytest.Item, error: ParityError, first_line: str) -> str:
    """Diagnose the first failure of the implementation that `--impl` names; return nothing for others."""
    implementation = find_judged(item.config)
    if implementation is None or _DIAGNOSED in item.config.stash:
        return ""
    from lstm_parity.diagnosis.implementation import diagnose_implementation

    item.config.stash[_DIAGNOSED] = True
    if (terminal := item.config.pluginmanager.get_plugin("terminalreporter")) is not None:
        terminal.ensure_newline()
        terminal.write_line(f"{first_line}; looking for what explains it", flush=True)
    device = option(item.config, "device", "cpu")
    return "\n\n" + diagnose_implementation(implementation, [error.verdict], device).text
