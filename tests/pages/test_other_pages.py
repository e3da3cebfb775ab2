"""Pages of what is no certificate: their figures are those of their JSON, and no code shows through."""

from __future__ import annotations

import json
from datetime import date

import pytest
from click.testing import CliRunner
from packaging.requirements import Requirement

from lstm_parity.audits.frameworks.run import FrameworksReport
from lstm_parity.audits.identify import identify, measure_arithmetic
from lstm_parity.audits.known.entry import Deviation, Entry, KnownResult
from lstm_parity.audits.modes.report import mode_row
from lstm_parity.audits.pages.identification import identification_page
from lstm_parity.audits.pages.tables import frameworks_page, modes_page
from lstm_parity.audits.verification.identified import Identified
from lstm_parity.audits.verification.page import verification_page
from lstm_parity.audits.verification.verify import Verification
from lstm_parity.cli import main
from lstm_parity.reports.formats.known import known_fields, known_lines
from specimens import unseen_styles
from specimens.awkward_certificates import certify, make_row
from specimens.bug_reports.equations import coupled_gates
from tests.support.html import ReadPage, agrees

HEAD = {"lstm-parity": "0.1.0"}


@pytest.fixture(scope="module")
def identified():
    """What a cell computes, with its data sheet."""
    cell = unseen_styles.split_cell
    return Identified("<i>cell</i>", identify(cell, "cell"), [measure_arithmetic(cell, "cell", size=4)])


@pytest.fixture(scope="module")
def cell_page(identified):
    """The page of that."""
    return ReadPage(identification_page(identified.name, identified.found, identified.sheets, None, HEAD))


def test_the_equations_stand_beside_those_of_torch(cell_page):
    """Line for line."""
    lines = [e.text for e in cell_page.all("td") if e.attributes.get("class") == "equation"]

    assert (len(lines) >= 14, lines[0::2]) == (True, lines[1::2])


def test_the_figures_of_a_data_sheet_are_those_of_the_json(cell_page):
    """And each curve has words."""
    assert [figure for figure in cell_page.figures if not agrees(*figure)] == []
    assert len([e for e in cell_page.all("svg") if "roundoffs" in e.attributes["aria-label"]]) == 5


def test_a_certificate_shows_what_was_identified(identified, cell_page):
    """The same equations and curves, and its figures are those of the JSON."""
    page = ReadPage(verification_page(Verification(certify(make_row()), identified=identified)))
    shown = [[e.text for e in one.all("td") if e.attributes.get("class") == "equation"] for one in (page, cell_page)]

    assert shown[0] == shown[1]
    assert [figure for figure in page.figures if not agrees(*figure)] == []
    assert len([e for e in page.all("svg") if "roundoffs" in e.attributes["aria-label"]]) == 5


@pytest.mark.parametrize("page", ["identification", "modes", "frameworks"])
def test_no_code_shows_through(cell_page, page):
    """Neither an object of Python's, nor a name as an element."""
    made = {
        "identification": lambda: cell_page,
        "modes": lambda: ReadPage(modes_page([mode_row("eager", [])], HEAD)),
        "frameworks": lambda: ReadPage(frameworks_page(FrameworksReport(HEAD, (), ()))),
    }[page]()

    assert ("object at" in made.text, len(made.all("i"))) == (False, 0)
    assert [figure for figure in made.figures if not agrees(*figure)] == []


def test_a_report_is_answered_by_a_page(tmp_path):
    """Its claim is the sentence of the answer."""
    coupled_gates(tmp_path)
    files = ["--html", str(tmp_path / "p.html"), "--json", str(tmp_path / "j.json")]
    CliRunner().invoke(main, ["judge", str(tmp_path), *files])
    page = ReadPage((tmp_path / "p.html").read_text(encoding="utf-8"))
    claim = next(e.text for e in page.all("p") if e.attributes["class"] == "claim")

    assert claim == json.loads((tmp_path / "j.json").read_text(encoding="utf-8"))["sentence"]


PAGES = {
    "verify": lambda known: verification_page(Verification(certify(make_row())), None, known),
    "modes": lambda known: modes_page([mode_row("eager", [])], HEAD, known),
    "frameworks": lambda known: frameworks_page(FrameworksReport(HEAD, (), ()), known),
}


@pytest.mark.parametrize("unknown", [(), (Deviation("eager", "DEVIATES"),)])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_first_what_is_known_and_why(name, unknown):
    """The conclusion and each entry with its reason; the verdict stays what it is."""
    entry = Entry(1, "verify", "eager", "DEVIATES", "c_n is off", Requirement("torch>=2"), date(2999, 1, 1))
    known = KnownResult("known.toml", ((entry, (Deviation("eager", "DEVIATES"),)),), unknown)
    page = ReadPage(PAGES[name](known))

    assert page.all("h2")[0].text == "Known deviations, known.toml"
    assert all(line in page.text for line in known_lines(known))
    assert page.data["known"] == known_fields(known)
