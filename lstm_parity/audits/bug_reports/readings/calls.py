"""One reading of a report: each call as an observation that is judged like any other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.audits.bug_reports.readings.assumptions import FRESH, KEPT, Assumptions
from lstm_parity.audits.bug_reports.readings.layout import Layout, find_layout, time_first
from lstm_parity.audits.bug_reports.readings.printed import add_uncertainty
from lstm_parity.audits.bug_reports.readings.results import Shape, is_plain, see_output, see_state
from lstm_parity.audits.bug_reports.readings.scaled import see_scaled, see_through_dropout
from lstm_parity.audits.bug_reports.readings.surroundings import apply_before
from lstm_parity.audits.bug_reports.report import NamedCall, Report
from lstm_parity.audits.folders.arrays import round_to_dtype
from lstm_parity.audits.folders.weights import build_weights, infer_architecture
from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import DTYPES, Architecture, Call, Runtime, Setting
from lstm_parity.files.lstms.found import FoundLSTM
from lstm_parity.files.stored import FolderError, StoredArray
from lstm_parity.judging.exact import exact_trajectory
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reference.noise.model import Array, Noisy
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import SEEN, TENSORS, WHOLE, Evidence, Observation, Outputs
from lstm_parity.running.views import Seen

_GIVEN_FILES = "given"  # the profile of numbers that are not ours


@dataclass(frozen=True, eq=False)
class Reading:
    """A report as it is read under some assumptions: an observation for each call that has results."""

    assumed: Assumptions
    observations: tuple[Observation, ...]


@dataclass(frozen=True, eq=False)
class _Entered:
    """What enters the LSTM in a call: the case, what its arrays bring of noise, and where its steps are."""

    case: Case
    noise: tuple[Array | None, Array | None, Array | None]
    shape: Shape

    def evidence(self) -> Evidence:
        """Return a call of which nothing is known yet."""
        c, nothing = self.case, Outputs(None, None, None)
        return Evidence(SEEN, c.input, c.h_0, c.c_0, nothing, c.setting.call.lengths, noise=self.noise)


@dataclass(frozen=True, eq=False)
class _End:
    """What a call returned, or what is exact there with its noise: output (T, B, D*P), h_n and c_n."""

    output: Noisy
    h_n: Noisy
    c_n: Noisy


def find_dtype(report: Report, assumed: Assumptions) -> str:
    """Return the dtype of the layer: as declared, else that of the weights, else float32."""
    stored = report.lstms[assumed.lstm].dtype
    return str(report.fields.get("dtype") or (stored if stored in DTYPES else "float32"))


def read_calls(report: Report, assumed: Assumptions) -> Reading:
    """Read each call. Raises FolderError if the arrays do not fit these assumptions."""
    found: list[Observation] = []
    ends: list[_End | None] = []
    for call in report.calls:
        entered = _enter(report, call, assumed, ends)
        observation = _observe(report, call, assumed, entered)
        needed = assumed.states == KEPT or any(call.number in (o.continues, o.reads) for o in report.calls)
        ends.append(_last_states(observation, entered) if needed else None)
        if call.results:
            found.append(observation)
    return Reading(assumed, tuple(found))


def _enter(report: Report, call: NamedCall, assumed: Assumptions, ends: Sequence[_End | None]) -> _Entered:
    dtype, lstm = find_dtype(report, assumed), _find_lstm(report, call, assumed)
    values, noise = _read_input(report, call, assumed, ends, dtype)
    values = values.astype(np.float64) if noise is not None else round_to_dtype(values, dtype)
    a = infer_architecture(lstm.weights, assumed.batch_first and values.ndim == 3)
    x = time_first(values, assumed, "input")
    if x.shape[-1] != a.input_size:
        raise FolderError(f"input has {x.shape[-1]} features, but the weights are for {a.input_size}")
    time, batch = x.shape[:2]
    layout = find_layout(time, batch, call.lengths, _read_mask(call, assumed, (time, batch)), assumed)
    is_single = values.ndim == 2 and not assumed.is_batch
    states = _first_states(call, a, layout, assumed, ends)
    setting = Setting(a, _describe_call(layout, is_single, states is not None), Runtime(dtype))
    h_0, c_0 = states or tuple(
        Noisy(np.zeros((a.num_layers * a.num_directions, len(layout.rows), size)))
        for size in (a.output_size, a.hidden_size)
    )
    spread = None if noise is None else layout.gather(time_first(noise, assumed, "input"))
    case = Case(
        setting,
        _GIVEN_FILES,
        0,
        _round_weights(report, call, assumed, a),
        np.where(layout.valid[..., None], layout.gather(x), 0.0),
        round_to_dtype(h_0.value, dtype),
        round_to_dtype(c_0.value, dtype),
    )
    return _Entered(case, (spread, h_0.noise, c_0.noise), Shape(layout, a, values.ndim))


def _read_input(
    report: Report, call: NamedCall, assumed: Assumptions, ends: Sequence[_End | None], dtype: str
) -> tuple[Array, Array | None]:
    """Return what goes into the LSTM: the input behind the layers before, or the output of the call that is read."""
    if call.reads is None:
        layers, given = report.fields.get("before", ()), call.arrays["input"]
        return apply_before(layers, report.arrays, given, NATIVE[dtype], assumed)
    before = ends[call.reads]
    if before is None:
        raise FolderError(f"call {call.number} reads call {call.reads}, whose output is lost in rounding noise")
    return _lay_out(before.output.value, assumed), _lay_out(before.output.deviation, assumed)


def _find_lstm(report: Report, call: NamedCall, assumed: Assumptions) -> FoundLSTM:
    """Return the LSTM of a call: the one that it names, or the only one."""
    return report.lstms[assumed.lstm] if call.prefix is None else report.named[call.prefix]


def _lay_out(array: Array, assumed: Assumptions) -> Array:
    """Lay (T, B, F) out as an input is."""
    return array.swapaxes(0, 1) if assumed.batch_first else array


def _round_weights(report: Report, call: NamedCall, assumed: Assumptions, a: Architecture) -> LSTMWeights:
    """Return the weights as the dtype holds them; the same object in every reading, so that they are prepared once."""
    key = assumed.lstm, call.prefix, find_dtype(report, assumed)
    if key not in report.rounded:
        report.rounded[key] = build_weights(_find_lstm(report, call, assumed).weights, a, key[2])
    return report.rounded[key]


def _describe_call(layout: Layout, is_single: bool, has_states: bool) -> Call:
    lengths = None if is_single else layout.lengths
    return Call(len(layout.steps), None if is_single else len(layout.rows), lengths, states=has_states)


def _read_mask(call: NamedCall, assumed: Assumptions, shape: tuple[int, int]) -> Array | None:
    """Return a mask as (T, B); None if there is none. Raises FolderError for one of another shape."""
    if "mask" not in call.arrays:
        return None
    mask = call.arrays["mask"].values
    mask = mask[:, None] if mask.ndim == 1 else mask.T if assumed.batch_first else mask
    if mask.shape != shape or not np.isin(mask, (0, 1)).all():
        raise FolderError(f"mask has shape {mask.shape}, but must be ones and zeros of {shape}, as the input has")
    return np.asarray(mask)


def _first_states(
    call: NamedCall,
    a: Architecture,
    layout: Layout,
    assumed: Assumptions,
    ends: Sequence[_End | None],
) -> tuple[Noisy, Noisy] | None:
    """Return the states that a call starts from, of the rows that have steps; None for zeros."""
    before = call.continues if assumed.states != FRESH else None
    if assumed.states == KEPT and call.number and "h_0" not in call.arrays and call.continues is None:
        before = call.number - 1
    if before is not None and (end := ends[before]) is not None:
        h_0, c_0 = end.h_n, end.c_n
        wanted = [(a.num_layers * a.num_directions, len(layout.rows), size) for size in (a.output_size, a.hidden_size)]
        if [h_0.value.shape, c_0.value.shape] != wanted:
            raise FolderError(
                f"call {call.number} continues call {before}, whose last states have shape {h_0.value.shape}, "
                f"but its own must have {wanted[0]}: (layers * directions, batch, size)"
            )
        return h_0, c_0
    names = [name for name in ("h_0", "c_0") if name in call.arrays]
    if not names:
        return None
    if len(names) == 1:
        raise FolderError(f"{names[0]} was given alone: give both h_0 and c_0, or neither for zeros")
    sizes, count = (a.output_size, a.hidden_size), a.num_layers * a.num_directions
    h_0, c_0 = (
        Noisy(_read_state(call.arrays[name], name, (count, layout.batch, size))[:, list(layout.rows)])
        for name, size in zip(names, sizes, strict=True)
    )
    return h_0, c_0


def _read_state(given: StoredArray, name: str, shape: tuple[int, ...]) -> Array:
    values = given.values.astype(np.float64)
    if values.shape != shape and not (values.ndim < 3 and 1 in shape[:2] and values.size == np.prod(shape)):
        raise FolderError(f"{name} has shape {values.shape}, but must have {shape}")
    return values.reshape(shape)


def _last_states(observation: Observation, entered: _Entered) -> _End | None:
    """Return what a call ended with: those that were returned, else the exact ones with their noise."""
    evidence = observation.evidence[0] if observation.evidence else entered.evidence()
    exact = exact_trajectory(entered.case, NATIVE[entered.case.setting.runtime.dtype], evidence)
    returned = {seen.name: seen for seen in evidence.seen if is_plain(seen)}
    found = []
    for name in TENSORS:
        if evidence.outputs.complete and name not in evidence.outputs.absent:
            found.append(Noisy(getattr(evidence.outputs, name)))
        elif name in returned:
            found.append(Noisy(returned[name].got))
        elif exact is not None:
            noisy: Noisy = getattr(exact, name)
            found.append(Noisy(noisy.value[0], noisy.deviation[0]))
    return _End(*found) if len(found) == len(TENSORS) else None


def _observe(report: Report, call: NamedCall, assumed: Assumptions, entered: _Entered) -> Observation:
    """Return what is known of the results of a call, as an observation."""
    arrays = _exchange_states(call.arrays) if assumed.swapped == "states" else call.arrays
    seen = [
        see_output(arrays[name], entered.shape, report.fields, report.arrays, assumed)
        if name == "output"
        else see_state(name, arrays[name], entered.shape, report.fields, assumed)
        for name in TENSORS
        if name in arrays
    ]
    evidence = replace(entered.evidence(), seen=tuple(seen))
    if assumed.dropped:
        evidence = see_through_dropout(entered.case, evidence)
    if assumed.scaled:
        evidence = see_scaled(entered.case, evidence)
    if assumed.rounded:
        evidence = add_uncertainty(report, call, entered.case, evidence)
    elif not (assumed.dropped or assumed.scaled):
        evidence = _complete(entered.case, evidence)
    return Observation(entered.case, (evidence,) if seen else ())


def _exchange_states(arrays: Mapping[str, StoredArray]) -> Mapping[str, StoredArray]:
    names = {"h_n": "c_n", "c_n": "h_n"}
    return {names.get(name, name): array for name, array in arrays.items()}


def _complete(case: Case, evidence: Evidence) -> Evidence:
    """Return a call whose output is known whole as such, so that each step is judged from the returned output.

    What is not given of the states is exact there, and nothing is said of it.
    """
    known = {one.name: one for one in evidence.seen if is_plain(one)}
    output = known.get("output")
    if output is None or len(known) < len(evidence.seen) or not _knows_all_steps(output, case):
        return evidence
    absent = tuple(name for name in TENSORS if name not in known)
    exact = exact_trajectory(case, NATIVE[case.setting.runtime.dtype], evidence) if absent else None
    if absent and exact is None:
        return evidence
    values = {name: known[name].got if name in known else getattr(exact, name).value[0] for name in TENSORS}
    whole = all(values[name].shape == shape for name, shape in (("h_n", case.h_0.shape), ("c_n", case.c_0.shape)))
    outputs = Outputs(values["output"], values["h_n"], values["c_n"], absent=absent)
    return replace(evidence, way=WHOLE, outputs=outputs, seen=()) if whole else evidence


def _knows_all_steps(output: Seen, case: Case) -> bool:
    lengths = case.setting.call.lengths
    if output.known is None:
        return True
    valid = np.arange(case.input.shape[0])[:, None] < np.array(lengths or [case.input.shape[0]] * case.input.shape[1])
    return bool(output.known[valid].all())
