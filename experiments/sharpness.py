"""The smallest uniform shift of a float32 output that is noticed: the judge beside the tolerances that are in use.

float32, 2 layers, T=7, B=6, I=H=6, torch's default weights; 20 seeds, shifts of ten to a decade. The judge looks at the
shifted output alone; the others compare it with nn.LSTM's, or with float64, as they do where they come from. Run
`python -m experiments.sharpness`. Result: sharpness.md.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.setting import Architecture, Call, Setting
from lstm_parity.implementations.references import TorchReference
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import Outcome, judge
from lstm_parity.reference.noise.model import Array
from lstm_parity.running.observe import observe

SETTING = Setting(Architecture(6, 6, 2), Call(7, 6))
SHIFTS = [10.0 ** (k / 10) for k in range(-90, -19)]
SEEDS = 20


@dataclass(frozen=True)
class Shifted:
    """The reference in torch with its output, and that alone, shifted."""

    shift: float
    name: str = "shifted"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting, weights):
        """The reference with the shift behind it."""
        lstm = TorchReference().load(setting, weights)

        def shifted(input, hx):
            output, state = lstm(input, hx)
            return output + self.shift, state

        return shifted


def outputs(case: Case) -> tuple[Tensor, Tensor, Tensor]:
    """The reference's output, nn.LSTM's, and the one in float64."""
    ours, theirs = (observe(i, case, chain=False).evidence[0].outputs.output for i in (TorchReference(), TorchLSTM()))
    wide = Setting(case.setting.architecture, case.setting.call, type(case.setting.runtime)("float64"))
    double = Case(wide, case.profile, case.seed, case.weights, case.input, case.h_0, case.c_0)
    exact = observe(TorchReference(), double, chain=False).evidence[0].outputs.output
    return torch.tensor(ours).float(), torch.tensor(theirs).float(), torch.tensor(exact)


def by_assert_close(got: Tensor, other: Tensor, exact: Tensor) -> bool:
    """torch.testing.assert_close, its defaults for float32: rtol 1.3e-6, atol 1e-5."""
    try:
        torch.testing.assert_close(got, other)
    except AssertionError:
        return True
    return False


def by_opacus(got: Tensor, other: Tensor, exact: Tensor) -> bool:
    """Opacus's tests of DPLSTM: atol 1e-5, rtol 1e-3."""
    return not np.allclose(got.numpy(), other.numpy(), rtol=1e-3, atol=1e-5)


def by_cudnn_test(got: Tensor, other: Tensor, exact: Tensor) -> bool:
    """torch's own test of cuDNN against the CPU: atol 5e-5, rtol 0."""
    return bool((got - other).abs().max() > 5e-5)


def by_dynamo(got: Tensor, other: Tensor, exact: Tensor) -> bool:
    """torch._dynamo.utils.same with tol=1e-4 and a float64 reference."""
    from torch._dynamo.utils import same

    logging.disable(logging.ERROR)
    return not same(other, got, fp64_ref=exact, tol=1e-4)


def by_onednn(got: Tensor, other: Tensor, exact: Tensor) -> bool:
    """oneDNN's benchdnn: relative L2 norm above 4 ceil(log2(terms * T)) eps."""
    limit = 4 * math.ceil(math.log2((6 + 6) * 7)) * 2.0**-23
    return bool((got - exact).norm() / exact.norm() > limit)


OTHERS: dict[str, Callable[[Tensor, Tensor, Tensor], bool]] = {
    "oneDNN's derived threshold": by_onednn,
    "torch.testing.assert_close": by_assert_close,
    "Opacus's tolerance": by_opacus,
    "torch's cuDNN test": by_cudnn_test,
    "dynamo's same": by_dynamo,
}


def by_the_judge(case: Case, shift: float) -> bool:
    """Whether the verdict on the shifted output is DEVIATES."""
    return judge(observe(Shifted(shift), case)).outcome is Outcome.DEVIATES


def smallest(noticed: Callable[[float], bool]) -> float:
    """The smallest shift from which on every larger one is noticed."""
    unnoticed = [shift for shift in SHIFTS if not noticed(shift)]
    return next((shift for shift in SHIFTS if not unnoticed or shift > unnoticed[-1]), math.inf)


def main() -> None:
    """Measure on every seed and write the table."""
    found: dict[str, list[float]] = {name: [] for name in ("the judge", *OTHERS)}
    errors: list[Array] = []
    for seed in range(SEEDS):
        case = draw_case(SETTING, "normal", seed)
        ours, theirs, exact = outputs(case)
        errors.append((ours - exact).abs().max().numpy())
        found["the judge"].append(smallest(lambda shift, case=case: by_the_judge(case, shift)))
        for name, check in OTHERS.items():
            found[name].append(smallest(lambda shift, c=check, o=ours, t=theirs, e=exact: c(o + shift, t, e)))
    lines = ["# Sharpness", "", "Made by `python -m experiments.sharpness`, which says what it does.", ""]
    lines += [f"The reference's own error, unshifted: at most {max(errors):.1e}.", ""]
    lines += ["| check | smallest shift noticed, median of 20 seeds | largest of 20 seeds |", "|---|---:|---:|"]
    lines += [f"| {name} | {np.median(shifts):.1e} | {max(shifts):.1e} |" for name, shifts in found.items()]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
