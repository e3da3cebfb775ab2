"""A report is all arrays of all files of a folder."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
import torch

from lstm_parity.files.read import list_ignored, read_report_arrays
from lstm_parity.files.stored import FolderError


@pytest.fixture
def report(tmp_path):
    """A folder as somebody sends it."""
    np.save(tmp_path / "input.npy", np.zeros((2, 3)))
    torch.save({"lstm.weight": torch.ones(2)}, tmp_path / "w.pt")
    (tmp_path / "results.txt").write_text("output = tensor([0.5])\nh_n: [0.25]")
    for name in ("setting.json", "refused.txt", ".hidden.npy", "main.py", "README.md", "plot.png"):
        (tmp_path / name).write_text("{ not read")
    (tmp_path / "sub").mkdir()
    np.save(tmp_path / "sub" / "x.npy", np.zeros(3))
    return tmp_path


def test_all_arrays_of_a_folder_are_read(report):
    """From files of every format; neither our own, nor dotfiles, nor those of subfolders."""
    assert list(read_report_arrays(report)) == ["input", "output", "h_n", "lstm.weight"]


def test_what_is_of_no_known_format_is_listed(report):
    """Subfolders too."""
    assert list_ignored(report) == ["README.md", "main.py", "plot.png", "sub"]


def test_a_file_is_a_report_of_its_own(report):
    """Without those beside it."""
    assert list(read_report_arrays(report / "w.pt")) == ["lstm.weight"]


def test_nothing_beside_a_file_is_listed(report):
    """What is not in a folder is not ignored."""
    assert list_ignored(report / "w.pt") == []


def test_a_zip_is_read_as_the_folder_that_was_zipped(report):
    """Its readable files by their names, whatever folder they are in; with those beside it."""
    (report / "sub" / "x.npy").rename(report / "sub" / "c_n.npy")
    shutil.make_archive(str(report / "more"), "zip", report, "sub")

    assert list(read_report_arrays(report)) == ["input", "c_n", "output", "h_n", "lstm.weight"]


def test_one_name_in_two_files_is_refused(report):
    """With the names of both."""
    np.savez(report / "more.npz", input=np.ones(3))

    with pytest.raises(FolderError, match=r"holds input twice, in input\.npy and in more\.npz"):
        read_report_arrays(report)


def test_a_path_that_is_not_there_is_refused(tmp_path):
    """Whatever it is called."""
    with pytest.raises(FolderError, match="cannot be read"):
        read_report_arrays(tmp_path / "x.npy")
