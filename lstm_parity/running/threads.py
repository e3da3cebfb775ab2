"""How threads behave in runs of many small cases; to be said before torch and NumPy are imported."""

from __future__ import annotations

import os


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def share_cores() -> None:
    """Let threads that wait give way to others, and NumPy have one, unless the environment says otherwise.

    Where cores are shared, small cases with two threads then take a quarter of the time; the judge shares large cases
    out to threads by itself.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
