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
from parity.judge import Verdict
from parity.lattice import cases
from parity.observing import observe_all
from parity.settings import DTYPES

FIRST = 24  # one of so many cases is judged first
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


def verify_one(
    implementation: Implementation,
    dtypes: Sequence[str] = DTYPES,
    progress: Callable[[str], None] = lambda _: None,
) -> tuple[Certificate, Sequence[Verdict]]:
    """Judge one implementation in each dtype until it is wrong in one; also the verdicts of that one, or none.

    A few cases of a dtype are judged first. What comes after the first that are wrong is not judged: they say what is
    to be mended.
    """
    rows = []
    for dtype in dtypes:
        progress(f"{implementation.name}, {dtype}")
        whole = design(dtype)
        for some in (whole[::FIRST], whole):
            explanation = explain(observe_all(implementation, some))
            if wrong := not explanation.parity and explanation.arithmetic is None:
                break
        rows.append(row(implementation.name, dtype, explanation))
        if wrong:
            return Certificate(provenance(), tuple(rows)), explanation.verdicts
    return Certificate(provenance(), tuple(rows)), ()
