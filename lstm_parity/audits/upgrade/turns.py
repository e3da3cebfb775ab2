"""The speeds of two torches measured in turns, round by round, so that what else the machine does falls on both."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from lstm_parity.audits.upgrade.measure.rounds import SpeedRound, join_rounds
from lstm_parity.audits.upgrade.record import Speeds
from lstm_parity.audits.upgrade.run import package_alone

_ROUNDS = 6  # an even number: each of the two is the first in half of them
_SERVER = "lstm_parity.audits.upgrade.measure.speeds"


def measure_in_turns(
    old: Path, new: Path, rounds: int = _ROUNDS, environments: tuple[Mapping[str, str], Mapping[str, str]] = ({}, {})
) -> tuple[Speeds, Speeds]:
    """Measure the speeds of the torches of two interpreters, each in a process that waits while the other measures.

    environments: variables that are set for the one and the other. Raises ValueError if one of the two ends.
    """
    measured: tuple[list[SpeedRound], list[SpeedRound]] = ([], [])
    with (
        package_alone() as folder,
        _serve(old, folder, environments[0]) as one,
        _serve(new, folder, environments[1]) as other,
    ):
        sides = list(zip((old, new), (one, other), measured, strict=True))
        for k in range(rounds):
            for python, server, found in sides if k % 2 == 0 else reversed(sides):
                found.append(_measure_round(python, server))
    return join_rounds(measured[0]), join_rounds(measured[1])


@contextmanager
def _serve(python: Path, folder: Path, environment: Mapping[str, str]) -> Iterator[subprocess.Popen[str]]:
    """Start a process that measures a round for every line it is sent, and end it."""
    named = {**os.environ, **environment}
    path = os.pathsep.join(filter(None, [str(folder), named.get("PYTHONPATH", "")]))
    command, pipe = [str(python), "-m", _SERVER], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=named | {"PYTHONPATH": path}, text=True) as server:
        try:
            yield server
        finally:
            server.kill()
            with suppress(OSError):  # of a process that had ended before
                server.communicate()


def _measure_round(python: Path, server: subprocess.Popen[str]) -> SpeedRound:
    assert server.stdin is not None
    assert server.stdout is not None
    try:
        print(file=server.stdin, flush=True)
        return dict(json.loads(server.stdout.readline()))
    except (OSError, ValueError) as error:
        raise ValueError(
            f"{python} was given, but its torch's speeds cannot be measured: see its words above"
        ) from error
