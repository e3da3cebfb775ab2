"""Verification: implementations are run on a covering design of the lattice, judged, and certified."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from parity.cases import Case
from parity.certificate.provenance import provenance
from parity.certificate.results import Certificate, row
from parity.explaining import explain
from parity.implementations.protocol import Implementation
from parity.implementations.references import NumpyReference, TorchReference
from parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from parity.lattice import cases
from parity.observing import observe_all
from parity.settings import DTYPES

OURS: tuple[Implementation, ...] = (TorchLSTM(), TorchLSTMCell(), TorchReference(), NumpyReference())


def design(dtype: str) -> list[Case]:
    """The cases of a verification in one dtype: for every value profile, every pair of values of the other axes."""
    return list(cases(dtype=dtype))


def verify(
    implementations: Sequence[Implementation] = OURS,
    dtypes: Sequence[str] = DTYPES,
    progress: Callable[[str], None] = lambda _: None,
) -> Certificate:
    """Judge each implementation in each dtype; progress is told what comes next."""
    rows = []
    for implementation in implementations:
        for dtype in dtypes:
            progress(f"{implementation.name}, {dtype}")
            rows.append(row(implementation.name, dtype, explain(observe_all(implementation, design(dtype)))))
    return Certificate(provenance(), tuple(rows))
