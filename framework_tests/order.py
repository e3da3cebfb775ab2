"""Two frameworks imported one after the other."""

from __future__ import annotations

import importlib


def imported(first: str, second: str) -> bool:
    """Import both."""
    for name in (first, second):
        importlib.import_module(name)
    return True
