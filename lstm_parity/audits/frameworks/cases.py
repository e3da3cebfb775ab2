"""The cases that a framework runs: every pair of values of the axes that it supports, in a covering design.

What only torch has (strides, gradient modes, kernels, threads) is left at its first value: no framework sees it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import AXES, all_pairs, setting_at
from lstm_parity.implementations.frameworks.registry import Framework

_INVISIBLE = ("strided", "grad_mode", "mkldnn", "threads", "deterministic")
_WITHOUT: Mapping[str, tuple[str, tuple[Any, ...]]] = {  # what is left of an axis without a feature
    "projection": ("projection", (False,)),
    "one direction": ("bidirectional", (True,)),
    "bidirectional": ("bidirectional", (False,)),
    "layers": ("num_layers", (1,)),
    "no-bias": ("bias", (True,)),
    "packed": ("form", ("batched",)),
}


_OUR_OWN: Mapping[str, tuple[Any, ...]] = {  # where layers are stacked by us, and so are layouts
    "sizes": ("distinct", "B=H", "one", "wide"),
    "num_layers": (1,),
    "batch_first": (False,),
    "form": ("batched", "packed", "packed sorted", "packed equal"),
}


def framework_cases(framework: Framework, dtype: str) -> list[Case]:
    """Return the cases of one framework in one dtype, in a fixed order."""
    axes: dict[str, Sequence[Any]] = dict(AXES) | {"dtype": (dtype,)} | {name: AXES[name][:1] for name in _INVISIBLE}
    axes |= {} if framework.stacks else _OUR_OWN
    axes |= framework.few
    axes |= dict(_WITHOUT[feature] for feature in framework.lacks if feature in _WITHOUT)
    return [
        draw_case(setting_at(point | ({"states": True} if more else {})), point["profile"], k + 1000 * more)
        for k, point in enumerate(all_pairs(axes))
        for more in range(4 if point["profile"] == "non_finite" else 1)  # it draws what is not finite, c_0 or not
    ]
