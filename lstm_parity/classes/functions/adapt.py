"""A function of a layer or of a step, made into an implementation: as the kind says it is called, or as is found."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from torch import Tensor

from lstm_parity.cases.setting import Architecture, Setting
from lstm_parity.classes.constructors.constructor import UnknownClassError
from lstm_parity.classes.find import find_class
from lstm_parity.classes.found import Found
from lstm_parity.classes.from_class import FromClass
from lstm_parity.classes.functions.held import hold_weights, list_shapes
from lstm_parity.classes.functions.usual import is_usual, is_weight, read_results
from lstm_parity.classes.loaded.instance import LoadedClass
from lstm_parity.classes.settle import settle_layout
from lstm_parity.implementations.from_layer import FromLayer, layer_of_cell, takes_arguments
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.calls import use_threads
from lstm_parity.running.protocol import LSTM, Implementation


def adapt_function(kind: str, name: str, function: Callable[..., Any]) -> Implementation:
    """Return a function of a layer or of a cell as an implementation.

    Raises UnknownClassError where its arguments are others than the kind's, and what they are is not found.
    """
    if is_usual(function):
        return FromLayer(name, _read_usual(kind, function))
    with use_threads(1):
        found = _find_function(function)
        return FromFound(name, found if found.is_exact else settle_layout(found, partial(FromClass, name)))


def _read_usual(kind: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """Return it as a layer, its results in the usual form if they have another one."""

    def call(x: Tensor, state: tuple[Tensor, Tensor], *weights: Tensor) -> Any:
        return read_results(function(x, state, *weights), x, state, cell=kind == "cell")

    def without_projection(x: Tensor, state: Any, w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor) -> Any:
        return call(x, state, w_ih, w_hh, b_ih, b_hh)

    read = call if takes_arguments(function, 7) else without_projection
    return read if kind == "layer" else layer_of_cell(read)


def _find_function(function: Callable[..., Any]) -> Found:
    """Find how a function is called, and which of its arguments is which weight."""
    parameters = list(inspect.signature(function).parameters.values())
    weights = [p.name for p in parameters if is_weight(p)]
    reasons = list[str]()
    for shapes in list_shapes(weights) if weights and len(weights) < len(parameters) else ():
        try:
            return find_class(hold_weights(function, weights, shapes))
        except UnknownClassError as error:  # weights of other shapes would fit
            reasons.append(str(error))
    name, names = getattr(function, "__name__", "a function"), ", ".join(p.name for p in parameters)
    why = f" ({reasons[0]})" if reasons else ""
    raise UnknownClassError(
        f"{name}({names}) was given, but which of these are the input, the states and the weights is not found{why}: "
        "name them as in docs/bring-your-own.md"
    )


@dataclass(frozen=True)
class FromFound:
    """An implementation made of a function of one layer in one direction, or of one step, as it was found."""

    name: str
    found: Found
    _made: dict[tuple[Any, ...], Any] = field(default_factory=dict, repr=False, compare=False)

    @property
    def _held(self) -> FromClass:
        return FromClass(self.name, self.found)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was found, in lines."""
        return self._held.remarks[1:]  # it has no constructor

    @property
    def stands_in(self) -> bool:
        """Whether a state that is returned is not the function's own."""
        return self._held.stands_in

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Say what it has no argument for; layers, directions and packed sequences are made of it here."""
        a, call = setting.architecture, setting.call
        if a.proj_size:
            return f"{self.name} takes no projection"
        if a.bias and not self.found.layout.biases:
            return f"{self.name} has no bias"
        plain = replace(call, lengths=None, enforce_sorted=False, batch=call.rows)
        return self._held.unsupported_reason(replace(setting, architecture=self._one_layer(setting), call=plain))

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """A stack of these layers, called like `nn.LSTM`."""
        return FromLayer(self.name, _Layer(self, setting)).load(setting, weights)

    def _one_layer(self, setting: Setting, inputs: int = 0) -> Architecture:
        a = setting.architecture
        return Architecture(inputs or a.input_size, a.hidden_size, 1, bool(self.found.layout.biases))

    def load_layer(self, setting: Setting, cell: CellWeights) -> LoadedClass:
        """Return one layer in one direction with these weights."""
        one = replace(setting, architecture=self._one_layer(setting, cell.input_size))
        sizes = cell.input_size, cell.hidden_size
        if sizes not in self._made:  # it holds no numbers that are used
            self._made[sizes] = self.found.constructor.build(*sizes)
        return LoadedClass(self._made[sizes], self.found, LSTMWeights(((cell,),)), one)


@dataclass(frozen=True, eq=False)
class _Layer:
    """The function as a layer, batch first."""

    home: FromFound
    setting: Setting

    def __call__(
        self, x: Tensor, state: tuple[Tensor, Tensor], w_ih: Tensor, w_hh: Tensor, b_ih: Tensor, b_hh: Tensor
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        biases = (b_ih, b_hh) if self.home.found.layout.biases else ()
        loaded = self.home.load_layer(self.setting, CellWeights(w_ih, w_hh, *biases))
        output, (h, c) = loaded(x.transpose(0, 1), (state[0][None], state[1][None]))
        return output.transpose(0, 1), (h[0], c[0])
