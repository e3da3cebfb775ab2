"""Known bugs of torch's eager LSTMs are not there: those that still are, are expected failures until torch mends them.

The probes are in torch_bugs/; what each of them saw on the installed torch is in docs/torch-bugs.md.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch

from lstm_parity.parity_tests.torch_bugs import BUGS, look
from lstm_parity.running.child_process import ProcessServer


def bugs() -> list[Any]:
    """The identifiers of all bugs; those that this torch still has are expected to fail."""
    reasons = {name: f"{bug.name} (pytorch issue {bug.issues[0]}), torch {bug.still}" for name, bug in BUGS.items()}
    return [
        pytest.param(name, marks=pytest.mark.xfail(strict=True, reason=reasons[name]))
        if bug.is_in(torch.__version__)
        else name
        for name, bug in BUGS.items()
    ]


@pytest.mark.parametrize("name", bugs())
def test_a_known_bug_is_not_there(isolation: ProcessServer, name: str) -> None:
    """The probe finds nothing wrong."""
    seen = look(isolation, BUGS[name])
    if seen.state == "cannot tell":
        pytest.skip(seen.words)
    assert seen.state == "fixed", seen.words
