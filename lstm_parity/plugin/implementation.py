"""`--impl`: the implementation that is judged, started early; its adapter is checked first."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lstm_parity.audits.named import LOADERS
from lstm_parity.implementations.target import MEMORY_LIMIT, TIME_LIMIT, Target, TargetError, parse_target
from lstm_parity.plugin import option

if TYPE_CHECKING:
    from lstm_parity.implementations.remote.client import RemoteImplementation
    from lstm_parity.running.child_process import ProcessServer
    from lstm_parity.running.protocol import Implementation

_JUDGED: pytest.StashKey[Implementation] = pytest.StashKey()
TARGET: pytest.StashKey[Target] = pytest.StashKey()
_REMOTE: pytest.StashKey[RemoteImplementation] = pytest.StashKey()
_SERVER: pytest.StashKey[ProcessServer] = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """Start the server of the implementation's process, which imports torch meanwhile.

    What one process finds first is the verdict, unless `-n` or `--maxfail` is given.
    """
    if option(config, "impl") is None:
        return
    config.stash[TARGET] = _parse(config)
    if not option(config, "in-process"):
        from lstm_parity.implementations.remote import make_worker_server

        config.stash[_SERVER] = make_worker_server()
        config.stash[_SERVER].start()
    given = [word.partition("=")[0] for word in config.invocation_params.args]
    if not any(word.startswith("-n") or word in ("--numprocesses", "-d", "--tx") for word in given):
        config.option.numprocesses, config.option.dist = None, "no"
    if "--maxfail" not in given:
        config.option.maxfail = 1


def _parse(config: pytest.Config) -> Target:
    named = option(config, "arrays", "torch"), option(config, "without", []), option(config, "arithmetic", "")
    try:
        return parse_target(option(config, "impl"), *named, LOADERS, option(config, "map", ""))
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error


def find_judged(config: pytest.Config) -> Implementation | None:
    """Return the implementation that `--impl` names, started when it is first needed; None without that option."""
    if option(config, "impl") is None or _JUDGED in config.stash:
        return config.stash.get(_JUDGED, None)
    from lstm_parity.audits.own_arithmetic import InOwnArithmetic
    from lstm_parity.implementations.load import load_target
    from lstm_parity.implementations.remote.client import RemoteImplementation

    if TARGET not in config.stash:  # in a worker of pytest-xdist
        config.stash[TARGET] = _parse(config)
    target = config.stash[TARGET]
    if option(config, "in-process"):
        try:
            found = load_target(target)
        except TargetError as error:
            raise pytest.UsageError(str(error)) from error
    else:
        limits = option(config, "time-limit", TIME_LIMIT), option(config, "memory-limit", MEMORY_LIMIT)
        server, device = config.stash.get(_SERVER, None), option(config, "device", "cpu")
        found = config.stash[_REMOTE] = RemoteImplementation(target, *limits, server, device)
        config.add_cleanup(found.close)
    config.stash[_JUDGED] = found if option(config, "strict") else InOwnArithmetic(found)
    return config.stash[_JUDGED]


def pytest_collection_finish(session: pytest.Session) -> None:
    """Check first whether the adapter is right: if not, no test means anything."""
    config = session.config
    if option(config, "impl") is None or config.option.collectonly or getattr(config.option, "numprocesses", None):
        return
    from lstm_parity.diagnosis.smoke import check_adapter

    implementation = find_judged(config)
    assert implementation is not None
    try:
        if _REMOTE in config.stash:
            config.stash[_REMOTE].start()
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error
    if (problem := check_adapter(implementation, option(config, "device", "cpu"))) is not None:
        pytest.exit(f"{implementation.name} cannot be judged: {problem}", returncode=1)
