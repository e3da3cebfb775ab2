"""Reading a folder: the case it holds, and what a program has written beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.audits.folders.arrays import FILE_DTYPES, read_array, round_to_dtype
from lstm_parity.audits.folders.setting_file import describe_setting, read_setting
from lstm_parity.audits.folders.weights import build_weights, find_weights, infer_architecture
from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting, SettingError
from lstm_parity.files.stored import FolderError
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.evidence import TENSORS, WHOLE, Evidence, Observation, Outputs

_GIVEN_FILES = "given"  # the profile of numbers that are not ours
REFUSED = "refused.txt"


@dataclass(frozen=True, eq=False)
class AnsweredFolder:
    """A folder with what was found in it; missing: why there is nothing to judge, where there is not."""

    path: Path
    observation: Observation
    missing: str = ""


def read_folder(folder: Path) -> AnsweredFolder:
    """Return a folder's case and outputs. Raises FolderError if the case is damaged, or contradicts its setting."""
    case = read_case(folder)
    written = [name for name in TENSORS if (folder / f"{name}.npy").exists()]
    if (folder / REFUSED).exists():
        if written:
            raise FolderError(f"{folder} holds {REFUSED} and {', '.join(written)}: take away what is out of date")
        return AnsweredFolder(folder, Observation(case, refused=_read_refusal(folder / REFUSED)))
    lacking = [name for name in TENSORS if name not in written]
    exact = exact_trajectory(case, NATIVE[case.setting.runtime.dtype]) if lacking and written else None
    if lacking and exact is None:
        return AnsweredFolder(folder, Observation(case), "missing: " + ", ".join(f"{name}.npy" for name in lacking))
    outputs = _read_outputs(folder, case.setting, written)
    if exact is not None:
        known = {name: getattr(exact if name in lacking else outputs, name) for name in TENSORS}
        values = {name: array.value[0] if name in lacking else array for name, array in known.items()}
        outputs = Outputs(**values, faults=outputs.faults, absent=tuple(lacking))
    evidence = Evidence(WHOLE, case.input, case.h_0, case.c_0, outputs, case.setting.call.lengths)
    return AnsweredFolder(folder, Observation(case, (evidence,)))


def _read_refusal(path: Path) -> str:
    """Read a refusal from a text file, as one line that a terminal can show."""
    line = " ".join(path.read_text(encoding="utf-8", errors="replace").split())[:300]
    return "".join(letter if letter.isprintable() else "?" for letter in line) or "it does not say why"


def read_case(folder: Path) -> Case:
    """Return the case in a folder; the setting is derived from the arrays, and must be what setting.json says of it."""
    fields = read_setting(folder / "setting.json")
    found = find_weights(folder, fields.get("prefix"))
    if "dtype" not in fields and len(found.dtypes) != 1:
        raise FolderError(f'{folder} has weights in {", ".join(sorted(found.dtypes))}: give "dtype" in setting.json')
    dtype = fields.get("dtype") or next(iter(found.dtypes))
    try:
        architecture = infer_architecture(found.arrays, fields.get("batch_first", False))
        x, h_0, c_0, call = _read_given(folder, fields, architecture)
    except (SettingError, FolderError) as error:
        raise FolderError(f"{folder}: {error}") from error
    setting = Setting(architecture, call, Runtime(dtype))
    weights = build_weights(found.arrays, architecture, dtype)
    profile, seed = fields.get("profile", _GIVEN_FILES), fields.get("seed", 0)
    case = Case(setting, profile, seed, weights, *(round_to_dtype(array, dtype) for array in (x, h_0, c_0)))
    _check_shapes(folder, fields, describe_setting(case))
    return case


def _read_given(folder: Path, fields: Mapping[str, Any], a: Architecture) -> tuple[Array, Array, Array, Call]:
    """Return the input and the states, canonical, and the call that they make."""
    x = read_array(folder / "input.npy")
    if x.ndim not in (2, 3) or x.shape[-1] != a.input_size:
        raise FolderError(f"input.npy has shape {x.shape}, but must have (time, batch, {a.input_size})")
    batch = () if x.ndim == 2 else (x.shape[0] if a.batch_first else x.shape[1],)
    rows, states = batch[0] if batch else 1, a.num_layers * a.num_directions
    shapes = {"h_0": (states, *batch, a.output_size), "c_0": (states, *batch, a.hidden_size)}
    there = [name for name in shapes if (folder / f"{name}.npy").exists()]
    h_0, c_0 = (_state(folder, name, shape) if there else np.zeros(shape) for name, shape in shapes.items())
    if not (with_states := fields.get("states", bool(there))) and (h_0.any() or c_0.any()):
        raise FolderError('h_0.npy and c_0.npy are not zeros, but setting.json has "states": false: change one')
    if with_states and not there:
        raise FolderError('setting.json has "states": true, but h_0.npy and c_0.npy are missing: write them')
    x = x[:, None] if not batch else x.swapaxes(0, 1) if a.batch_first else x
    lengths = fields.get("lengths")
    call = Call(len(x), batch[0] if batch else None, tuple(lengths) if lengths else None, states=with_states)
    return x, h_0.reshape(states, rows, -1), c_0.reshape(states, rows, -1), call


def _state(folder: Path, name: str, shape: tuple[int, ...]) -> Array:
    if not (folder / f"{name}.npy").exists():
        raise FolderError(f"{name}.npy is missing: give both h_0.npy and c_0.npy, or neither for zeros")
    array = read_array(folder / f"{name}.npy")
    if array.shape != shape:
        raise FolderError(f"{name}.npy has shape {array.shape}, but must have {shape}")
    return array


def _check_shapes(folder: Path, fields: Mapping[str, Any], derived: Mapping[str, Any]) -> None:
    """Check that setting.json describes the arrays; the checksum last, since its message says least."""
    for name in sorted(fields, key=lambda name: name in ("case", "checksum")):
        if name in derived and fields[name] != derived[name]:
            what = "the case it names has another: numbers were changed" if name == "checksum" else "the arrays are of"
            raise FolderError(
                f"{folder}: setting.json has {name} {fields[name]!r}, but {what} {derived[name]!r}: "
                "export the case again, or leave the field out where the numbers are your own"
            )


def _read_outputs(folder: Path, setting: Setting, written: Sequence[str]) -> Outputs:
    """Read what a program wrote, canonical; None for what it did not. Faults include what is wrong with its form."""
    a, call, dtype = setting.architecture, setting.call, setting.runtime.dtype
    batch = () if call.batch is None else (call.batch,)
    steps = (*batch, call.time) if a.batch_first and batch else (call.time, *batch)
    states = (a.num_layers * a.num_directions, *batch)
    shapes = {
        "output": (*steps, a.num_directions * a.output_size),
        "h_n": (*states, a.output_size),
        "c_n": (*states, a.hidden_size),
    }
    faults: list[str] = []
    output, h_n, c_n = (
        _output(folder / f"{name}.npy", shape, dtype, faults) if name in written else None
        for name, shape in shapes.items()
    )
    if output is not None:
        output = output[:, None] if not batch else output.swapaxes(0, 1) if a.batch_first else output
    h_n, c_n = (None if s is None else s.reshape(states[0], call.rows, -1) for s in (h_n, c_n))
    return Outputs(output, h_n, c_n, tuple(faults))


def _output(path: Path, shape: tuple[int, ...], dtype: str, faults: list[str]) -> Array | None:
    try:
        array = read_array(path)
    except FolderError as error:
        faults.append(str(error))
        return None
    if array.shape != shape:
        faults.append(f"{path.name} has shape {array.shape}, but must have {shape}")
        return None
    if array.dtype == np.float64:  # more than the layer's dtype holds is as good
        return array
    if array.dtype.name != FILE_DTYPES[dtype]:
        faults.append(f"{path.name} has dtype {array.dtype.name}, but must have {FILE_DTYPES[dtype]} or float64")
    elif (strange := array[round_to_dtype(array, dtype) != array.astype(np.float64)]).size and not np.isnan(
        strange
    ).all():
        faults.append(f"{path.name} holds {strange[0]!s}, which no {dtype} is: write numbers that are rounded to it")
    return array.astype(np.float64)
