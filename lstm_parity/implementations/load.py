"""From a target to an implementation: the user's class or function is imported and fitted with the adapter of its kind.

Importing executes it: this is done in a process of its own (`implementations/remote/`) unless the user wants it here.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.util
import sys
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from types import FunctionType, ModuleType
from typing import Any, cast

import torch

from lstm_parity.cases.features import FEATURES, has
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.from_function import FromFunction, find_roles
from lstm_parity.implementations.from_numpy import WithoutGradients, call_on_arrays, computes_with_numpy
from lstm_parity.implementations.target import Target, TargetError, find_package, make_importable
from lstm_parity.implementations.torch_modules import FromModule
from lstm_parity.implementations.wrapped import Wrapped
from lstm_parity.reference.noise.arithmetics import Arithmetic, find_arithmetic
from lstm_parity.running.protocol import Implementation, own_arithmetic


@dataclass(frozen=True)
class Declared(Wrapped):
    """An implementation that is declared not to support some features, or to compute in some arithmetic."""

    without: tuple[str, ...]
    words: str

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return the declared reason, or the implementation's own."""
        return declared_reason(self.without, setting) or self.implementation.unsupported_reason(setting)

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return the declared arithmetic if the dtype has it, else the implementation's own."""
        if not self.words:
            return own_arithmetic(self.implementation, setting)
        return find_arithmetic(self.words, setting.runtime.dtype)


def declared_reason(without: tuple[str, ...], setting: Setting) -> str | None:
    """Return the refusal that was declared on the command line, if one of these features is in the setting."""
    return next(
        (f"declared: --without {feature}" for feature in without if feature in FEATURES and has(setting, feature)), None
    )


def load_target(target: Target) -> Implementation:
    """Import what a target names, and adapt it. Raises TargetError if it is not there or not of its kind."""
    if target.loader:
        return declare(_load_ours(target), target.without, target.arithmetic)
    return adapt(
        target.kind, str(target), _find_object(target), target.arrays, target.without, target.arithmetic, target.map
    )


def adapt(
    kind: str,
    name: str,
    found: Any,
    arrays: str = "torch",
    without: tuple[str, ...] = (),
    arithmetic: str = "",
    file: str = "",
) -> Implementation:
    """Return a class or function as an implementation; file: of what is declared of a class.

    Raises TargetError if it is not of its kind.
    """
    needed = "class" if kind in ("module", "class") else "function"
    makes_one = kind == "class" and isinstance(found, torch.nn.Module | FunctionType)  # one, or what returns one
    if not callable(found) or ((needed == "class") != isinstance(found, type) and not makes_one):
        raise TargetError(f"{name} is a {type(found).__name__}, but a {kind} must be a {needed}")
    arrays = "numpy" if needed == "function" and computes_with_numpy(found) else arrays
    own = _adapt_kind(kind, name, call_on_arrays(found) if arrays == "numpy" else found, file)
    return declare(WithoutGradients(own) if arrays == "numpy" else own, without, arithmetic)


def declare(implementation: Implementation, without: tuple[str, ...], arithmetic: str) -> Implementation:
    """Return an implementation with what is declared of it, if anything is."""
    return Declared(implementation, without, arithmetic) if without or arithmetic else implementation


def _load_ours(target: Target) -> Implementation:
    """Load one of our own implementations; its imports may take seconds, and are not repeated in its process."""
    module, _, function = target.loader.partition(":")
    try:
        return cast(Implementation, getattr(importlib.import_module(module), function)(target.name))
    except KeyError as error:
        raise TargetError(error.args[0]) from None


def _adapt_kind(kind: str, name: str, found: Callable[..., Any], file: str) -> Implementation:
    if kind == "module":
        return FromModule(name, found)
    if kind == "class":
        room = importlib.import_module("lstm_parity.classes.from_class")  # above this one
        return cast(Implementation, room.adapt_class(name, found, file))
    if kind == "function":
        return FromFunction(name, found, find_roles(name, found))
    room = importlib.import_module("lstm_parity.classes.functions.adapt")  # above this one
    return cast(Implementation, room.adapt_function(kind, name, found))


def _find_object(target: Target) -> Any:
    if not target.name:
        return _load_scripted(target)
    module = _import_module(target)
    if not hasattr(module, target.name):
        near = difflib.get_close_matches(target.name, [name for name in vars(module) if name[:1] != "_"], 1)
        hint = f": is it {near[0]}?" if near else ""
        raise TargetError(f"{target} was given, but {target.place} has no {target.name}{hint}")
    return getattr(module, target.name)


def _load_scripted(target: Target) -> Any:
    """Load what torch.jit.save wrote, which executes it as an import does a Python file."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return _read_scripted(target)


def _read_scripted(target: Target) -> Any:
    try:
        return torch.jit.load(target.place, map_location="cpu")  # type: ignore[no-untyped-call]
    except RuntimeError as error:
        words = str(error).strip().splitlines()[0]
        raise TargetError(f"{target} was given, but it is no file that torch.jit.save wrote: {words}") from None


def _import_module(target: Target) -> ModuleType:
    if (package := find_package(target.place)) is not None:
        root, name = package
        sys.path.insert(0, str(root))
        return importlib.import_module(name)
    make_importable(target)
    if not target.place.endswith(".py"):
        try:
            return importlib.import_module(target.place)
        except ModuleNotFoundError as error:
            if error.name is None or not f"{target.place}.".startswith(f"{error.name}."):
                raise
            raise TargetError(f"{target} was given, but there is no module {error.name} to import") from None
    spec = importlib.util.spec_from_file_location("lstm_parity_target", target.place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # where dataclasses and jit.script look a class's module up
    spec.loader.exec_module(module)
    return module
