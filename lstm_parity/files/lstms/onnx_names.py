"""ONNX's LSTM nodes: W, R and B, with what their attributes say."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from lstm_parity.files.lstms.found import Array, Arrays, FoundLSTM, make_lstm, stack_layers, take_values
from lstm_parity.files.lstms.torch_names import group_by_prefix
from lstm_parity.reference.conventions import onnx

_NAME = re.compile(r"(?P<prefix>(?:.*[./])?)(?P<name>[WRBP])")
_ACTIVATIONS = ("sigmoid", "tanh", "tanh")


def find_onnx(arrays: Arrays) -> list[FoundLSTM]:
    """Find LSTM nodes, and arrays that are called like their inputs."""
    found = []
    for prefix, matches in group_by_prefix(_NAME, arrays).items():
        given = {match["name"]: take_values(arrays, match.string) for match in matches}
        names = {match["name"]: match.string for match in matches}
        if not {"W", "R"} <= given.keys() or not _fits(given):
            continue
        attributes = arrays[names["W"]].attributes
        cells = onnx.to_torch(onnx.OnnxLayer(given["W"], given["R"], given.get("B")))
        notes = tuple(_describe(attributes, len(cells), given.get("P")))
        lstm = make_lstm(arrays, prefix, "ONNX, found by its names and shapes", [cells], names.values(), notes)
        found += [lstm] if lstm else []
    return stack_layers(found)


def _fits(given: Mapping[str, Array]) -> bool:
    """Whether W, R and B have their axes, the directions first, and four gates."""
    axes = {"W": 3, "R": 3, "B": 2}
    if any(given[name].ndim != axis for name, axis in axes.items() if name in given):
        return False
    w, r = given["W"].shape, given["R"].shape
    both = "B" not in given or given["B"].shape == (w[0], 2 * w[1])
    return w[0] in (1, 2) and w[:2] == r[:2] and w[1] == 4 * r[2] > 0 and both


def _describe(attributes: Mapping[str, Any], directions: int, peepholes: Array | None) -> Iterator[str]:
    """Say what a node does otherwise than torch's LSTM."""
    direction = attributes.get("direction", "forward")
    if direction == "reverse":
        yield "the node runs from the last step to the first"
    activations = [name.lower() for name in attributes.get("activations", ())]
    if activations and tuple(activations) != _ACTIVATIONS * directions:
        yield f"the node's activations are {', '.join(activations)}, and torch's are sigmoid, tanh, tanh"
    if attributes.get("input_forget"):
        yield "the node couples the input gate to the forget gate, as torch's LSTM does not"
    if attributes.get("clip") is not None:
        yield f"the node clips what goes into its activations to {attributes['clip']}, as torch's LSTM does not"
    if attributes.get("layout"):
        yield "the node's input and output are batch first"
    if peepholes is not None and peepholes.any():
        yield "the node has peepholes, which torch's LSTM has not, and they are left out"
