"""Hostile files and folders: each is refused in words, and nothing is written or executed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_parity.cli import main
from specimens.hostile_files import HOSTILE

INCOMPLETE = ("layer_of_nothing",)  # sound, but for a layer whose weights are not given: NOT ENOUGH, with status 3
REFUSED = [write for write in HOSTILE if write.__name__ not in INCOMPLETE]


def list_files(folder: Path) -> list[tuple[str, int]]:
    """List everything in a folder, links not followed, with its size."""
    return sorted((str(path), path.lstat().st_size) for path in folder.rglob("*"))


@pytest.mark.parametrize("write", REFUSED, ids=lambda write: write.__name__)
def test_what_is_hostile_is_refused_in_words(write, tmp_path, monkeypatch):
    """With status 2, one error, and the folder as it was."""
    folder = tmp_path / "report"
    folder.mkdir()
    write(folder)
    monkeypatch.chdir(tmp_path)
    before = list_files(tmp_path)
    result = CliRunner().invoke(main, ["judge", os.fspath(folder)])

    assert (result.exit_code, "Error: " in result.output, list_files(tmp_path)) == (2, True, before), result.output


def test_a_layer_without_weights_is_not_enough(tmp_path):
    """The report is sound, and says nothing of what it lacks."""
    next(write for write in HOSTILE if write.__name__ in INCOMPLETE)(tmp_path)

    assert CliRunner().invoke(main, ["judge", os.fspath(tmp_path)]).exit_code == 3
