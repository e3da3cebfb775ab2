"""Pages of sweeps, of two sweeps and of two torches: their figures are those of their JSON, whatever is in them."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lstm_parity.audits.pages.comparison import records_page
from lstm_parity.audits.pages.sweep import sum_up_rows, sweep_comparison_page, sweep_page
from lstm_parity.audits.sweep.comparison import compare_stores
from lstm_parity.audits.sweep.report import sum_up_store
from lstm_parity.audits.sweep.store import Store
from lstm_parity.audits.upgrade.command import main as upgrade
from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.compare.records import Comparison
from lstm_parity.audits.upgrade.compare.speeds import list_speeds
from lstm_parity.audits.upgrade.record import NUMPY, Record
from lstm_parity.cli import main
from specimens.awkward_certificates import CLOSING, SCRIPT
from specimens.sweep_stores import make_sweep
from tests.support.html import ReadPage, agrees
from tests.support.records import CONDITIONS

FEW = "hidden_size = 7 and input_size = 5 and profile = 'normal' and time = 4 and batch = 3 and dtype = 'float32'"
NAMES = ["sweep", "two sweeps", "two torches"]


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A store with wrong cells and some that are left, and one whose means are shifted."""
    folder = tmp_path_factory.mktemp("stores")
    wrong = make_sweep(folder / "wrong.sweep", FEW, whole=False)
    return wrong, make_sweep(folder / "shifted.sweep", FEW, shift=0.3)


def make_comparison():
    """Return two records compared, with a finding of each of some kinds."""
    words = (SCRIPT, CLOSING)
    findings = (
        Finding(Kind.DEVIATES, SCRIPT, CLOSING, words, (1.25, float("inf"))),
        Finding(Kind.REFUSAL_LOST, "nn.LSTM", "was refused, now accepted", ("a",)),
        Finding(Kind.NOISE, "nn.LSTM, float32, forward", "18 of 152 cases", words, (0.5, 1.5)),
    )
    old, new = (
        Record({**CONDITIONS, "torch": v}, speeds={NUMPY: {"a call": (1.0, t)}}) for v, t in (("1", 2), ("2", 8))
    )
    return Comparison(old, new, findings, 40, 2)


def make_pages(stores):
    """Return the page of each kind."""
    wrong, shifted = stores
    with Store(wrong, read_only=True) as one, Store(shifted, read_only=True) as other:
        command = "lstm-parity verify --impl x"
        sweep = sweep_page(sum_up_store(one), sum_up_rows(one, command=command), command)
        pair = sweep_comparison_page(compare_stores(other, one))
    return dict(zip(NAMES, (sweep, pair, records_page(make_comparison())), strict=True))


@pytest.fixture(scope="module")
def pages(stores):
    """The pages, read."""
    return {name: ReadPage(html) for name, html in make_pages(stores).items()}


@pytest.mark.parametrize("name", NAMES)
def test_no_numeral_stands_outside_of_what_is_compared_with_the_json(pages, name):
    """But in headings, legends and the hash; and words of the JSON are shown letter for letter."""
    assert (pages[name].loose_numerals, pages[name].wrong_words) == ([], [])


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_that_of_the_json(pages, name):
    """Exactly in its value, rounded in its text."""
    figures = pages[name].figures

    assert (len(figures) > 8, [figure for figure in figures if not agrees(*figure)]) == (True, [])


@pytest.mark.parametrize("name", NAMES)
def test_names_stay_names(pages, name):
    """No element is made of one, every anchor leads to an element, and every picture has words."""
    page = pages[name]
    ids = [e.attributes["id"] for e in page.elements if "id" in e.attributes]
    anchors = {e.attributes["href"][1:] for e in page.all("a")}

    assert (len(page.all("script")), len(page.all("img")), SCRIPT in page.text) == (2, 0, True)
    assert (len(ids), anchors - set(ids)) == (len(set(ids)), set())
    assert all(page.spoken)


def test_a_map_of_a_sweep_counts_every_cell_once_on_every_axis(pages, stores):
    """Judged, deviating, failed, refused and not judged, as the store has them."""
    with Store(stores[0], read_only=True) as store:
        counts = dict(store.ask("SELECT outcome, COUNT(*) FROM cell WHERE outcome IS NOT NULL GROUP BY outcome"))
    groups = {"deviating": "DEVIATES", "failed": "FAILED", "refused": "REFUSED", "unjudged": "NOT JUDGED"}
    found = [
        {name: sum(cell[name] for line in axis["cells"] for cell in line if cell) for name in groups}
        for axis in pages["sweep"].data["page"]["axes"]
    ]

    assert found == [{name: counts[outcome] for name, outcome in groups.items()}] * len(found)


def test_the_hottest_cell_of_a_map_leads_to_the_worst_case_of_the_store(pages, stores):
    """And to the command that repeats it."""
    with Store(stores[0], read_only=True) as store:
        [(worst,)] = store.ask("SELECT MAX(worst) FROM cell")
    first = pages["sweep"].data["page"]["leading"][0]

    assert (first["worst"], first["command"]) == (worst, f"lstm-parity verify --impl x --case {first['case']}")


def test_a_sweep_shows_where_its_wrong_cells_sit(pages):
    """As conditions, with what each kind of failure says."""
    assert all(words in pages["sweep"].text for words in ("packed", "not bidirectional", CLOSING, "not judged yet"))


def test_what_is_worse_between_two_torches_comes_first(pages):
    """With its noise; then the rest, the call that got slower, and the conditions."""
    titles = [e.text for e in pages["two torches"].all("h2")]

    assert titles[:4] == ["What is worse", "What else changed", "Speeds", "Conditions"]
    assert pages["two torches"].data["findings"][0]["worst"] == {"old": 1.25, "new": "inf"}


def test_speeds_of_two_kinds_of_machine_are_not_listed():
    """They say nothing."""
    found = make_comparison()
    other = Record({**found.new.conditions, "capability": "another"}, speeds=found.new.speeds)

    assert ([one.factor for one in list_speeds(found.old, found.new)], list_speeds(found.old, other)) == ([3.0], [])


def test_commands_write_their_pages(stores, tmp_path):
    """`sweep report` and `sweep compare`, beside what they print."""
    one, two, wrong = tmp_path / "1.html", tmp_path / "2.html", str(stores[0])
    CliRunner().invoke(main, ["sweep", "report", wrong, "--html", str(one)], catch_exceptions=False)
    CliRunner().invoke(main, ["sweep", "compare", wrong, wrong, "--html", str(two)], catch_exceptions=False)

    assert [ReadPage(file.read_text("utf-8")).all("h1")[0].text.split()[0] for file in (one, two)] == [
        "FAILED",
        "NOTHING",
    ]


def test_a_page_of_records_is_refused_before_the_work_where_it_cannot_be_made(tmp_path, capsys):
    """By an interpreter that has torch and NumPy alone."""
    code = upgrade(["compare", "no.record", "no.record", "--html", str(tmp_path / "page.html")])

    assert (code, "--html was given, but it needs all of lstm-parity" in capsys.readouterr().err) == (2, True)
