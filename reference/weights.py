"""The weights of an LSTM as frozen values, copied out of `nn.LSTM` and `nn.LSTMCell` and written back exactly.

Arrays are torch tensors or NumPy arrays; every function of this project that takes weights says which it wants.
Names and shapes are torch's (https://docs.pytorch.org/docs/stable/generated/torch.nn.LSTM.html): the rows of
`w_ih`, `w_hh`, `b_ih` and `b_hh` are the gates i, f, g, o, one after the other, `hidden_size` rows each.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import nn

_Array = Any  # a torch.Tensor or a numpy.ndarray; NumPy arrays may carry a leading case axis

LONG_NAMES = {"w_ih": "weight_ih", "w_hh": "weight_hh", "b_ih": "bias_ih", "b_hh": "bias_hh", "w_hr": "weight_hr"}


@dataclass(frozen=True, eq=False)
class CellWeights:
    """The weights of one layer in one direction. H is hidden_size; P is proj_size, or H without a projection.

    w_ih: (4H, input_size); w_hh: (4H, P); b_ih and b_hh: (4H,) or both None; w_hr: (P, H), or None without projection.
    """

    w_ih: _Array
    w_hh: _Array
    b_ih: _Array | None = None
    b_hh: _Array | None = None
    w_hr: _Array | None = None

    @property
    def input_size(self) -> int:
        """The number of features that the layer reads."""
        return int(self.w_ih.shape[-1])

    @property
    def hidden_size(self) -> int:
        """H: the number of features of the cell state c."""
        return int(self.w_ih.shape[-2]) // 4

    @property
    def output_size(self) -> int:
        """P: the number of features of the hidden state h."""
        return int(self.w_hh.shape[-1])

    def items(self) -> Iterator[tuple[str, _Array]]:
        """Iterate over the weights that are not None, with their short names, in torch's order."""
        return ((name, value) for name, value in vars(self).items() if value is not None)

    def map(self, function: Callable[[_Array], _Array]) -> CellWeights:
        """Apply a function to every array."""
        return CellWeights(**{name: function(value) for name, value in self.items()})


@dataclass(frozen=True, eq=False)
class LSTMWeights:
    """All weights of an LSTM: `cells[layer][direction]`, direction 0 forward and 1 reverse."""

    cells: tuple[tuple[CellWeights, ...], ...]

    @property
    def num_layers(self) -> int:
        """The number of stacked layers."""
        return len(self.cells)

    @property
    def num_directions(self) -> int:
        """2 for a bidirectional LSTM, else 1."""
        return len(self.cells[0])

    @property
    def input_size(self) -> int:
        """The number of features that the first layer reads."""
        return self.cells[0][0].input_size

    @property
    def hidden_size(self) -> int:
        """H: the number of features of the cell state c."""
        return self.cells[0][0].hidden_size

    @property
    def output_size(self) -> int:
        """P: the number of features of the hidden state h of one direction."""
        return self.cells[0][0].output_size

    def items(self) -> Iterator[tuple[str, _Array]]:
        """Iterate over the weights with their names in `nn.LSTM`'s state_dict, in that order."""
        for layer, directions in enumerate(self.cells):
            for direction, cell in enumerate(directions):
                for name, value in cell.items():
                    yield f"{LONG_NAMES[name]}_l{layer}{'_reverse' * direction}", value

    def map(self, function: Callable[[_Array], _Array]) -> LSTMWeights:
        """Apply a function to every array."""
        return self.map_cells(lambda cell: cell.map(function))

    def map_cells(self, function: Callable[[CellWeights], CellWeights]) -> LSTMWeights:
        """Apply a function to the weights of every layer and direction."""
        return LSTMWeights(tuple(tuple(map(function, directions)) for directions in self.cells))


def named_weights(named: Mapping[str, _Array], num_layers: int, num_directions: int) -> LSTMWeights:
    """Collect arrays by their names in `nn.LSTM`'s state_dict, without copying; None for a missing name."""

    def cell(suffix: str) -> CellWeights:
        return CellWeights(**{short: named.get(long + suffix) for short, long in LONG_NAMES.items()})

    suffixes = ("", "_reverse")[:num_directions]
    return LSTMWeights(tuple(tuple(cell(f"_l{layer}{s}") for s in suffixes) for layer in range(num_layers)))


def weights_of(module: nn.LSTM | nn.LSTMCell) -> LSTMWeights:
    """Copy the weights out of a module: detached tensors that share no memory with it, in its dtype, on its device."""
    if isinstance(module, nn.LSTMCell):
        return LSTMWeights(((_cell_weights(module, ""),),))
    suffixes = ("", "_reverse") if module.bidirectional else ("",)
    return LSTMWeights(
        tuple(
            tuple(_cell_weights(module, f"_l{layer}{suffix}") for suffix in suffixes)
            for layer in range(module.num_layers)
        )
    )


def _cell_weights(module: nn.Module, suffix: str) -> CellWeights:
    parameters = {short: getattr(module, long + suffix, None) for short, long in LONG_NAMES.items()}
    return CellWeights(**{name: p.detach().clone() for name, p in parameters.items() if p is not None})


def write_weights(weights: LSTMWeights, module: nn.LSTM | nn.LSTMCell) -> None:
    """Write weights into a module of the same architecture, in place and exactly.

    Raises ValueError if a name, a shape or a dtype differs: nothing is broadcast, cast or left out.
    """
    if isinstance(module, nn.LSTMCell):
        given = {name.removesuffix("_l0"): value for name, value in weights.items()}
    else:
        given = dict(weights.items())
    wanted = dict(module.named_parameters())
    if given.keys() != wanted.keys():
        raise ValueError(f"weights {sorted(given)} were given, but the module has {sorted(wanted)}: make them match")
    for name, parameter in wanted.items():
        value = torch.as_tensor(given[name])
        if value.shape != parameter.shape or value.dtype != parameter.dtype:
            raise ValueError(
                f"{name} was given as {value.dtype} {tuple(value.shape)}, "
                f"but the module's is {parameter.dtype} {tuple(parameter.shape)}: give exactly that"
            )
    with torch.no_grad():
        for name, parameter in wanted.items():
            parameter.copy_(torch.as_tensor(given[name]))


def to_numpy(tensor: torch.Tensor) -> np.ndarray[Any, np.dtype[Any]]:
    """Copy a tensor to a NumPy array of the same dtype; bfloat16, which NumPy has not, becomes float32, exactly."""
    tensor = tensor.detach().cpu()
    return np.array((tensor.float() if tensor.dtype == torch.bfloat16 else tensor).cpu().numpy())


def as_numpy(value: Any) -> Any:
    """Replace tensors in a nested value by NumPy arrays."""
    if isinstance(value, (tuple, list)):
        return type(value)(as_numpy(part) for part in value)
    if isinstance(value, dict):
        return {name: as_numpy(part) for name, part in value.items()}
    if isinstance(value, torch.Tensor):
        return to_numpy(value)
    return value.map(to_numpy) if isinstance(value, (CellWeights, LSTMWeights)) else value
