"""What a file declares of how a class is used, in TOML: what was found of it, to be corrected or pinned."""

from __future__ import annotations

import importlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lstm_parity.classes.calling import Convention
from lstm_parity.classes.constructors.constructor import DROPOUT, Constructor
from lstm_parity.classes.layouts.layout import Layout
from lstm_parity.classes.results import Recipe
from lstm_parity.files.stored import parse_toml
from lstm_parity.identification.expressions.step import GATES
from lstm_parity.implementations.target import TargetError

_ROLES = (
    *("input_size", "hidden_size", "num_layers", "bias", "batch_first", "time_first", "bidirectional", "proj_size"),
    *("head_size", "equal_size", "return_sequences", DROPOUT),
)
_CALL = ("method", "axes", "states", "rank", "order")
_RESULTS = ("output", "h", "c")
_HEAD = """\
# How {name} is used, as `lstm-parity identify --save-map` found it: for `--map`.
# constructor: nn.LSTM's arguments, each with the class's own name. arguments: others, given as they are.
# call: axes of x (t time, b batch, i input); states: none, two, tuple, list, pairs, dict, stacked, or h alone; rank 2
# for (batch, hidden), 3 for (slots, batch, hidden); order hc or ch. results: where they are in what is returned.
# parameters: order of the gates in the class's own, and what each tensor of the first layer and direction holds.

"""


@dataclass(frozen=True, eq=False)
class Declaration:
    """What is declared, by section; nothing where a section is empty."""

    constructor: Mapping[str, str] = field(default_factory=dict)
    arguments: Mapping[str, Any] = field(default_factory=dict)
    call: Mapping[str, Any] = field(default_factory=dict)
    results: Mapping[str, Sequence[Any]] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    backward: Mapping[str, str] = field(default_factory=dict)

    def allows_call(self, convention: Convention) -> bool:
        """Whether a way of calling is the declared one."""
        known = _write_call(convention)
        return all(known.get(name) == value for name, value in self.call.items())

    def allows_layout(self, layout: Layout) -> bool:
        """Whether tensors hold what is declared of them."""
        known = _write_parameters(replace(layout, order=self.order or layout.order))
        return all(known.get(name) == words for name, words in self.parameters.items() if name != "order")

    @property
    def order(self) -> str | None:
        """Return the declared order of gates."""
        return self.parameters.get("order")

    def declare_results(self, recipe: Recipe | None) -> Recipe | None:
        """Return where results are: as declared, else as found."""
        if not self.results:
            return recipe
        paths = {name: [tuple(path)] for name, path in self.results.items()}
        return Recipe(paths) if recipe is None else replace(recipe, paths={**recipe.paths, **paths})


NOTHING = Declaration()


def read_declaration(file: str) -> Declaration:
    """Read a file. Raises TargetError, which says what is wrong with it."""
    try:
        given = parse_toml(Path(file).read_text(encoding="utf-8"))
    except OSError as error:
        raise TargetError(f"--map {file} was given, but it cannot be read: {error.strerror}") from None
    except ValueError as error:  # those of TOML are such
        raise TargetError(f"--map {file} was given, but it is no TOML: {error}") from None
    allowed: dict[str, tuple[str, ...] | None] = {
        "constructor": _ROLES,
        "arguments": None,
        "call": _CALL,
        "results": _RESULTS,
        "parameters": None,
        "backward": ("method",),
    }
    for section, values in given.items():
        names = allowed.get(section, ())
        if section not in allowed or not isinstance(values, dict):
            raise TargetError(f"--map {file} has {section}, but its sections are {', '.join(allowed)}")
        wrong = [name for name in values if names is not None and name not in names]
        if wrong:
            raise TargetError(f"--map {file} has {wrong[0]} in {section}, but there may be {', '.join(names or ())}")
    order = given.get("parameters", {}).get("order", GATES)
    if sorted(order) != sorted(GATES):
        raise TargetError(f"--map {file} has the order {order!r}, but it must have i, f, g and o once each")
    return Declaration(**given)


def write_declaration(constructor: Constructor, convention: Convention, layout: Layout) -> str:
    """Write what was found, as `read_declaration` reads it."""
    recipe = convention.recipe
    paths = {} if recipe is None else {name: list(paths[0]) for name, paths in recipe.paths.items() if len(paths) == 1}
    indices = {name: path for name, path in paths.items() if all(isinstance(key, int | str) for key in path)}
    sections = {
        "constructor": dict(constructor.roles) | ({DROPOUT: constructor.dropping} if constructor.dropping else {}),
        "arguments": dict(constructor.given),
        "call": _write_call(convention),
        "results": indices,
        "parameters": {"order": layout.order, **_write_parameters(layout)},
    }
    written = {section: values for section, values in sections.items() if values}
    return _HEAD.format(name=constructor.name) + str(_toml().dumps(written))


def _write_call(convention: Convention) -> dict[str, Any]:
    states = convention.states
    found: dict[str, Any] = {"method": convention.method, "axes": convention.axes}
    if states is None:
        return found | {"states": "none"}
    return found | {"states": states.form, "rank": states.rank, "order": states.order}


def _write_parameters(layout: Layout) -> dict[str, str]:
    return {line.partition(" ")[0]: line.partition(" ")[2] for line in layout.describe()}


def _toml() -> Any:
    try:
        return importlib.import_module("tomlkit")
    except ModuleNotFoundError:
        raise TargetError("--save-map needs tomlkit: pip install 'lstm-parity[map]'") from None
