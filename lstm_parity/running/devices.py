"""Devices: whether torch has one, what it says of itself, and the arithmetic that its flags allow for float32.

NVIDIA's tensor cores round the factors of float32 products to TF32. torch allows that to cuDNN's LSTM by default,
and to plain products only on request. https://pytorch.org/docs/stable/notes/cuda.html
NVIDIA_TF32_OVERRIDE=0 in the environment switches it off for all, against all flags.
"""

from __future__ import annotations

import os
from typing import Any

import torch

from lstm_parity.cases.setting import DEVICES

TF32 = "TF32 products"


class DeviceMissingError(ValueError):
    """A device that this torch does not have; the message says what it has."""


def require_device(name: str) -> None:
    """Raise DeviceMissingError unless this torch can compute on the device, such as cpu, cuda or cuda:1."""
    kind = name.partition(":")[0]
    if kind not in DEVICES:
        raise DeviceMissingError(f"--device {name} was given, but it must be one of {', '.join(DEVICES)}, or cuda:1")
    try:
        torch.ones(1, device=name) + 1.0
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        words = str(error).splitlines()[0]
        told = f"--device {name} was given, but torch {torch.__version__} here cannot compute on it: {words}"
        raise DeviceMissingError(told) from error


def describe_device(name: str) -> dict[str, str]:
    """Describe a device for a certificate; "" for the CPU, which a certificate always describes."""
    if not name.startswith("cuda"):
        return {} if name == "cpu" else {"device": name}
    major, minor = torch.cuda.get_device_capability(name)
    version = torch.backends.cudnn.version() if torch.backends.cudnn.enabled else "off"  # type: ignore[no-untyped-call]
    allowed = [
        word for word, allows in (("cuDNN's LSTM", _rnn_allows_tf32()), ("products", _matmul_allows_tf32())) if allows
    ]
    return {
        "device": f"{name}, {torch.cuda.get_device_name(name)}, capability {major}.{minor}",
        "cuDNN": f"{version}, CUDA {torch.version.cuda}",
        "TF32": f"allowed to {' and '.join(allowed)}" if allowed else "off",
    }


def tf32_settings(device: str, dtype: str, *, cudnn: bool) -> bool:
    """Whether float32 factors may be rounded to TF32 on a device, in cuDNN's LSTM or in plain products."""
    if dtype != "float32" or not device.startswith("cuda") or torch.cuda.get_device_capability(device) < (8, 0):
        return False
    return _rnn_allows_tf32() if uses_cudnn(device, allowed=cudnn) else _matmul_allows_tf32()


def uses_cudnn(device: str, *, allowed: bool) -> bool:
    """Whether cuDNN computes a layer there, if it is allowed to."""
    return allowed and device.startswith("cuda") and bool(torch.backends.cudnn.enabled)


def _rnn_allows_tf32() -> bool:
    """Return the flag of cuDNN's LSTM; since torch 2.9 it has one of its own."""
    if _is_tf32_overridden():
        return False
    rnn: Any = getattr(torch.backends.cudnn, "rnn", None)
    if hasattr(rnn, "fp32_precision"):
        return _resolve(rnn.fp32_precision, torch.backends.cudnn.fp32_precision)
    return bool(torch.backends.cudnn.allow_tf32)


def _matmul_allows_tf32() -> bool:
    """Return the flag of plain products."""
    if _is_tf32_overridden():
        return False
    matmul = torch.backends.cuda.matmul
    if hasattr(matmul, "fp32_precision"):
        return _resolve(matmul.fp32_precision)
    return bool(matmul.allow_tf32)


def _is_tf32_overridden() -> bool:
    """Whether NVIDIA's libraries must not use TF32, against all of torch's flags."""
    return os.environ.get("NVIDIA_TF32_OVERRIDE") == "0"


def _resolve(*precisions: str) -> bool:
    """Return the first that is set; then torch's own for all; "none" is not set."""
    every = (*precisions, getattr(torch.backends, "fp32_precision", "none"))
    return next((precision for precision in every if precision != "none"), "ieee") == "tf32"
