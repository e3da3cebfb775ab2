"""Which frameworks there are, in which packages, what each lacks, and what is stated of it; imports none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Framework:
    """One way of one framework to compute an LSTM.

    name: as in `--impl framework:NAME`; title: for people. packages: what is to be installed, its own first; all are
    in `requirements/GROUP.txt`. place: `module:function` of its `Build`, in this folder. lacks: features
    (`parity.target.FEATURES`) that it is not asked about, with the reason. environment: set before it is imported.
    """

    name: str
    title: str
    group: str
    packages: tuple[str, ...]
    place: str
    lacks: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)


NO_PROJECTION = "it has no projection"

FRAMEWORKS = (
    Framework("paddle", "Paddle nn.LSTM", "paddle", ("paddlepaddle",), "paddle_lstm:build"),
    Framework(
        "onnxruntime",
        "ONNX Runtime, LSTM",
        "onnxruntime",
        ("onnxruntime", "onnx"),
        "onnx_lstm:build",
        {"projection": NO_PROJECTION, "float64": "its LSTM has no kernel for float64"},
    ),
    Framework(
        "onnx-reference",
        "onnx.reference, LSTM",
        "onnxruntime",
        ("onnx",),
        "onnx_lstm:build_reference",
        {"projection": NO_PROJECTION},
    ),
)


def framework(name: str) -> Framework:
    """The framework of that name. Raises KeyError, with all names, where there is none."""
    for one in FRAMEWORKS:
        if one.name == name:
            return one
    raise KeyError(f"framework:{name} was given, but there are: {', '.join(one.name for one in FRAMEWORKS)}")


def install(one: Framework) -> str:
    """How to have it, as a command."""
    return f'make frameworks FRAMEWORKS="{one.group}"'
