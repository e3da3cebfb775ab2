"""The version of the distribution."""

from __future__ import annotations

from importlib import metadata


def find_version() -> str:
    """Return the installed version, or "0+unknown" for a checkout that is on the path but not installed."""
    try:
        return metadata.version("lstm-parity")
    except metadata.PackageNotFoundError:
        return "0+unknown"
