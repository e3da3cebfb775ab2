"""The forms of a report: valid whatever it says, and complete."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.formats.badge import badge_json
from lstm_parity.reports.formats.markdown import write_document
from lstm_parity.reports.formats.step_summary import LIMIT, append_summary, cut_document
from lstm_parity.reports.json_text import json_text
from tests.support.format_cases import HOSTILE_WORDS, NUMBERS
from tests.support.hostile_reports import make_certificate, make_reports

KINDS = ("certificate", "answer", "comparison")
FOLDS = {"<details>", "<summary>", "</summary>", "</details>"}
PARSER = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def outline(markdown):
    """Return what a document is made of, words left out: blocks, marks in lines, and pieces of HTML."""
    found = []
    for token in PARSER.parse(markdown):
        marks = [child.type for child in token.children or () if child.type not in ("text", "softbreak", "hardbreak")]
        found += [token.type, *marks] if token.type not in ("text", "inline") else marks
        found += [tag for tag in FOLDS if tag in token.content] if token.type == "html_block" else []
    return found


def test_json_is_laid_out_with_nothing_lost():
    """What holds only numbers and words is one line; what does not begins further ones."""
    content = {"a": {"b": [1, 2.5, "x"], "c": {}}, "d": [{"e": None}, []], "f": "\u2028<\n"}
    text = json_text("kind", 1, content)

    assert json.loads(text) == {"format": "lstm-parity kind 1", **content}
    assert ' "a": {\n  "b": [1, 2.5, "x"],\n  "c": {}\n },\n "d": [\n  {"e": null},\n  []\n ],\n' in text


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", HOSTILE_WORDS.values(), ids=HOSTILE_WORDS)
def test_markdown_has_the_same_outline_whatever_is_said(kind, words):
    """No cell, heading, link, emphasis, HTML or open fence comes from what was said."""
    tame = "END" if words.strip() else " "
    outlines = [outline(write_document(make_reports(said)[kind].markdown())) for said in (words, tame)]

    assert outlines[0] == outlines[1]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("words", HOSTILE_WORDS.values(), ids=HOSTILE_WORDS)
def test_every_form_can_be_written_and_read(kind, words, tmp_path):
    """JSON by a strict parser, XML by any, text as UTF-8; the last word is in each."""
    report = make_reports(words)[kind]
    texts = [write_document(report.markdown()), *(write() for write in report.files.values())]
    content = json.loads(report.json(), parse_constant=lambda name: pytest.fail(name))
    if junit := report.files.get("junit"):
        ET.fromstring(junit())
    (tmp_path / "all").write_text("".join(texts), encoding="utf-8")

    assert "END" not in words or all("END" in text for text in [str(content), texts[0]])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_numbers_that_json_lacks_are_strings(kind, number):
    """NaN and infinities; all others are themselves."""
    content = json.loads(make_reports("x", number)[kind].json(), parse_constant=lambda name: pytest.fail(name))
    found = {"certificate": lambda: content["rows"][0]["worst"], "answer": lambda: content["tensors"][0]["visible"]}

    assert str(found.get(kind, lambda: number)()) == str(number)


def test_junit_counts_what_fails_and_what_is_skipped():
    """An element for each row and one for the whole; the counts are those of the elements."""
    [suite] = ET.fromstring(make_reports("x")["certificate"].files["junit"]())
    ended = {name: len(suite.findall(f"testcase/{name}")) for name in ("failure", "error", "skipped")}

    assert ({name: int(suite.get(f"{name}s", suite.get(name))) for name in ended}, int(suite.get("tests"))) == (
        ended,
        len(Outcome) + 1,
    )


def test_junit_of_a_comparison_fails_for_what_is_worse():
    """One of its two findings is noise, which passes; the whole fails with the one that is worse."""
    [suite] = ET.fromstring(make_reports("x")["comparison"].files["junit"]())
    ended = {(one.get("classname"), one.get("name")): [part.tag for part in one] for one in suite.iter("testcase")}

    assert ended == {("deviates", "x"): ["failure"], ("noise", "x"): [], ("comparison", "everything"): ["failure"]}


def test_junit_of_nothing_fails():
    """Where no row is, the certificate is still a test."""
    from lstm_parity.audits.verification.report import certificate_report  # noqa: PLC0415

    [suite] = ET.fromstring(certificate_report(make_certificate("x", outcomes=())).files["junit"]())

    assert (suite.get("tests"), suite.get("failures")) == ("1", "1")


def test_the_worst_comes_first_and_what_agrees_is_folded():
    """FAILED before DEVIATES before NARROWER; PARITY and REFUSED behind <details>."""
    text = write_document(make_reports("x")["certificate"].markdown())
    places = [text.index(f"| x | x | float32 | {name} |") for name in ("FAILED", "DEVIATES", "NARROWER", "PARITY")]

    assert places == sorted(places)
    assert text.count("<details>", places[2], places[3]) > 0


@pytest.mark.parametrize(
    ("outcome", "known", "color"),
    [
        (Outcome.PARITY, False, "brightgreen"),
        (Outcome.DEVIATES, False, "red"),
        (Outcome.DEVIATES, True, "yellow"),
        (Outcome.NOT_ENOUGH, True, "lightgrey"),
    ],
)
def test_a_badge_is_green_for_parity_alone(outcome, known, color):
    """Known deviations are yellow, and a badge never calls them parity."""
    badge = json.loads(badge_json(make_certificate("x", outcomes=(outcome,)), known))

    assert (badge["color"], "PARITY" in badge["message"]) == (color, outcome is Outcome.PARITY)


@pytest.mark.parametrize("room", [0, 100, 400, 10_000, LIMIT])
def test_a_summary_is_never_too_long(room):
    """And what is left of it is whole blocks: nothing stays open."""
    text = cut_document(make_reports("é" * 300)["certificate"].markdown(), room)

    assert len(text.encode()) <= room
    assert text.count("<details>") == text.count("</details>")


def test_a_block_that_is_too_long_is_left_out_alone():
    """What follows it is kept, and it is said that something is missing."""
    assert cut_document(["first", "long " * LIMIT, "last"], LIMIT).split("\n\n")[:2] == ["first", "last"]


def test_a_summary_is_appended_to_what_is_there(tmp_path, monkeypatch):
    """By the room that is left; nothing is lost of what others wrote."""
    file = tmp_path / "summary.md"
    file.write_text("before\n" + "x" * (LIMIT - 1000))
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(file))
    told = append_summary(lambda: ["block\n" * 500, "end"])

    assert (told, file.stat().st_size <= LIMIT, file.read_text().startswith("before")) == ("", True, True)


def test_a_summary_that_cannot_be_written_is_no_failure(tmp_path, monkeypatch):
    """It is said."""
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "no" / "such"))

    assert "cannot be written" in append_summary(lambda: ["x"])
