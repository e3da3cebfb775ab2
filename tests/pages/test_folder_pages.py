"""The pages about folders name what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lstm_parity.audits.folders.setting_file import FIELDS, FORMAT, REPORT_FIELDS
from lstm_parity.files.read import read_arrays

DOCS = Path(__file__).parents[2] / "docs"
FORMAT_PAGE = (DOCS / "folder-format.md").read_text()


def test_every_field_of_a_setting_is_on_the_format_s_page():
    """A program can be written from it."""
    assert [name for name in FIELDS if f"`{name}`" not in FORMAT_PAGE and f'"{name}"' not in FORMAT_PAGE] == []
    assert FORMAT in FORMAT_PAGE


def test_every_field_of_a_report_is_on_its_page():
    """A report can be written from it."""
    page = (DOCS / "report-format.md").read_text()

    assert [name for name in REPORT_FIELDS if f"`{name}`" not in page and name not in FIELDS] == []


@pytest.mark.parametrize("name", ["folder-format.md", "any-language.md", "answer-a-report.md", "expect.md"])
def test_every_link_leads_to_a_file(name):
    """Relative to the folder of the pages."""
    links = re.findall(r"\]\(([^):#]+\.\w+)\)", (DOCS / name).read_text())

    assert links
    assert [link for link in links if not (DOCS / link).exists()] == []


def test_the_text_of_the_page_is_read_as_two_arrays(tmp_path):
    """As somebody pastes it from a terminal."""
    [shown] = re.findall(r"```\n(input = .*?)```", (DOCS / "report-format.md").read_text(), re.DOTALL)
    (tmp_path / "pasted.txt").write_text(shown)

    assert list(read_arrays(tmp_path / "pasted.txt")) == ["input", "output"]
