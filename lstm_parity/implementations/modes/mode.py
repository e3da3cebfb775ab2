"""What an execution mode is: a way to run an nn.LSTM, as an implementation that is judged like any other."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from typing import Any

import torch
from torch import nn

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.noise.arithmetics import Arithmetic, ladder
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import Adjoints, Found
from lstm_parity.running.generators import SeededLSTM
from lstm_parity.running.protocol import LSTM

SEED = 0  # of the dropout masks
DROPOUT = 0.5


@dataclass(frozen=True, eq=False)
class RunningModule:
    """An LSTM in a mode: what is called, and the module whose parameters it computes with."""

    call: LSTM
    module: nn.Module

    def __call__(self, input: Any, hx: Any = None) -> Any:
        """As `nn.LSTM`."""
        return self.call(input, hx)


Make = Callable[[nn.LSTM, Setting], RunningModule]


@dataclass(frozen=True)
class Mode:
    """A way to run `nn.LSTM`.

    make: from a module that is loaded, in eval or train mode, to what is called. works_in: the arithmetics that it
    is expected to compute in, by name; a dtype that has none of these is computed in its own. packages: what must be
    installed. note: what a reader must know. gradients: whether it has gradients by torch's names of the parameters.
    found: how they are found, if not by `backward`. support: values of the design's axes to which a second design is
    confined, so that much is judged. dropout: the share dropped between layers, in train mode; 0 means eval mode.
    """

    name: str
    make: Make
    works_in: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    note: str = ""
    gradients: bool = True
    found: Callable[[Mode, Case, Adjoints], Found] | None = None
    support: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    dropout: float = 0.0

    @property
    def missing(self) -> str | None:
        """A package that is not installed."""
        return next((name for name in self.packages if find_spec(name) is None), None)

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return None: every failure must be in `expected_failures.py`."""
        return None if self.missing is None else f"{self.missing} is not installed"

    def module(self, setting: Setting, weights: LSTMWeights) -> nn.LSTM:
        """Return the module that is run, with these weights."""
        lstm = TorchLSTM(module=partial(nn.LSTM, dropout=self.dropout)).load(setting, weights)
        assert isinstance(lstm, nn.LSTM)
        return lstm.train(self.dropout > 0.0)

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return the module, run in this mode."""
        running = self.make(self.module(setting, weights), setting)
        return RunningModule(SeededLSTM(running, SEED), running.module) if self.dropout else running

    def parameters(self, lstm: RunningModule) -> dict[str, torch.Tensor]:
        """Return those of the module that is run."""
        return {name.rpartition(".")[2]: value for name, value in lstm.module.named_parameters()}

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return the expected arithmetic; None for the dtype's own."""
        return next((a for a in (*ladder(setting.runtime.dtype), _INT8) if a.name in self.works_in), None)


@dataclass(frozen=True)
class DifferentiatingMode(Mode):
    """A mode that finds gradients in its own way."""

    def found_by_autograd(self, case: Case, d: Adjoints) -> Found:
        """Return those of every input and parameter."""
        assert self.found is not None
        return self.found(self, case, d)


# Quantisation errs absolutely, by half a step of 1/255 of a tensor's range: as a share of a typical factor, by 2^-7.
_INT8 = Arithmetic("float32 with int8 products", 2.0**-24, 2.0**-24, 2.0**-24, 2.0**-126, 3.4e38, product=2.0**-6)


def make_anew(build: Callable[[nn.LSTM, Any, Any], LSTM]) -> Make:
    """Return a mode that builds something for every form and size of call, from the module and the call's arguments."""

    def make(module: nn.LSTM, setting: Setting) -> RunningModule:
        built: dict[str, LSTM] = {}

        def call(input: Any, hx: Any) -> Any:
            key = str([tuple(t.shape) for t in flatten(input, hx)])
            if key not in built:
                with torch.random.fork_rng(devices=[]):  # what is drawn while it is built is not drawn from the seed
                    built[key] = build(module, input, hx)
            return built[key](input, hx)

        return RunningModule(call, module)

    return make


def flatten(input: Any, hx: Any) -> list[torch.Tensor]:
    """Return all tensors of a call: the input, or its data and batch sizes and orders, and the states."""
    if isinstance(input, torch.Tensor):
        return [input, *(hx or ())]
    return [part for part in input if part is not None] + list(hx or ())


class Flat(nn.Module):
    """An LSTM that takes and returns tensors only, in the order of `flatten`: for what knows no packed sequences."""

    def __init__(self, lstm: nn.Module, input: Any, hx: Any) -> None:
        super().__init__()
        self.lstm = lstm
        self.kind = None if isinstance(input, torch.Tensor) else type(input)
        self.parts = 1 if self.kind is None else sum(part is not None for part in input)
        self.states = hx is not None

    def forward(self, *tensors: torch.Tensor) -> tuple[torch.Tensor, ...]:
        """Output, or its data, h_n and c_n."""
        given, states = tensors[: self.parts], tensors[self.parts :]
        input = given[0] if self.kind is None else self.kind(*given)
        output, (h_n, c_n) = self.lstm(input, tuple(states) if self.states else None)
        return output if self.kind is None else output.data, h_n, c_n

    def unflat(self, returned: Any, input: Any) -> Any:
        """Return what `nn.LSTM` would have returned."""
        output, h_n, c_n = returned
        return output if self.kind is None else input._replace(data=output), (h_n, c_n)
