"""The lattice of a sweep: its cells, what is no cell, and that cells with the same numbers share them."""

from __future__ import annotations

import pytest

from lstm_parity.audits.sweep.shard import draw_alike
from lstm_parity.cases.case import draw_case
from lstm_parity.cases.covering import AXES
from lstm_parity.cases.lattice import COLUMNS, GRADIENTS, Cell, build_lattice, near_tiles
from lstm_parity.cases.setting import parse_setting


@pytest.fixture(scope="module")
def full():
    """The largest lattice."""
    return build_lattice("full")


def test_the_forward_lattice_has_100_000_cells_or_more(full):
    """The default sweep says "every cell" of that many."""
    assert sum(cell.question != GRADIENTS for cell in full.cells) >= 100_000


def test_no_cell_is_there_twice(full):
    """A cell is counted once, though blocks overlap."""
    assert len(set(full.cells)) == len(full.cells)


def test_every_combination_of_the_axes_of_calls_is_there(full):
    """At the usual size: the product of the numbers of values of all axes but sizes, profiles and devices."""
    usual = [c for c in full.cells if c.profile == "normal" and c.question != GRADIENTS and _is_usual(c)]
    expected = 1
    for name, values in AXES.items():
        expected *= 1 if name in ("sizes", "profile", "device") else len(values)

    assert len(usual) == expected


def _is_usual(cell):
    a, call = cell.setting.architecture, cell.setting.call
    sizes = a.input_size, a.hidden_size, call.time, call.rows
    return sizes == (5, 7, 4, 1 if call.batch is None else 3) and a.proj_size in (0, 4)


def test_every_size_of_a_range_is_there():
    """`--sizes 3:40` asks every H, I, T and B from 3 to 40."""
    settings = [cell.setting for cell in build_lattice("quick", (3, 40)).cells]
    sizes = [(s.architecture.input_size, s.architecture.hidden_size, s.call.time, s.call.rows) for s in settings]

    assert all(set(range(3, 41)) <= set(of_axis) for of_axis in zip(*sizes, strict=True))


def test_what_is_no_cell_is_counted_with_its_reason(full):
    """A projection of one unit is none."""
    assert full.left_out["a projection needs hidden_size above 1"] > 0


def test_cells_with_the_same_numbers_stand_together(full):
    """A group begins once: it is never taken up again."""
    groups = [cell.numbers for cell in full.cells]
    begun = [a for a, b in zip(groups, [None, *groups], strict=False) if a != b]

    assert len(begun) == len(set(begun))


def test_shared_numbers_are_those_of_each_case_by_itself(full):
    """Drawn together or alone, a case is the same number for number."""
    group = [cell for cell in full.cells if cell.numbers == full.cells[100_000].numbers][::40]
    together = [case.checksum for _, case in draw_alike(group, 3)]

    assert together == [draw_case(cell.setting, cell.profile, 3).checksum for cell in group]


def test_a_cell_is_what_its_columns_say():
    """Every axis has a column, by its name."""
    cell = Cell(parse_setting("I5-H7-L2-bi-P4-T4-B3-packed4.4.1-strided-bfloat16-native"))
    columns = cell.columns()

    assert [columns[n] for n in ("num_layers", "bidirectional", "proj_size", "packed", "mkldnn", "lengths")] == [
        *(2, 1, 4, 1, 0),
        "4.4.1",
    ]
    assert tuple(columns) == COLUMNS


def test_tiles_end_at_powers_of_two_and_beside_them():
    """Vectors, tiles and blocks of kernels are powers of two, or half as much again."""
    assert near_tiles(14, 33) == [14, 15, 16, 17, 24, 31, 32, 33]
