"""A report as it was read: its arrays, the LSTMs found in them, what setting.json says, and the calls that it holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lstm_parity.audits.bug_reports.axes import order_axes, restore_matrices
from lstm_parity.audits.folders.setting_file import REPORT_FIELDS, read_setting
from lstm_parity.audits.folders.weights import infer_architecture
from lstm_parity.files.lstms.find import find_lstms
from lstm_parity.files.lstms.found import FoundLSTM, split_name
from lstm_parity.files.read import list_ignored, read_report_arrays
from lstm_parity.files.stored import FolderError, StoredArray, refuse_gaps
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import TENSORS

ALIASES: Mapping[str, tuple[str, ...]] = {
    "input": ("input", "x", "inputs", "X"),
    "h_0": ("h_0", "h0"),
    "c_0": ("c_0", "c0"),
    "output": ("output", "out", "outputs", "y"),
    "h_n": ("h_n", "hn"),
    "c_n": ("c_n", "cn"),
    "lengths": ("lengths",),
    "mask": ("mask",),
}
_RESULTS = {".0": "output", ".1.0": "h_n", ".1.1": "c_n"}
_STATES = {".0": "h_0", ".1": "c_0"}
_TUPLES = ("hx", "state", "states", "hidden")


@dataclass(frozen=True, eq=False)
class NamedCall:
    """One call of a report.

    arrays: by the names of `ALIASES`, as far as they are given. continues: the call whose last states go in. number:
    its place among the calls. prefix: of its LSTM, if there are several. reads: the call whose output goes in.
    """

    number: int
    arrays: Mapping[str, StoredArray]
    lengths: tuple[int, ...] | None = None
    continues: int | None = None
    prefix: str | None = None
    reads: int | None = None

    @property
    def results(self) -> list[str]:
        """The names of what came out, as far as it is given."""
        return [name for name in TENSORS if name in self.arrays]


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that is known of a report.

    ignored: names of arrays and files that belong to nothing. rounded: the weights as a dtype holds them, once for all
    readings, by the number or the prefix of their LSTM and the dtype. named: the LSTMs that calls choose by a prefix.
    notes: what was changed in the arrays of calls, in words. lacking: what is needed whole, and given in part.
    """

    path: Path
    arrays: Mapping[str, StoredArray]
    fields: Mapping[str, Any]
    lstms: Sequence[FoundLSTM]
    calls: Sequence[NamedCall]
    ignored: Sequence[str] = field(default=())
    rounded: dict[tuple[int, str | None, str], LSTMWeights] = field(default_factory=dict, repr=False)
    named: Mapping[str, FoundLSTM] = field(default_factory=dict)
    notes: Sequence[str] = field(default=())
    lacking: str = ""

    @property
    def missing(self) -> list[str]:
        """What is not given, without which nothing can be judged."""
        parts = {"an input": bool(self.calls), "weights of an LSTM (a GRU has three gates)": bool(self.lstms)}
        found = [call for call in self.calls if call.results]
        return [name for name, is_there in {**parts, "results": bool(found)}.items() if not is_there]


def read_report(path: Path, results: Path | None = None) -> Report:
    """Read a report; results: where what came out is, if not with the rest.

    Raises FolderError for what is damaged, contradicts itself, or holds nothing that a report has.
    """
    settings = path / "setting.json"
    fields = read_setting(settings, REPORT_FIELDS, needs_format=False) if path.is_dir() and settings.exists() else {}
    arrays = dict(read_report_arrays(path))
    if results is not None:
        arrays = _replace_results(arrays, read_report_arrays(results))
    calls = _find_calls(path, arrays, fields)
    used = {_find_name(arrays, known) for known in ALIASES} | _names_in_calls(fields)
    others = restore_matrices({name: _as_vector(name, array) for name, array in arrays.items() if name not in used})
    named = {call.prefix: _choose(path, others, fields, call.prefix) for call in calls if call.prefix is not None}
    lstms = [*named.values()][:1] or (_find_lstms(path, others, fields) if others else [])
    if not calls and not lstms:
        found = ", ".join(arrays) or "no array"
        raise FolderError(f"{path} holds {found}, but needed are weights, an input and results")
    if lstms and all(lstm.is_reverse for lstm in lstms):
        fields = {"reverse": True, **fields}
    taken = {name for lstm in (*lstms, *named.values()) for name in lstm.used}
    ignored = [*(name for name in others if name not in taken and not _is_layer(name, fields)), *list_ignored(path)]
    partly = [*(name for name in arrays if name in taken and arrays[name].gaps), *_list_partly_given(calls)]
    lacking = str(refuse_gaps(partly[0], path)) if partly else ""
    calls, notes = _order_calls(calls, lstms, named, fields)
    return Report(path, arrays, fields, lstms, calls, ignored, named=named, notes=notes, lacking=lacking)


def _list_partly_given(calls: Sequence[NamedCall]) -> list[str]:
    """List what goes into calls and is shown in part."""
    return sorted({name for call in calls for name, one in call.arrays.items() if one.gaps and name not in TENSORS})


def _order_calls(
    calls: Sequence[NamedCall], lstms: Sequence[FoundLSTM], named: Mapping[str, FoundLSTM], fields: Mapping[str, Any]
) -> tuple[list[NamedCall], tuple[str, ...]]:
    """Return calls with the axes of their arrays in nn.LSTM's order, and what was changed."""
    keep = frozenset(name for name, field in (("input", "before"), ("output", "after")) if fields.get(field))
    ordered, notes = list[NamedCall](), dict[str, None]()
    for call in calls:
        lstm = named.get(call.prefix) if call.prefix is not None else next(iter(lstms), None)
        try:
            found = None if lstm is None else infer_architecture(lstm.weights, batch_first=False)
        except FolderError:  # said where the call is read
            found = None
        arrays, said = (call.arrays, ()) if found is None else order_axes(call.arrays, found, keep)
        ordered.append(replace(call, arrays=arrays))
        notes |= dict.fromkeys(said)
    return ordered, tuple(notes)


def _as_vector(name: str, array: StoredArray) -> StoredArray:
    """Return a bias as a vector: a table of text has a row or a column of it."""
    is_bias = split_name(name)[-1].startswith("bias") and array.values.ndim == 2 and 1 in array.values.shape
    return replace(array, values=array.values.ravel()) if is_bias else array


def _replace_results(arrays: dict[str, StoredArray], results: Mapping[str, StoredArray]) -> dict[str, StoredArray]:
    """Put the results of one side in place of those that are with the rest."""
    kept = {name: array for name, array in arrays.items() if not any(name in ALIASES[tensor] for tensor in TENSORS)}
    return {**kept, **results}


def _find_lstms(path: Path, arrays: Mapping[str, StoredArray], fields: Mapping[str, Any]) -> list[FoundLSTM]:
    if _is_gru(arrays):
        return []
    found = find_lstms(arrays, fields.get("convention"))
    prefix = fields.get("prefix")
    if prefix is not None:
        chosen = [lstm for lstm in found if lstm.prefix == prefix or lstm.prefix.rstrip("./") == prefix.rstrip("./")]
        if not chosen:
            known = ", ".join(f'"{lstm.prefix}"' for lstm in found)
            raise FolderError(f'{path} names the prefix "{prefix}", but its LSTMs are under {known}: give one of them')
        return chosen
    first = found[0]  # the others are other readings of its arrays, or parts of it
    if others := [lstm for lstm in found if not {*lstm.used} & {*first.used}]:
        known = ", ".join(f'"{lstm.prefix}"' for lstm in (first, *others))
        raise FolderError(f'{path} holds LSTMs under {known}: choose one by "prefix" in setting.json')
    return [lstm for lstm in found if {*lstm.used} >= {*first.used}]


def _choose(path: Path, arrays: Mapping[str, StoredArray], fields: Mapping[str, Any], prefix: str) -> FoundLSTM:
    """Return the LSTM that a call names. Raises FolderError if there is none."""
    return _find_lstms(path, arrays, {**fields, "prefix": prefix})[0]


def _is_gru(arrays: Mapping[str, StoredArray]) -> bool:
    """Whether the weights have nn.LSTM's names, but three gates."""
    shapes = {split_name(name)[-1]: array.values.shape for name, array in arrays.items()}
    recurrent = shapes.get("weight_hh_l0", shapes.get("weight_hh", ()))
    return len(recurrent) == 2 and recurrent[0] == 3 * recurrent[1]


def _is_layer(name: str, fields: Mapping[str, Any]) -> bool:
    """Whether an array belongs to a layer before or behind the LSTM."""
    layers = [*fields.get("before", ()), *fields.get("after", ())]
    stem, _, last = name.rpartition(".")
    return last in ("weight", "bias", "mean", "std", "scale") and any(stem.endswith(layer) for layer in layers)


def _find_name(arrays: Mapping[str, StoredArray], known: str) -> str | None:
    """Return the name of an array: as it is known, else behind a group or a key, else by its place in a tuple."""
    if whole := [name for name in ALIASES[known] if name in arrays]:
        return whole[0]
    behind = [name for name in arrays if split_name(name)[-1] in ALIASES[known]]
    placed = [name for name in arrays if _name_place(arrays, name) == known]
    return next((names[0] for names in (behind, placed) if len(names) == 1), None)


def _name_place(arrays: Mapping[str, StoredArray], name: str) -> str | None:
    """Return what an array is by its place in (output, (h_n, c_n)), or in a tuple of states that is called so."""
    for places in (_RESULTS, _STATES):
        for place, known in places.items():
            stem = name.removesuffix(place)
            if stem != name and all(stem + other in arrays for other in places):
                return known if places is _RESULTS or split_name(stem)[-1] in _TUPLES else None
    return None


def _names_in_calls(fields: Mapping[str, Any]) -> set[str]:
    return {name for call in fields.get("calls", ()) for name in call.values() if isinstance(name, str)}


def _find_calls(path: Path, arrays: Mapping[str, StoredArray], fields: Mapping[str, Any]) -> list[NamedCall]:
    """Return the calls of a report. Raises FolderError for names that are not there and calls that go in circles."""
    if "calls" not in fields:
        found = {known: arrays[name] for known in ALIASES if (name := _find_name(arrays, known))}
        calls = [NamedCall(0, found, _read_lengths(found, fields.get("lengths")))]
    else:
        calls = [_name_call(path, k, call, arrays, fields) for k, call in enumerate(fields["calls"])]
    return [_with_input(call, calls) for call in calls if "input" in call.arrays or call.reads is not None]


def _with_input(call: NamedCall, calls: Sequence[NamedCall]) -> NamedCall:
    """Return a call that reads another one with the input of that, whose rows and steps it has."""
    first = call
    while first.reads is not None:
        first = calls[first.reads]
    return call if first is call else replace(call, arrays={**call.arrays, "input": first.arrays["input"]})


def _name_call(
    path: Path, number: int, call: Mapping[str, Any], arrays: Mapping[str, StoredArray], fields: Mapping[str, Any]
) -> NamedCall:
    if unknown := [key for key in call if key not in (*ALIASES, "continues", "prefix", "reads")]:
        known = ", ".join((*ALIASES, "continues", "prefix", "reads"))
        raise FolderError(f"{path}: call {number} has {', '.join(unknown)}; known are {known}")
    reads, prefix = _find_earlier(path, number, call, "reads"), call.get("prefix")
    if prefix is not None and not isinstance(prefix, str):
        raise FolderError(f"{path}: call {number} has the prefix {prefix!r}, but it must be a string")
    if not isinstance(call.get("input"), str) and reads is None:
        raise FolderError(
            f'{path}: call {number} names no input: give {{"input": NAME, ...}}, or "reads": an earlier call'
        )
    named = {key: name for key, name in call.items() if key in ALIASES and isinstance(name, str)}
    if missing := [name for name in named.values() if name not in arrays]:
        raise FolderError(f"{path}: call {number} names {', '.join(missing)}; given are {', '.join(arrays)}")
    continues = _find_earlier(path, number, call, "continues")
    found = {key: arrays[name] for key, name in named.items()}
    lengths = call.get("lengths")
    given = lengths if isinstance(lengths, list) else fields.get("lengths")
    return NamedCall(number, found, _read_lengths(found, given), continues, prefix, reads)


def _find_earlier(path: Path, number: int, call: Mapping[str, Any], field: str) -> int | None:
    """Return the call that another one continues or reads. Raises FolderError if it is none before it."""
    found = call.get(field)
    if found is not None and not (isinstance(found, int) and 0 <= found < number):
        raise FolderError(f"{path}: call {number} {field} {found!r}, but must name an earlier one, from 0 on")
    return found


def _read_lengths(found: Mapping[str, StoredArray], given: Sequence[int] | None) -> tuple[int, ...] | None:
    if given is not None:
        return tuple(given)
    return tuple(int(n) for n in found["lengths"].values.ravel()) if "lengths" in found else None
