"""Cases, adjoints and evidence as messages between two processes: any case, those made by hand too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import parse_setting
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.evidence import Adjoints, BackwardPass, Evidence, Outputs

_Message = tuple[dict[str, Any], list[Any]]  # what JSON holds, and arrays


def encode_case(case: Case) -> _Message:
    """Encode a case for `decode_case`; weights that float32 holds exactly travel in it, at half the size."""
    dtype = np.float64 if case.setting.runtime.dtype == "float64" else np.float32
    cells: Any = [[[name for name, _ in cell.items()] for cell in layer] for layer in case.weights.cells]
    message = {"setting": case.setting.name, "profile": case.profile, "seed": case.seed, "cells": cells}
    return message, [case.input, case.h_0, case.c_0, *(w.astype(dtype) for _, w in case.weights.items())]


def decode_case(message: dict[str, Any], arrays: Sequence[Array]) -> Case:
    """Decode the case of a message."""
    x, h_0, c_0, *values = arrays
    rest = iter(values)
    weights = LSTMWeights(
        tuple(tuple(CellWeights(**{n: next(rest) for n in names}) for names in layer) for layer in message["cells"])
    )
    return Case(parse_setting(message["setting"]), message["profile"], message["seed"], weights, x, h_0, c_0)


def encode_adjoints(d: Adjoints) -> _Message:
    """Encode adjoints for `decode_adjoints`."""
    return {"losses": d.losses, "ones": d.ones, "backward": asdict(d.backward)}, [d.output, d.h_n, d.c_n]


def decode_adjoints(message: dict[str, Any], arrays: Sequence[Array]) -> Adjoints:
    """Decode the adjoints of a message."""
    output, h_n, c_n = arrays
    fields = message["backward"]
    backward = BackwardPass(**fields | {"frozen": tuple(fields["frozen"])})
    return Adjoints(output, h_n, c_n, tuple(message["losses"]), message["ones"], backward)


def encode_evidence(seen: Sequence[Evidence]) -> _Message:
    """Encode evidence for `decode_evidence`."""
    fields = [{"way": one.way, "lengths": one.lengths, "faults": one.outputs.faults} for one in seen]
    return {"evidence": fields}, [
        [one.x, one.h_0, one.c_0, one.outputs.output, one.outputs.h_n, one.outputs.c_n] for one in seen
    ]


def decode_evidence(message: dict[str, Any], arrays: Sequence[Sequence[Any]]) -> tuple[Evidence, ...]:
    """Decode the evidence of a message."""
    return tuple(_decode_one(one, *six) for one, six in zip(message["evidence"], arrays, strict=True))


def _decode_one(fields: dict[str, Any], x: Array, h_0: Array, c_0: Array, *outputs: Array | None) -> Evidence:
    output, h_n, c_n = outputs
    lengths = None if fields["lengths"] is None else tuple(fields["lengths"])
    return Evidence(fields["way"], x, h_0, c_0, Outputs(output, h_n, c_n, tuple(fields["faults"])), lengths)
