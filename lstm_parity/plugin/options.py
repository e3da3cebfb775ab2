"""What the pytest plugin may be told on the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from lstm_parity.implementations.target import FEATURES, KINDS, MEMORY_LIMIT, TIME_LIMIT


def pytest_addoption(parser: pytest.Parser) -> None:
    """What is judged, and which of the tests are run."""
    group = parser.getgroup("lstm-parity")
    _add_implementation(group)
    _add_run(group)


def _add_implementation(group: pytest.OptionGroup) -> None:
    """`--impl KIND:TARGET`, with what belongs to it."""
    kinds = "; ".join(f"{kind}: {needed}" for kind, needed in KINDS.items())
    group.addoption("--impl", metavar="KIND:TARGET", help=f"judge this implementation and nothing else. {kinds}")
    group.addoption("--arrays", default="torch", help="what a layer, cell or function computes with: torch or numpy")
    group.addoption(
        "--without",
        action="append",
        default=[],
        metavar="FEATURE",
        help=f"do not ask it about this, and say so; may be given more than once: {', '.join(FEATURES)}",
    )
    group.addoption("--arithmetic", default="", metavar="NAME", help="what it works in, such as 'TF32 products'")
    group.addoption("--time-limit", type=float, default=TIME_LIMIT, metavar="SECONDS", help="for one call of it")
    group.addoption("--memory-limit", type=float, default=MEMORY_LIMIT, metavar="GIB", help="that it may use")
    group.addoption(
        "--in-process", action="store_true", help="run it in pytest's own process, where it can end everything"
    )


def _add_run(group: pytest.OptionGroup) -> None:
    """`--device`, `--case ID`, `--against FILE`, `--references`."""
    group.addoption("--device", default="cpu", help="draw cases for this one: cpu, cuda, mps, xpu; fixed cases stay")
    group.addoption(
        "--case",
        metavar="ID",
        help="repeat exactly this case, as a failure names it, in the chosen tests that take a case, and nothing else",
    )
    group.addoption(
        "--against",
        type=Path,
        metavar="FILE",
        help="when the tests are done, compare the installed torch with this record; fail where something is worse",
    )
    group.addoption(
        "--references",
        action="store_true",
        help="judge the references in torch and NumPy too, not only torch's own modules",
    )
