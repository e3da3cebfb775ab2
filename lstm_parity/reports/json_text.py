"""One way to write a report as JSON, for programs."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from typing import Any


def json_text(name: str, version: int, content: Mapping[str, Any]) -> str:
    """Write a report: `format` ("lstm-parity NAME VERSION") first; infinities and NaN as strings, for JSON has none."""
    named = {"format": f"lstm-parity {name} {version}", **content}
    return _lay_out(_finite(named), "\n") + "\n"


def _lay_out(value: Any, end: str) -> str:
    """Write a value; what holds nothing but numbers and words is one line, which saves a quarter of a certificate.

    end: the end of a line, with the indentation of the next.
    """
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    if not any(isinstance(part, (dict, list)) for part in parts):
        return json.dumps(value, allow_nan=False)
    further = f"{end} "
    if isinstance(value, dict):
        lines = [f"{json.dumps(str(key))}: {_lay_out(part, further)}" for key, part in value.items()]
        return f"{{{further}{f',{further}'.join(lines)}{end}}}"
    return f"[{further}{f',{further}'.join(_lay_out(part, further) for part in value)}{end}]"


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, Mapping):
        return {key: _finite(part) for key, part in value.items()}
    return [_finite(part) for part in value] if isinstance(value, (list, tuple)) else value
