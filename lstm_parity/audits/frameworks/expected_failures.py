"""Known disagreements of frameworks: in which cases one cannot agree, why, and in which arithmetic it agrees instead.

They are strict: one that no longer occurs is an error, and must be removed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstm_parity.cases.case import Case
from lstm_parity.cases.features import has
from lstm_parity.implementations.frameworks.registry import SUBJECTS


@dataclass(frozen=True)
class KnownDisagreement:
    """A disagreement that is known.

    frameworks: their names in the registry. where: the cases of which it speaks. what: what is different there, a
    clause that begins with a verb. arithmetic: in which they agree all the same; None if they agree in none.
    """

    frameworks: tuple[str, ...]
    what: str
    where: Callable[[Case], bool]
    arithmetic: str | None = None


def _is_non_finite(case: Case) -> bool:
    """Whether there is a NaN or an infinity in it."""
    return case.profile == "non_finite"


DISAGREEMENTS = (
    KnownDisagreement(
        ("paddle",),
        "multiplies states by 0 and 1 to hold those of rows that have ended: infinities become NaN",
        lambda case: _is_non_finite(case) and has(case.setting, "lengths") and not case.setting.architecture.proj_size,
    ),
    KnownDisagreement(
        ("onnxruntime",),
        "clamps the arguments of its activations so that NaN comes out as a number",
        _is_non_finite,
    ),
    KnownDisagreement(
        ("onnxruntime",),
        "has a sigmoid accurate absolutely, not relatively: 0 below -18",
        lambda case: True,
        "float32 with absolute-accuracy activations",
    ),
    KnownDisagreement(
        ("onnx-reference",),
        "ignores sequence_lens: every row is run to the end",
        lambda case: has(case.setting, "lengths"),
    ),
    KnownDisagreement(
        ("onnx-reference",),
        "multiplies c by peephole weights of 0 where there are none: an infinite c makes NaN of all gates",
        _is_non_finite,
    ),
    KnownDisagreement(
        tuple(f"keras-jax-{subject}" for subject in SUBJECTS),
        "has activations that return float32 in a float64 layer",
        lambda case: case.setting.runtime.dtype == "float64",
        "float64 with activations accurate to 1e-07",
    ),
    KnownDisagreement(
        tuple(f"keras-torch-{subject}" for subject in SUBJECTS),
        "multiplies matrices of float64 in float32",
        lambda case: case.setting.runtime.dtype == "float64",
        "float32 inside a float64 layer",
    ),
    KnownDisagreement(
        ("opacus",),
        "takes an input without batch for something else, or raises",
        lambda case: has(case.setting, "unbatched"),
    ),
    KnownDisagreement(
        ("opacus",),
        "returns the states of packed input in float32",
        lambda case: case.setting.call.lengths is not None and case.setting.runtime.dtype == "float64",
    ),
    *(
        KnownDisagreement(
            ("tinygrad",),
            "has activations accurate absolutely, not relatively: 0 instead of a tiny number",
            lambda case, dtype=dtype: case.setting.runtime.dtype == dtype,  # type: ignore[misc]
            f"{dtype} with absolute-accuracy activations",
        )
        for dtype in ("float32", "float64")
    ),
    KnownDisagreement(
        ("mlx",),
        "has a sigmoid that in float64 is only as accurate as in float32",
        lambda case: case.setting.runtime.dtype == "float64",
        "float64 with activations accurate to 1e-08",
    ),
)


def find_disagreement(name: str, case: Case) -> KnownDisagreement | None:
    """Return the first statement on a framework that speaks of a case."""
    return next((one for one in DISAGREEMENTS if name in one.frameworks and one.where(case)), None)
