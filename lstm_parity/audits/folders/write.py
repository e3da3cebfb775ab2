"""Writing cases as folders: one for each, with its setting, weights, input and states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from lstm_parity.audits.folders.arrays import write_array
from lstm_parity.audits.folders.setting_file import write_setting
from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import cover_pairs, setting_at
from lstm_parity.cases.setting import Runtime, Setting, parse_setting
from lstm_parity.files.stored import FolderError

DTYPES = ("float64", "float32")
_LONG_SIZES = ("I4-H6-T300-B2", "I4-H6-bi-T300-B3-packed17.300.129")
_TORCH_ONLY: dict[str, Any] = {
    "batch_first": False,
    "strided": False,
    "grad_mode": "no_grad",
    "mkldnn": True,
    "threads": None,
    "deterministic": False,
}


def plain_setting(setting: Setting) -> Setting:
    """Return the setting without what only torch has: layouts, kernels, threads. Its cases have the same numbers."""
    call = replace(setting.call, batch=setting.call.rows, enforce_sorted=False, strided=False)
    return Setting(replace(setting.architecture, batch_first=False), call, Runtime(setting.runtime.dtype))


def export_design(dtypes: Sequence[str] = DTYPES) -> list[Case]:
    """For each dtype two designs, filled up with large architectures and with small ones, and long sequences.

    Each design holds every pair of values of the axes that are not torch's alone.
    """
    cases = (case for dtype in dtypes for case in (*_covering_cases(dtype), *_long_cases(dtype)))
    return list({case.id: case for case in cases}.values())


def _covering_cases(dtype: str) -> Iterator[Case]:
    for backwards in (False, True):
        for point in cover_pairs(backwards=backwards, dtype=dtype, **_TORCH_ONLY):
            yield draw_case(plain_setting(setting_at(point)), point["profile"])


def _long_cases(dtype: str) -> Iterator[Case]:
    """Draw long sequences: programs in other languages have buffers that were once enough."""
    for words in _LONG_SIZES:
        for profile in ("normal", "trained", "memory"):
            yield draw_case(parse_setting(f"{words}-{dtype}"), profile)


def export_cases(cases: Iterable[Case], folder: Path) -> None:
    """Write cases into a new or empty folder. Raises FolderError if there is something in it."""
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
