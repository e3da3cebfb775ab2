"""What a case that deviates or fails leaves in a certificate: its story, and the places, numbers and maps behind it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from lstm_parity.judging.failure import Failure
from lstm_parity.judging.places import DistanceMap, Place, find_place, map_distances
from lstm_parity.judging.verdict import TensorComparison
from lstm_parity.reports.failure import describe_failure, describe_repeat


@dataclass(frozen=True)
class DeviatingTensor:
    """One tensor that deviates. got, exact, noise: of its worst element, at `place`, None if its axes are not known.

    worst, rms: distances in noises. beyond: how many of its elements are beyond the limit. maps: of all distances.
    """

    tensor: str
    way: str
    place: Place | None
    index: tuple[int, ...]
    got: float
    exact: float
    noise: float
    worst: float
    rms: float
    beyond: int
    elements: int
    maps: tuple[DistanceMap, ...]


@dataclass(frozen=True)
class Deviation:
    """A case that stands for all that fail in the same way.

    outcome: DEVIATES or FAILED. repeat: the command that repeats it, or a sentence that none can. story: the whole
    report. others: how many more cases fail like it. tensors: those that deviate, none if it raised. pictured: those
    of the case with the most rows and steps among all that fail like it, `pictured_case`; empty if it is this one.
    """

    case: str
    outcome: str
    repeat: str
    story: str
    others: int
    tensors: tuple[DeviatingTensor, ...]
    pictured_case: str = ""
    pictured: tuple[DeviatingTensor, ...] = ()


def make_deviation(
    failure: Failure, command: str = "", others: tuple[str, ...] = (), pictured: Failure | None = None
) -> Deviation:
    """Return what a certificate keeps of a failure.

    command: what `--case` is added to; others: cases like it; pictured: one of them that is worth a picture.
    """
    verdict = failure.verdict
    story = describe_failure(failure, command)
    story += f"\n  also: {len(others)} more, the next of them {others[0]}" if others else ""
    tensors = tuple(_keep(measured, failure) for measured in failure.shown)
    repeat = describe_repeat(failure, command)
    kept = Deviation(verdict.case.id, verdict.outcome.value, repeat, story, len(others), tensors)
    if pictured is None:
        return kept
    larger = tuple(_keep(measured, pictured) for measured in pictured.shown)
    return replace(kept, pictured_case=pictured.verdict.case.id, pictured=larger)


def _keep(measured: TensorComparison, failure: Failure) -> DeviatingTensor:
    where, setting = measured.where, failure.verdict.case.setting
    got, exact, noise = (float(values[where]) for values in (measured.got, measured.exact, measured.noise))
    return DeviatingTensor(
        measured.tensor,
        measured.way,
        find_place(measured, where, setting),
        where,
        got,
        exact,
        noise,
        measured.worst,
        measured.rms,
        measured.beyond,
        measured.ratio.size,
        map_distances(measured, setting),
    )


def deviation_of(fields: Mapping[str, Any]) -> Deviation:
    """Return the deviation of these fields, as JSON holds them."""
    tensors = {name: tuple(map(_tensor_of, fields[name])) for name in ("tensors", "pictured")}
    return Deviation(**{**fields, **tensors})


def _tensor_of(fields: Mapping[str, Any]) -> DeviatingTensor:
    place = None if fields["place"] is None else Place(**fields["place"])
    maps = tuple(map(_map_of, fields["maps"]))
    tensor = DeviatingTensor(**{**fields, "place": place, "maps": maps})
    return replace(tensor, index=tuple(tensor.index))


def _map_of(fields: Mapping[str, Any]) -> DistanceMap:
    lists = {name: tuple(fields[name]) for name in ("columns", "rows")}
    return DistanceMap(**{**fields, **lists, "worst": tuple(map(tuple, fields["worst"]))})
