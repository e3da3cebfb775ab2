"""The pytest plugin: its options. Unless one of them is given, nothing else is imported, changed or printed.

pytest loads this module in every run of every project in which lstm-parity is installed. The parts that do something
are registered by `activate`: when one of the options is given, or by our own tests.
"""

from __future__ import annotations

import copy
import importlib
from collections.abc import Generator
from typing import Any

import pytest

_PARTS = ("session", "implementation", "selection", "failures")
_SHORT = {"--impl": "lstm_impl", "--case": "lstm_case"}  # other spellings, if no other plugin has them
OPTIONS: dict[str, dict[str, Any]] = {  # the default of each is None: it was not given
    "impl": {"metavar": "KIND:TARGET", "help": "judge this implementation and nothing else (docs/bring-your-own.md)"},
    "arrays": {"metavar": "LIBRARY", "help": "what its layer, cell or function computes with: torch or numpy"},
    "without": {
        "action": "append",
        "metavar": "FEATURE",
        "help": "do not judge it on this feature; may be given more than once",
    },
    "arithmetic": {"metavar": "NAME", "help": "the arithmetic it works in, such as 'TF32 products'"},
    "map": {"metavar": "FILE", "help": "a TOML file that says how a class is used (docs/my-class.md)"},
    "strict": {
        "action": "store_const",
        "const": True,
        "help": "demand the native arithmetic of torch's kernels; by default, any arithmetic of the dtype will do",
    },
    "time-limit": {"type": float, "metavar": "SECONDS", "help": "time limit of one call of it"},
    "memory-limit": {"type": float, "metavar": "GIB", "help": "memory limit of its process"},
    "in-process": {
        "action": "store_const",
        "const": True,
        "help": "run it in pytest's own process, where it can end everything",
    },
    "device": {"help": "draw cases for this device: cpu, cuda, mps, xpu; fixed cases stay on the CPU"},
    "case": {"metavar": "ID", "help": "repeat this case alone, in the chosen tests that take a case"},
    "against": {
        "metavar": "FILE",
        "help": "after the tests, compare the installed torch with this record; fail if something is worse",
    },
    "references": {
        "action": "store_const",
        "const": True,
        "help": "judge our references in torch and NumPy too, not only torch's own modules",
    },
}


def option(config: pytest.Config, name: str, default: Any = None) -> Any:
    """Return the value of an option such as "time-limit", or the default if it was not given."""
    given = getattr(config.option, "lstm_" + name.replace("-", "_"), None)
    return default if given is None else given


def activate(config: pytest.Config) -> None:
    """Register the parts that judge, select and report; once."""
    for name in (f"lstm_parity.plugin.{part}" for part in _PARTS):
        if not config.pluginmanager.has_plugin(name):
            config.pluginmanager.register(importlib.import_module(name), name)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options under the names that clash with nothing."""
    group = parser.getgroup("lstm-parity", "LSTM parity")
    for name, attributes in OPTIONS.items():
        group.addoption(f"--lstm-{name}", dest="lstm_" + name.replace("-", "_"), default=None, **attributes)


@pytest.hookimpl(hookwrapper=True)
def pytest_load_initial_conftests(
    early_config: pytest.Config, parser: pytest.Parser, args: list[str]
) -> Generator[None, Any, None]:
    """Add the short spellings that no other plugin has, and activate the plugin if an implementation is given."""
    yield
    group = parser.getgroup("lstm-parity")
    for short, dest in _SHORT.items():
        if not _is_taken(parser, short):
            group.addoption(short, dest=dest, default=None, help=f"the same as --{dest.replace('_', '-')}")
    try:
        given = parser.parse_known_args(args, namespace=copy.copy(early_config.option))
    except pytest.UsageError:
        return  # pytest parses once more, and reports it
    if any(getattr(given, "lstm_" + name.replace("-", "_"), None) is not None for name in OPTIONS):
        early_config.known_args_namespace = given
        activate(early_config)


def _is_taken(parser: pytest.Parser, name: str) -> bool:
    """Whether somebody else has an option of this name."""
    try:
        return f"{name}=value" not in parser.parse_known_and_unknown_args([f"{name}=value"])[1]
    except pytest.UsageError:  # theirs takes no value, or no such value
        return True
