"""What a mistake is: a plain LSTM with one seam gone wrong, named after its fault, judged like any implementation."""

from __future__ import annotations

import re
from dataclasses import dataclass
from types import ModuleType

from parity.implementations.protocol import LSTM
from parity.mistakes.plain import PlainLSTM
from parity.settings import Setting
from reference.weights import LSTMWeights


@dataclass(frozen=True)
class Written:
    """A `PlainLSTM`, or a wrong one made from it, as an implementation."""

    written: type[PlainLSTM]

    @property
    def name(self) -> str:
        """The class's name in words: `BiasHHDropped` is `bias-hh-dropped`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", self.written.__name__).lower()

    @property
    def says(self) -> str:
        """What is wrong, in a sentence."""
        return " ".join((self.written.__doc__ or "").split())

    @property
    def witness(self) -> str:
        """The id of a case where the fault must show."""
        return self.written.witness

    @property
    def seen(self) -> str:
        """Where people made this mistake; empty where no thread is known."""
        return self.written.seen

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes in which it is a mistake: to keep bfloat16 states is none in bfloat16."""
        return self.written.dtypes

    def refuses(self, setting: Setting) -> str | None:
        """It supports every setting."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The LSTM with these weights."""
        return self.written(setting, weights)


def mistakes_of(module: ModuleType) -> tuple[Written, ...]:
    """The wrong LSTMs that a module defines, in the order of their writing."""
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, PlainLSTM)]
    return tuple(Written(written) for written in classes if written.__module__ == module.__name__)
