"""Pages in a headless Chromium, where there is one: nothing fails, nothing is asked of a network, all can be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_parity.audits.pages.tables import frameworks_page, modes_page
from lstm_parity.reports.html.certificate_page import certificate_page
from specimens.awkward_certificates import AWKWARD, HEAD, PLACES, certify
from specimens.browser import CONTRAST, find_chromium, open_browser
from specimens.modes_and_frameworks import make_frameworks_report, make_mode_rows
from specimens.sweep_stores import make_sweep
from tests.pages.test_certificate_page import EXPLAINED, PROVEN, make_placed_row
from tests.pages.test_comparison_pages import FEW, make_pages
from tests.pages.test_comparison_pages import NAMES as COMPARISONS

pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install 'lstm-parity[browser]'")
if find_chromium() is None:
    pytest.skip("there is no Chromium: apt-get install chromium", allow_module_level=True)

DEVIATING = "an element that deviates"
NAMES = [*(one.name for one in AWKWARD), DEVIATING, *COMPARISONS, "modes", "frameworks"]
SHOWN = ["markup in names and messages", "everything refused", "nothing judged in a row", *NAMES[len(AWKWARD) :]]

# How many figures and words there are, and the pointers of those that are not what these lead to.
FIGURES = """() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const step = (at, part) => at[part.replaceAll("~1", "/").replaceAll("~0", "~")];
  const find = (pointer) => pointer.split("/").slice(1).reduce(step, data);
  const number = (value) => (value === "inf" ? Infinity : value === "-inf" ? -Infinity : Number(value));
  const shown = [...document.querySelectorAll("data[data-at]")];
  const right = (e) => {
    const sum = e.dataset.at.split(/ (?=\\/)/).map(find).map(number).reduce((a, b) => a + b);
    return Object.is(sum, number(e.value));
  };
  const words = [...document.querySelectorAll("[data-text]")];
  const joined = (e) => [find(e.dataset.text)].flat().join(e.dataset.by);
  const wrong = [...shown.filter((e) => !right(e)), ...words.filter((e) => e.textContent !== joined(e))];
  return [shown.length, words.length, wrong.map((e) => e.dataset.at ?? e.dataset.text)];
}"""


@pytest.fixture(scope="module")
def browser():
    """One for all tests."""
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with the page of each awkward certificate and of each comparison, by its number."""
    found = tmp_path_factory.mktemp("pages")
    certificates = [
        *(one.certificate for one in AWKWARD),
        certify(make_placed_row(PLACES[1]), make_placed_row(PLACES[4])),
    ]
    stores = make_sweep(found / "wrong.sweep", FEW), make_sweep(found / "shifted.sweep", FEW, shift=0.3)
    pages = [certificate_page(certificate, EXPLAINED, PROVEN) for certificate in certificates]
    pages += [
        *make_pages(stores).values(),
        modes_page(make_mode_rows(), HEAD),
        frameworks_page(make_frameworks_report()),
    ]
    for number, html in enumerate(pages):
        (found / f"{number}.html").write_text(html, encoding="utf-8")
    return found


def visit(browser, folder, name, **context):
    """Return a tab with a page, and a list of what it asks of a network and says in the console, then and later."""
    tab = browser.new_context(**context).new_page()
    noise = []

    def ask(request):
        if not request.url.startswith(("file:", "data:", "blob:")):
            noise.append(request.url)

    tab.on("console", lambda message: noise.append(message.text))
    tab.on("pageerror", lambda error: noise.append(str(error)))
    tab.on("request", ask)
    tab.goto((folder / f"{NAMES.index(name)}.html").as_uri())
    return tab, noise


@pytest.mark.parametrize("name", NAMES)
def test_a_page_opens_in_silence_and_fits_a_phone(browser, folder, name):
    """No error, no request, no title taken over, and nothing to scroll sideways at 360 pixels."""
    tab, noise = visit(browser, folder, name, viewport={"width": 360, "height": 700})
    width = tab.evaluate("document.documentElement.scrollWidth")

    assert (noise, width, " · " in tab.title()) == ([], 360, True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", SHOWN)
def test_the_contrast_of_all_text_is_enough(browser, folder, name, scheme):
    """By WCAG AA: 4.5, and 3 if it is large; in folded parts too."""
    tab, _ = visit(browser, folder, name, color_scheme=scheme)
    texts = tab.evaluate(CONTRAST)

    assert (len(texts) > 20, [one for one in texts if one["ratio"] < one["needed"]]) == (True, [])


@pytest.mark.parametrize("name", [DEVIATING, *COMPARISONS, "modes", "frameworks"])
def test_every_figure_is_found_in_the_data_by_the_browser_itself(browser, folder, name):
    """By its JSON pointer, as a number; and so is every word."""
    tab, _ = visit(browser, folder, name)
    figures, words, wrong = tab.evaluate(FIGURES)

    assert (figures > 8, words > 8, wrong) == (True, True, [])


@pytest.mark.parametrize("name", [DEVIATING, "sweep"])
def test_a_cell_of_a_map_leads_to_its_case(browser, folder, name):
    """By a click, which shows it."""
    tab, noise = visit(browser, folder, name, reduced_motion="reduce")
    tab.locator("td.heat a").first.click()
    case = tab.locator(f"li[id='{tab.url.partition('#')[2]}']")

    assert (case.count(), case.evaluate("e => e.getBoundingClientRect().top < innerHeight"), noise) == (1, True, [])


@pytest.mark.parametrize("name", SHOWN)
def test_every_button_link_and_fold_can_be_pressed_in_silence(browser, folder, name):
    """Each in turn, by the keyboard; what is left in the console afterwards is an error."""
    tab, noise = visit(browser, folder, name, reduced_motion="reduce")
    pressed = tab.locator("summary, a, button, input[type=checkbox]")
    for place in range(pressed.count()):
        if pressed.nth(place).is_visible():
            pressed.nth(place).press("Space" if pressed.nth(place).get_attribute("type") else "Enter")

    assert (pressed.count() > 0, tab.locator("details:not([open])").count(), noise) == (True, 0, [])


def test_the_json_is_saved_as_it_is_in_the_page(browser, folder):
    """Letter for letter, by the button."""
    tab, noise = visit(browser, folder, DEVIATING)
    with tab.expect_download() as download:
        tab.click("#save")
    saved = Path(download.value.path()).read_text(encoding="utf-8")

    assert (saved == tab.locator("#data").text_content(), noise) == (True, [])


def test_filters_show_the_rows_that_they_say(browser, folder):
    """Those that are not PARITY; those with a word; and how many."""
    tab, noise = visit(browser, folder, "a hundred thousand cells")
    tab.check("#only-verdict-rows")
    bad = tab.locator("#verdict-rows tr:visible").count()
    tab.fill("#find-verdict-rows", "implementation 950")

    found = tab.locator("#verdict-rows tr:visible").count(), tab.inner_text("#count-verdict-rows")

    assert (bad, *found, noise) == (20, 1, "1 of 200 rows", [])


def test_a_page_is_whole_without_javascript(browser, folder):
    """All text but the filters."""
    (with_it, _), (without, _) = (
        visit(browser, folder, "everything raises", java_script_enabled=on) for on in (True, False)
    )

    assert without.inner_text("main").split() == [
        word for word in without.inner_text("main").split() if word in with_it.inner_text("main")
    ]
    assert "Traceback" in without.inner_text("main")


def test_the_keyboard_reaches_the_content_first(browser, folder):
    """By the first press of Tab, and Enter."""
    tab, noise = visit(browser, folder, "one cell")
    tab.keyboard.press("Tab")
    first = tab.evaluate("document.activeElement.textContent")
    tab.keyboard.press("Enter")

    assert (first, tab.url.endswith("#main"), noise) == ("To the content", True, [])


@pytest.mark.parametrize("name", [DEVIATING, *COMPARISONS, "modes", "frameworks"])
def test_nothing_is_cut_off_in_print(browser, folder, name):
    """On A4, with margins of a centimetre, unfolded."""
    tab, _ = visit(browser, folder, name, viewport={"width": 718, "height": 1000})
    tab.emulate_media(media="print")
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert tab.evaluate("document.documentElement.scrollWidth") == 718


def test_folded_parts_are_printed(browser, folder):
    """They are unfolded before, and folded again after."""
    tab, _ = visit(browser, folder, "everything raises")
    count = "document.querySelectorAll('details:not([open])').length"
    before = tab.evaluate(count)
    tab.evaluate("dispatchEvent(new Event('beforeprint'))")

    assert (before > 0, tab.evaluate(count)) == (True, 0)
