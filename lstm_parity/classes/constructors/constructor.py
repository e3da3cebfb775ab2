"""How a class is constructed: which of its arguments is which of nn.LSTM's, by name, position or configuration."""

from __future__ import annotations

import copy
import dataclasses
import inspect
import re
import typing
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from lstm_parity.classes.computed import detach_computed
from lstm_parity.classes.constructors.configurations import Configuration, read_fields
from lstm_parity.classes.constructors.fixed import find_fixed_sizes, make_copies
from lstm_parity.classes.constructors.roles import (
    SIZES,
    assign_roles,
    find_role,
    list_chances,
    turn_chance,
)
from lstm_parity.classes.constructors.signature import find_config, list_fields, list_parameters
from lstm_parity.classes.layouts.beside import is_among, silence
from lstm_parity.classes.tensors import own_tensors, put_tensors
from lstm_parity.implementations.target import TargetError


class UnknownClassError(TargetError):
    """A class cannot be used as it stands; the message says what was not found, and what would help."""


_PAIR = r"dim|size|shape|width|layers"  # of an argument that is both sizes
INPUT, HIDDEN, PROJECTED = 3, 5, 4  # of the instances that are looked at
EQUAL = "equal_size"  # of a projection that is none of the parameters: it is as wide as the hidden state
DROPOUT = "dropout"  # the probability, which `Constructor.build` is given like other arguments
_TOKENS = 11  # of an embedding, whose weights are replaced in each call
_USUAL = {"num_layers": 1, "bias": True, "bidirectional": False, "batch_first": False}  # of arguments without a default


@dataclass(frozen=True, eq=False)
class Constructor:
    """How a class is constructed.

    roles: by nn.LSTM's argument, the name of the class's own. config: the argument that holds them all, and what it is
    like, or None. defaults: of its other arguments, where they matter. one_size: whether input and hidden size are one.
    given: other arguments, that are declared. beside: the parameters that are none of an LSTM; with_ones: how they are
    set, as `silence` says. fixed: the sizes of input and hidden state, if it has no arguments for them. chances: the
    arguments that are probabilities of dropout, which are 0; dropping: the one of these that is not, if one is asked
    for.
    """

    made: Callable[..., Any]
    roles: Mapping[str, str]
    config: tuple[str, Any] | None = None
    defaults: Mapping[str, Any] = field(default_factory=dict)
    one_size: bool = False
    given: Mapping[str, Any] = field(default_factory=dict)
    beside: tuple[str, ...] = ()
    with_ones: bool = True
    fixed: tuple[int, int] | None = None
    chances: tuple[str, ...] = ()
    dropping: str = ""

    @property
    def name(self) -> str:
        """The name of the class."""
        return str(getattr(self.made, "__name__", "it"))

    def has(self, role: str) -> bool:
        """Whether an argument exists."""
        return role in self.roles

    def build(self, input_size: int, hidden_size: int, **more: Any) -> Any:
        """Construct one. more: num_layers, bias, bidirectional; those that it has not must have their defaults.

        Nothing is dropped, unless dropout is among them: its probability.
        """
        p = more.pop(DROPOUT, 0.0)
        head = more.get("proj_size", hidden_size) * (2 if more.get("bidirectional") else 1)
        wanted = {"input_size": input_size, "hidden_size": hidden_size, "head_size": head, **more}
        wanted |= {EQUAL: hidden_size, "num_embeddings": _TOKENS}
        if self.one_size:
            del wanted["input_size"]
        given = {self.roles[role]: self._value(role, value) for role, value in wanted.items() if role in self.roles}
        given |= {self.roles[role]: True for role in ("return_sequences",) if role in self.roles}
        for role, usual in _USUAL.items():
            if (own := self.roles.get(role)) is not None and self.defaults.get(own) is inspect.Parameter.empty:
                given.setdefault(own, usual)
        given |= {own: turn_chance(own, p if own == self.dropping else 0.0) for own in self.chances}
        given |= self.given
        if self.config is not None:
            name, like = self.config
            given = {name: _fill(like, given)}
        made = _initialise(self.made(**given), input_size)
        silence(made, self.beside, with_ones=self.with_ones)
        return made

    def own_weights(self, made: Any) -> dict[str, Any]:
        """Return the parameters of an instance that are an LSTM's, by name."""
        return {name: value for name, value in own_tensors(made).items() if not is_among(name, self.beside)}

    @property
    def is_projected(self) -> bool:
        """Whether it always has a projection."""
        own = self.roles.get("proj_size")
        return own is not None and self.defaults.get(own) is inspect.Parameter.empty

    def without_projection(self) -> Constructor:
        """Return it with a projection that is as wide as the hidden state."""
        return dataclasses.replace(self, roles={EQUAL if r == "proj_size" else r: own for r, own in self.roles.items()})

    def _value(self, role: str, value: Any) -> Any:
        if role == "bidirectional" and isinstance(self.defaults.get(self.roles[role]), str):
            return "bidirectional" if value else "forward"
        return value

    def describe(self) -> str:
        """Say how it is constructed, in a line."""
        words = {EQUAL: "hidden_size"}
        given = ", ".join(f"{own}={words.get(role, role)}" if own != role else own for role, own in self.roles.items())
        inner = f"{self.config[0]} with {given}" if self.config else given
        one = ", input and hidden size being one" if self.one_size else ""
        known = f", with {self.fixed[0]} inputs and {self.fixed[1]} units: fewer are filled up" if self.fixed else ""
        return f"{self.name}({inner}){one}{known}"


def _initialise(made: Any, input_size: int) -> Any:
    """Call a module whose parameters get their shapes at the first call, or are made there."""
    if _is_unfinished(made):
        with torch.no_grad():
            made(torch.zeros(2, 2, input_size))
    return made


def _is_lazy(constructor: Constructor) -> bool:
    """Whether the first call says what the input size is, which the constructor is not told."""
    try:
        made = constructor.made(**{constructor.roles["hidden_size"]: HIDDEN})
    except Exception:  # the user's class
        return False
    return _is_unfinished(made)


def _is_unfinished(made: Any) -> bool:
    """Whether an instance has no parameters yet, or some that have no shape."""
    if not isinstance(made, nn.Module):
        return False
    parameters = list(made.parameters())
    return not parameters or any(isinstance(p, UninitializedParameter) for p in parameters)


def _fill(like: Any, given: dict[str, Any]) -> Any:
    """A configuration like this one, with these fields; a tuple of both sizes for `tuple`."""
    if like is tuple:
        return given["input_size"], given["hidden_size"]
    if isinstance(like, type):
        return like(**given)
    if isinstance(like, Configuration):
        return Configuration({**like, **given})
    if isinstance(like, Mapping):
        return {**like, **given}
    if dataclasses.is_dataclass(like):
        return dataclasses.replace(typing.cast(Any, like), **given)
    filled = copy.copy(like)
    for name, value in given.items():
        setattr(filled, name, value)
    return filled


def find_constructor(
    made: Any, declared: Mapping[str, str] = MappingProxyType({}), given: Mapping[str, Any] = MappingProxyType({})
) -> Constructor:
    """Find how a class, or what a function returns, is constructed; of an object, copies are made.

    declared: names by nn.LSTM's arguments; given: other arguments, with values. Raises UnknownClassError.
    """
    own = {role: name for role, name in declared.items() if role != DROPOUT}
    found = _find_constructor(made, own, given)
    names = list_chances({n: value for n, value in found.defaults.items() if n not in found.roles.values()})
    chosen = declared.get(DROPOUT, "")
    chances = tuple(dict.fromkeys([*([chosen] if chosen else []), *names]))
    return _silence_dropout(dataclasses.replace(found, chances=chances, dropping=chosen)) if chances else found


def _silence_dropout(found: Constructor) -> Constructor:
    """Return it with its arguments for dropout, if it can be constructed with them; else with their defaults."""
    try:
        build(found)
    except UnknownClassError:
        return dataclasses.replace(found, chances=(), dropping="")
    return found


def _find_constructor(made: Any, declared: Mapping[str, str], given: Mapping[str, Any]) -> Constructor:
    made = make_copies(made) if isinstance(made, nn.Module) else made
    parameters = list_parameters(made)
    names = {p.name: p.default for p in parameters if p.name not in given}
    roles = dict(declared) or assign_roles(names)
    if "hidden_size" in roles and (not declared or set(roles.values()) <= set(names)):
        found = Constructor(made, roles, None, names, "input_size" not in roles, given)
        return dataclasses.replace(found, one_size=False) if found.one_size and _is_lazy(found) else found
    for parameter in parameters:
        like = find_config(parameter, made)
        fields = {} if like is None else list_fields(like)
        roles = dict(declared) or assign_roles(fields)
        if set(SIZES) <= set(roles) and set(roles.values()) <= set(fields):
            return Constructor(made, roles, (parameter.name, like), fields, given=given)
    required = [p for p in parameters if p.default is p.empty and p.name not in given]
    read = _find_configuration(made, required[0].name, declared, given) if len(required) == 1 else None
    if read is not None:
        return read
    if len(required) == 1 and re.search(_PAIR, required[0].name.lower()) and not declared:
        fields = {"input_size": inspect.Parameter.empty, "hidden_size": inspect.Parameter.empty}
        return Constructor(made, {name: name for name in fields}, (required[0].name, tuple), fields, given=given)
    name, fixed = getattr(made, "__name__", "it"), find_fixed_sizes(lambda: made(**given))
    if fixed is not None:
        return Constructor(made, {}, given=given, fixed=fixed)
    raise UnknownClassError(
        f"{name}({', '.join(names)}) was given, but which of these is the hidden size is not clear: name them "
        "like input_size and hidden_size, or give an adapter, as in docs/any-language.md"
    )


def _find_configuration(
    made: Callable[..., Any], name: str, declared: Mapping[str, str], given: Mapping[str, Any]
) -> Constructor | None:
    """Find the sizes in what is read of the argument that must be given; None if it is no configuration."""
    usual = {"input_size": INPUT, "hidden_size": HIDDEN, "num_layers": 1, "bias": True, "dropout": 0.0}
    usual |= {"bidirectional": False, "batch_first": False, "time_first": True}
    of_declared = {own: role for role, own in declared.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fields = read_fields(
            lambda one: made(**{name: one, **given}),
            lambda own: usual.get(of_declared.get(own) or find_role(own) or ""),
        )
    roles = dict(declared) or assign_roles(fields or {})
    if fields is None or "hidden_size" not in roles or not set(roles.values()) <= set(fields):
        return None
    return Constructor(made, roles, (name, fields), fields, "input_size" not in roles, given)


def find_width(constructor: Constructor) -> int:
    """The width of what is put in."""
    if constructor.fixed is not None:
        return constructor.fixed[0]
    return HIDDEN if constructor.one_size else INPUT


def list_sizes(
    constructor: Constructor, layers: int, directions: int, *, projected: bool
) -> list[tuple[int, int, int]]:
    """The width of what each layer and direction reads, and the sizes of c and h."""
    hidden = HIDDEN if constructor.fixed is None else constructor.fixed[1]
    size = PROJECTED if projected else hidden
    widths = [find_width(constructor)] + [directions * size] * (layers - 1)
    return [(width, hidden, size) for width in widths for _ in range(directions)]


def build(constructor: Constructor, **more: Any) -> Any:
    """An instance of the sizes that are looked at, with random parameters, in float64; more: as Constructor.build."""
    one = {"num_layers": 1} if constructor.has("num_layers") else {}
    one |= {"proj_size": PROJECTED} if constructor.is_projected else {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            made = constructor.build(find_width(constructor), HIDDEN, **{**one, **more})
        except Exception as error:  # the user's class
            raise UnknownClassError(f"{constructor.describe()} raised {type(error).__name__}: {error}") from error
    rng = np.random.default_rng(2)
    if isinstance(made, nn.Module):
        detach_computed(made)
        made = made.double().eval()
        with torch.no_grad():
            for parameter in made.parameters():
                parameter.copy_(torch.from_numpy(rng.uniform(-0.7, 0.7, tuple(parameter.shape))))
    else:
        put_tensors(made, {name: rng.uniform(-0.7, 0.7, v.shape) for name, v in own_tensors(made).items()})
    silence(made, constructor.beside, with_ones=constructor.with_ones)
    return made
