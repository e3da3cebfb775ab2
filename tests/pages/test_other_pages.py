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
from lstm_parity.reports.html.certificate_page import certificate_page
from specimens import unseen_styles
from specimens.awkward_certificates import PLACES, certify, make_row
from specimens.bug_reports.equations import coupled_gates
from specimens.modes_and_frameworks import make_frameworks_report, make_mode_rows
from tests.pages.test_certificate_page import EXPLAINED, PROVEN, make_placed_row
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


def test_each_curve_of_a_data_sheet_can_be_heard(cell_page):
    """Each has words."""
    assert len([words for words in cell_page.spoken if "roundoffs" in words]) == 5


def test_a_certificate_shows_what_was_identified(identified, cell_page):
    """The same equations and curves."""
    page = ReadPage(verification_page(Verification(certify(make_row()), identified=identified)))
    shown = [[e.text for e in one.all("td") if e.attributes.get("class") == "equation"] for one in (page, cell_page)]

    assert shown[0] == shown[1]
    assert len([words for words in page.spoken if "roundoffs" in words]) == 5


@pytest.fixture(scope="module")
def answered(tmp_path_factory):
    """The answer to a report of an LSTM whose gates are coupled, as a page and as JSON."""
    folder = tmp_path_factory.mktemp("answered")
    coupled_gates(folder)
    page, data = folder / "p.html", folder / "j.json"
    CliRunner().invoke(main, ["judge", str(folder), "--html", str(page), "--json", str(data)])
    return ReadPage(page.read_text(encoding="utf-8")), json.loads(data.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def made(identified, cell_page, answered):
    """A page of each kind, none of them empty."""
    return {
        "identification": cell_page,
        "identified": ReadPage(verification_page(Verification(certify(make_row()), identified=identified))),
        "deviating": ReadPage(certificate_page(certify(*map(make_placed_row, PLACES)), EXPLAINED, PROVEN)),
        "answer": answered[0],
        "modes": ReadPage(modes_page(make_mode_rows(), HEAD)),
        "frameworks": ReadPage(frameworks_page(make_frameworks_report())),
    }


KINDS = {  # with the least number of figures
    "identification": 40,
    "identified": 40,
    "deviating": 200,
    "answer": 20,
    "modes": 20,
    "frameworks": 12,
}


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_is_that_of_the_json(made, kind):
    """Exactly in its value, rounded in its text."""
    figures = made[kind].figures

    assert (len(figures) >= KINDS[kind], [figure for figure in figures if not agrees(*figure)]) == (True, [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_numeral_stands_outside_of_what_is_compared_with_the_json(made, kind):
    """But in headings, legends and the hash; and words of the JSON are shown letter for letter."""
    assert (made[kind].loose_numerals, made[kind].wrong_words) == ([], [])


@pytest.mark.parametrize("kind", KINDS)
def test_no_code_shows_through(made, kind):
    """Neither an object of Python's, nor a name as an element."""
    page = made[kind]
    code = [words for words in ("object at", "frozenset", "Deviation(") if words in page.text]

    assert (code, len(page.all("i")) - page.html.count("<i class="), len(page.all("img"))) == ([], 0, 0)


def test_a_report_is_answered_by_a_page(answered):
    """Its claim is the sentence of the answer, its row that of the answer."""
    page, data = answered
    claim = next(e.text for e in page.all("p") if e.attributes["class"] == "claim")
    [row] = page.data["rows"]

    assert claim == data["sentence"]
    assert {name: row[name] for name in data["row"] if name != "deviations"} == {
        name: value for name, value in data["row"].items() if name != "deviations"
    }


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
