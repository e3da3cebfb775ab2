"""Layer functions that misbehave, each in one way: what runs in a process of its own, and what is said of it."""

import ctypes
import os
import random
import sys
import time

import numpy as np
import torch

from examples.layer import lstm_forward


def raises(*arguments):
    """An exception."""
    raise ValueError("no such thing")


def crashes(*arguments):
    """A segmentation fault."""
    ctypes.string_at(0)


def aborts(*arguments):
    """An abort, after words on stderr."""
    os.write(2, b"assertion failed: rows == 4 * H\n")
    os.abort()


def exits(*arguments):
    """An exit that nothing catches."""
    os._exit(3)


def leaves(*arguments):
    """An exit that is an exception."""
    sys.exit(4)


def hangs(*arguments):
    """No end."""
    time.sleep(1e6)


def eats(*arguments):
    """Memory without end."""
    kept = []
    while True:
        kept.append(torch.zeros(2**28))


def prints(*arguments):
    """Words on stdout."""
    print("x" * 100000)  # noqa: T201
    return lstm_forward(*arguments)


def sets_the_default_dtype(*arguments):
    """A global setting."""
    torch.set_default_dtype(torch.float64)
    return lstm_forward(*arguments)


def sets_the_gradient_mode(*arguments):
    """Another."""
    torch.set_grad_enabled(not torch.is_grad_enabled())
    return lstm_forward(*arguments)


def sets_the_threads(*arguments):
    """Another."""
    torch.set_num_threads(torch.get_num_threads() + 1)
    return lstm_forward(*arguments)


def seeds_torch(*arguments):
    """A generator of everybody."""
    torch.manual_seed(1)
    return lstm_forward(*arguments)


def draws_from_numpy(*arguments):
    """Another."""
    np.random.rand()  # noqa: NPY002
    return lstm_forward(*arguments)


def draws_from_python(*arguments):
    """Another."""
    random.random()
    return lstm_forward(*arguments)


def changes_its_weights(input, state, w_ih, *weights):
    """An argument."""
    output = lstm_forward(input, state, w_ih, *weights)
    w_ih *= 0.5
    return output


def returns_nan(*arguments):
    """Not a number."""
    output, (h, c) = lstm_forward(*arguments)
    return output * float("nan"), (h, c)


def returns_arrays(*arguments):
    """NumPy arrays."""
    output, (h, c) = lstm_forward(*arguments)
    return output.numpy(), (h, c)


def returns_one(*arguments):
    """The output alone."""
    return lstm_forward(*arguments)[0]


def returns_the_last_step(*arguments):
    """One step of output."""
    output, last = lstm_forward(*arguments)
    return output[:, -1:], last


def differs_from_call_to_call(*arguments):
    """What was computed before has a part in it."""
    output, (h, c) = lstm_forward(*arguments)
    differs_from_call_to_call.calls = getattr(differs_from_call_to_call, "calls", 0) + 1
    return output + 1e-3 * differs_from_call_to_call.calls, (h, c)


def forgets_a_bias(input, state, w_ih, w_hh, b_ih, b_hh):
    """A wrong LSTM that behaves."""
    return lstm_forward(input, state, w_ih, w_hh, b_ih, torch.zeros_like(b_hh))


constant = 7
