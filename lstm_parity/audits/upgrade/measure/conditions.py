"""Under which conditions a record was made: versions, kernels, processor, threads and flags.

What is in ALONE changes bits with the same torch, and is named first if two records differ in it.
"""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path

import numpy as np
import torch

from lstm_parity.reports.provenance import describe_kernels
from lstm_parity.running.devices import describe_device
from lstm_parity.running.threads import count_cores

ALONE = {  # with what a record means that does not say it
    "device": "the CPU",
    "TF32": "off",
    **dict.fromkeys(("capability", "processor", "model", "instructions", "threads", "cores", "oneDNN"), "unknown"),
    **dict.fromkeys(("matmul precision", "deterministic", "environment"), "unknown"),
}
MACHINE = (
    "device",
    "processor",
    "model",
    "instructions",
    "capability",
)  # records that differ in one have no common speed
_VARIABLES = re.compile(
    r"ATEN_CPU_CAPABILITY|(ONEDNN|DNNL|MKL|OMP|KMP|GOMP|OPENBLAS|TORCH)_\w+|GLIBC_TUNABLES|LD_PRELOAD|MALLOC_\w+"
    r"|NVIDIA_TF32_OVERRIDE|CUBLAS_WORKSPACE_CONFIG"
)
_VECTOR = re.compile(r"avx|amx|fma|sse4|asimd|sve|bf16|i8mm|fphp")
_HARMLESS = ("KMP_DUPLICATE_LIB_OK", "OMP_WAIT_POLICY", "OPENBLAS_NUM_THREADS", "TORCH_HOME", "TORCH_EXTENSIONS_DIR")


def record_conditions(device: str = "cpu") -> dict[str, str]:
    """Names and values; the first is torch's version. A device other than the CPU is described."""
    return {
        "torch": torch.__version__,
        "git": str(getattr(torch.version, "git_version", None)),
        "numpy": np.__version__,
        "python": platform.python_version(),
        "kernels": describe_kernels(),
        **describe_machine(),
        **describe_device(device),
        "capability": _capability(),
        "threads": str(torch.get_num_threads()),
        "oneDNN": "on" if torch.backends.mkldnn.enabled else "off",
        "matmul precision": torch.get_float32_matmul_precision(),
        "deterministic": str(torch.get_deterministic_debug_mode()),
    }


def describe_machine() -> dict[str, str]:
    """Describe what every torch that is run here has in common: the processor, and variables that change its work."""
    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _processor(),
        "model": _processor_model(),
        "instructions": _instructions(),
        "cores": str(count_cores()),
        "environment": ", ".join(sorted(f"{name}={value}" for name, value in os.environ.items() if _is_relevant(name))),
    }


def _is_relevant(name: str) -> bool:
    return _VARIABLES.fullmatch(name) is not None and name not in _HARMLESS


def _capability() -> str:
    """Return the vector instructions that torch's own kernels use."""
    if hasattr(torch.backends, "cpu"):
        return torch.backends.cpu.get_cpu_capability()
    told = re.search(r"CPU capability usage: (\w+)", torch.__config__.show())
    return told[1] if told else "unknown to this torch"


def _instructions() -> str:
    """List the vector instructions of the processor, which libraries such as oneDNN choose their kernels by."""
    info = Path("/proc/cpuinfo")
    flags = re.search(r"(?:flags|Features)\s*: (.*)", info.read_text(encoding="utf-8")) if info.exists() else None
    return " ".join(sorted(flag for flag in flags[1].split() if _VECTOR.match(flag))) if flags else "unknown"


def _processor() -> str:
    """Return the name of the processor, if the system knows it."""
    info = Path("/proc/cpuinfo")
    told = re.search(r"model name\s*: (.*)", info.read_text(encoding="utf-8")) if info.exists() else None
    return told[1].strip() if told else platform.processor() or "unknown to this system"


def _processor_model() -> str:
    """Return the maker's numbers of the processor: virtual machines give one name to many of them."""
    info = Path("/proc/cpuinfo")
    text = info.read_text(encoding="utf-8") if info.exists() else ""
    told = re.findall(r"^(cpu family|model|CPU implementer|CPU part)\s*: (\S+)$", text, re.MULTILINE)
    return ", ".join(f"{name} {number}" for name, number in dict(told).items()) or "unknown"
