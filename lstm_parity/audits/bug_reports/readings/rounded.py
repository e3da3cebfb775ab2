"""How far numbers are rounded: to how many decimals or significant digits, as found in them."""

from __future__ import annotations

import numpy as np

from lstm_parity.reference.noise.model import Array

_MOST_DECIMALS, _MOST_DIGITS = 8, 6
_FEW = 1000  # numbers that are looked at first
_ENOUGH = 4  # different numbers, so that it is no chance
_FINE = {"float64": 1e-12, "float32": 2.0**-22, "bfloat16": 2.0**-7, "float16": 2.0**-10}


def half_unit(values: Array, decimals: int | None, significant: int | None) -> Array:
    """Return half a unit of the last digit that numbers are rounded to; zeros if both are None."""
    if decimals is not None:
        return np.full(values.shape, 0.5 * 10.0**-decimals)
    if significant is None:
        return np.zeros(values.shape)
    size = np.abs(np.where(np.isfinite(values), values, 0.0))
    with np.errstate(divide="ignore"):
        exponent = np.floor(np.log10(np.where(size > 0.0, size, 1.0)))
    return np.asarray(0.5 * 10.0 ** (exponent + 1 - significant))


def find_decimals(values: Array, dtype: str) -> int | None:
    """Return the fewest decimals that all numbers are rounded to; None if they are not, or are too few to say.

    dtype: what the numbers are stored in.
    """
    few = values.ravel()[:_FEW]
    possible = [decimals for decimals in range(1, _MOST_DECIMALS) if _are_rounded(few, decimals, dtype)]
    distinct = _distinct(values) if possible else few[:0]  # (of large arrays that takes long)
    if len(distinct) < _ENOUGH:
        return None
    for decimals in possible:
        if _are_rounded(distinct, decimals, dtype):
            return decimals if _is_coarse(distinct, 10.0**-decimals, dtype) else None
    return None


def _are_rounded(values: Array, decimals: int, dtype: str) -> bool:
    finite = values[np.isfinite(values)]
    return bool((np.abs(np.round(finite, decimals) - finite) <= _FINE.get(dtype, 1e-12) * np.abs(finite)).all())


def find_significant(values: Array, dtype: str) -> int | None:
    """Return the fewest significant digits that all numbers are rounded to; None if they are not."""
    distinct = _distinct(values)
    if len(distinct) < 2 * _ENOUGH:
        return None
    for digits in range(2, _MOST_DIGITS):
        unit = 2.0 * half_unit(distinct, None, digits)
        near = np.abs(np.round(distinct / unit) * unit - distinct) <= _FINE.get(dtype, 1e-12) * np.abs(distinct)
        if near.all():
            return digits if _is_coarse(distinct, float(unit.min()), dtype) else None
    return None


def _distinct(values: Array) -> Array:
    finite = np.unique(values[np.isfinite(values)])
    return np.asarray(finite[(finite != 0.0) & (np.abs(finite) != 1.0)])


def _is_coarse(values: Array, unit: float, dtype: str) -> bool:
    """Whether a unit is far above the spacing of the dtype's numbers there, so that it is a rounding of its own."""
    return unit > 16.0 * _FINE.get(dtype, 1e-12) * float(np.median(np.abs(values)))
