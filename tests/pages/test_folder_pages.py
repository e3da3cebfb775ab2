"""The pages about folders name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_parity.audits.folders.setting_file import FIELDS, FORMAT

DOCS = Path(__file__).parents[2] / "docs"
FORMAT_PAGE = (DOCS / "folder-format.md").read_text()


def test_every_field_of_a_setting_is_on_the_format_s_page():
    """A program can be written from it."""
    assert [name for name in FIELDS if f"`{name}`" not in FORMAT_PAGE and f'"{name}"' not in FORMAT_PAGE] == []
    assert FORMAT in FORMAT_PAGE


@pytest.mark.parametrize("name", ["folder-format.md", "any-language.md"])
def test_every_link_leads_to_a_file(name):
    """Relative to the folder of the pages."""
    links = re.findall(r"\]\(([^):#]+\.\w+)\)", (DOCS / name).read_text())

    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []
