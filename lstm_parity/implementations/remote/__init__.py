"""Implementations that run in a process of their own: whatever they do there, the run here goes on."""

from __future__ import annotations

from lstm_parity.running.child_process import Isolation
from lstm_parity.running.threads import share_cores

GOES_ON = {"goes on": True}  # what a worker says between two calls that take long


def server_of_workers() -> Isolation:
    """A server that loads torch and this package, and forks itself into workers; it is started by whoever wants it."""
    share_cores()
    return Isolation("torch", "lstm_parity.implementations.remote.worker")
