"""The arithmetics that LSTMs are computed in, each a few roundoffs with a name.

An arithmetic is part of every claim: "parity in float32", "parity in TF32 products". `ladder` lists those that a layer
of a given dtype is known to be computed in, on purpose or by mistake.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache

KEPT_MATRICES = (  # weights in fewer bits, in the order of the functions in kept_weights.py
    "float16 weights",
    "bfloat16 weights",
    "float8 e4m3 weights",
    "float8 e5m2 weights",
    "int8 weights, a scale for each tensor of max / 127",
    "int8 weights, a scale for each tensor of max / 127.5",
    "int8 weights, a scale for each row of max / 127",
    "int8 weights, a scale for each row of max / 127.5",
    "int8 weights, a scale and a zero point for each tensor",
)
KEPT_WITH_BIASES = {f"{name} and biases": name for name in ("float16 weights", "bfloat16 weights")}
KEPT = (*KEPT_MATRICES, *KEPT_WITH_BIASES)
_INTEGERS = tuple(name for name in KEPT_MATRICES if "tensor" in name)  # with which factors of 8 bits are usual


@dataclass(frozen=True)
class Arithmetic:
    """The roundoffs an implementation works with; relative, half the spacing of the numbers next to 1, unless noted.

    accumulation: of the sums of products. value: of gate sums, activations and everything elementwise.
    state: of h and c as kept between steps and returned. product: of each factor before it is multiplied.
    activation: the accuracy of sigmoid and tanh as an absolute number, beside the relative one.
    floor: the largest loss by underflow, absolute. largest: the largest finite number of the layer's dtype.
    weights: how weights are kept, one of `KEPT`; "" if as they are. factors: the noise of x and of h as
    they enter a product, as a share of the range of all numbers of a step.
    """

    name: str
    accumulation: float
    value: float
    state: float
    floor: float
    largest: float
    product: float = 0.0
    activation: float = 0.0
    weights: str = ""
    factors: float = 0.0


_ABSOLUTE = "absolute-accuracy activations"
FACTOR_STEP = (
    0.75  # of a step between two numbers: 2.6 standard deviations, as other noises are too, see false_alarms.md
)
_U64, _U32, _U_TF32, _U16, _U_BF16 = 2.0**-53, 2.0**-24, 2.0**-11, 2.0**-11, 2.0**-8

# Layers of the narrow types sum in float32. Nothing flushes float16 numbers to zero: its floor is its smallest number.
FLOAT64 = Arithmetic("float64", _U64, _U64, _U64, floor=2.0**-1022, largest=(2.0 - 2.0**-52) * 2.0**1023)
_FLOAT32 = Arithmetic("float32", _U32, _U32, _U32, floor=2.0**-126, largest=(2.0 - 2.0**-23) * 2.0**127)
_BFLOAT16 = Arithmetic("bfloat16", _U32, _U_BF16, _U_BF16, floor=2.0**-126, largest=(2.0 - 2.0**-7) * 2.0**127)
_FLOAT16 = Arithmetic("float16", _U32, _U16, _U16, floor=2.0**-24, largest=65504.0)

NATIVE = {arithmetic.name: arithmetic for arithmetic in (FLOAT64, _FLOAT32, _BFLOAT16, _FLOAT16)}


@cache
def ladder(dtype: str) -> tuple[Arithmetic, ...]:
    """List the known arithmetics of layers of a dtype: its own, wider inside, and the looser ones that explain faults.

    The order has no meaning: which of them explains a run best is measured on that run.
    """
    native = NATIVE[dtype]
    coarser = (*_activations(native), *_products(native), *_states(native), *_narrower(native), *_weights(native))
    return (native, *_wider(native), *coarser)


def of_dtype(dtype: str) -> tuple[Arithmetic, ...]:
    """List the arithmetics in which no single operation errs by more than the dtype's own, the tightest first.

    Sums are rounded to the dtype after every addition, as in a loop over columns, where torch's kernels of the half
    types sum in float32; sigmoid and tanh are accurate to a few roundoffs absolutely, as `(1 + tanh(z / 2)) / 2` and
    `1 / (1 + exp(-z))` are, where torch's are relatively.
    """
    native = NATIVE[dtype]
    sums = [native] + [_partly(native, native, "accumulation", "sums")] * (native.value > native.accumulation)
    return tuple(
        replace(one, name=_join_names(one.name, words), activation=roundoffs * native.value)
        for words, roundoffs in (("", 0.0), (_ABSOLUTE, 1.0))
        for one in sums
    )


def _join_names(name: str, words: str) -> str:
    return " and ".join((name, words)) if " with " in name and words else " with ".join(filter(None, (name, words)))


def find_arithmetic(words: str, dtype: str) -> Arithmetic | None:
    """Find an arithmetic of a dtype by its name, with or without "DTYPE with"; None if there is none."""
    return next((a for a in ladder(dtype) if words in (a.name, a.name.removeprefix(f"{dtype} with "))), None)


def _wider(native: Arithmetic) -> list[Arithmetic]:
    """Compute everything in the next wider type, and round only what is returned."""
    wider = {"float32": FLOAT64, "bfloat16": _FLOAT32, "float16": _FLOAT32}.get(native.name)
    if wider is None:
        return []
    name = f"{wider.name} inside, rounded to {native.name}"
    return [replace(native, name=name, accumulation=wider.value, value=wider.value)]


def _activations(native: Arithmetic) -> list[Arithmetic]:
    """List activations with absolute accuracy: of one roundoff, or of a power of ten."""
    absolute = [replace(native, name=f"{native.name} with {_ABSOLUTE}", activation=native.value)]
    coarse = [10.0**-k for k in range(15, 1, -1) if 10.0**-k > 4.0 * native.value]
    return absolute + [
        replace(native, name=f"{native.name} with activations accurate to {size:.0e}", activation=2.0 * size)
        for size in coarse
    ]


def _products(native: Arithmetic) -> list[Arithmetic]:
    roundoffs = {"float32": _U32, "TF32": _U_TF32, "bfloat16": _U_BF16}
    return [
        replace(native, name=f"{native.name} with {name} products", product=u)
        for name, u in roundoffs.items()
        if u > native.value
    ]


def _states(native: Arithmetic) -> list[Arithmetic]:
    """Keep states, or accumulate sums, in a narrower type."""
    types = (_FLOAT32, _FLOAT16, _BFLOAT16)
    states = [_partly(native, other, "state", "states") for other in types if other.value > native.value]
    sums = [
        _partly(native, other, "accumulation", "accumulation") for other in types if other.value > native.accumulation
    ]
    return states + sums


def _partly(native: Arithmetic, other: Arithmetic, field: str, word: str) -> Arithmetic:
    """Replace one roundoff of the native arithmetic, and its floor, by those of another type."""
    changed = replace(native, name=f"{native.name} with {other.name} {word}", floor=max(native.floor, other.floor))
    return replace(changed, **{field: other.value})  # type: ignore[arg-type]


def _weights(native: Arithmetic) -> list[Arithmetic]:
    """Keep weights in fewer bits, and with int8 weights also x and h as they enter a product.

    torch quantises these in 8 bits of which it uses 7 (`reduce_range`), ONNX Runtime in 8.
    """
    if native.value < _U32 or native.value > _U16:
        return []
    rounded = max(native.product, _U32)
    kept = [replace(native, name=f"{native.name} with {name}", product=rounded, weights=name) for name in KEPT]
    eight = [
        replace(one, name=f"{native.name} with {words} and {one.weights}", factors=FACTOR_STEP / levels)
        for words, levels in (("8-bit factors", 255.0), ("8-bit factors reduced to 7 bits", 127.0))
        for one in kept
        if one.weights in _INTEGERS
    ]
    return [one for one in kept if not (native.value == _U16 and one.weights.startswith("float16"))] + eight


def _narrower(native: Arithmetic) -> list[Arithmetic]:
    """Compute everything in a narrower type."""
    return [
        replace(other, name=f"{other.name} inside a {native.name} layer", product=other.value, largest=native.largest)
        for other in (_FLOAT32, _FLOAT16, _BFLOAT16)
        if other.value > native.value
    ]
