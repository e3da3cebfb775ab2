"""One way to write a report as JSON, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_text(name: str, version: int, content: Mapping[str, Any]) -> str:
    """Write a report: `format` ("lstm-parity NAME VERSION") first; infinities and NaN as strings, for JSON has none."""
    named = {"format": f"lstm-parity {name} {version}", **content}
    return json.dumps(_finite(named), indent=1, allow_nan=False) + "\n"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, (list, tuple)) else value
