"""Pages that are written by scripts are what the scripts write; a site is checked for links and for what it fetches."""

from __future__ import annotations

import pytest

from pages import api, conventions, lists, site

WRITTEN = {
    api.PAGE: api.page,
    conventions.PAGE: lambda: conventions.page() + "\n",
    lists.FINDINGS: lists.write_findings,
    lists.EVIDENCE: lists.write_evidence,
}
WRONG = {
    "a dead link": '<a href="none.html">x</a>',
    "a dead anchor": '<a href="#none">x</a>',
    "an anchor of another page": '<a href="other.html#none">x</a>',
    "a script of elsewhere": '<script src="https://example.org/x.js"></script>',
    "a font of elsewhere": '<link rel="stylesheet" href="//example.org/x.css">',
}


@pytest.mark.parametrize("page", WRITTEN, ids=lambda page: page.stem)
def test_a_page_is_what_its_script_writes(page):
    """`python -m pages.NAME` writes it anew."""
    assert page.read_text(encoding="utf-8") == WRITTEN[page]()


@pytest.mark.parametrize("name", WRONG)
def test_what_is_wrong_with_a_site_is_found(tmp_path, name):
    """One sentence for one fault, and none for links that lead somewhere or to another site."""
    (tmp_path / "other.html").write_text("<p id='there'></p>")
    right = '<a href="other.html#there">x</a><a href="https://example.org/none">x</a><a href="#top" id="top">x</a>'
    (tmp_path / "page.html").write_text(right + WRONG[name])

    assert len(site.check(tmp_path)) == 1


def test_a_style_that_fetches_is_found(tmp_path):
    """And a folder without pages is no site."""
    (tmp_path / "page.html").write_text("<p></p>")
    (tmp_path / "style.css").write_text("@font-face { src: url(https://example.org/font.woff2) }")

    assert len(site.check(tmp_path)) == len(site.check(tmp_path / "none")) == 1
