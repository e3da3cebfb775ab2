"""What is to be judged, as it is typed: `KIND:FILE.py:NAME` or `KIND:PACKAGE.MODULE:NAME`, parsed once."""

from __future__ import annotations

import ast
import difflib
import os
import shlex
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from lstm_parity.cases.features import DECLARABLE
from lstm_parity.cases.setting import DTYPES
from lstm_parity.reference.noise.arithmetics import find_arithmetic, ladder

KINDS = {
    "module": "a class that is constructed and called like nn.LSTM and takes its state_dict",
    "layer": "lstm_forward(input, (h0, c0), w_ih, w_hh, b_ih, b_hh, w_hr=None) -> (output, (h, c)), batch first",
    "cell": "(x, (h, c), w_ih, w_hh, b_ih, b_hh) -> (h, c)",
    "function": "a function with the arguments of torch.lstm -> (output, h_n, c_n)",
    "class": "any class, function that returns a module, object, or file of torch.jit.save (class:FILE.pt) that "
    "computes an LSTM: how it is constructed, called and filled with weights is found",
}
_SCRIPTED = (".pt", ".pth", ".jit", ".ts")  # files that torch.jit.save wrote
ARRAYS = ("torch", "numpy")
TIME_LIMIT = 20.0  # seconds for one call
MEMORY_LIMIT = 4.0  # GiB that an implementation may take


class TargetError(ValueError):
    """What was given names nothing that can be judged; the message says what would."""


@dataclass(frozen=True)
class Target:
    """An implementation to be loaded.

    place: a file, or a module's dotted name; empty for one of ours (NAMED). name: of a class or function in it; empty
    for a file that is an object itself. arrays: what the function computes with. without: the features that it is
    declared not to support. arithmetic: a name of `arithmetics.ladder` that it is declared to work in, in the dtypes
    that have it; empty for none. loader: the "module:function" that finds one of ours by its name; empty for the
    user's. map: a file that declares how a class is used; empty for none.
    """

    kind: str
    place: str
    name: str
    arrays: str = "torch"
    without: tuple[str, ...] = ()
    arithmetic: str = ""
    loader: str = ""
    map: str = ""

    def __str__(self) -> str:
        place = self.place
        if place.endswith(".py") or not self.name:
            with suppress(ValueError):  # on another drive
                place = os.path.relpath(place)
        return ":".join(filter(None, (self.kind, min(place, self.place, key=len), self.name)))

    def options(self, prefix: str = "--") -> str:
        """Return it as options of a command line; prefix: of all but `--impl`, as pytest spells them."""
        words = ["--impl", str(self), *([f"{prefix}arrays", self.arrays] if self.arrays != "torch" else [])]
        words += [word for feature in self.without for word in (f"{prefix}without", feature)]
        words += [f"{prefix}arithmetic", self.arithmetic] if self.arithmetic else []
        words += [f"{prefix}map", self.map] if self.map else []
        return shlex.join(words)

    @property
    def fields(self) -> dict[str, Any]:
        """As JSON holds it: `Target.of` reads it back."""
        return asdict(self) | {"without": list(self.without)}

    @classmethod
    def of(cls, fields: dict[str, Any]) -> Target:
        """Return the target of these fields."""
        return cls(**fields | {"without": tuple(fields["without"])})


def parse_target(
    text: str,
    arrays: str = "torch",
    without: Iterable[str] = (),
    arithmetic: str = "",
    loaders: Mapping[str, str] = MappingProxyType({}),
    map_file: str = "",
) -> Target:
    """Return the target that a command line names. Raises TargetError, with a hint, if it names none.

    loaders: of each kind of ours that may be named, the "module:function" that finds one by its name. map_file: what
    declares how a class is used.
    """
    kind, _, rest = text.partition(":")
    place, _, name = rest.rpartition(":")
    if kind not in (kinds := (*KINDS, *loaders)):
        raise TargetError(f"--impl {text} was given, but {_did_you_mean(kind, kinds)}; write KIND:FILE.py:NAME")
    if kind in loaders:
        place, name = "", rest
    elif kind == "class" and Path(rest).suffix in _SCRIPTED:
        place, name = _resolve_file(text, rest), ""
    elif not place or not name.isidentifier():
        raise TargetError(f"--impl {text} was given, but a {kind} is named as in {kind}:path/to/file.py:name")
    _refuse_declarations(kind, arrays, without, arithmetic, map_file)
    if place.endswith(".py"):
        place = _resolve_file(text, place)
    elif "/" in place and name:
        raise TargetError(f"--impl {text} was given, but {place} is neither a .py file nor a module's dotted name")
    return Target(
        kind,
        place,
        name,
        arrays,
        tuple(without),
        arithmetic,
        loaders.get(kind, ""),
        map_file and str(Path(map_file).resolve()),
    )


def _refuse_declarations(kind: str, arrays: str, without: Iterable[str], arithmetic: str, map_file: str) -> None:
    """Raise TargetError for what cannot be declared of this kind."""
    if arrays not in ARRAYS:
        raise TargetError(f"--arrays {arrays} was given, but {_did_you_mean(arrays, ARRAYS)}")
    refuse_arrays(kind, arrays)
    for feature in without:
        if feature not in DECLARABLE:
            raise TargetError(f"--without {feature} was given, but {_did_you_mean(feature, DECLARABLE)}")
    refuse_arithmetic(arithmetic)
    if map_file and kind != "class":
        raise TargetError(f"--map {map_file} was given, but it says how a class is used, and this is a {kind}")


def refuse_arrays(kind: str, arrays: str) -> None:
    """Raise TargetError where a kind cannot compute with these arrays."""
    if arrays == "numpy" and kind not in ("layer", "cell", "function"):
        raise TargetError(f"--arrays numpy was given, but a {kind} computes with tensors: leave it out")


def refuse_arithmetic(words: str) -> None:
    """Raise TargetError where no dtype has an arithmetic of that name."""
    names = list(dict.fromkeys(a.name.rpartition(" with ")[2] for dtype in DTYPES for a in ladder(dtype)))
    told = [name for name in names if "accurate to" not in name or name.endswith("1e-05")]
    if words and not any(find_arithmetic(words, dtype) for dtype in DTYPES):
        raise TargetError(f"--arithmetic {words!r} was given, but {_did_you_mean(words, told)}")


def _resolve_file(text: str, place: str) -> str:
    path = Path(place).expanduser().resolve()
    if not path.is_file():
        near = difflib.get_close_matches(path.name, [p.name for p in path.parent.glob("*.py")], 1)
        hint = f": is it {near[0]}?" if near else f" (looked from {Path.cwd()})"
        raise TargetError(f"--impl {text} was given, but there is no file {place}{hint}")
    return str(path)


def _did_you_mean(given: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(given, known, 1)
    return f"{given!r} is none of {', '.join(known)}" + (f": is it {near[0]}?" if near else "")


def find_package(place: str) -> tuple[Path, str] | None:
    """Return where the package of a Python file begins, and its dotted name; None if it imports nothing relatively."""
    if not place.endswith(".py"):
        return None
    path = Path(place)
    levels = [node.level for node in ast.walk(ast.parse(path.read_bytes())) if isinstance(node, ast.ImportFrom)]
    if not any(levels):
        return None
    outside = iter(path.parents[max(levels) :])  # the folders between are packages, as it needs them
    root = next((folder for folder in outside if not (folder / "__init__.py").is_file()), path.parent)
    return root, ".".join(path.with_suffix("").relative_to(root).parts)


def make_importable(target: Target) -> None:
    """Put where the target's own imports are found at the head of sys.path."""
    folder = str(Path(target.place).parent) if target.place.endswith(".py") else str(Path.cwd())
    if folder not in sys.path:
        sys.path.insert(0, folder)
