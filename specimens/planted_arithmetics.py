"""LSTMs that are the standard one in exact numbers and work in a planted arithmetic, with the truth of what is planted.

A step is `(x (B, I), h (B, H), c (B, H), w_ih (4H, I), w_hh (4H, H), b_ih (4H,), b_hh (4H,)) -> (h, c)`, all in one
dtype, gate rows in the order i, f, g, o. What is not planted is plain: the factors as given, the gate sums in float64
(each row of a batch by a product of its own, so that no row depends on the others) and rounded once, activations
rounded correctly (in float64: NumPy's), the other operations rounded one by one, subnormals kept.
The truth has only what was planted, for a planted accumulator its order too. An activation's number is its largest
absolute error over [-12, 12], where it is finite.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial, reduce
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]
Unary = Callable[[Array], Array]
Term = Callable[[], Array]  # one product (B, 4H) of a gate sum, or a bias (4H,), computed when it is wanted
Pairs = Sequence[tuple[Array, Array]]  # (x, w_ih), (h, w_hh)
Total = Callable[[Pairs, Sequence[Array]], Array]  # the pairs and the biases to the gate sums (B, 4H)


def to(bits: int, mode: str = "nearest") -> Unary:
    """Round to so many bits of significand, the hidden one counted, ties to even or cut off; the dtype's exponents."""
    shift = np.uint64(53 - bits)
    low = (np.uint64(1) << shift) - np.uint64(1)

    def rounded(a: Array) -> Array:
        wide = a.astype(np.float64)
        raw = wide.view(np.uint64)
        if mode == "nearest":
            raw = raw + (low >> np.uint64(1)) + ((raw >> shift) & np.uint64(1))
        return np.where(np.isfinite(wide), (raw & ~low).view(np.float64), wide).astype(a.dtype)

    return rounded


def inside(dtype: str, function: Unary = np.asarray) -> Unary:
    """The function of another dtype; without one, the rounding to that dtype."""
    return lambda a: function(a.astype(dtype)).astype(a.dtype)


def flush(a: Array) -> Array:
    """Subnormals as zeros of their sign."""
    return np.where(np.abs(a) < np.finfo(a.dtype).tiny, np.copysign(a.dtype.type(0), a), a)


def products(a: Array, w: Array) -> Array:
    """The rows of `a` times the rows of `w` in float64, each row of `a` by a product of its own: (B, K) -> (B, 4H)."""
    return np.matmul(w.astype(np.float64), a.astype(np.float64)[:, :, None])[..., 0]


def plain(pairs: Pairs, biases: Sequence[Array]) -> Array:
    """Everything in float64, rounded once."""
    (x, w_ih), (h, w_hh) = pairs
    return (products(x, w_ih) + products(h, w_hh) + (biases[0].astype(np.float64) + biases[1])).astype(x.dtype)


def split(cut: Unary) -> Total:
    """Each factor a high and a low part, both made by `cut`; the product of the low parts is left out."""

    def total(pairs: Pairs, biases: Sequence[Array]) -> Array:
        z = biases[0].astype(np.float64) + biases[1]
        for pair in pairs:
            (high, low), (w_high, w_low) = ((cut(v), cut(v - cut(v))) for v in pair)
            z = z + (products(low, w_high) + products(high, w_low) + products(high, w_high))
        return z.astype(biases[0].dtype)

    return total


def sum_up(terms: Sequence[Term], add: Callable[[Array, Array], Array], order: Any) -> Array:
    """Add in an order: "pairwise" by halves (the first the shorter), ("strided", 4): term j to accumulator j modulo 4.

    A third element is the order in which blocks or accumulators are added. "drawn" and "drawn stride" are drawn anew.
    """
    if order == "pairwise" and len(terms) > 1:
        half = len(terms) // 2
        return add(sum_up(terms[:half], add, order), sum_up(terms[half:], add, order))
    rng = np.random.default_rng() if str(order).startswith("drawn") else None
    if rng:
        terms = [terms[j] for j in rng.permutation(len(terms))] if order == "drawn" else terms
        order = "sequential" if order == "drawn" else ("strided", int(rng.integers(1, 9)))
    if isinstance(order, tuple):
        kind, n, *last = order
        starts = range(0, len(terms), n) if kind == "blocked" else range(min(n, len(terms)))
        groups = [terms[j : j + n] if kind == "blocked" else terms[j::n] for j in starts]
        return sum_up([partial(sum_up, group, add, "sequential") for group in groups], add, (last or ["sequential"])[0])
    terms = terms[::-1] if order == "reversed" else terms
    return reduce(lambda total, term: add(total, term()), terms[1:], terms[0]())


def ordered(order: Any, narrow: Unary | None = None, bias: str = "last", joined: bool = True) -> Total:
    """Products and additions in the dtype and in this order; x's part and h's in one sum (`joined`) or in two.

    With `narrow`, products are those of float64 and each addition is followed by it.
    """

    def total(pairs: Pairs, biases: Sequence[Array]) -> Array:
        dtype = biases[0].dtype
        wide = dtype if narrow is None else np.dtype(np.float64)
        add = np.add if narrow is None else (lambda a, b: narrow(a + b))
        constant = add(biases[0].astype(wide), biases[1].astype(wide))
        pairs = [(a.astype(wide), w.astype(wide, "F")) for a, w in pairs]
        terms = [[partial(np.multiply, a[:, [j]], w[:, j]) for j in range(a.shape[1])] for a, w in pairs]
        terms[0] = [partial(np.asarray, constant), *terms[0]] if bias == "first" else terms[0]
        z = reduce(add, [sum_up(part, add, order) for part in ([terms[0] + terms[1]] if joined else terms)])
        return (z if bias == "first" else add(z, constant)).astype(dtype)

    return total


def by_batch(rows: Callable[[int], int], order: Any) -> Total:
    """The first `rows(B)` rows of a batch of B in this order, the others plain."""

    def total(pairs: Pairs, biases: Sequence[Array]) -> Array:
        n = rows(len(pairs[0][0]))
        first, others = [(a[:n], w) for a, w in pairs], [(a[n:], w) for a, w in pairs]
        return np.concatenate([ordered(order)(first, biases), plain(others, biases)])

    return total


def stable_sigmoid(z: Array) -> Array:
    """A sigmoid whose exp never overflows."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1, e) / (1 + e)


def polynomial_sigmoid(z: Array) -> Array:
    """With exp(-z) as a power of two times Taylor's polynomial of degree 5."""
    t = -np.clip(z, -700, 700)
    n = np.rint(t / np.log(2))
    r = t - n * np.log(2)
    p = 1 + r * (1 + r / 2 * (1 + r / 3 * (1 + r / 4 * (1 + r / 5))))
    return 1 / (1 + np.ldexp(p, np.nan_to_num(n).astype(int)))


def fraction_tanh(z: Array) -> Array:
    """Lambert's continued fraction to its twelfth level, held between -1 and 1."""
    below = reduce(lambda rest, odd: odd + z * z / rest, range(21, 0, -2), np.full_like(z, 23))
    return np.where(np.abs(z) > 12, np.sign(z), np.clip(z / below, -1, 1))


exp, tanh, sigmoid = inside("float64", np.exp), inside("float64", np.tanh), inside("float64", stable_sigmoid)
sinh, cosh, GRID = inside("float64", np.sinh), inside("float64", np.cosh), np.linspace(-8, 8, 4096)
ACTIVATIONS: Mapping[str, Unary] = {
    "polynomial": polynomial_sigmoid,
    "in half": inside("float16", lambda z: 1 / (1 + exp(-z))),
    "in single": inside("float32", stable_sigmoid),
    "e/(1+e)": lambda z: exp(z) / (1 + exp(z)),  # infinity over infinity
    "from tanh": lambda z: (1 + tanh(z / 2)) / 2,  # no relative accuracy below 0
    "hard": lambda z: np.where(z > 8, z.dtype.type(1), sigmoid(z)),
    "reciprocal": lambda z: to(12)(1 / (1 + exp(-z))),
    "fraction": fraction_tanh,
    "table": inside("float64", lambda z: np.interp(z, GRID, np.tanh(GRID))),
    "constant": lambda z: tanh(np.clip(z, -9, 9)),
    "from sigmoid": lambda z: 2 * sigmoid(2 * z) - 1,  # no relative accuracy near 0
    "(e-1)/(e+1)": lambda z: (exp(2 * z) - 1) / (exp(2 * z) + 1),  # nor here, and infinity over infinity
    "sinh/cosh": lambda z: sinh(z) / cosh(z),  # infinity over infinity
}


def fused(a: Array, b: Array, added: Array) -> Array:
    """a * b + added, rounded once but for rare double roundings; in float64 by Dekker's product and Knuth's sum."""
    if a.dtype != np.float64:
        return (a.astype(np.float64) * b + added).astype(a.dtype)
    (a1, a2), (b1, b2) = ((to(26)(v), v - to(26)(v)) for v in (a, b))
    product = a * b
    total = product + added
    part = total - product
    error = (product - (total - part)) + (added - part) + (a2 * b2 + ((a1 * b1 - product) + a1 * b2 + a2 * b1))
    return np.where(np.isfinite(error), total + error, total)


@np.errstate(all="ignore")
def _step(
    *given: Array, total: Total = plain, fma: str = "", flushed: Sequence[str] = (), **plants: Mapping[str, Any]
) -> tuple[Array, Array]:
    factors, gates, states = (plants.get(kind, {}) for kind in ("factors", "gates", "states"))
    named = dict(zip(("x", "h", "c", "w_ih", "w_hh"), given, strict=False))
    named = {name: flush(a) if name in flushed else a for name, a in named.items()}
    x, h, w_ih, w_hh = (factors.get(name, np.asarray)(named[name]) for name in ("x", "h", "w_ih", "w_hh"))
    parts = zip("ifgo", np.split(total([(x, w_ih), (h, w_hh)], given[5:]), 4, axis=-1), strict=True)
    i, f, g, o = (ACTIVATIONS.get(gates.get(gate, ""), tanh if gate == "g" else sigmoid)(z) for gate, z in parts)
    c = {"f * c": fused(f, named["c"], i * g), "i * g": fused(i, g, f * named["c"])}.get(fma, f * named["c"] + i * g)
    if fma == "both":
        c = (f.astype(np.float64) * named["c"] + i.astype(np.float64) * g).astype(c.dtype)
    h = o * ACTIVATIONS.get(gates.get("c'", ""), tanh)(c)
    h, c = states.get("h", np.asarray)(h), states.get("c", np.asarray)(c)
    return flush(h) if "h'" in flushed else h, flush(c) if "c'" in flushed else c


@dataclass(frozen=True)
class Planted:
    """An LSTM step of one dtype, and what was planted in it."""

    name: str
    dtype: str
    step: partial[tuple[Array, Array]]
    truth: Mapping[str, object]


def _lstm(name: str, dtype: str, truth: Mapping[str, object], **plants: Any) -> Planted:
    return Planted(name, dtype, partial(_step, **plants), truth)


def _factors(
    name: str, dtype: str, bits: int, reducer: Unary, names: str = "x w_ih h w_hh", **truth: object
) -> Planted:
    truth = {"factor bits": dict.fromkeys(names.split(), bits)} | truth
    return _lstm(name, dtype, truth, factors=dict.fromkeys(names.split(), reducer))


def _sums(name: str, dtype: str, order: Any, bits: int = 0, **how: Any) -> Planted:
    truth = {"order": order[:2] if isinstance(order, tuple) else order} | ({"accumulator bits": bits} if bits else {})
    return _lstm(name, dtype, truth, total=ordered(order, **how))


def _gate(name: str, dtype: str, gate: str, error: float, function: str, **truth: object) -> Planted:
    return _lstm(name, dtype, {"activation": {gate: error}} | truth, gates={gate: function})


def _both(first: Planted, second: Planted) -> Planted:
    plants = first.step.keywords | second.step.keywords
    return _lstm(f"{first.name}-and-{second.name}", first.dtype, {**first.truth, **second.truth}, **plants)


F64, F32, F16 = "float64", "float32", "float16"
PLAIN = tuple(_lstm(f"plain-{dtype}", dtype, {}) for dtype in (F64, F32, F16))
SINGLE = (
    _factors("tf32-factors", F32, 11, to(11)),
    _factors("tf32-factors-cut-off", F64, 11, to(11, "truncate")),
    _factors("bfloat16-factors", F32, 8, to(8)),
    _factors("half-factors", F32, 11, inside(F16), flushed=("x", "h", "w_ih", "w_hh")),
    _factors("single-weights", F64, 24, to(24), "w_ih w_hh"),
    _factors("nineteen-bit-input", F32, 19, to(19), "x"),
    _factors("thirteen-bit-hidden", F32, 13, to(13, "truncate"), "h w_hh"),
    _factors("nine-bit-weights", F16, 9, to(9), "w_hh"),
    _lstm("two-bfloat16", F32, _factors("", "", 16, to(16)).truth, total=split(to(8, "truncate"))),
    _lstm("three-tf32-products", F64, _factors("", "", 22, to(22)).truth, total=split(to(11, "truncate"))),
    _sums("bfloat16-accumulator", F32, "sequential", 8, narrow=to(8)),
    _sums("seven-bit-accumulator", F16, "pairwise", 7, narrow=to(7)),
    _sums("sixteen-bit-accumulator", F32, "reversed", 16, narrow=to(16, "truncate"), joined=False),
    _sums("single-accumulator", F64, "sequential", 24, narrow=inside(F32)),
    _sums("first-to-last", F32, "sequential"),
    _sums("bias-first", F64, "sequential", bias="first", joined=False),
    _sums("last-to-first", F16, "reversed"),
    _sums("two-halves", F64, "pairwise", joined=False),
    _sums("blocks-of-four", F16, ("blocked", 4)),
    _sums("blocks-of-sixteen", F64, ("blocked", 16), joined=False),
    _sums("blocks-of-thirty-two", F32, ("blocked", 32)),
    _sums("two-accumulators", F64, ("strided", 2)),
    _sums("four-accumulators", F32, ("strided", 4, "pairwise")),
    _lstm("half-h", F32, {"state bits": {"h": 11}, "flushed": ("h'",)}, states={"h": inside(F16)}),
    _lstm("bfloat16-c", F16, {"state bits": {"c": 8}}, states={"c": to(8)}),
    _lstm("twenty-bit-states", F64, {"state bits": {"h": 20, "c": 20}}, states=dict.fromkeys("hc", to(20, "truncate"))),
    _gate("g-from-a-table", F32, "g", 1.5e-6, "table"),
    _gate("g-from-a-fraction", F64, "g", 1.1e-5, "fraction"),
    _gate("g-constant-beyond-nine", F64, "g", 3.0e-8, "constant"),
    _gate("f-in-single", F64, "f", 9.2e-8, "in single"),
    _gate("f-with-a-fast-reciprocal", F32, "f", 1.2e-4, "reciprocal"),
    _gate("i-in-half", F32, "i", 7.3e-4, "in half"),
    _gate("o-from-a-polynomial", F64, "o", 7.9e-7, "polynomial"),
    _gate("o-hard-above-eight", F32, "o", 3.4e-4, "hard"),
    _gate("o-from-tanh", F16, "o", 3.7e-4, "from tanh"),
    _gate("c-from-sigmoid", F32, "c'", 6.0e-8, "from sigmoid"),
    _gate("c-from-exp", F64, "c'", 1.7e-16, "(e-1)/(e+1)", overflow=("c'",)),
    _lstm("forget-product-fused", F32, {"fma": "f * c"}, fma="f * c"),
    _lstm("input-product-fused", F64, {"fma": "i * g"}, fma="i * g"),
    _lstm("new-c-rounded-once", F16, {"fma": "both"}, fma="both"),
    _lstm("no-subnormal-inputs", F32, {"flushed": ("x",)}, flushed=("x",)),
    _lstm("no-subnormal-states", F64, {"flushed": ("h", "c")}, flushed=("h", "c")),
    _lstm("no-subnormal-results", F16, {"flushed": ("h'", "c'")}, flushed=("h'", "c'")),
    _lstm("no-subnormal-weights", F32, {"flushed": ("w_ih", "w_hh")}, flushed=("w_ih", "w_hh")),
    _lstm("sigmoids-overflow", F64, {"overflow": ("i", "f", "o")}, gates=dict.fromkeys("ifo", "e/(1+e)")),
    _gate("o-overflows", F16, "o", 6.9e-4, "e/(1+e)", overflow=("o",)),
    _gate("g-overflows", F32, "g", 1.4e-7, "sinh/cosh", overflow=("g",)),
    _lstm("odd-batches", F64, {"batch dependent": True}, total=by_batch(lambda n: n % 2 * n * (n > 1), ("blocked", 8))),
    _lstm("full-quads", F32, {"batch dependent": True}, total=by_batch(lambda n: n // 4 * 4, ("strided", 2))),
    _lstm("drawn-order", F32, {"repeatable": False}, total=ordered("drawn")),
    _lstm("drawn-accumulators", F64, {"repeatable": False}, total=ordered("drawn stride")),
)
NAMED = {lstm.name: lstm for lstm in SINGLE}
PAIRS = (
    ("tf32-factors", "half-h"),
    ("bfloat16-factors", "no-subnormal-inputs"),
    ("thirteen-bit-hidden", "four-accumulators"),
    ("last-to-first", "new-c-rounded-once"),
    ("blocks-of-sixteen", "g-from-a-fraction"),
    ("twenty-bit-states", "f-in-single"),
    ("bfloat16-accumulator", "g-overflows"),
    ("single-weights", "input-product-fused"),
)
PLANTED = SINGLE + tuple(_both(NAMED[first], NAMED[second]) for first, second in PAIRS)
