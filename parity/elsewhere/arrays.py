"""A case and adjoints as messages between two processes: any case, those made by hand too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from parity.cases import Case
from parity.gradients import Adjoints
from parity.settings import setting_named
from reference.weights import CellWeights, LSTMWeights


def told(case: Case, d: Adjoints) -> tuple[dict[str, Any], list[Any]]:
    """The message and the tensors that `case_of` makes the case and the adjoints of."""
    cells: Any = [[[name for name, _ in cell.items()] for cell in layer] for layer in case.weights.cells]
    message = {"setting": case.setting.name, "profile": case.profile, "seed": case.seed, "cells": cells}
    message |= {"losses": d.losses, "ones": d.ones}
    arrays = [case.input, case.h_0, case.c_0, d.output, d.h_n, d.c_n, *(w for _, w in case.weights.items())]
    return message, [torch.from_numpy(np.array(array, np.float64)) for array in arrays]


def case_of(message: dict[str, Any], tensors: Sequence[torch.Tensor]) -> tuple[Case, Adjoints]:
    """The case and the adjoints of a message."""
    x, h_0, c_0, d_output, d_h_n, d_c_n, *values = (tensor.numpy() for tensor in tensors)
    rest = iter(values)
    weights = LSTMWeights(
        tuple(tuple(CellWeights(**{n: next(rest) for n in names}) for names in layer) for layer in message["cells"])
    )
    case = Case(setting_named(message["setting"]), message["profile"], message["seed"], weights, x, h_0, c_0)
    return case, Adjoints(d_output, d_h_n, d_c_n, tuple(message["losses"]), message["ones"])
