"""Trials: modes crossed with the call forms, so that every two values of the axes stand together in some trial."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lstm_parity.cases.case import Case, draw_case
from lstm_parity.cases.covering import all_pairs
from lstm_parity.cases.setting import DTYPES, Architecture, Call, Runtime, Setting
from lstm_parity.implementations.modes import TRAINING
from lstm_parity.implementations.modes.mode import Mode

AXES: dict[str, tuple[Any, ...]] = {
    "form": ("batched", "unbatched", "packed", "packed equal", "empty"),
    "dtype": ("float32", "float64", "bfloat16", "float16"),
    "projection": (False, True),
    "bidirectional": (False, True),
    "training": (False, True),
    "grad_mode": ("no_grad", "grad"),
    "mkldnn": (True, False),
    "num_layers": (1, 2),
    "bias": (True, False),
    "states": (True, False),
    "batch_first": (False, True),
    "profile": ("normal", "trained"),
}
assert set(AXES["dtype"]) == set(DTYPES)


@dataclass(frozen=True)
class Trial:
    """One case of one mode. empty: it is called with no rows at all. training: in train mode, with dropout."""

    mode: str
    case_id: str
    form: str
    setting: Setting
    profile: str
    training: bool

    @property
    def target(self) -> str:
        """The name by which the mode is loaded."""
        return self.mode + TRAINING * self.training

    @property
    def case(self) -> Case:
        """Its numbers; for an empty call those of a batch that is not."""
        return draw_case(self.setting, self.profile, 0)

    @property
    def empty(self) -> bool:
        """Whether there are no rows."""
        return self.form == "empty"

    @property
    def gradients(self) -> bool:
        """Whether gradients are judged too."""
        return self.setting.runtime.grad_mode == "grad" and not self.empty

    @property
    def name(self) -> str:
        """The case, and what its id cannot say."""
        return self.case_id + ", no rows" * self.empty + ", in train mode" * self.training


def design_trials(mode: Mode) -> list[Trial]:
    """Return the trials of a covering design; then those of a design of what the mode supports, if that is less."""
    designs = [AXES] if not mode.support else [AXES, AXES | dict(mode.support)]
    points = [point for axes in designs for point in all_pairs(axes)]
    found = {trial.name: trial for trial in (_make_trial(mode, point) for point in points)}
    return list(found.values())


def _make_trial(mode: Mode, point: dict[str, Any]) -> Trial:
    layers = 2 if point["training"] else point["num_layers"]  # with one, there is nothing to drop
    architecture = Architecture(
        5, 7, layers, point["bias"], point["batch_first"], point["bidirectional"], 3 if point["projection"] else 0
    )
    lengths = {"packed": (2, 4, 1), "packed equal": (4, 4, 4)}.get(point["form"])
    call = Call(4, None if point["form"] == "unbatched" else 3, lengths, states=point["states"])
    runtime = Runtime(point["dtype"], grad_mode=point["grad_mode"], mkldnn=point["mkldnn"], threads=1)
    setting = Setting(architecture, call, runtime)
    case_id = f"{setting.name}-{point['profile']}-0"
    return Trial(mode.name, case_id, point["form"], setting, point["profile"], point["training"])
