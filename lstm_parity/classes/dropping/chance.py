"""Where the probability of dropout is set: an argument of the constructor, or modules that hold it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import nn
from torch.nn.modules.dropout import _DropoutNd


@dataclass(frozen=True)
class Dropping:
    """How numbers between layers are dropped, as far as it is known.

    argument: of the constructor, by which p is set; if it is empty, that of the modules is. modules: those that hold a
    probability of their own, which no argument says. others: arguments for dropout of something else, which are 0.
    is_told: whether it can be put into train mode. draws: whether it drops something there although all of these are 0.
    """

    argument: str = ""
    modules: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    is_told: bool = True
    draws: bool = False

    @property
    def exists(self) -> bool:
        """Whether there is any."""
        return bool(self.argument or self.modules)

    @property
    def unjudged(self) -> str:
        """Return why dropout that it has cannot be judged; empty if it can, or there is none."""
        if self.draws:
            return "it drops numbers in train mode, with a probability that no argument and no nn.Dropout holds"
        if self.exists and not self.is_told:
            return "no method, argument or attribute is known by which it is put into train mode"
        return ""

    def prepare(self, made: Any, p: float) -> None:
        """Set the probability of modules whose own no argument says: p if there is no argument, else 0."""
        for name, module, attribute in list_holding(made):
            if re.sub(r"\d+", "", name) in self.modules:
                setattr(module, attribute, 0.0 if self.argument else p)

    def describe(self) -> list[str]:
        """Say what is known, in lines."""
        held = " and ".join(f"the probability of {name or 'itself'}" for name in self.modules)
        own = f"dropout by {self.argument or held}" if self.exists else ""
        silent = [*self.others, *(self.modules if self.argument else ())]
        more = f"what {' and '.join(silent)} would drop is not judged: there it is 0" if silent else ""
        return list(filter(None, (own, more)))


NO_DROPPING = Dropping()


def list_holding(made: Any) -> Iterator[tuple[str, nn.Module, str]]:
    """Yield the modules in an instance that drop with a probability of their own, by name, and where that is held."""
    for name, module in made.named_modules() if isinstance(made, nn.Module) else ():
        if isinstance(module, _DropoutNd):
            yield name, module, "p"
        elif isinstance(module, nn.RNNBase):
            yield name, module, "dropout"


def name_holding(made: Any) -> tuple[str, ...]:
    """Return the names of those whose probability is not 0, without numbers, so that they hold for more layers."""
    found = (re.sub(r"\d+", "", name) for name, module, place in list_holding(made) if getattr(module, place))
    return tuple(dict.fromkeys(found))
