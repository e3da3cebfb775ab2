"""What a mistake is: a plain LSTM with one seam gone wrong, named after its fault, judged like any implementation."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from types import ModuleType

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.catalogue.mistakes.plain_dropout import DroppingLSTM
from lstm_parity.catalogue.mistakes.scope import Scope
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM

_AROUND_LAYERS = (  # what a plain LSTM does outside one layer
    "__init__",
    "__call__",
    "finish",
    "time_major",
    "from_time_major",
    "run_packed",
    "rows_in",
    "rows_out",
    "run_padded",
    "weights",
    "no_states",
    "read_states",
    "state",
    "join",
    "between_layers",
    "last_states",
)
_STATES_READ = ("read_states", "state", "no_states", "join", "between_layers")
_TIME = ("run", "times", "in_time", "read", "resting", "emit")
_FIRST_LAYER = tuple(name for name in _AROUND_LAYERS if name not in _STATES_READ)
_LAYER = (*_TIME, "prepare", "step", "sums", "gates", "cell_state", "hidden", "project")


@dataclass(frozen=True)
class Mistake:
    """A `PlainLSTM`, or a wrong one made from it, as an implementation."""

    written: type[PlainLSTM]

    @property
    def name(self) -> str:
        """The class's name in words: `BiasHHDropped` is `bias-hh-dropped`."""
        return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "-", self.written.__name__).lower()

    @property
    def description(self) -> str:
        """What is wrong, in a sentence."""
        return " ".join((self.written.__doc__ or "").split())

    @property
    def witness(self) -> str:
        """The id of a case where the fault must show."""
        return self.written.witness

    @property
    def reported_at(self) -> str:
        """Where people made this mistake; empty if no thread is known."""
        return self.written.reported_at

    @property
    def fix(self) -> str:
        """What to change, in an imperative sentence."""
        return self.written.fix

    @property
    def dtypes(self) -> tuple[str, ...]:
        """The dtypes in which it is a mistake: to keep bfloat16 states is none in bfloat16."""
        return self.written.dtypes

    @property
    def scope(self) -> Scope:
        """The cases in which the fault may show in the numbers of a forward pass, were there no `dtypes`."""
        return self.written.scope

    def may_show(self, case: Case) -> bool:
        """Whether the forward pass of a case may differ from that of a correct LSTM."""
        return case.setting.runtime.dtype in self.dtypes and self.scope.holds(case)

    def needs_threads(self, case: Case) -> bool:
        """Whether its fault shows in a case by the number of threads, which this process chooses."""
        runtime = case.setting.runtime
        alone = replace(case, setting=replace(case.setting, runtime=replace(runtime, threads=1)))
        return runtime.threads is None and self.may_show(alone) != self.may_show(case)

    @property
    def is_within_a_layer(self) -> bool:
        """Whether it is in what one layer computes, so that a layer of a stack does what it does alone."""
        return all(getattr(self.written, name) is getattr(PlainLSTM, name) for name in _AROUND_LAYERS)

    @property
    def keeps_last_states(self) -> bool:
        """Whether the first layer's last states are returned where they belong, and its weights and inputs read so."""
        return all(getattr(self.written, name) is getattr(PlainLSTM, name) for name in _FIRST_LAYER)

    @property
    def is_within_a_step(self) -> bool:
        """Whether it is in what one step computes, or in weights and states that steps read."""
        return self.keeps_last_states and all(getattr(self.written, name) is getattr(PlainLSTM, name) for name in _TIME)

    @property
    def is_around_layers(self) -> bool:
        """Whether what one direction of one layer computes is as it should be."""
        return all(getattr(self.written, name) is getattr(PlainLSTM, name) for name in _LAYER)

    @property
    def is_deterministic(self) -> bool:
        """Whether it returns the same numbers every time."""
        return self.written.is_deterministic

    def unsupported_reason(self, setting: Setting) -> str | None:
        """It supports every setting whose dtype torch can multiply."""
        return missing_dtype(setting.runtime.dtype, setting.runtime.device)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The LSTM with these weights."""
        return self.written(setting, weights)

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> LSTM:
        """The same with dropout. Raises NotImplementedError for one that is not about dropout."""
        if not issubclass(self.written, DroppingLSTM):
            raise NotImplementedError(f"{self.name} has no dropout")
        lstm = self.written(setting, weights)
        lstm.p, lstm.training = p, training
        return lstm


def mistakes_in(module: ModuleType) -> tuple[Mistake, ...]:
    """The wrong LSTMs that a module defines, in the order of their writing."""
    classes = [value for value in vars(module).values() if isinstance(value, type) and issubclass(value, PlainLSTM)]
    return tuple(Mistake(written) for written in classes if written.__module__ == module.__name__)
