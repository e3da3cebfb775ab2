"""The page of the known wrong LSTMs shows what the code says."""

from __future__ import annotations

import re

from lstm_parity.catalogue.mistakes import DROPOUT_MISTAKES, GRADIENT_MISTAKES, MISTAKES
from pages.mistakes import PAGE, page

EVERY = (*MISTAKES, *GRADIENT_MISTAKES, *DROPOUT_MISTAKES)


def test_the_page_is_what_its_script_writes():
    """`python -m pages.mistakes` writes it anew."""
    assert PAGE.read_text(encoding="utf-8") == page()


def test_every_name_is_its_own_and_every_fault_is_told():
    """Among all mistakes, of the forward pass, of gradients and of dropout."""
    assert len({wrong.name for wrong in EVERY}) == len({wrong.description for wrong in EVERY}) == len(EVERY)


def test_every_link_is_an_address_of_a_thread():
    """An issue, a pull request or a topic, not a search or a home page."""
    thread = r"https://(github\.com/[^/]+/[^/]+/(issues|pull)/\d+|(discuss\.pytorch\.org|community\.konduit\.ai)/t/\S+)"

    assert [
        wrong.reported_at for wrong in EVERY if wrong.reported_at and not re.fullmatch(thread, wrong.reported_at)
    ] == []
