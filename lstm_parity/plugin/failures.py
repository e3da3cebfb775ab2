"""What a failing test prints: the report of the verdict in place of a traceback, and with `--impl` one diagnosis."""

from __future__ import annotations

import os
from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from lstm_parity.plugin import option
from lstm_parity.plugin.implementation import TARGET, find_judged
from lstm_parity.plugin.selection import takes_case

if TYPE_CHECKING:
    from lstm_parity.reports.failure import ParityError

_DIAGNOSED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """Replace the traceback of a ParityError by its report and the command that repeats it."""
    outcome = yield
    from lstm_parity.reports.failure import ParityError, describe_failure

    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, ParityError):
        command, failure = f"pytest {_repeat(item)}", error.failure
        if not ((option(item.config, "case") or takes_case(item)) and failure.verdict.case.repeatable):
            failure = replace(failure, repeat=failure.repeat or command)  # the same test draws the same cases again
        story = describe_failure(failure, command)
        outcome.get_result().longrepr = story + _diagnose(item, error, story.splitlines()[0])


def _repeat(item: pytest.Item) -> str:
    """Name a test, and the implementation that it judges, as pytest is to be given them in this folder."""
    target = item.config.stash.get(TARGET, None)
    place, test = os.path.relpath(item.path, item.config.invocation_params.dir), item.nodeid.partition("::")[2]
    if place.startswith("..") and "lstm_parity" in item.path.parts:
        package = ".".join(item.path.with_suffix("").parts[item.path.parts.index("lstm_parity") :])
        place = f"--pyargs {package}"
    return " ".join([f"{place}::{test.partition('[')[0]}", *([target.options("--lstm-")] if target else [])])


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
