"""Vectors of what numbers may be: zeros, tiny and large ones, saturated gates, long memory, full significands."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_parity.known_answers.vector import Arrays, Vector, changes, gate, put, scale, states_of

STATES = "[hc]_0"


def _significands_of(bits: int) -> Callable[[Arrays], None]:
    """Every number is of either sign, from 1/2 to 1, with so many bits, the last of them set."""

    def change(arrays: Arrays) -> None:
        stream = states_of(f"significands of {bits} bits")
        for array in arrays.values():
            for k in range(array.size):
                sign, high, low = next(stream), next(stream), next(stream)
                significand = 2 ** (bits - 1) + ((high * 2**31 + low) % 2 ** (bits - 1) | 1)
                array.flat[k] = (-1) ** sign * significand / 2**bits

    return change


def _one_hot(arrays: Arrays) -> None:
    """At every step a row has a single 1, at a place of its own."""
    steps, rows, features = arrays["input"].shape
    places = (np.arange(steps)[:, None] + 2 * np.arange(rows)) % features
    arrays["input"][:] = np.eye(features)[places]


def _cancelling(arrays: Arrays) -> None:
    """Features in pairs of about the same size, weighted with opposite signs."""
    arrays["input"][..., 1::2] = 8.0 * np.sign(arrays["input"][..., ::2]) + arrays["input"][..., ::2]
    arrays["input"][..., ::2] = 8.0 * np.sign(arrays["input"][..., ::2])
    arrays["weight_ih_l0"][:, 1::2] = -arrays["weight_ih_l0"][:, ::2]


def _extreme(size: float) -> Callable[[Arrays], None]:
    """Of six units, two in each gate have a sum near plus and minus this size, the others are as usual."""
    biases = [
        put("bias_ih_l0", sign * size, 6 * k + (k + unit) % 6) for k in range(4) for unit, sign in ((0, 1), (3, -1))
    ]
    return changes(*biases)


_ZEROS = (
    Vector("zero_input", "The input is zero: states and biases remain.", change=put("input", 0.0)),
    Vector(
        "zero_input_and_states",
        "Input and states are exactly zero: the biases set everything going.",
        change=changes(put("input", 0.0), put(STATES, 0.0)),
    ),
    Vector(
        "zero_weights",
        "All weights are zero: the biases alone decide, c tends to a limit.",
        change=put("weight_*", 0.0),
    ),
    Vector("zero_w_hh", "w_hh is zero: no recurrence but that of c.", change=put("weight_hh_l0", 0.0)),
    Vector("zero_w_ih", "w_ih is zero: the input is not heard.", change=put("weight_ih_l0", 0.0)),
    Vector("zero_first_step", "The first step's input is zero, the others' is not.", change=put("input", 0.0, 0)),
    Vector("one_hot_input", "One 1 among zeros at each step, as a lookup table has it.", 5, change=_one_hot),
    Vector("constant_input", "Every step reads the same.", change=lambda a: put("input", a["input"][:1])(a)),
)  # fmt: skip

_SIZES = (
    Vector(
        "steep_gates",
        "Weights up to 4: sigmoids beyond their straight part.",
        time=4, change=scale("weight_*", 4.0),
    ),
    Vector(
        "saturated_gates",
        "Weights of the input up to 60: nearly every gate is at one of its ends.",
        time=4, change=scale("weight_ih_l0", 64.0),
    ),
    Vector(
        "exponentials_beyond_float32",
        "Gate sums near 100 and -100, where exp overflows float32: no NaN comes of it.",
        hidden_size=6, change=_extreme(100.0),
    ),
    Vector(
        "exponentials_beyond_float64",
        "Gate sums near 800 and -800, where exp overflows float64: no NaN comes of it.",
        hidden_size=6, change=_extreme(800.0),
    ),
    Vector(
        "small_sigmoids",
        "The input gate is about 5e-5 and c_0 is zero: a sigmoid made of 1 + tanh loses what is left.",
        change=changes(put("bias_ih_l0", -10.0, gate("i")), put("c_0", 0.0)),
    ),
    Vector(
        "large_input",
        "Inputs up to 240 with small weights.",
        change=changes(scale("input", 256.0), scale("weight_ih_l0", 2.0**-8)),
    ),
    Vector("cancelling_sums", "Products near 8 that nearly cancel.", 4, time=4, change=_cancelling),
    Vector(
        "tiny_values",
        "Input and states below 2^-14.",
        change=changes(scale("input", 2.0**-14), scale(STATES, 2.0**-14)),
    ),
    Vector(
        "tiny_candidate",
        "Input and states below 2^-14, and no bias in the candidate: everything is tiny, and relatively exact.",
        change=changes(scale("input", 2.0**-14), scale(STATES, 2.0**-14), put("bias_*", 0.0, gate("g"))),
    ),
    Vector(
        "denormals_of_float16",
        "States and first input are multiples of 2^-24: denormal in float16.",
        change=changes(scale("input", 2.0**-20, 0), scale(STATES, 2.0**-20)),
    ),
    Vector(
        "denormals_of_float32",
        "States and first input are multiples of 2^-133: denormal in bfloat16 and float32.",
        change=changes(scale("input", 2.0**-129, 0), scale(STATES, 2.0**-129)),
    ),
)  # fmt: skip

_MEMORY = (
    Vector(
        "long_memory",
        "The forget gate is about 0.9997: c is the sum of six steps.",
        time=6, change=put("bias_ih_l0", 8.0, gate("f")),
    ),
    Vector(
        "held_memory",
        "The forget gate is 1, the input gate 0, to about 6e-6: c_n is nearly c_0.",
        change=changes(put("bias_ih_l0", 12.0, gate("f")), put("bias_ih_l0", -12.0, gate("i"))),
    ),
    Vector(
        "growing_memory",
        "Input and forget gate are near 1, the candidate of one sign for each unit: c grows to eight.",
        time=8,
        change=changes(
            put("bias_ih_l0", 3.0, gate("i")),
            put("bias_ih_l0", 8.0, gate("f")),
            put("bias_ih_l0", 4.0, slice(8, 10)),
            put("bias_ih_l0", -4.0, slice(10, 12)),
        ),
    ),
)  # fmt: skip

_SIGNIFICANDS = (
    Vector(
        "significands_of_float32",
        "Every given number fills a float32: rounding it on the way, to TF32 or bfloat16, shows.",
        change=_significands_of(24),
    ),
    Vector(
        "significands_of_float64",
        "Every given number fills a float64: computing in float32 shows.",
        change=_significands_of(53),
    ),
)  # fmt: skip

VECTORS = (*_ZEROS, *_SIZES, *_MEMORY, *_SIGNIFICANDS)
