"""Messages between two processes: JSON, tensors and NumPy arrays, byte for byte, on a socket; none is executed."""

from __future__ import annotations

import itertools
import json
import math
import socket
import struct
import time
from collections import deque
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.running.calls import read_bits

_Leaf = Any  # a tensor or an array
_BUFFER = 1 << 22  # bytes that may be under way: few messages then wait for their reader
_AT_ONCE = 512  # parts, of which a system takes 1024 or more in one call
_LENGTHS = struct.Struct("<QQ")  # of the JSON and of the tensors' bytes


class RemoteClosedError(Exception):
    """The other process is gone."""


class RemoteTimeoutError(Exception):
    """The other process has not answered in time."""


def listen(folder: Path) -> socket.socket:
    """Listen on a socket file in a folder; on the loopback interface on systems that have no such files."""
    if not hasattr(socket, "AF_UNIX"):
        return socket.create_server(("127.0.0.1", 0), backlog=1)
    path = folder / "socket"
    path.unlink(missing_ok=True)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(str(path))
    listening.listen(1)
    return listening


def accept(listening: socket.socket) -> socket.socket:
    """Wait for the other process. Raises TimeoutError when the socket's time is over."""
    connection, _ = listening.accept()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)  # large messages are sent in one go
    return connection


def connect(address: str | list[Any]) -> socket.socket:
    """Connect to a listening socket: the path of its file, or host and port."""
    if isinstance(address, str):
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.connect(address)
    else:
        connection = socket.create_connection(tuple(address))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _BUFFER)
    return connection


def send(connection: socket.socket, message: Any, *values: Any, limit: float | None = None) -> None:
    """Send a message that JSON can hold, and values: nests of tuples, lists, tensors, arrays, packed sequences.

    Raises ClosedError, or LateError where it was not taken for `limit` seconds.
    """
    leaves: list[_Leaf] = []
    trees = [_tree(value, leaves) for value in values]
    parts = [_memory(leaf) for leaf in leaves]
    head = json.dumps([message, trees, [_layout(leaf) for leaf in leaves]]).encode()
    first = _LENGTHS.pack(len(head), sum(part.nbytes for part in parts)) + head
    connection.settimeout(limit)
    try:
        _send_parts(connection, deque([memoryview(first), *(part.cast("B") for part in parts if part.nbytes)]))
    except TimeoutError as error:
        raise RemoteTimeoutError from error
    except (BrokenPipeError, ConnectionResetError) as error:
        raise RemoteClosedError from error


def _memory(leaf: _Leaf) -> memoryview:
    """Return an array's bytes where they lie, a tensor's copied."""
    bytes_like: Any = np.ascontiguousarray(leaf) if isinstance(leaf, np.ndarray) else read_bits(leaf)
    return memoryview(bytes_like)


def _send_parts(connection: socket.socket, parts: deque[memoryview]) -> None:
    """Send bytes from where they lie: copying those of a large layer into new memory takes as long as its step."""
    send_some = getattr(connection, "sendmsg", lambda some: connection.send(some[0]))  # Windows has no sendmsg
    while parts:
        sent = send_some(list(itertools.islice(parts, _AT_ONCE)))
        while parts and sent >= parts[0].nbytes:
            sent -= parts.popleft().nbytes
        if sent:
            parts[0] = parts[0][sent:]


def receive(connection: socket.socket, limit: float | None = None) -> tuple[Any, list[Any]]:
    """Receive a message and its values. Raises ClosedError, or LateError after `limit` seconds."""
    deadline = None if limit is None else time.monotonic() + limit
    head, body = _LENGTHS.unpack(_receive_exactly(connection, _LENGTHS.size, deadline))
    message, trees, layouts = json.loads(bytes(_receive_exactly(connection, head, deadline)))
    leaves = _leaves(_receive_exactly(connection, body, deadline), layouts)
    return message, [_value(tree, leaves) for tree in trees]


def _receive_exactly(connection: socket.socket, size: int, deadline: float | None) -> bytearray:
    read, view = 0, memoryview(data := bytearray(size))
    while read < size:
        connection.settimeout(None if deadline is None else max(0.001, deadline - time.monotonic()))
        try:
            part = connection.recv_into(view[read:])
        except TimeoutError as error:
            raise RemoteTimeoutError from error
        except ConnectionResetError as error:
            raise RemoteClosedError from error
        if not part:
            raise RemoteClosedError
        read += part
    return data


def _tree(value: Any, leaves: list[_Leaf]) -> Any:
    """Describe a nested value as JSON and append its arrays to `leaves`; other objects become their class name."""
    if value is None:
        return None
    if isinstance(value, Tensor | np.ndarray):
        leaves.append(value.detach() if isinstance(value, Tensor) else value)
        return len(leaves) - 1
    if not isinstance(value, tuple | list):
        return ["other", type(value).__name__]
    kind = "packed" if isinstance(value, PackedSequence) else "tuple" if isinstance(value, tuple) else "list"
    return [kind, *(_tree(part, leaves) for part in value)]


def _value(tree: Any, leaves: list[_Leaf]) -> Any:
    if tree is None:
        return None
    if isinstance(tree, int):
        return leaves[tree]
    kind, *parts = tree
    if kind == "other":
        return type(str(parts[0]), (), {})()  # a stand-in with that name, for messages
    values = [_value(part, leaves) for part in parts]
    return values if kind == "list" else tuple(values) if kind == "tuple" else PackedSequence(*values)


def _layout(leaf: _Leaf) -> tuple[str, list[int], list[int] | None]:
    if isinstance(leaf, np.ndarray):
        return f"numpy.{leaf.dtype.str}", list(leaf.shape), None
    strides = None if leaf.is_contiguous() else list(leaf.stride())
    return str(leaf.dtype), list(leaf.shape), strides


def _leaves(data: bytearray, layouts: list[Any]) -> list[_Leaf]:
    leaves, start = [], 0
    for name, shape, strides in layouts:
        library, _, kind = name.partition(".")
        size = math.prod(shape)
        leaf = (_array if library == "numpy" else _tensor)(data, kind, size, start)
        start += size * leaf.itemsize if isinstance(leaf, np.ndarray) else size * leaf.element_size()
        leaf = leaf.reshape(shape)
        leaves.append(leaf if strides is None else _make_strided(leaf, strides))
    return leaves


def _array(data: bytearray, kind: str, size: int, start: int) -> np.ndarray[Any, Any]:
    return np.frombuffer(data, kind, size, start)


def _tensor(data: bytearray, kind: str, size: int, start: int) -> Tensor:
    """Return a tensor with memory of its own, aligned as torch's are."""
    dtype = getattr(torch, kind)
    return (
        torch.frombuffer(data, dtype=dtype, count=size, offset=start).clone() if size else torch.empty(0, dtype=dtype)
    )


def _make_strided(values: Tensor, strides: list[int]) -> Tensor:
    """Return the tensor with these strides; the memory between its elements is NaN, so that reading it shows."""
    needed = 1 + sum((n - 1) * s for n, s in zip(values.shape, strides, strict=True))
    memory = torch.full((needed,), float("nan")).to(values.dtype)
    once = values[tuple(slice(None if s else 1) for s in strides)]  # a step of 0: all elements are one
    memory.as_strided(once.shape, strides).copy_(once)
    return memory.as_strided(values.shape, strides)
