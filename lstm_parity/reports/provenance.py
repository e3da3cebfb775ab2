"""Where and how results were obtained: command, date, versions, kernels, threads, processor: what may change bits."""

from __future__ import annotations

import platform
import re
import shlex
import sys
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch

from lstm_parity.running.devices import describe_device
from lstm_parity.version import find_version


def collect_provenance(device: str = "cpu") -> dict[str, str]:
    """Return names and values, ready to print; dates in UTC."""
    return {
        "lstm-parity": f"{find_version()}, {datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC",
        "command": _command(),
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "kernels": describe_kernels(),
        "threads": str(torch.get_num_threads()),
        "processor": f"{platform.machine()}, {_capability()}",
        **describe_device(device),
    }


def _command() -> str:
    """Return the command line of this process, without the folder of its program."""
    name = Path(sys.argv[0]).name
    return shlex.join([*(["python", "-m", "lstm_parity"] if name == "__main__.py" else [name]), *sys.argv[1:]])


def describe_kernels() -> str:
    """Describe the libraries that torch computes LSTMs with on the CPU."""
    config = torch.__config__.show()
    onednn = re.search(r"(?:MKL-DNN|oneDNN|mkldnn) v?([\d.]+)", config)
    mkl = re.search(r"Math Kernel Library Version ([\d.]+)", config)
    allowed = "on" if torch.backends.mkldnn.is_available() else "not in this build"  # type: ignore[no-untyped-call]
    return f"oneDNN {onednn[1] if onednn else ''} {allowed}".replace("  ", " ") + (f", MKL {mkl[1]}" if mkl else "")


def _capability() -> str:
    cpu = getattr(torch.backends, "cpu", None)
    return f"capability {cpu.get_cpu_capability()}" if cpu is not None else "capability unknown to this torch"
