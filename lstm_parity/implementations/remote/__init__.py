"""Implementations in a process of their own, so that nothing they do ends the run."""

from __future__ import annotations

from lstm_parity.running.child_process import ProcessServer
from lstm_parity.running.threads import share_cores

HEARTBEAT = {"goes on": True}  # what a worker says between two calls that take long


def make_worker_server() -> ProcessServer:
    """Make a server that loads torch and this package, and forks itself into workers on request."""
    share_cores()
    return ProcessServer("torch", "lstm_parity.implementations.remote.worker")
