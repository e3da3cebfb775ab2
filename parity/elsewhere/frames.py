"""Messages between two processes: JSON and tensors, byte for byte, on a socket; nothing received is executed."""

from __future__ import annotations

import json
import math
import socket
import struct
import time
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

_LENGTHS = struct.Struct("<QQ")  # of the JSON and of the tensors' bytes


class ClosedError(Exception):
    """The other process is gone."""


class LateError(Exception):
    """The other process has not answered in time."""


def send(connection: socket.socket, message: Any, *values: Any) -> None:
    """Send a message that JSON can hold, and values: nests of tuples, lists, tensors and packed sequences."""
    tensors: list[Tensor] = []
    trees = [_tree(value, tensors) for value in values]
    parts = [_bytes(tensor) for tensor in tensors]
    head = json.dumps([message, trees, [_layout(tensor) for tensor in tensors]]).encode()
    try:
        connection.sendall(b"".join([_LENGTHS.pack(len(head), sum(map(len, parts))), head, *parts]))
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ClosedError from error


def receive(connection: socket.socket, limit: float | None = None) -> tuple[Any, list[Any]]:
    """A message and its values. Raises ClosedError, or LateError after `limit` seconds."""
    deadline = None if limit is None else time.monotonic() + limit
    head, body = _LENGTHS.unpack(_exactly(connection, _LENGTHS.size, deadline))
    message, trees, layouts = json.loads(bytes(_exactly(connection, head, deadline)))
    tensors = _tensors(_exactly(connection, body, deadline), layouts)
    return message, [_value(tree, tensors) for tree in trees]


def _exactly(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    read, view = 0, memoryview(data := bytearray(size))
    while read < size:
        connection.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
        try:
            part = connection.recv_into(view[read:])
        except TimeoutError as error:
            raise LateError from error
        except ConnectionResetError as error:
            raise ClosedError from error
        if not part:
            raise ClosedError
        read += part
    return data


def _tree(value: Any, tensors: list[Tensor]) -> Any:
    """What JSON says of a value; its tensors are put into the list. Of what is neither, the class's name is told."""
    if value is None:
        return None
    if isinstance(value, Tensor):
        tensors.append(value.detach())
        return len(tensors) - 1
    if not isinstance(value, tuple | list):
        return ["other", type(value).__name__]
    kind = "packed" if isinstance(value, PackedSequence) else "tuple" if isinstance(value, tuple) else "list"
    return [kind, *(_tree(part, tensors) for part in value)]


def _value(tree: Any, tensors: list[Tensor]) -> Any:
    if tree is None:
        return None
    if isinstance(tree, int):
        return tensors[tree]
    kind, *parts = tree
    if kind == "other":
        return type(str(parts[0]), (), {})()  # a stand-in of that name, for messages to tell
    values = [_value(part, tensors) for part in parts]
    return values if kind == "list" else tuple(values) if kind == "tuple" else PackedSequence(*values)


def _layout(tensor: Tensor) -> tuple[str, list[int], list[int] | None]:
    strides = None if tensor.is_contiguous() else list(tensor.stride())
    return str(tensor.dtype).removeprefix("torch."), list(tensor.shape), strides


def _bytes(tensor: Tensor) -> bytes:
    flat = tensor.new_empty(tensor.numel(), device="cpu").copy_(tensor.reshape(-1))
    return flat.view(torch.uint8).numpy().tobytes()


def _tensors(data: bytearray, layouts: list[Any]) -> list[Tensor]:
    """The tensors with their strides; memory between their elements is NaN, so that reading it shows."""
    tensors, start = [], 0
    for name, shape, strides in layouts:
        dtype, size = getattr(torch, name), math.prod(shape)
        flat = torch.frombuffer(data, dtype=dtype, count=size, offset=start).clone() if size else torch.empty(0)
        start += size * dtype.itemsize if hasattr(dtype, "itemsize") else size * flat.element_size()
        values = flat.to(dtype).reshape(shape)
        if strides is not None:
            memory = torch.full((1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True)),), float("nan"))
            values = memory.to(dtype).as_strided(shape, strides).copy_(values)
        tensors.append(values)
    return tensors
