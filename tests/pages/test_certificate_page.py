"""The page of a certificate shows what its JSON holds, whatever the names and numbers in it are."""

from __future__ import annotations

import hashlib
import importlib.util
import json
from dataclasses import replace
from itertools import pairwise

import pytest
from click.testing import CliRunner

from lstm_parity.cases.case import parse_case
from lstm_parity.cli import main
from lstm_parity.judging.arithmetic import Explanation
from lstm_parity.judging.forward import judge_all
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reports.certificate import make_row
from lstm_parity.reports.certificate_json import row_fields, row_of
from lstm_parity.reports.html.certificate_page import Explained, Proven, certificate_page
from lstm_parity.running.observe import observe
from specimens.altered_results import Altered
from specimens.awkward_certificates import AWKWARD, CLOSING, PLACES, SCRIPT, certify
from tests.support.html import ReadPage, agrees

SCRIPTS = 2  # the data and the filters
EXPLAINED = Explained(SCRIPT, CLOSING, "change <it>", "everywhere & nowhere", ("]]>",))
PROVEN = Proven({"gates-ifog": SCRIPT}, ("bias-doubled",))


@pytest.fixture(scope="module")
def pages():
    """Each awkward certificate as a page that was read."""
    return {one.name: ReadPage(certificate_page(one.certificate, EXPLAINED, PROVEN)) for one in AWKWARD}


@pytest.fixture(scope="module")
def deviating():
    """The rows of results that deviate at one place each."""
    return {place.case: make_placed_row(place) for place in PLACES}


def make_placed_row(place):
    """Return the row of one case in which one element deviates."""
    verdicts = tuple(judge_all([observe(Placed(place), parse_case(place.case))]))
    explanation = Explanation(NATIVE["float32"], None, verdicts)
    return make_row("altered", "float32", explanation, command="lstm-parity verify --impl x")


class Placed(Altered):
    """`nn.LSTM` with one element changed, in the whole call alone."""

    def __init__(self, place):
        case = parse_case(place.case)
        call = case.setting.call

        def change(output, h_n, c_n):
            packed = not hasattr(output, "clone")
            tensors = {"output": output if packed else output.clone(), "h_n": h_n.clone(), "c_n": c_n.clone()}
            whole = packed or (output.shape[0] == call.time and output.shape[1] == call.rows)
            if whole:
                tensors[place.tensor][place.index] += 1.0
            return tensors["output"], (tensors["h_n"], tensors["c_n"])

        super().__init__(change, "altered")


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_a_page_shows_what_was_written_down_for_it(pages, one):
    """The verdict in its head, and every word that a reader must find."""
    page = pages[one.name]

    assert page.all("h1")[0].text.startswith(one.verdict.value)
    assert [words for words in one.shows if words not in page.text] == []


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_no_numeral_stands_outside_of_what_is_compared_with_the_json(pages, one):
    """But in headings, legends and the hash; and words of the JSON are shown letter for letter."""
    assert (pages[one.name].loose_numerals, pages[one.name].wrong_words) == ([], [])


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_every_figure_is_that_of_the_json(pages, one):
    """Exactly in its value, rounded in its text."""
    figures = pages[one.name].figures

    assert figures
    assert [figure for figure in figures if not agrees(*figure)] == []


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_the_sums_are_those_of_the_rows(pages, one):
    """Whether or not all rows are on the page."""
    totals, rows = pages[one.name].data["page"]["totals"], one.certificate.rows
    judged = sum(row.counts["PARITY"] + row.counts["DEVIATES"] for row in rows)

    assert (totals["judged"], totals["rows"]) == (judged, len(rows))


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_a_map_has_the_counts_of_the_rows(pages, one):
    """On every axis, all columns together."""
    axes = pages[one.name].data["page"]["axes"]
    counted = sum(cell["judged"] for axis in axes for line in axis["cells"] for cell in line if cell)
    covered = [count for row in one.certificate.rows for counts in row.coverage.values() for count in counts.values()]

    assert counted == sum(covered)


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_nothing_in_a_name_becomes_an_element(pages, one):
    """No element, no attribute and no address but the page's own."""
    page = pages[one.name]
    addresses = {e.attributes.get(name) for e in page.elements for name in ("href", "src") if e.attributes.get(name)}

    assert (len(page.all("script")), len(page.all("img"))) == (SCRIPTS, 0)
    assert not [name for e in page.elements for name in e.attributes if name.startswith("on")]
    assert not [address for address in addresses if not address.startswith(("#", "data:,"))]


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_every_anchor_leads_to_an_element(pages, one):
    """And no two elements have one id."""
    page = pages[one.name]
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    wanted = {e.attributes["href"][1:] for e in page.all("a")}

    assert (len(ids), wanted - set(ids)) == (len(set(ids)), set())


@pytest.mark.parametrize("one", AWKWARD, ids=lambda one: one.name)
def test_a_page_can_be_heard(pages, one):
    """One first heading, no level left out, pictures with words, tables with captions."""
    page = pages[one.name]
    levels = [int(e.tag[1]) for e in page.elements if e.tag in ("h1", "h2", "h3", "h4")]
    steps = [after - before for before, after in pairwise(levels)]

    assert (levels.count(1), levels[0], max(steps) <= 1) == (1, 1, True)
    assert all(page.spoken)


def test_a_page_of_a_hundred_thousand_cells_is_below_two_megabytes(pages):
    """With the data in it."""
    assert len(pages["a hundred thousand cells"].html.encode()) < 2_000_000


def test_the_hash_is_that_of_the_data(pages):
    """Of its characters in the script element."""
    page = pages["one cell"]

    assert hashlib.sha256(page.source.encode()).hexdigest() in page.text


@pytest.mark.parametrize("place", PLACES, ids=lambda place: f"{place.tensor} {place.case}")
def test_a_deviation_is_shown_at_its_place(deviating, place):
    """In words, in the picture as the one cell that deviates, and with the command that repeats it."""
    page = ReadPage(certificate_page(certify(deviating[place.case])))
    [one] = page.data["rows"][0]["deviations"]
    tensor = next(t for t in one["tensors"] if t["tensor"] == place.tensor)
    directions = {"0": "forward", "1": "reverse", "None": "None"}
    found = {name: str(tensor["place"][name]) for name in place.names}
    found |= {"direction": directions[found["direction"]]} if "direction" in found else {}

    assert found == dict(place.names)
    assert sum(worst is not None and worst > 2.86 for line in tensor["maps"][0]["worst"] for worst in line) == 1
    assert f"lstm-parity verify --impl x --case {place.case}" in page.text


def test_a_row_with_deviations_survives_json(deviating):
    """Maps, places and all."""
    rows = list(deviating.values())

    assert [row_of(json.loads(json.dumps(row_fields(row)))) for row in rows] == rows


def test_the_distances_of_a_row_are_counted_once(deviating):
    """Beyond the limit are the one that is changed, and the seven of the next step, which is judged from there."""
    row = deviating[PLACES[0].case]
    spread = next(one for one in row.spreads if one.tensor == "output")

    assert (sum(spread.counts[11:]), spread.worst > 2.86) == (8, True)


def test_the_distances_over_the_steps_are_counted_where_they_are(deviating):
    """Beyond the limit are the same eight, all at steps 2 and 3; each element is in one bin."""
    page = ReadPage(certificate_page(certify(deviating[PLACES[0].case])))
    [steps] = page.data["page"]["steps"]

    assert [(one["first"], one["last"], one["beyond"]) for one in steps["parts"]] == [(0, 0, 0), (1, 1, 0), (2, 3, 8)]
    assert all(sum(one["counts"]) == one["count"] == one["elements"] for one in steps["parts"])


def test_steps_that_were_not_counted_have_no_picture(deviating):
    """As rows of JSON that was written before counts were kept."""
    row = deviating[PLACES[0].case]
    page = ReadPage(certificate_page(certify(replace(row, steps=tuple(replace(one, counts=()) for one in row.steps)))))

    assert (page.loose_numerals, len(page.all("svg"))) == ([], len(row.spreads))


def test_a_page_without_jinja2_is_refused_before_the_work(tmp_path, monkeypatch):
    """In a sentence that says what to install."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    result = CliRunner().invoke(main, ["verify", "--html", str(tmp_path / "page.html")])

    assert (result.exit_code, "pip install 'lstm-parity[html]'" in result.output) == (2, True)
