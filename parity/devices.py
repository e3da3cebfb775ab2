"""Devices: whether torch has one, what it says of itself, and the arithmetic that its flags allow for float32.

NVIDIA's tensor cores round the factors of float32 products to TF32. torch allows that to cuDNN's LSTM unless told
otherwise, and to plain products only where told so. https://pytorch.org/docs/stable/notes/cuda.html
"""

from __future__ import annotations

from typing import Any

import torch

KINDS = ("cpu", "cuda", "mps", "xpu")
TF32 = "TF32 products"


class DeviceMissingError(ValueError):
    """A device that this torch does not have; the message says what it has."""


def demand(name: str) -> None:
    """Raise DeviceMissingError unless this torch can compute on the device, such as cpu, cuda or cuda:1."""
    kind = name.partition(":")[0]
    if kind not in KINDS:
        raise DeviceMissingError(f"--device {name} was given, but it must be one of {', '.join(KINDS)}, or cuda:1")
    try:
        torch.ones(1, device=name) + 1.0
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        words = str(error).splitlines()[0]
        told = f"--device {name} was given, but torch {torch.__version__} here cannot compute on it: {words}"
        raise DeviceMissingError(told) from error


def description(name: str) -> dict[str, str]:
    """What a certificate says of a device: nothing of the CPU, which it always describes."""
    if not name.startswith("cuda"):
        return {} if name == "cpu" else {"device": name}
    major, minor = torch.cuda.get_device_capability(name)
    library = f"cuDNN {torch.backends.cudnn.version()}, CUDA {torch.version.cuda}"  # type: ignore[no-untyped-call]
    allowed = [
        word for word, allows in (("cuDNN's LSTM", rnn_allows_tf32()), ("products", matmul_allows_tf32())) if allows
    ]
    return {
        "device": f"{name}, {torch.cuda.get_device_name(name)}, capability {major}.{minor}, {library}",
        "TF32": f"allowed to {' and '.join(allowed)}" if allowed else "off",
    }


def tf32(device: str, dtype: str, *, cudnn: bool) -> bool:
    """Whether float32 factors may be rounded to TF32 on a device, in cuDNN's LSTM or in plain products."""
    if dtype != "float32" or not device.startswith("cuda") or torch.cuda.get_device_capability(device) < (8, 0):
        return False
    return rnn_allows_tf32() if cudnn and torch.backends.cudnn.enabled else matmul_allows_tf32()


def rnn_allows_tf32() -> bool:
    """The flag of cuDNN's LSTM; since torch 2.9 it has one of its own."""
    rnn: Any = getattr(torch.backends.cudnn, "rnn", None)
    if hasattr(rnn, "fp32_precision"):
        return _resolved(rnn.fp32_precision, torch.backends.cudnn.fp32_precision)
    return bool(torch.backends.cudnn.allow_tf32)


def matmul_allows_tf32() -> bool:
    """The flag of plain products."""
    matmul = torch.backends.cuda.matmul
    if hasattr(matmul, "fp32_precision"):
        return _resolved(matmul.fp32_precision)
    return bool(matmul.allow_tf32)


def _resolved(*precisions: str) -> bool:
    """The first that is set; then torch's own for all; "none" is not set."""
    every = (*precisions, getattr(torch.backends, "fp32_precision", "none"))
    return next((precision for precision in every if precision != "none"), "ieee") == "tf32"
