"""Folders answered and judged: a case written, an implementation's answer beside it, and what the certificate says."""

from __future__ import annotations

from pathlib import Path

from lstm_parity.audits.folders.arrays import write_array
from lstm_parity.audits.folders.read import read_case
from lstm_parity.audits.folders.run import judge_folders
from lstm_parity.audits.folders.write import plain_setting, write_case
from lstm_parity.cases.case import parse_case
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.running.observe import observe

PLAIN = "I3-H4-T4-B2-float32-normal-1"


def written(folder: Path, name: str = PLAIN) -> Path:
    """A new folder inside with the case of that name."""
    inside = folder / name
    write_case(parse_case(name), inside)
    assert plain_setting(parse_case(name).setting) == parse_case(name).setting
    return inside


def answered(folder: Path, implementation=None) -> Path:
    """The folder with the implementation's three files beside the case; nn.LSTM's where none is named."""
    here = read_case(folder)
    outputs = observe(implementation or TorchLSTM(), here, chain=False).evidence[0].outputs
    for name in ("output", "h_n", "c_n"):
        write_array(folder / f"{name}.npy", getattr(outputs, name), here.setting.runtime.dtype)
    return folder


def judge_row(folder: Path):
    """The only row of the folder's certificate."""
    (row,) = judge_folders(folder, "theirs").certificate.rows
    return row
