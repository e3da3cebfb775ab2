"""Runs repeat bit for bit: the same examples, and the same numbers in another process."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

from hypothesis import given, settings

from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.parity_tests.strategies import cases
from lstm_parity.running.observe import observe

SCRIPT = "from tests.cases.test_reproducible import digest; print(digest())"


def digest() -> str:
    """A hash of the examples that are drawn and of everything that nn.LSTM returns for them."""
    numbers = hashlib.sha256()

    @settings(max_examples=30, derandomize=True, database=None, deadline=None)
    @given(case=cases())
    def look(case):
        numbers.update(case.id.encode())
        for evidence in observe(TorchLSTM(), case).evidence:
            outputs = evidence.outputs
            for tensor in (outputs.output, outputs.h_n, outputs.c_n):
                numbers.update(tensor.tobytes())

    look()
    return numbers.hexdigest()


def test_two_processes_draw_and_compute_the_same():
    """Examples, weights, input, states and results do not depend on the process."""
    root = Path(__file__).parents[2]
    runs = [
        subprocess.run([sys.executable, "-W", "ignore", "-c", SCRIPT], cwd=root, capture_output=True, text=True)
        for _ in range(2)
    ]

    assert runs[0].stdout == runs[1].stdout != "", runs[0].stderr
