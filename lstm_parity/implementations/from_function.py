"""A function with the arguments of `torch.lstm` made into a whole LSTM."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch

from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.target import TargetError
from lstm_parity.implementations.torch_modules import missing_dtype
from lstm_parity.reference.weights import CellWeights, LSTMWeights
from lstm_parity.running.protocol import LSTM

# torch.lstm's arguments, and how others call them; h_0 and c_0 in the place of hx
_NAMES: Mapping[str, str] = {
    "input": r"^(x|xs|inp|input|inputs|data|seq|sequence)$",
    "weights": r"weight|param|flat|^ws?$",
    "has_biases": r"bias",
    "num_layers": r"layer|depth",
    "dropout": r"drop",
    "train": r"train",
    "bidirectional": r"bidir|^bi$|direction",
    "batch_first": r"batch_first|batch_major",
    "h_0": r"^h_?(0|x0|init|prev)?$|hidden",
    "c_0": r"^c_?(0|x0|init|prev)?$|cell",
    "hx": r"^hx$|state|init",
}
USUAL = ("input", "hx", "weights", "has_biases", "num_layers", "dropout", "train", "bidirectional", "batch_first")
_NEEDED = {"input", "weights"}
_RESULTS = {"output": r"out|^ys?$|seq", "h_n": r"^h|hidden", "c_n": r"^c|cell"}


@dataclass(frozen=True)
class FromFunction:
    """An implementation made of a function that is called as `nn.LSTM` calls `torch.lstm`.

    It is given (input, hx, flat_weights, has_biases, num_layers, dropout, train, bidirectional, batch_first), all of
    them by position, or those of them that roles lists, in that order, with h_0 and c_0 for hx; it returns output, h_n
    and c_n. input is (T, B, I) or, batch first, (B, T, I); hx is a list of h_0 and c_0, zeros where a call gives none;
    flat_weights is in the order of `nn.LSTM`'s parameters; dropout is 0.0 and train False.
    """

    name: str
    function: Callable[..., Any]
    roles: tuple[str, ...] = USUAL

    @property
    def remarks(self) -> tuple[str, ...]:
        """Say which of torch.lstm's arguments are given, if not all of them in its order."""
        return () if self.roles == USUAL else (f"called with {', '.join(self.roles)}",)

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Packed sequences, for which torch.lstm has other arguments; what has none; what torch cannot multiply."""
        if setting.call.lengths is not None:
            return f"{self.name} has no packed sequences: torch.lstm has other arguments for them"
        if setting.architecture.proj_size and self.roles != USUAL and not self._has_projections:
            return f"{self.name} raises on a small call with a projection"
        missing = self._of_architecture(setting.architecture)
        if setting.call.states and not {"hx", "h_0", "c_0"} & {*self.roles}:
            missing = "hx"
        return f"{self.name} takes no {missing}" if missing else missing_dtype(
            setting.runtime.dtype, setting.runtime.device
        )  # fmt: skip

    @cached_property
    def _has_projections(self) -> bool:
        """Whether a small call with a projection returns: no argument says that there is one."""
        hidden, size = 3, 2
        shapes = ((4 * hidden, 2), (4 * hidden, size), (4 * hidden,), (4 * hidden,), (size, hidden))
        weights = LSTMWeights(((CellWeights(*(torch.zeros(shape, dtype=torch.float64) for shape in shapes)),),))
        setting = Setting(Architecture(2, hidden, proj_size=size), Call(4, 1), Runtime("float64"))
        try:
            self.load(setting, weights)(torch.zeros(4, 1, 2, dtype=torch.float64), None)
        except Exception:  # the user's function
            return False
        return True

    def _of_architecture(self, a: Architecture) -> str:
        asked = {"num_layers": a.num_layers > 1, "bidirectional": a.bidirectional, "batch_first": a.batch_first}
        asked["has_biases"] = not a.bias
        return next((role for role, is_asked in asked.items() if is_asked and role not in self.roles), "")

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Called like `nn.LSTM`."""
        return self.load_dropping(setting, weights, 0.0, training=False)

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> LSTM:
        """The same with dropout; raises NotImplementedError if that is none of its arguments."""
        if p and not {"dropout", "train"} <= {*self.roles}:
            raise NotImplementedError(f"{self.name} takes no dropout and train")
        a, flat = setting.architecture, [weight for _, weight in weights.items()]

        def lstm(input: torch.Tensor, hx: Any) -> Any:
            batched, batch_first = input.dim() == 3, a.batch_first and input.dim() == 3
            x = input if batched else input.unsqueeze(1)
            rows, layers = x.shape[0 if batch_first else 1], a.num_layers * a.num_directions
            sizes = a.output_size, a.hidden_size
            states = [x.new_zeros(layers, rows, size) for size in sizes] if hx is None else list(hx)
            states = states if batched or hx is None else [state.unsqueeze(1) for state in states]
            options = (a.bias, a.num_layers, p, training, a.bidirectional, batch_first)
            given = dict(zip(USUAL, (x, states, flat, *options), strict=True))
            given |= {"h_0": states[0], "c_0": states[1]}
            output, h_n, c_n = _three(self.function(*(given[role] for role in self.roles)))
            return (output, (h_n, c_n)) if batched else (output.squeeze(1), (h_n.squeeze(1), c_n.squeeze(1)))

        return lstm


def find_roles(name: str, function: Callable[..., Any]) -> tuple[str, ...]:
    """Find which of torch.lstm's arguments a function takes, in which order, by the names of its parameters.

    Its own order if the names say nothing else. Raises TargetError for an argument that must be given and is not known.
    """
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # a built-in function
        return USUAL
    if any(p.kind in (p.VAR_POSITIONAL, p.KEYWORD_ONLY) for p in parameters):
        return USUAL
    known = [_find_role(p.name) for p in parameters]
    required = [p.default is p.empty for p in parameters]
    fits = len(known) >= len(USUAL) and not any(required[len(USUAL) :])
    says_little = sum(role is not None for role in known) < len(USUAL) / 2
    if fits and (says_little or all(role in (None, usual) for role, usual in zip(known, USUAL, strict=False))):
        return USUAL
    for parameter, role, is_required in zip(parameters, known, required, strict=True):
        if is_required and (role is None or known.count(role) > 1):
            raise TargetError(
                f"{name} was given, but which of torch.lstm's arguments its {parameter.name} is, is not known: name it "
                f"like one of {', '.join(USUAL)}, h_0 and c_0"
            )
    if not {*known} >= _NEEDED:
        raise TargetError(f"{name} was given, but it takes no {' and no '.join(sorted(_NEEDED - {*known}))}")
    end = next((k for k, role in enumerate(known) if role is None), len(known))  # the rest has defaults
    return tuple(role for role in known[:end] if role is not None)


def _find_role(name: str) -> str | None:
    return next((role for role, names in _NAMES.items() if re.search(names, name.lower())), None)


def _three(returned: Any) -> tuple[Any, Any, Any]:
    """Return output, h_n and c_n: of three results, of an output and a pair, or by their names."""
    if isinstance(returned, Mapping):
        found = {role: [key for key in returned if re.search(names, str(key))] for role, names in _RESULTS.items()}
        if all(len(keys) == 1 for keys in found.values()):
            output, h_n, c_n = (returned[keys[0]] for keys in found.values())
            return output, h_n, c_n
    if isinstance(returned, tuple | list) and len(returned) == 2 and isinstance(returned[1], tuple | list):
        returned = (returned[0], *returned[1])
    if not isinstance(returned, tuple | list) or len(returned) != 3:
        given = f"a {type(returned).__name__}" + (f" of {len(returned)}" if isinstance(returned, tuple | list) else "")
        raise TypeError(f"the function returned {given}, but must return (output, h_n, c_n)")
    return tuple(returned)
