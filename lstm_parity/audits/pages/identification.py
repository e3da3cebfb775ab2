"""What an LSTM computes as a page: its equations beside nn.LSTM's, its data sheet with the curves of its errors."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np

from lstm_parity.audits.identify import conclude_identification, identification_fields
from lstm_parity.diagnosis.forward import Diagnosis
from lstm_parity.identification.arithmetic.activations import ActivationError
from lstm_parity.identification.arithmetic.sheet import DataSheet
from lstm_parity.identification.model import Identification
from lstm_parity.reports.html.render import Page, Section, render_page

_POINTS = 120  # of a curve


def identification_page(
    name: str,
    found: Identification,
    sheets: Sequence[DataSheet],
    known: Diagnosis | None,
    provenance: Mapping[str, str],
) -> str:
    """Return the page. Raises ModuleNotFoundError if jinja2 is not installed."""
    fields = identification_fields(name, found, sheets, known)
    data = {**fields, "page": {"curves": draw_curves(sheets)}, "provenance": dict(provenance)}
    verdict, _, rest = conclude_identification(found, known).partition(":")
    limits = [f"not tested: {words}" for words in found.untested]
    tone = "bad" if found.differing or known is not None else "good" if found.is_right else "open"
    sections = identification_sections(sheets)
    word, claim = _split(verdict, rest)
    title, named = "What an LSTM computes", ("identification", 2)
    return render_page(Page(title, name, word, claim, limits, {}, sections, named, data, provenance, tone))


def identification_sections(sheets: Sequence[DataSheet], name: str = "", base: str = "") -> list[Section]:
    """Return the sections on what is computed; base: where their data are, with the curves in its `page`."""
    content = {"base": base, "curves": f"{base}/page/curves", "name": name}
    sections = [Section("equations", "What it computes", "equations.html.j2", content)]
    return sections + [Section("arithmetic", "What it rounds where", "sheets.html.j2", content)] * bool(sheets)


def draw_curves(sheets: Sequence[DataSheet]) -> list[list[list[tuple[float, float, float]]]]:
    """Return the curve of the error of each activation, by sheet."""
    return [[_draw(a, sheet.digits) for a in sheet.activations] for sheet in sheets]


def _split(verdict: str, rest: str) -> tuple[str, str]:
    """Return the word and the sentence of a conclusion."""
    for word in ("AS nn.LSTM", "NOT IDENTIFIED", "DIFFERS"):
        if verdict.startswith(word):
            return word, f"{verdict}:{rest}" if rest else verdict
    return verdict, rest


def _draw(a: ActivationError, digits: int) -> list[tuple[float, float, float]]:
    """Return the smallest and the largest error, in roundoffs, around each of a few arguments."""
    known = np.isfinite(a.error)
    z, error = a.z[known], a.error[known] * 2.0**digits
    edges = np.linspace(0, len(z), min(_POINTS, len(z)) + 1).astype(int)
    parts = [slice(low, high) for low, high in pairwise(edges) if high > low]
    return [(float(z[p].mean()), float(error[p].min()), float(error[p].max())) for p in parts]
