"""Awkward reports and files of known deviations with their right answers, written before the code that they judge."""

from __future__ import annotations

from dataclasses import dataclass

# What a failure may say. Whatever is written of it must be valid (JSON, XML, Markdown of GitHub), must keep the last
# word, `END`, and must not change what stands around it: no cell more, no element more, no heading, no open fence.
HOSTILE_WORDS = {
    "pipes": "a | b || c |\n| --- | END",
    "backticks": "`one` ``two`` ```three\n```\n````four\nEND",
    "a fence of tildes": "~~~\n~~~~\nEND",
    "HTML": "<script>alert(1)</script></details><!-- <img src=x onerror=alert(1)> END",
    "entities": "&lt;b&gt; &amp; &#0; &nosuch; END",
    "the end of CDATA": "]]> <![CDATA[ ]]]]>> END",
    "control characters": "\x00\x07\x08\x1b[31mred\x1b[0m\x7f\x85 END",
    "lone surrogates": "\ud800 \udfff END",
    "line ends": "one\r\ntwo\rthree\u2028four\u2029five\x0bsix END",
    "headings and lists": "# heading\n- item\n1. item\n> quote\n=====\n-----\nEND",
    "links": "[text](javascript:alert(1)) ![x](http://e.example/p.png) <http://e.example> END",
    "emphasis": "*one* __two__ ~~three~~ snake_case_name \\ END",
    "other scripts": "שלום نص 漢字 🧪 é e\u0301 \u200b\u202e END",
    "long": "word " * 998 + " END",
    "one long word": "w" * 4997 + "END",
    "blank": " \t\n \n END",
}
NUMBERS = {"nan": float("nan"), "inf": float("inf"), "-inf": float("-inf"), "5e-324": 5e-324, "1.7e+308": 1.7e308}


@dataclass(frozen=True)
class KnownCase:
    """A file of known deviations, what deviates, and the right answer.

    seen: what deviates: where, dtype, question, verdict, worst, words, and features of the case. code: of the exit; 2
    if the file is none. excused: how many of those seen are. problems: what is wrong with entries, and of which.
    """

    name: str
    file: str
    seen: tuple[tuple[str, str, str, str, float, str, tuple[str, ...]], ...]
    code: int
    excused: int = 0
    problems: tuple[str, ...] = ()
    versions: str = "2.13.0+cpu"
    complete: bool = True


TODAY = "2026-11-26"
MINE = "class:mine.py:LSTM"


def entry(**fields: object) -> str:
    """Return an entry in TOML that is right, but for these fields; None leaves one out."""
    right: dict[str, object] = {
        "command": '"verify"',
        "name": f'"{MINE}"',
        "verdict": '"DEVIATES"',
        "worst": "50.0",
        "reason": '"its forget gate is a hard sigmoid"',
        "versions": '"torch>=2.0,<3"',
        "expires": "2027-03-01",
    }
    lines = [f"{name} = {value}" for name, value in {**right, **fields}.items() if value is not None]
    return "\n".join(["[[deviation]]", *lines, ""])


def seen(worst=20.0, dtype="float32", verdict="DEVIATES", features=(), question="outputs", words="c_n", name=MINE):
    """Return something that deviates."""
    return (name, dtype, question, verdict, worst, words, tuple(features))


_PACKED = entry(when='["packed"]')
KNOWN_CASES = (
    KnownCase("all known", entry(), (seen(), seen(30.0)), 0, 2),
    KnownCase("one of two known", _PACKED, (seen(features=["packed"]), seen()), 1, 1),
    KnownCase("gone", entry(), (), 1, 0, ("gone 1",)),
    KnownCase("gone, but not all was judged", entry(), (), 0, 0, (), complete=False),
    KnownCase("one gone, one there", entry() + entry(dtype='"float16"'), (seen(),), 1, 1, ("gone 2",)),
    KnownCase("worse", entry(), (seen(50.1),), 1, 0, ("worse 1",)),
    KnownCase("just as bad as allowed", entry(), (seen(50.0),), 0, 1),
    KnownCase("worse, infinitely", entry(), (seen(float("inf")),), 1, 0, ("worse 1",)),
    KnownCase("NaN is worse than any bound", entry(worst="1e300"), (seen(float("nan")),), 1, 0, ("worse 1",)),
    KnownCase("deviated, now raises", entry(), (seen(0.0, verdict="FAILED"),), 1, 0, ("worse 1",)),
    KnownCase("narrower, now a bug", entry(verdict='"NARROWER"'), (seen(),), 1, 0, ("worse 1",)),
    KnownCase("a bug, now only narrower", entry(), (seen(verdict="NARROWER"),), 0, 1),
    KnownCase(
        "raises as known",
        entry(verdict='"FAILED"', worst=None, words='"no kernel"'),
        (seen(0.0, verdict="FAILED", words="RuntimeError: no kernel for it"),),
        0,
        1,
    ),
    KnownCase(
        "raises something else",
        entry(verdict='"FAILED"', worst=None, words='"no kernel"'),
        (seen(0.0, verdict="FAILED", words="MemoryError"),),
        1,
        0,
        ("gone 1",),
    ),
    KnownCase("of another dtype", entry(dtype='"float16"'), (seen(),), 1, 0, ("gone 1",)),
    KnownCase("of another question", entry(question='"gradients"'), (seen(),), 1, 0, ("gone 1",)),
    KnownCase("of another implementation", entry(name='"class:other.py:LSTM"'), (), 0),
    KnownCase("of all of mine, by a pattern", entry(name='"class:mine.py:*"'), (seen(),), 0, 1),
    KnownCase("of another command", entry(command='"modes"'), (), 0),
    KnownCase("expired, and still there", entry(expires="2026-11-25"), (seen(),), 1, 0, ("expired 1",)),
    KnownCase("expired, and gone", entry(expires="2026-11-25"), (), 1, 0, ("expired 1",)),
    KnownCase("expires today", entry(expires="2026-11-26"), (seen(),), 0, 1),
    KnownCase(
        "expired, of another version", entry(versions='"torch<2"', expires="2000-01-01"), (), 1, 0, ("expired 1",)
    ),
    KnownCase("expired, of another command", entry(command='"modes"', expires="2000-01-01"), (), 0),
    KnownCase("of another version", entry(versions='"torch<2.13"'), (seen(),), 1),
    KnownCase("of another version, and gone", entry(versions='"torch<2.13"'), (), 0),
    KnownCase("a local version is its public one", entry(versions='"torch==2.13.0"'), (seen(),), 0, 1),
    KnownCase("a nightly is in a range", entry(), (seen(),), 0, 1, versions="2.15.0.dev20261101+cu130"),
    KnownCase("of what is not installed", entry(versions='"no-such-package>=1"'), (seen(),), 1),
    KnownCase(
        "overlapping, both needed", _PACKED + entry(worst="30.0"), (seen(40.0, features=["packed"]), seen()), 0, 2
    ),
    KnownCase(
        "overlapping, the second in vain", entry() + _PACKED, (seen(features=["packed"]),), 1, 1, ("redundant 2",)
    ),
    KnownCase("twice the same", entry() + entry(), (seen(),), 1, 1, ("redundant 2",)),
    KnownCase(
        "the first is too small, the second is enough", entry(worst="10.0") + entry(), (seen(),), 1, 1, ("worse 1",)
    ),
    KnownCase(
        "two features at once", entry(when='["packed", "projection"]'), (seen(features=["packed"]),), 1, 0, ("gone 1",)
    ),
    KnownCase("no entries, nothing deviates", "", (), 0),
    KnownCase("no entries, something deviates", "", (seen(),), 1),
    KnownCase("no TOML", "[[deviation]\n", (), 2),
    KnownCase("an unknown key", entry(reasons='"x"'), (), 2),
    KnownCase("an unknown section", "[deviations]\n", (), 2),
    KnownCase("a table, not a list of them", "[deviation]\n", (), 2),
    KnownCase("no reason", entry(reason=None), (), 2),
    KnownCase("a blank reason", entry(reason='"  "'), (), 2),
    KnownCase("no range of versions", entry(versions=None), (), 2),
    KnownCase("a range that does not parse", entry(versions='"torch=>2"'), (), 2),
    KnownCase("a package without a range", entry(versions='"torch"'), (), 2),
    KnownCase("no expiry", entry(expires=None), (), 2),
    KnownCase("an expiry in words", entry(expires='"next year"'), (), 2),
    KnownCase("an expiry with a time", entry(expires="2027-03-01T10:00:00Z"), (), 2),
    KnownCase("an unknown command", entry(command='"judge"'), (), 2),
    KnownCase("an unknown verdict", entry(verdict='"BROKEN"'), (), 2),
    KnownCase("PARITY is no deviation of verify", entry(verdict='"PARITY"'), (), 2),
    KnownCase("no bound", entry(worst=None), (), 2),
    KnownCase("a bound in words", entry(worst='"large"'), (), 2),
    KnownCase("a bound of NaN", entry(worst="nan"), (), 2),
    KnownCase("a bound that allows anything", entry(worst="inf"), (), 2),
    KnownCase("a negative bound", entry(worst="-1"), (), 2),
    KnownCase("a bound that is true", entry(worst="true"), (), 2),
    KnownCase("words that are no expression", entry(words='"("'), (), 2),
    KnownCase("an unknown feature", entry(when='["packd"]'), (), 2),
    KnownCase("an unknown dtype", entry(dtype='"float31"'), (), 2),
)

# Lines that a terminal of so many columns must show: none longer, but for a word that is itself longer, and no word
# divided. Piped, the text is plain and the same whatever the terminal.
WIDTHS = (40, 80, 200)
