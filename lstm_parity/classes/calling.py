"""How an instance is called, and where in what it returns the output, h_n and c_n are: found by small calls."""

from __future__ import annotations

import copy
import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lstm_parity.classes.results import Recipe, get_at, unpermute
from lstm_parity.implementations.from_numpy import to_arrays, to_tensors

_METHODS = ("__call__", "forward", "run", "call", "step", "predict", "apply", "step_forward")
_SEQUENCES = ("tbi", "bti", "bit", "ibt", "ti")  # the order of the axes time, batch and input
_CELLS = ("bi", "i")
_STATE = r"state|hidden|init|prev|cell|hx|cx|(^|_)(h|c|hc|a|h0|c0|a0|h_c)\d?(_|$)"
_CELL_STATE = r"^(init|initial|prev|last|old)?_?c|cell"


@dataclass(frozen=True)
class StateForm:
    """How initial states are given.

    names: of the parameters. form: of two, "two"; of one: "tuple", "list", "pairs" (of h and c for each layer), "dict",
    "stacked" in a tensor, or "h" (that alone). rank: 2 for (B, H), 3 for (slots, B, H). order: "hc" or "ch".
    """

    names: tuple[str, ...]
    form: str
    rank: int
    order: str = "hc"

    def arguments(self, h: Tensor, c: Tensor) -> dict[str, Any]:
        """Return the arguments for states (slots, B, H)."""
        if self.form == "pairs":
            return {self.names[0]: list(zip(h, c, strict=True))}
        h, c = (h, c) if self.rank == 3 else (h[0], c[0])
        both = (h, c) if self.order == "hc" else (c, h)
        if self.form == "two":
            return dict(zip(self.names, both, strict=True))
        made: dict[str, Any] = {"tuple": both, "list": list(both), "h": h, "dict": {"h": h, "c": c}}
        return {self.names[0]: torch.stack(both) if self.form == "stacked" else made[self.form]}

    def describe(self) -> str:
        """Say how states are given."""
        shape = "(slots, batch, hidden)" if self.rank == 3 else "(batch, hidden)"
        if self.form == "two":
            return f"states as {' and '.join(self.names)} {shape}"
        words = {"pairs": "a list of (h, c)", "stacked": "one tensor", "dict": "a dict", "h": "h alone"}
        form = words.get(self.form, f"a {self.form} ({', '.join(self.order)})")
        return f"states as {self.names[0]}, {form}, {shape}"


@dataclass(frozen=True, eq=False)
class Convention:
    """How an instance is called.

    method: empty for the instance itself. axes: of x, in letters t, b and i. states: None if there are none. slots:
    number of layers times directions. required: whether states must be given.
    """

    method: str
    axes: str
    states: StateForm | None
    slots: int
    directions: int
    is_numpy: bool
    required: bool
    recipe: Recipe | None = None

    @property
    def returned(self) -> tuple[str, ...]:
        """What a call returns, of "output", "h" and "c"."""
        return tuple(self.recipe.paths) if self.recipe else ()

    @property
    def state_order(self) -> str:
        """The order in which states are given."""
        return self.states.order if self.states else "hc"

    @property
    def is_cell(self) -> bool:
        """Whether a call is one step."""
        return "t" not in self.axes

    @property
    def is_batched(self) -> bool:
        """Whether a call takes several rows."""
        return "b" in self.axes

    def call(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None) -> dict[str, Tensor]:
        """Call it on x (T, B, I) and states (slots, B, H); return what there is of output, h and c."""
        if self.is_batched:
            return self._call_batch(made, x, states)
        rows = []
        for row in range(x.shape[1]):
            of_row = None if states is None else (states[0][:, row], states[1][:, row])
            rows.append(self._call_batch(made, x[:, row], of_row))
        return {name: torch.stack([found[name] for found in rows], 1) for name in rows[0]}

    def _call_batch(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None) -> dict[str, Tensor]:
        if not self.is_cell:
            return self._read(self._raw(made, _permute(x, self.axes), states), x)
        if hasattr(made, "reset") and self.states is None:
            made.reset()
        outputs, found = [], dict[str, Tensor]()
        for frame in x:
            found = self._read(self._raw(made, frame, states), frame)
            outputs.append(found["output"] if "output" in found else found["h"][-1])
            states = (found["h"], found["c"]) if "c" in found and "h" in found else states
        return found | {"output": torch.stack(outputs)}

    def raw(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None) -> Any:
        """Return what a call returns, as it is, for x (T, B, I) or a step of it."""
        if not self.is_batched:
            x, states = x[:, 0], None if states is None else (states[0][:, 0], states[1][:, 0])
        return self._raw(made, x[0] if self.is_cell else _permute(x, self.axes), states)

    def _raw(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None) -> Any:
        function = getattr(made, self.method) if self.method else made
        if states is not None and self.axes == "ibt":
            states = (states[0].mT, states[1].mT)
        named = {} if states is None or self.states is None else self.states.arguments(*states)
        if not self.is_numpy:
            return _keyword_call(function, x, named)
        return to_tensors(copy.deepcopy(_keyword_call(function, to_arrays(x), to_arrays(named))))

    def _read(self, returned: Any, x: Tensor) -> dict[str, Tensor]:
        assert self.recipe is not None
        found = dict[str, Tensor]()
        for name, paths in self.recipe.paths.items():
            values = [get_at(returned, path) for path in paths]
            if name == "output":
                found[name] = self._read_output(values[0])
            else:
                value = values[0] if len(values) == 1 else torch.stack(values)
                value = value.mT if self.axes == "ibt" else value
                found[name] = value.reshape(self.slots, *x.shape[-2:-1] * self.is_batched, -1)
        return found

    def _read_output(self, value: Any) -> Tensor:
        recipe = self.recipe
        assert recipe is not None
        if recipe.steps:
            return torch.stack(list(value))
        if self.is_cell:
            return torch.as_tensor(value)
        if recipe.by_direction:  # (T, D, B, H)
            return torch.as_tensor(value).transpose(1, 2).flatten(2)
        return unpermute(value, self.axes)

    def describe(self) -> str:
        """Say how it is called, in a line."""
        words = {"t": "time", "b": "batch", "i": "input"}
        takes = f"x ({', '.join(words[axis] for axis in self.axes)})"
        states = self.states.describe() if self.states else "no states"
        returned = ", ".join({"h": "h_n", "c": "c_n"}.get(name, name) for name in self.returned)
        return f"{self.method or 'called'}: {'one step, ' * self.is_cell}{takes}; {states}; returns {returned}"


def _keyword_call(function: Callable[..., Any], x: Any, named: Mapping[str, Any]) -> Any:
    """Call with x in the place of the first parameter, by any name."""
    first = next(iter(inspect.signature(getattr(function, "forward", function)).parameters.values()))
    if first.kind is first.KEYWORD_ONLY:
        return function(**{first.name: x}, **named)
    return function(x, **named)


def _permute(x: Tensor, axes: str) -> Tensor:
    source = "tbi" if "b" in axes else "ti"
    return x.permute(*(source.index(axis) for axis in axes))


def list_conventions(made: Any, slots: int, directions: int, *, stacks: bool = False) -> Iterator[Convention]:
    """Yield the ways in which an instance may be called; stacks: whether it may have more layers or directions."""
    is_numpy = not isinstance(made, nn.Module)
    for method in _methods(made):
        parameters = list(inspect.signature(getattr(made, method or "forward")).parameters.values())
        states = [p for p in parameters[1:] if re.search(_STATE, p.name.lower()) and p.kind is not p.VAR_POSITIONAL]
        required = any(p.default is p.empty for p in states)
        forms = [*_list_forms([p.name for p in states], slots, stacks), *([] if required else [None])]
        for axes in (*_SEQUENCES, *_CELLS):
            for form in forms:
                yield Convention(method, axes, form, slots, directions, is_numpy, required)


def _methods(made: Any) -> list[str]:
    if isinstance(made, nn.Module):
        return [""]
    own = [name for name in _METHODS if any(name in vars(one) for one in type(made).__mro__[:-1])]
    more = [n for n in vars(type(made)) if n[:1] != "_" and callable(getattr(made, n, None)) and n not in own]
    return [name for name in (*own, *more) if _takes_input(getattr(made, name))]


def _takes_input(function: Callable[..., Any]) -> bool:
    try:
        return bool(inspect.signature(function).parameters)
    except (TypeError, ValueError):
        return False


def _list_forms(names: Sequence[str], slots: int, stacks: bool) -> Iterator[StateForm]:
    ranks = (3,) if slots > 1 else (3, 2) if stacks else (2, 3)
    if len(names) >= 2:
        order = (
            "ch" if re.search(_CELL_STATE, names[0].lower()) and not re.search(_CELL_STATE, names[1].lower()) else "hc"
        )
        yield from (StateForm(tuple(names[:2]), "two", rank, order) for rank in ranks)
    elif names:
        for rank in ranks:
            for form in ("tuple", "list", "stacked", "dict"):
                yield from (StateForm((names[0],), form, rank, order) for order in ("hc", "ch")[: 1 + (form != "dict")])
        yield StateForm((names[0],), "pairs", 2)
        yield from (StateForm((names[0],), "h", rank) for rank in ranks)
