"""Where results were obtained: versions, kernels, threads, processor; whatever may change bits without being a bug."""

from __future__ import annotations

import platform
import re

import numpy as np
import torch

from lstm_parity.running.devices import describe_device


def collect_provenance(device: str = "cpu") -> dict[str, str]:
    """Names and values, ready to print."""
    return {
        "torch": torch.__version__,
        "numpy": np.__version__,
        "python": platform.python_version(),
        "kernels": describe_kernels(),
        "threads": str(torch.get_num_threads()),
        "processor": f"{platform.machine()}, {_capability()}",
        **describe_device(device),
    }


def describe_kernels() -> str:
    """The libraries that torch computes LSTMs with on the CPU."""
    config = torch.__config__.show()
    onednn = re.search(r"(?:MKL-DNN|oneDNN|mkldnn) v?([\d.]+)", config)
    mkl = re.search(r"Math Kernel Library Version ([\d.]+)", config)
    allowed = "on" if torch.backends.mkldnn.is_available() else "not in this build"  # type: ignore[no-untyped-call]
    return f"oneDNN {onednn[1] if onednn else ''} {allowed}".replace("  ", " ") + (f", MKL {mkl[1]}" if mkl else "")


def _capability() -> str:
    cpu = getattr(torch.backends, "cpu", None)
    return f"capability {cpu.get_cpu_capability()}" if cpu is not None else "capability not told by this torch"
