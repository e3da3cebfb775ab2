"""Everything about a class: how it is constructed, called and filled, found on small numbers."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.classes.calling import Convention, find_recipe, list_conventions
from lstm_parity.classes.construct import Constructor, UnknownClassError, find_constructor
from lstm_parity.classes.layout import GATES, Layout, find_layouts, name_order
from lstm_parity.reference.noise.model import Array

_INPUT, _HIDDEN, _STEPS, _ROWS = 3, 5, 4, 2  # no two alike
_PLACES = ((1, 1), (1, 2), (2, 1), (3, 1), (2, 2), (3, 2))  # layers and directions of a class that does not say
_STATE_NAMES = ("h", "c", "h_t", "c_t", "hidden", "state", "states", "cell")
_EXACT = 1e-9


@dataclass(frozen=True, eq=False)
class Found:
    """How a class is used. layers, directions: those that it always has, where it has no argument for them.

    is_exact: whether it computes nn.LSTM with this layout, on small numbers; if not, others are the further ones that
    its shapes allow. one_dtype: whether it answers float64 to whatever it is given. layouts: those of other numbers of
    layers and directions that were found already.
    """

    constructor: Constructor
    convention: Convention
    layout: Layout
    layers: int
    directions: int
    is_exact: bool
    one_dtype: bool = False
    layouts: dict[tuple[int, int, bool], Layout] = field(default_factory=dict)
    others: tuple[Layout, ...] = ()

    def with_layout(self, layout: Layout) -> Found:
        """Return it with another layout."""
        return replace(self, layout=layout, layouts={})

    def layout_for(self, layers: int, directions: int, bias: bool) -> Layout:
        """Return the layout in another number of layers and directions, with biases or without; found once for each.

        Raises NotImplementedError if it is not known.
        """
        key = layers, directions, bias
        if key not in self.layouts:
            self.layouts[key] = self._find_layout(*key)
        return self.layouts[key]

    def _find_layout(self, layers: int, directions: int, bias: bool) -> Layout:
        if (layers, directions, bias) == (self.layers, self.directions, self.layout.biases > 0):
            return self.layout
        more = {"num_layers": layers, "bidirectional": directions == 2, "bias": bias}
        made = build(self.constructor, **{role: value for role, value in more.items() if self.constructor.has(role)})
        shapes = {name: tuple(value.shape) for name, value in own_tensors(made).items()}
        first = _HIDDEN if self.constructor.one_size else _INPUT
        widths = [first if layer == 0 else directions * _HIDDEN for layer in range(layers) for _ in range(directions)]
        known = {reading for _, _, reading in self.layout.slots[0]}
        for layout in find_layouts(shapes, widths, _HIDDEN, directions):
            if {reading for _, _, reading in layout.slots[0]} <= known and (layout.biases > 0) == bias:
                return replace(layout, order=self.layout.order)
        given = ", ".join(f"{name} {shape}" for name, shape in shapes.items())
        raise NotImplementedError(f"which of its parameters is which is not known: {given}")

    def describe(self) -> list[str]:
        """Say what was found, in a few lines."""
        fit = "" if self.is_exact else " (the nearest one: with none does it compute an LSTM)"
        order = f"gates in the order {', '.join(self.layout.order)}{fit}"
        return [self.constructor.describe(), self.convention.describe(), *self.layout.describe(), order]


def own_tensors(made: Any) -> dict[str, Any]:
    """Return the parameters of an instance by name: of a module, or arrays that are attributes or in dicts of them."""
    if isinstance(made, nn.Module):
        return dict(made.named_parameters())
    found = dict[str, Any]()
    for name, value in vars(made).items():
        parts = {f"{name}.{key}": part for key, part in value.items()} if isinstance(value, dict) else {name: value}
        for own, part in parts.items():
            if isinstance(part, np.ndarray) and part.dtype.kind == "f" and part.size and own not in _STATE_NAMES:
                found[own] = part
    return found


def put_tensors(made: Any, tensors: Mapping[str, Any]) -> None:
    """Write values into the arrays of an instance."""
    for name, value in tensors.items():
        owner, _, key = name.partition(".")
        if key:
            getattr(made, owner)[key] = value
        else:
            setattr(made, owner, value)


def find_class(made: type) -> Found:
    """Find how a class is used. Raises UnknownClassError, which says how far that led."""
    constructor = find_constructor(made)
    places = [(1, 1)] if constructor.has("num_layers") or constructor.has("bidirectional") else _PLACES
    width = _HIDDEN if constructor.one_size else _INPUT
    nearest, reasons = list[Found](), list[str]()
    for layers, directions in places:
        instance = build(constructor)
        for convention, results in _try_conventions(instance, width, layers * directions, directions, reasons):
            for found in _fit(constructor, convention, instance, results, layers, directions):
                if found.is_exact:
                    return _look_at_dtype(found)
                nearest.append(found)
    if not nearest:
        raise UnknownClassError(
            f"{made.__name__} was constructed, but no way was found to call it, or to fill its parameters "
            f"({', '.join(own_tensors(build(constructor)))}). {reasons[0] if reasons else ''}".strip()
        )
    return _look_at_dtype(_choose_nearest(nearest))


def build(constructor: Constructor, **more: Any) -> Any:
    """An instance of the sizes that are looked at, with random parameters, in float64; more: as Constructor.build."""
    hidden = _HIDDEN
    inputs = hidden if constructor.one_size else _INPUT
    one = {"num_layers": 1} if constructor.has("num_layers") else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = constructor.build(inputs, hidden, **{**one, **more})
        except Exception as error:  # the user's class
            raise UnknownClassError(f"{constructor.describe()} raised {type(error).__name__}: {error}") from error
    rng = np.random.default_rng(2)
    if isinstance(made, nn.Module):
        made = made.double().eval()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.copy_(torch.from_numpy(rng.uniform(-0.7, 0.7, tuple(parameter.shape))))
    else:
        put_tensors(made, {name: rng.uniform(-0.7, 0.7, v.shape) for name, v in own_tensors(made).items()})
    return made


def _try_conventions(
    made: Any, width: int, slots: int, directions: int, reasons: list[str]
) -> Iterator[tuple[Convention, dict[str, Array]]]:
    """Yield the ways of calling that return what may be an LSTM's, each with what that is."""
    with_states = False
    for convention in list_conventions(made, slots, directions):
        if convention.states is None and with_states:  # how states are given is known: they are never left out
            continue
        try:
            tried = _try_convention(convention, made, width)
        except Exception as error:  # the user's class, called wrongly
            reasons.append(f"called on x with axes {convention.axes}, it raised {type(error).__name__}: {error}")
            continue
        if tried is not None:
            with_states = with_states or convention.states is not None
            yield tried


def _try_convention(convention: Convention, made: Any, width: int) -> tuple[Convention, dict[str, Array]] | None:
    """Call a copy of an instance; None if what it returns is not an LSTM's, or depends on other rows of the batch."""
    rng = np.random.default_rng(4)
    x = torch.from_numpy(rng.standard_normal((_STEPS, _ROWS, width)))
    h, c = (torch.from_numpy(rng.standard_normal((convention.slots, _ROWS, _HIDDEN))) for _ in range(2))
    if convention.states and convention.states.form == "h":
        c = torch.zeros_like(c)
    states = (h, c) if convention.states else None
    other = x.clone()
    other[:, 0] += 1.0
    with torch.no_grad():
        recipe = find_recipe(convention.raw(copy.deepcopy(made), x, states), convention, _STEPS, _ROWS, _HIDDEN)
        if recipe is None:
            return None
        complete = replace(convention, recipe=recipe)
        results, moved = (complete.call(copy.deepcopy(made), one, states) for one in (x, other))
        if not _keeps_rows_apart(results, moved) or not _reads_states(complete, made, x, states, results):
            return None
        if not complete.is_cell and not _remembers(complete, made, x, states, results):
            return None
    inputs = {"x": x, **({"h_0": h, "c_0": c} if states else {})}
    return complete, {name: value.numpy() for name, value in {**inputs, **results}.items()}


def _keeps_rows_apart(one: Mapping[str, torch.Tensor], other: Mapping[str, torch.Tensor]) -> bool:
    """Whether another row 0 of x changes row 0 of the results, and no other."""
    moved = [(one[name] - other[name]).abs().amax((0, 2)) for name in one]
    return all(float(rows[1:].max()) == 0.0 for rows in moved) and any(float(rows[0]) > 0.0 for rows in moved)


def _remembers(
    convention: Convention, made: Any, x: torch.Tensor, states: Any, results: Mapping[str, torch.Tensor]
) -> bool:
    """Whether a step changes the output of another."""
    if "output" not in results:
        return True
    for step, others in ((0, slice(1, None)), (-1, slice(-1))):
        other = x.clone()
        other[step] += 1.0
        if not torch.equal(
            convention.call(copy.deepcopy(made), other, states)["output"][others], results["output"][others]
        ):
            return True
    return False


def _reads_states(
    convention: Convention, made: Any, x: torch.Tensor, states: Any, results: Mapping[str, torch.Tensor]
) -> bool:
    """Whether the states of a row change its results, and no other row's."""
    if states is None:
        return True
    given = tuple(state.clone() for state in states)
    for state in given:
        state[:, -1] += 1.0
    other = convention.call(copy.deepcopy(made), x, given)
    moved = [(other[name] - results[name]).abs().amax((0, 2)) for name in results]
    return all(float(rows[:-1].max()) == 0.0 for rows in moved) and any(float(rows[-1]) > 0.0 for rows in moved)


def _fit(
    constructor: Constructor,
    convention: Convention,
    made: Any,
    results: Mapping[str, Array],
    layers: int,
    directions: int,
) -> Iterator[Found]:
    """Yield the exact layout, or if there is none, all of them."""
    tensors = {name: np.array(_array(value)) for name, value in own_tensors(made).items()}
    shapes = {name: value.shape for name, value in tensors.items()}
    first = results["x"].shape[-1]
    widths = [first if layer == 0 else directions * _HIDDEN for layer in range(layers) for _ in range(directions)]
    candidates = list[Found]()
    for layout in find_layouts(shapes, widths, _HIDDEN, directions):
        order = name_order(layout.slots[0])
        orders = list(dict.fromkeys([*([order] if order else []), *map("".join, permutations(GATES))]))
        held = layout.read(tensors, widths, _HIDDEN)
        exact = [one for one in orders if _computes(held, one, results, directions)]
        found = Found(
            constructor, convention, replace(layout, order=(exact or orders)[0]), layers, directions, bool(exact)
        )
        if exact:
            yield found
            return
        candidates.append(found)
    yield from candidates


def _array(value: Any) -> Array:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _computes(held: Sequence[Array], order: str, results: Mapping[str, Array], directions: int) -> bool:
    """Whether an LSTM with these weights, gates in this order, returns these results."""
    x = results["x"]
    places = [order.index(gate) for gate in GATES]
    outputs, last = list[Array](), list[tuple[Array, Array]]()
    for slot, whole in enumerate(held):
        weights = whole[places]
        reverse = slot % directions == 1
        zeros = np.zeros((x.shape[1], weights.shape[1]))
        h, c = (results[name][slot] if name in results else zeros for name in ("h_0", "c_0"))
        steps = []
        for frame in x[::-1] if reverse else x:
            z = (
                np.einsum("guk,bk->gbu", weights[..., :-2], np.concatenate([frame, h], -1))
                + weights[..., -2:].sum(-1)[:, None]
            )
            i, f, o = (1.0 / (1.0 + np.exp(-z[k])) for k in (0, 1, 3))
            c = f * c + i * np.tanh(z[2])
            h = o * np.tanh(c)
            steps.append(h)
        outputs.append(np.stack(steps[::-1] if reverse else steps))
        last.append((h, c))
        if reverse or directions == 1:
            x = np.concatenate(outputs[-directions:], -1)
    wanted = {"output": x, "h": np.stack([h for h, _ in last]), "c": np.stack([c for _, c in last])}
    pairs = [(results[name], wanted[name]) for name in wanted if name in results]
    return all(one.shape == other.shape and np.abs(one - other).max() <= _EXACT for one, other in pairs)


def _choose_nearest(found: Sequence[Found]) -> Found:
    """Of layouts of which none is exact, those of the first call that has states and returns most."""

    def worth(one: Found) -> tuple[bool, bool, int, bool]:
        convention = one.convention
        paths = (convention.recipe or _NONE).paths
        return convention.states is not None, convention.is_batched, len(paths), _is_linear_in_c(one)

    best = max(found, key=worth)
    same = [one for one in found if one.convention is best.convention]
    return replace(best, others=tuple(one.layout for one in same[1:]))


def _is_linear_in_c(found: Found) -> bool:
    """Whether the new c grows evenly with the old one, as f * c does: then it is no h that is taken for c."""
    convention, made = found.convention, build(found.constructor)
    if convention.states is None or "c" not in (convention.recipe or _NONE).paths:
        return False
    rng = np.random.default_rng(5)
    width = _HIDDEN if found.constructor.one_size else _INPUT
    x = torch.from_numpy(rng.standard_normal((1, _ROWS, width)))
    h, c = (torch.from_numpy(rng.standard_normal((convention.slots, _ROWS, _HIDDEN))) for _ in range(2))
    try:
        with torch.no_grad():
            one, two, three = (
                convention.call(copy.deepcopy(made), x, (h, c + step))["c"][0] for step in (0.0, 1.0, 2.0)
            )
    except Exception:  # the user's class
        return False
    return float((three - 2 * two + one).abs().max()) < 1e-9 < float((two - one).abs().max())


def _look_at_dtype(found: Found) -> Found:
    """Whether it answers float32 in float32."""
    made = build(found.constructor)
    if not isinstance(made, nn.Module):
        put_tensors(made, {name: value.astype(np.float32) for name, value in own_tensors(made).items()})
        x = torch.zeros(_STEPS, _ROWS, _HIDDEN if found.constructor.one_size else _INPUT)
        states = torch.zeros(found.convention.slots, _ROWS, _HIDDEN)
        results = found.convention.call(made, x, (states, states) if found.convention.states else None)
        return replace(found, one_dtype=any(value.dtype != torch.float32 for value in results.values()))
    return found


class _Nothing:
    paths: Mapping[str, Any] = {}


_NONE = _Nothing()
