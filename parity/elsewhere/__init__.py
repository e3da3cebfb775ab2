"""Implementations that run in a process of their own: whatever they do there, the run here goes on."""

from __future__ import annotations

from parity.isolated import Isolation


def server_of_workers() -> Isolation:
    """A server that loads torch and this package, and forks itself into workers; it is started by whoever wants it."""
    return Isolation("torch", "parity.elsewhere.worker")
