"""Cells in NumPy with backward passes of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    """The logistic function."""
    return 1 / (1 + np.exp(-z))


class CourseCell:
    """One step; gradients of weights in attributes."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        rng = np.random.default_rng(0)
        self.Wx = rng.standard_normal((input_size, 4 * hidden_size))
        self.Wh = rng.standard_normal((hidden_size, 4 * hidden_size))
        self.b = np.zeros(4 * hidden_size)

    def forward(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c."""
        i, f, o, g = np.split(x @ self.Wx + h @ self.Wh + self.b, 4, axis=1)
        i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
        new_c = f * c + i * g
        self.cache = x, h, c, i, f, o, g, np.tanh(new_c)
        return o * np.tanh(new_c), new_c

    def of_cell(self, dh: Array, dc: Array, o: Array, tanh_c: Array) -> Array:
        """The whole gradient of the new cell state."""
        return dc + dh * o * (1 - tanh_c**2)

    def backward(self, dh: Array, dc: Array) -> tuple[Array, Array, Array]:
        """The gradients of x, h and c; those of the parameters are in dWx, dWh and db."""
        x, h, c, i, f, o, g, tanh_c = self.cache
        dc = self.of_cell(dh, dc, o, tanh_c)
        da = np.hstack([dc * g * i * (1 - i), dc * c * f * (1 - f), dh * tanh_c * o * (1 - o), dc * i * (1 - g**2)])
        self.dWx, self.dWh, self.db = x.T @ da, h.T @ da, da.sum(0)
        return da @ self.Wx.T, da @ self.Wh.T, dc * f


class CourseCellFaulty(CourseCell):
    """What comes through h is forgotten."""

    def of_cell(self, dh: Array, dc: Array, o: Array, tanh_c: Array) -> Array:
        return dc


class CacheCell:
    """Functional: what the backward pass needs is returned, and given back."""

    def __init__(self, n_x: int, n_h: int) -> None:
        rng = np.random.default_rng(1)
        self.W = rng.standard_normal((4 * n_h, n_x))
        self.U = rng.standard_normal((4 * n_h, n_h))
        self.b = np.zeros((4 * n_h,))

    def forward(self, x: Array, h_prev: Array, c_prev: Array) -> tuple[Array, Array, Any]:
        """The next h and c, and a cache."""
        z = x @ self.W.T + h_prev @ self.U.T + self.b
        f, i, g, o = np.split(z, 4, axis=-1)
        f, i, g, o = sigmoid(f), sigmoid(i), np.tanh(g), sigmoid(o)
        c = f * c_prev + i * g
        h = o * np.tanh(c)
        return h, c, (x, h_prev, c_prev, f, i, g, o, c)

    def slope(self, f: Array) -> Array:
        """The derivative of the forget gate."""
        return f * (1 - f)

    def backward(self, dh: Array, dc: Array, cache: Any) -> dict[str, Array]:
        """Gradients of everything by name."""
        x, h_prev, c_prev, f, i, g, o, c = cache
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        parts = dc * c_prev * self.slope(f), dc * g * i * (1 - i), dc * i * (1 - g**2), dh * np.tanh(c) * o * (1 - o)
        dz = np.concatenate(parts, axis=-1)
        found = {"dW": dz.T @ x, "dU": dz.T @ h_prev, "db": dz.sum(0)}
        return found | {"dx": dz @ self.W, "dh_prev": dz @ self.U, "dc_prev": dc * f}


class CacheCellFaulty(CacheCell):
    """A tanh's derivative for a sigmoid's."""

    def slope(self, f: Array) -> Array:
        return 1 - f**2


class GatesCell:
    """A matrix on [h, x] and a bias for each gate; the backward pass returns everything."""

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        rng = np.random.default_rng(2)
        self.hidden_dim = hidden_dim
        self.W_i, self.W_f, self.W_g, self.W_o = rng.standard_normal((4, hidden_dim + input_dim, hidden_dim))
        self.b_i, self.b_f, self.b_g, self.b_o = np.zeros((4, hidden_dim))

    squash = staticmethod(np.tanh)

    def __call__(self, x: Array, state: tuple[Array, Array]) -> tuple[Array, Array]:
        h, c = state
        self.c, self.hx = c, np.concatenate([h, x], axis=1)
        self.i, self.f = sigmoid(self.hx @ self.W_i + self.b_i), sigmoid(self.hx @ self.W_f + self.b_f)
        self.g, self.o = self.squash(self.hx @ self.W_g + self.b_g), sigmoid(self.hx @ self.W_o + self.b_o)
        self.new = self.f * c + self.i * self.g
        return self.o * np.tanh(self.new), self.new

    def backward(self, grad_h: Array, grad_c: Array) -> tuple[Array, tuple[Array, Array], dict[str, Array]]:
        """Gradients of x, of the state, and of the parameters by their names."""
        shown = np.tanh(self.new)
        grad_c = grad_c + grad_h * self.o * (1 - shown**2)
        z = {
            "i": grad_c * self.g * self.i * (1 - self.i),
            "f": grad_c * self.c * self.f * (1 - self.f),
            "g": grad_c * self.i * (1 - self.g**2),
            "o": grad_h * shown * self.o * (1 - self.o),
        }
        grads = {f"W_{gate}": self.hx.T @ dz for gate, dz in z.items()} | {f"b_{g}": dz.sum(0) for g, dz in z.items()}
        d_hx = z["i"] @ self.W_i.T + z["f"] @ self.W_f.T + z["g"] @ self.W_g.T + z["o"] @ self.W_o.T
        return d_hx[:, self.hidden_dim :], (d_hx[:, : self.hidden_dim], grad_c * self.f), grads


class GatesCellFaulty(GatesCell):
    """A sigmoid for the candidate."""

    squash = staticmethod(sigmoid)  # type: ignore[assignment]
