"""A page: its head, its sections, and the data that every figure on it is read from, in one file."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial, reduce
from itertools import count
from typing import TYPE_CHECKING, Any

from lstm_parity.reports.formats.known import known_fields, known_lines
from lstm_parity.reports.html import charts
from lstm_parity.reports.json_text import json_text

if TYPE_CHECKING:
    from lstm_parity.audits.known.entry import KnownResult

_CONTROLS = dict.fromkeys((*range(9), 11, 12, *range(14, 32), *range(127, 160)), "�")
_UNSAFE = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&"}  # in a script element
_TONES = {"PARITY": "good", "DEVIATES": "bad", "FAILED": "bad", "NARROWER": "bad"}


@dataclass(frozen=True)
class Section:
    """A part of a page. anchor: its id. template: a file of `templates/`; content: what that finds as `content`."""

    anchor: str
    title: str
    template: str
    content: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Page:
    """A report.

    title: what kind of report it is, subject: of what. verdict: a word or two; tone: good, bad or open, of the verdict
    if it is empty. claim: a sentence; limits: what it does not say. figures: names of numbers in the head, with the
    JSON pointers of these. data: what is embedded, and what `number` in templates reads. data_name: of its format.
    known: what became of a file of known deviations.
    """

    title: str
    subject: str
    verdict: str
    claim: str
    limits: Sequence[str]
    figures: Mapping[str, str]
    sections: Sequence[Section]
    data_name: tuple[str, int]
    data: Mapping[str, Any]
    provenance: Mapping[str, str]
    tone: str = ""
    known: KnownResult | None = None


def render_page(page: Page) -> str:
    """Return the whole file. Raises ModuleNotFoundError if jinja2 is not installed."""
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415

    page = page if page.known is None else _mark_known(page, page.known)
    page = _embed_head(page)
    environment = Environment(
        loader=PackageLoader("lstm_parity.reports.html"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    embedded = _embed_json(page)
    environment.globals |= {
        "at": lambda pointer: resolve(page.data, pointer),
        "charts": charts,
        "next_id": partial(next, count(1)),
        "tone": lambda verdict: _TONES.get(verdict, "open"),
    }
    environment.filters |= {
        "figure": _format_figure,
        "exact": _write_exact,
        "signed": _format_value,
        "step": escape_step,
    }
    environment.filters |= {"mean": _format_mean, "chance": _format_chance}
    html = environment.get_template("base.html.j2").render(
        page=page,
        tone_of_page=page.tone or _TONES.get(page.verdict, "open"),
        embedded=embedded,
        sha256=hashlib.sha256(embedded.encode()).hexdigest(),
    )
    return html.translate(_CONTROLS).encode("utf-8", "replace").decode("utf-8")


def _embed_head(page: Page) -> Page:
    """Return a page whose data hold what its head says."""
    head = {"subject": page.subject, "claim": page.claim, "limits": list(page.limits)}
    provenance = {name: str(value) for name, value in page.provenance.items()}
    return replace(page, data={**page.data, "shown": {**page.data.get("shown", {}), **head, "provenance": provenance}})


def _mark_known(page: Page, known: KnownResult) -> Page:
    """Return a page that says first what a file of known deviations excuses; the verdict stays what it is."""
    *lines, conclusion = known_lines(known)
    listed = Section("known", f"Known deviations, {known.file}", "list.html.j2", {"lines": "/shown/known"})
    shown = {"known": lines or ["none"]}
    data = {**page.data, "known": known_fields(known), "shown": shown}
    return replace(page, claim=f"{conclusion} {page.claim}", sections=[listed, *page.sections], data=data)


def _embed_json(page: Page) -> str:
    """Return the data as JSON that nothing in a script element can end."""
    text = json.dumps(json.loads(json_text(*page.data_name, page.data)), separators=(",", ":"))
    return text.translate(_UNSAFE)


def resolve(data: Any, pointer: str) -> Any:
    """Return what a JSON pointer (RFC 6901) leads to."""
    parts = (part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:])
    return reduce(lambda found, part: found[int(part) if isinstance(found, (list, tuple)) else part], parts, data)


def escape_step(name: str) -> str:
    """Return a name as a step of a JSON pointer."""
    return name.replace("~", "~0").replace("/", "~1")


def _format_figure(value: float) -> str:
    """Write a count with its thousands apart, a distance in few digits, infinity and NaN as signs."""
    if isinstance(value, int):
        return f"{value:,}"
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "∞" if value > 0 else "-∞"
    return f"{value:.2f}" if abs(value) < 1e4 else f"{value:.1e}"


def _format_value(value: float) -> str:
    """Write a number of a result in seven digits."""
    return f"{value:.7g}" if math.isfinite(value) else _format_figure(value)


def _format_mean(value: float) -> str:
    """Write a mean of errors, in noises, with its sign."""
    return f"{value:+.4f}" if abs(value) < 1e4 else _format_figure(value)


def _format_chance(value: float) -> str:
    """Write a probability."""
    return f"{value:.1e}" if 0.0 < value < 1e-3 else f"{value:.3f}"


def _write_exact(value: float) -> str:
    """Write a number as the embedded JSON has it."""
    return str(value) if isinstance(value, int) else repr(float(value))
