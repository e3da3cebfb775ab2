"""Items are selected in two processes as they are in one."""

from __future__ import annotations

import os
import time

import pytest

from lstm_parity.running import halves
from lstm_parity.running.halves import Found, select_items


@pytest.fixture(params=[True, False], ids=["two processes", "one process"], autouse=True)
def _processes(request, monkeypatch):
    monkeypatch.setattr(halves, "can_fork", lambda: request.param and hasattr(os, "fork"))


def _is_multiple_of_seven(number):
    return number % 7 == 0


def test_the_first_are_selected_in_order():
    """As many as are asked for."""
    assert select_items(range(1, 100), _is_multiple_of_seven, most=3).places == [6, 13, 20]


def test_all_are_selected():
    """By their places."""
    assert select_items(range(30), _is_multiple_of_seven) == Found([0, 7, 14, 21, 28])


def test_what_is_not_tried_in_time_is_said_to_be():
    """In either process."""

    def work(number):
        end = time.thread_time() + 0.02
        while time.thread_time() < end:
            pass
        return True

    assert not select_items(range(50), work, seconds=0.1).is_complete


def test_a_fork_that_dies_loses_nothing():
    """Its work is done in the other process."""
    parent = os.getpid()

    def die_elsewhere(number):
        if os.getpid() != parent:
            os._exit(1)
        return _is_multiple_of_seven(number)

    assert select_items(range(30), die_elsewhere).places == [0, 7, 14, 21, 28]


def test_what_raises_raises_here():
    """With its own words."""
    with pytest.raises(ZeroDivisionError):
        select_items(range(30), lambda number: 1 // (number - 13) > 0)


def test_some_may_not_be_forked():
    """They are tried in the process that asks."""
    parent = os.getpid()
    odd = select_items(range(40), lambda number: os.getpid() == parent, may_fork=lambda number: number % 2 == 0)
    assert {place for place in range(40) if place % 2} <= {*odd.places}
