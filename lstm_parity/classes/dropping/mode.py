"""Train mode of an instance: a module's own, an argument of its call, or an attribute."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

from torch import nn

_TRAINING = r"^(is_|in_|do_)?train(ing)?(_mode|_phase|_flag)?$"
_NOT_TRAINING = r"^(is_|in_|do_)?(eval|test|testing|inference|deterministic)(_mode|_phase|_flag)?$"


@dataclass(frozen=True)
class Mode:
    """The name of an argument, or of an attribute, that says whether it is in train mode."""

    name: str

    def value(self, *, training: bool) -> bool:
        """Return what it is set to."""
        return training is not bool(re.search(_NOT_TRAINING, self.name.lower()))


def find_argument(parameters: Sequence[Parameter]) -> Mode | None:
    """Return the argument of a call that says whether it is one of training, if there is one."""
    kinds = (bool, type(None), type(Parameter.empty))
    names = [p.name for p in parameters if isinstance(p.default, kinds)]
    return next((Mode(name) for name in names if _is_mode(name)), None)


def find_attribute(made: Any) -> Mode | None:
    """Return the attribute of an instance that is no module that says whether it is trained, if there is one."""
    if isinstance(made, nn.Module):
        return None
    held = vars(made) if hasattr(made, "__dict__") else {}
    return next((Mode(name) for name, value in held.items() if isinstance(value, bool) and _is_mode(name)), None)


def set_mode(made: Any, *, training: bool) -> None:
    """Put an instance into train or eval mode, as far as it has any beside an argument of its call."""
    if isinstance(made, nn.Module):
        made.train(training)
    elif (mode := find_attribute(made)) is not None:
        setattr(made, mode.name, mode.value(training=training))


def _is_mode(name: str) -> bool:
    return bool(re.search(f"{_TRAINING}|{_NOT_TRAINING}", name.lower()))
