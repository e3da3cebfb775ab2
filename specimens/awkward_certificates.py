"""Awkward certificates, and what a page of each must show: written down before the page was built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from lstm_parity.judging.verdict import OF_ONE_CASE, Outcome
from lstm_parity.reports.certificate import INTERRUPTED, Certificate, Row

HEAD = {"lstm-parity": "0.1.0, 2026-01-01 00:00 UTC", "command": "lstm-parity verify", "processor": "x86_64, AVX2"}
SCRIPT = "<script>document.title='taken'</script>"
CLOSING = "</script><img src=x onerror=\"document.title='taken'\">"


@dataclass(frozen=True)
class Awkward:
    """A certificate. shows: words that a reader must find on its page; verdict: the one in its head."""

    name: str
    certificate: Certificate
    verdict: Outcome
    shows: tuple[str, ...]


@dataclass(frozen=True)
class Place:
    """Where one element of a result is changed by 1, and so where a page must say that it deviates.

    tensor: output, h_n or c_n. case: the identifier of a case. index: of the element in that tensor, time first.
    names: what stands there in words.
    """

    tensor: str
    case: str
    index: tuple[int, int, int]
    names: Mapping[str, str]


def make_row(
    implementation: str = "mine",
    dtype: str = "float32",
    outcome: Outcome = Outcome.PARITY,
    counts: Mapping[str, int] | None = None,
    worst: float = 1.25,
    rms: float = 0.25,
    coverage: Mapping[str, Mapping[str, int]] | None = None,
    reasons: Mapping[str, int] | None = None,
    failures: tuple[str, ...] = (),
    failing: tuple[str, ...] = (),
    question: str = "outputs",
) -> Row:
    """Return a row by hand; counts: cases by outcome, one that agrees by default."""
    every = {outcome.value: 0 for outcome in OF_ONE_CASE} | dict({"PARITY": 1} if counts is None else counts)
    covered = {"num_layers": {"1": 1}} if coverage is None else coverage
    arithmetic = dtype if outcome is Outcome.PARITY else None
    return Row(
        implementation,
        dtype,
        outcome,
        dtype,
        arithmetic,
        every,
        worst,
        rms,
        covered,
        reasons or {},
        failures,
        failing,
        question,
    )


def certify(*rows: Row, limits: str = "", head: Mapping[str, str] = HEAD) -> Certificate:
    """Return a certificate of these rows."""
    return Certificate(head, rows, "gradients, dropout in train mode", limits)


def make_large(cells: int = 100_000) -> Certificate:
    """Return a certificate of this many counts of a value of an axis, in rows of 100; one row in 50 deviates."""
    rows = []
    for k in range(cells // 100):
        coverage = {f"axis {a}": {f"value {v}": 1 + (k + v) % 7 for v in range(10)} for a in range(10)}
        bad = k % 50 == 0
        failing = tuple(f"I5-H7-T4-B3-float32-normal-{n}" for n in range(40 * bad))
        outcome, counts = (Outcome.DEVIATES, {"DEVIATES": 40}) if bad else (Outcome.PARITY, {"PARITY": 40})
        words = (f"output deviates: {k} x rounding noise",) * bad
        rows.append(
            make_row(f"implementation {k}", "float32", outcome, counts, 1 + bad * k, 0.2, coverage, {}, words, failing)
        )
    return certify(*rows)


_BAD = {"PARITY": 0, "DEVIATES": 1}
_NONE = {"PARITY": 0}
_RTL = "\u0634\u0628\u0643\u0629 \u05e8\u05e9\u05ea LSTM"

AWKWARD = (
    Awkward("one cell", certify(make_row()), Outcome.PARITY, ("PARITY", "mine", "float32", "1.25", "num_layers")),
    Awkward(
        "markup in names and messages",
        certify(
            make_row(
                SCRIPT, "float32", Outcome.DEVIATES, _BAD, failures=(f"output deviates {CLOSING}",), failing=(SCRIPT,)
            )
        ),
        Outcome.DEVIATES,
        (SCRIPT, CLOSING),
    ),
    Awkward(
        "quotes, ampersands and ]]>",
        certify(
            make_row("a\"b'c`d&amp;e]]>f", reasons={"REFUSED: \"'`&lt;]]>": 1}),
            head=HEAD | {"command": "a 'b' \"c\" && <d>"},
        ),
        Outcome.PARITY,
        ("a\"b'c`d&amp;e]]>f", "REFUSED: \"'`&lt;]]>", "a 'b' \"c\" && <d>"),
    ),
    Awkward("a name of 400 letters", certify(make_row("x" * 400)), Outcome.PARITY, ("x" * 400,)),
    Awkward(
        "a name from right to left", certify(make_row(_RTL, reasons={f"REFUSED: {_RTL}": 2})), Outcome.PARITY, (_RTL,)
    ),
    Awkward(
        "a name with line breaks and a null",
        certify(make_row("one\ntwo\tthree\x00four")),
        Outcome.PARITY,
        ("one", "two", "three"),
    ),
    Awkward(
        "nothing judged in a row",
        certify(
            make_row(),
            make_row(
                "other", outcome=Outcome.NOT_JUDGED, counts={"PARITY": 0, "NOT JUDGED": 3}, worst=0.0, coverage={}
            ),
        ),
        Outcome.NOT_JUDGED,
        ("NOT JUDGED", "other"),
    ),
    Awkward(
        "worst is infinite",
        certify(make_row(outcome=Outcome.DEVIATES, counts=_BAD, worst=math.inf, rms=math.inf)),
        Outcome.DEVIATES,
        ("\u221e",),
    ),
    Awkward(
        "worst is NaN",
        certify(make_row(outcome=Outcome.DEVIATES, counts=_BAD, worst=math.nan, rms=math.nan)),
        Outcome.DEVIATES,
        ("NaN",),
    ),
    Awkward(
        "everything refused",
        certify(
            make_row(
                outcome=Outcome.REFUSED,
                counts=_NONE | {"REFUSED": 9},
                worst=0.0,
                coverage={},
                reasons={"REFUSED: no": 9},
            )
        ),
        Outcome.NOT_ENOUGH,
        ("NOT ENOUGH", "REFUSED: no", "9"),
    ),
    Awkward("no rows at all", certify(), Outcome.NOT_ENOUGH, ("NOT ENOUGH",)),
    Awkward("interrupted", certify(make_row(), limits=INTERRUPTED), Outcome.NOT_ENOUGH, (INTERRUPTED,)),
    Awkward(
        "everything raises",
        certify(
            make_row(
                outcome=Outcome.FAILED, counts=_NONE | {"FAILED": 5}, failures=("Traceback\n  x",), failing=("a",) * 5
            )
        ),
        Outcome.FAILED,
        ("FAILED", "Traceback"),
    ),
    Awkward(
        "an axis named like a selector",
        certify(make_row(coverage={"a b#c.d[e]": {"": 1, '"x"': 2}})),
        Outcome.PARITY,
        ("a b#c.d[e]",),
    ),
    Awkward("a hundred thousand cells", make_large(), Outcome.DEVIATES, ("implementation 950", "1000")),
)

PLACES = (
    Place("output", "I5-H7-T4-B3-float32-normal-0", (2, 1, 3), {"layer": "0", "step": "2", "row": "1", "unit": "3"}),
    Place(
        "output",
        "I5-H7-L2-bi-T4-B3-float32-normal-0",
        (3, 2, 9),
        {"layer": "1", "direction": "reverse", "step": "3", "row": "2", "unit": "2"},
    ),
    Place(
        "c_n",
        "I5-H7-L3-bi-T4-B3-float32-normal-0",
        (3, 0, 6),
        {"layer": "1", "direction": "reverse", "row": "0", "unit": "6"},
    ),
    Place("h_n", "I5-H7-L2-T4-B3-packed4.2.1-float32-normal-0", (0, 2, 5), {"layer": "0", "row": "2", "unit": "5"}),
    Place("output", "I5-H7-T130-B2-float32-normal-0", (129, 0, 0), {"step": "129", "row": "0", "unit": "0"}),
    Place("output", "I1-H1-T1-B1-float32-normal-0", (0, 0, 0), {"step": "0", "row": "0", "unit": "0"}),
)
