"""Writing cases as folders: one for each, with its setting, weights, input and states."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from parity.cases import Case, draw
from parity.folders.arrays import FolderError, write_array
from parity.folders.setting_file import write_setting
from parity.lattice import cover, setting_at
from parity.settings import Runtime, Setting

DTYPES = ("float64", "float32")
TORCH_ONLY: dict[str, Any] = {
    "batch_first": False,
    "strided": False,
    "grad_mode": "no_grad",
    "mkldnn": True,
    "threads": None,
    "deterministic": False,
}


def plain(setting: Setting) -> Setting:
    """The setting without what only torch knows of: layouts, kernels, threads. Its cases have the same numbers."""
    call = replace(setting.call, batch=setting.call.rows, enforce_sorted=False, strided=False)
    return Setting(replace(setting.architecture, batch_first=False), call, Runtime(setting.runtime.dtype))


def design(dtypes: Sequence[str] = DTYPES) -> list[Case]:
    """Two designs for each dtype, filled up with large architectures and with small ones.

    Each holds every pair of values of the axes that are not torch's alone.
    """
    designs = [(dtype, backwards) for dtype in dtypes for backwards in (False, True)]
    points = (point for dtype, b in designs for point in cover(backwards=b, dtype=dtype, **TORCH_ONLY))
    cases = (draw(plain(setting_at(point)), point["profile"]) for point in points)
    return list({case.id: case for case in cases}.values())


def export(cases: Iterable[Case], folder: Path) -> None:
    """Write cases into a new or empty folder. Raises FolderError where there is something in it."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise FolderError(f"{folder} was given, but something is there: name a new or an empty folder")
    for case in cases:
        write_case(case, folder / case.id)


def write_case(case: Case, folder: Path) -> None:
    """Write one case: setting.json, the weights under torch's names, input.npy, h_0.npy and c_0.npy; time first."""
    folder.mkdir(parents=True)
    write_setting(folder / "setting.json", case)
    arrays = {**dict(case.weights.items()), "input": case.input, "h_0": case.h_0, "c_0": case.c_0}
    for name, array in arrays.items():
        write_array(folder / f"{name}.npy", array, case.setting.runtime.dtype)
