"""How an instance is called, and where in what it returns the output, h_n and c_n are."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.classes.dropping.mode import Mode
from lstm_parity.classes.results import Path, Recipe, get_at, list_slots, unpermute
from lstm_parity.classes.sequences.attributes import call_with_attributes
from lstm_parity.classes.sequences.forms import Lengths, fill_lengths, pack_rows, pad_results, turn_results
from lstm_parity.classes.sequences.tokens import Tokens
from lstm_parity.implementations.from_numpy import to_arrays, to_tensors

Rows = Tensor | PackedSequence | None  # the lengths of rows, or the rows packed; None if all are equally long


@dataclass(frozen=True)
class StateForm:
    """How initial states are given.

    names: of the parameters. form: of two, "two"; of one: "tuple", "list", "pairs" (of h and c for each layer), "dict",
    "stacked" in a tensor or "beside" one another in it, an "object", or "h" (that alone). rank: 2 for (B, H), 3 for
    (slots, B, H). order: "hc" or "ch". made_of: of an object, its class and the names of its h and c. is_attribute:
    whether the names are of attributes, which are set before the call.
    """

    names: tuple[str, ...]
    form: str
    rank: int
    order: str = "hc"
    made_of: tuple[type, str, str] | None = None
    is_attribute: bool = False

    def arguments(self, h: Tensor, c: Tensor) -> dict[str, Any]:
        """Return the arguments for states (slots, B, H)."""
        if self.form == "pairs":
            return {self.names[0]: list(zip(h, c, strict=True))}
        h, c = (h, c) if self.rank == 3 else (h[0], c[0])
        both = (h, c) if self.order == "hc" else (c, h)
        if self.form == "two":
            return dict(zip(self.names, both, strict=True))
        if self.form in ("stacked", "beside"):
            return {self.names[0]: torch.stack(both) if self.form == "stacked" else torch.cat(both, -1)}
        if self.made_of is not None:
            kind, of_h, of_c = self.made_of
            return {self.names[0]: kind(**{of_h: h, of_c: c})}
        made: dict[str, Any] = {"tuple": both, "list": list(both), "h": h, "dict": {"h": h, "c": c}}
        return {self.names[0]: made[self.form]}

    def describe(self) -> str:
        """Say how states are given."""
        shape = "(slots, batch, hidden)" if self.rank == 3 else "(batch, hidden)"
        shape += ", set as attributes before the call" * self.is_attribute
        if self.form == "two":
            return f"states as {' and '.join(self.names)} {shape}"
        words = {"pairs": "a list of (h, c)", "stacked": "one tensor", "dict": "a dict", "h": "h alone"}
        words |= {"beside": f"one tensor of {' and '.join(self.order)} side by side"}
        words |= {"object": f"a {self.made_of[0].__name__}"} if self.made_of else {}
        form = words.get(self.form, f"a {self.form} ({', '.join(self.order)})")
        return f"states as {self.names[0]}, {form}, {shape}"


@dataclass(frozen=True, eq=False)
class Convention:
    """How an instance is called.

    method: empty for the instance itself. axes: of x, in letters t, b and i; of a packed x, those of a padded output.
    states: None if there are none. slots: number of layers times directions. required: whether states must be given.
    lengths: how those of the rows are given; None if they are not. is_packed: whether x is packed. keyword: the name of
    the argument for x, if it has to be named. tokens: the embedding whose rows are x, if token numbers are given.
    is_turned: whether every step, state and output is (I, B), columns, and not (B, I). mode: the argument that says
    whether it is a call of training, if there is one; is_training: whether it is.
    """

    method: str
    axes: str
    states: StateForm | None
    slots: int
    directions: int
    is_numpy: bool
    required: bool
    recipe: Recipe | None = None
    lengths: Lengths | None = None
    is_packed: bool = False
    keyword: str = ""
    tokens: Tokens | None = None
    is_turned: bool = False
    mode: Mode | None = None
    is_training: bool = False

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

    def call(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None, rows: Rows = None) -> dict[str, Tensor]:
        """Call it on x (T, B, I) and states (slots, B, H); return what there is of output, h and c."""
        if self.is_batched:
            return self._call_batch(made, x, states, rows)
        found = []
        for row in range(x.shape[1]):
            of_row = None if states is None else (states[0][:, row], states[1][:, row])
            found.append(self._call_batch(made, x[:, row], of_row, None))
        return {name: torch.stack([one[name] for one in found], 1) for name in found[0]}

    def _call_batch(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None, rows: Rows) -> dict[str, Tensor]:
        if not self.is_cell:
            return self._read(self._raw(made, x, states, rows), x)
        if hasattr(made, "reset") and self.states is None:
            made.reset()
        outputs, found = [], dict[str, Tensor]()
        for frame in x:
            found = self._read(self._raw(made, frame, states, None), frame)
            outputs.append(found["output"] if "output" in found else found["h"][-1])
            states = (found["h"], found["c"]) if "c" in found and "h" in found else states
        return found | {"output": torch.stack(outputs)}

    def raw(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None, rows: Rows = None) -> Any:
        """Return what a call returns, as it is, for x (T, B, I) or a step of it."""
        if not self.is_batched:
            x, states = x[:, 0], None if states is None else (states[0][:, 0], states[1][:, 0])
        return self._raw(made, x[0] if self.is_cell else x, states, rows)

    def _raw(self, made: Any, x: Tensor, states: tuple[Tensor, Tensor] | None, rows: Rows) -> Any:
        function = getattr(made, self.method) if self.method else made
        if states is not None and (self.axes == "ibt" or self.is_turned):
            states = (self._turn(states[0]), self._turn(states[1]))
        named = {} if states is None or self.states is None else self.states.arguments(*states)
        if self.lengths is not None:
            lengths = rows if isinstance(rows, Tensor) else fill_lengths(x)
            named |= self.lengths.arguments(lengths, x, self.axes)
        named |= {self.mode.name: self.mode.value(training=self.is_training)} if self.mode else {}
        if not self.is_numpy:
            return self._call_module(made, x, named, rows)
        laid = self._lay_out(x, rows)
        laid = self._turn(laid) if self.is_turned else laid
        returned = to_tensors(copy.deepcopy(self._pass(function, to_arrays(laid), to_arrays(named))))
        return turn_results(returned, batched=self.is_batched) if self.is_turned else returned

    def _turn(self, value: Tensor) -> Tensor:
        return value.mT if self.is_batched else value[..., None]

    def _call_module(self, made: Any, x: Tensor, named: dict[str, Any], rows: Rows) -> Any:
        """Call a module, whose states may be attributes of it."""
        function: Callable[..., Any] = made
        laid = self._lay_out(x, rows)
        if self.tokens is not None:
            function, numbers = self.tokens.embed(made, x)
            laid = self._lay_out(numbers[..., None], None)[..., 0]
        if self.states is not None and self.states.is_attribute and named:
            values = {name: named.pop(name) for name in self.states.names}
            module = getattr(made, "module", made)
            return call_with_attributes(module, values, lambda: self._pass(function, laid, named))
        returned = self._pass(function, laid, named)
        return pad_results(returned, self.axes, len(x)) if self.is_packed else returned

    def _lay_out(self, x: Tensor, rows: Rows) -> Any:
        """Return x (T, B, I), or a step of it, as the call takes it."""
        if self.is_packed:
            return rows if isinstance(rows, PackedSequence) else pack_rows(x, fill_lengths(x) if rows is None else rows)
        return x if self.is_cell else _permute(x, self.axes)

    def _pass(self, function: Callable[..., Any], x: Any, named: Mapping[str, Any]) -> Any:
        """Call with x in the place of the first parameter, or by its name."""
        return function(**{self.keyword: x}, **named) if self.keyword else function(x, **named)

    def read(self, recipe: Recipe, returned: Any, x: Tensor) -> dict[str, Tensor]:
        """Return what there is of output, h and c in what a call on x returned."""
        return replace(self, recipe=recipe)._read(returned, x)

    def _read(self, returned: Any, x: Tensor) -> dict[str, Tensor]:
        assert self.recipe is not None
        found = dict[str, Tensor]()
        for name in self.recipe.paths:
            paths = self._list_paths(name, returned)
            values = [get_at(returned, path) for path in paths]
            if name == "output":
                found[name] = self._read_output(values[0])
            else:
                value = values[0] if len(values) == 1 else torch.stack(values)
                value = value.mT if self.axes == "ibt" else value
                found[name] = value.reshape(self.slots, *x.shape[-2:-1] * self.is_batched, -1)
        return found

    def _list_paths(self, name: str, returned: Any) -> Sequence[Path]:
        """Return where a result is; of a state, for every slot, if it has no axis of slots."""
        assert self.recipe is not None
        paths = self.recipe.paths[name]
        if name == "output" or get_at(returned, paths[0]).dim() > 1 + self.is_batched:
            return paths
        return list_slots(self.recipe.paths, name, returned, self.slots)

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
        axes = f"({', '.join(words[axis] for axis in self.axes)})"
        takes = f"x packed; padded results {axes}" if self.is_packed else f"x {axes}"
        takes += ", each step in columns" * self.is_turned
        takes = f"{self.tokens.describe()} {axes}" if self.tokens else takes
        states = self.states.describe() if self.states else "no states"
        lengths = f"; {self.lengths.describe()}" if self.lengths else ""
        returned = ", ".join({"h": "h_n", "c": "c_n"}.get(name, name) for name in self.returned)
        how = f"{self.method or 'called'}: {'one step, ' * self.is_cell}"
        return f"{how}{takes}; {states}{lengths}; returns {returned}"


def _permute(x: Tensor, axes: str) -> Tensor:
    source = "tbi" if "b" in axes else "ti"
    return x.permute(*(source.index(axis) for axis in axes))
