"""Where wrong cells sit is found from the cells alone."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest

from lstm_parity.audits.sweep.corners import COLUMNS, find_corners
from lstm_parity.cases.lattice import build_lattice

TRUTHS = [
    "hidden_size = 48",
    "hidden_size % 32 = 1 and hidden_size > 1",
    "batch = 17 and bidirectional",
    "time > 100 and dtype = 'bfloat16'",
    "not states and form = 'unbatched' and bidirectional and num_layers = 1",
    "num_layers = 3 and projection and not bias",
    "batch_first and dtype = 'float16' and form = 'packed'",
    "input_size = proj_size",
    "profile = 'sparse' and num_layers = 2",
]


@pytest.fixture(scope="module")
def table():
    """The cells of a quick lattice, in SQLite."""
    db = sqlite3.connect(":memory:")
    db.execute(f"CREATE TABLE cell ({', '.join(COLUMNS)})")
    columns = [[found[name] for name in COLUMNS] for found in (c.columns() for c in build_lattice("quick").cells)]
    db.executemany(f"INSERT INTO cell VALUES ({', '.join('?' * len(COLUMNS))})", columns)
    return db


def holds(db, where):
    """Which cells satisfy a condition."""
    return np.array([bool(value) for (value,) in db.execute(f"SELECT ({where}) FROM cell ORDER BY rowid")])


def columns_of(db):
    """The columns of all cells."""
    rows = db.execute(f"SELECT {', '.join(COLUMNS)} FROM cell ORDER BY rowid").fetchall()
    return dict(zip(COLUMNS, map(np.array, zip(*rows, strict=True)), strict=True))


@pytest.mark.parametrize("truth", TRUTHS)
def test_a_corner_holds_the_wrong_cells_and_no_others(table, truth):
    """The first corner is true of the cells that are wrong, and of these alone."""
    wrong = holds(table, truth)
    first = find_corners(columns_of(table), wrong)[0]

    assert (holds(table, first.where) == wrong).all(), first


def test_two_faults_are_two_corners(table):
    """What one corner does not explain, another does."""
    wrong = holds(table, "batch = 17 or (dtype = 'float16' and not bias)")
    found = {corner.where for corner in find_corners(columns_of(table), wrong)}

    assert {"batch = 17"} < found


def test_where_all_cells_are_wrong_there_is_no_corner(table):
    """No condition tells them from others."""
    columns = columns_of(table)

    assert find_corners(columns, np.ones(len(columns["dtype"]), bool)) == []
