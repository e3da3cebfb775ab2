"""Terms of sums in their usual form: numbers added up, factors given to the functions that are not plain ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY, SIGMOID, TANH, Curve
from lstm_parity.identification.expressions.region import EXACT, LOOSE
from lstm_parity.identification.expressions.step import Expression, Term


def merge_numbers(terms: Sequence[Term]) -> list[Term]:
    """Add up the terms that are only a number."""
    smallest = EXACT if all(term.is_known for term in terms) else LOOSE
    number = sum(term.factor for term in terms if not term.curves)
    others = sorted((term for term in terms if term.curves and term.factor), key=rank)
    return others + ([Term(shorten(number))] if abs(number) > smallest else [])


def rank(term: Term) -> int:
    """Return the place of a term in a sum: those with c first, then those with h, then the rest."""
    return 0 if term.curve_of("c") or term.curve_of("q") else 1 if term.curve_of("h") else 2


def as_factor(terms: tuple[Term, ...]) -> tuple[tuple[str | Expression, Curve], ...]:
    """Return a sum as a factor of a product, up to a number: its first term has the coefficient 1."""
    if len(terms) == 1:
        return terms[0].curves
    first = terms[0].factor * np.prod([curve.factor for _, curve in terms[0].curves if not curve.offset])
    scaled = []
    for term in terms:
        whole = term.factor * float(np.prod([curve.factor for _, curve in term.curves if not curve.offset])) / first
        curves = tuple((n, curve if curve.offset else replace(curve, factor=1.0)) for n, curve in term.curves)
        scaled.append(Term(shorten(float(whole)), curves))
    return ((Expression(tuple(scaled)), IDENTITY),)


def norm(curve: Curve) -> Curve:
    """Return a curve that is known but for its factor, with the usual one; a gate is 1 where it is widest open."""
    if not curve.is_known or curve.base in ("lines", "ratio"):
        return curve
    if not curve.offset:
        return replace(curve, factor=1.0)
    return _tidy(curve.scaled(1.0 / (curve.offset + abs(curve.factor)))) if curve.offset > 0.0 else curve


def attribute(factor: float, curves: Sequence[tuple[str | Expression, Curve]]) -> Term:
    """Give the number before a product to the one function in it that is not plain, if there is just one."""
    curves = list(curves)
    usual = (SIGMOID, TANH, IDENTITY)
    odd = [k for k, (_, curve) in enumerate(curves) if (curve not in usual if factor == -1.0 else not curve.is_plain)]
    odd = [k for k in odd if not curves[k][1].offset] or odd  # a gate with an offset has its factor already
    if len(odd) == 1:
        name, curve = curves[odd[0]]
        curves[odd[0]] = name, _tidy(curve.scaled(factor))
        factor = 1.0
    return Term(shorten(factor), tuple(curves))


def _tidy(curve: Curve) -> Curve:
    """Return a curve with short numbers, where they are as good."""
    return replace(curve, factor=shorten(curve.factor), offset=shorten(curve.offset))


def shorten(value: float) -> float:
    """Return a number of six digits, where it is as good."""
    near = float(f"{value:.6g}")
    return near if abs(near - value) < 1e-8 * max(1.0, abs(value)) else value
