"""LSTMs in NumPy with backward passes of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(z: Array) -> Array:
    """The logistic function."""
    with np.errstate(over="ignore"):
        return 1 / (1 + np.exp(-z))


class CourseLayer:
    """A course's assignment as a class: (N, T, D), gates i, f, o, g; gradients of weights in attributes."""

    def __init__(self, input_dim: int, hidden_dim: int) -> None:
        self.Wx = np.random.randn(input_dim, 4 * hidden_dim) / np.sqrt(input_dim)  # noqa: NPY002
        self.Wh = np.random.randn(hidden_dim, 4 * hidden_dim) / np.sqrt(hidden_dim)  # noqa: NPY002
        self.b = np.zeros(4 * hidden_dim)

    def forward(self, x: Array, h0: Array) -> Array:
        """All hidden states (N, T, H)."""
        h, c = h0, np.zeros_like(h0)
        self.cache, hs = [], []
        for t in range(x.shape[1]):
            i, f, o, g = np.split(x[:, t] @ self.Wx + h @ self.Wh + self.b, 4, axis=1)
            i, f, o, g = sigmoid(i), sigmoid(f), sigmoid(o), np.tanh(g)
            new_c = f * c + i * g
            new_h = o * np.tanh(new_c)
            self.cache.append((x[:, t], h, c, new_h, new_c, i, f, o, g))
            h, c = new_h, new_c
            hs.append(h)
        return np.stack(hs, 1)

    def backward(self, dh: Array) -> tuple[Array, Array]:
        """The gradients of x and h0; those of the parameters are in dWx, dWh and db."""
        self.dWx, self.dWh, self.db = (np.zeros_like(w) for w in (self.Wx, self.Wh, self.b))
        dx, dh_next, dc_next = [], np.zeros_like(dh[:, 0]), np.zeros_like(dh[:, 0])
        for t in reversed(range(dh.shape[1])):
            x, h, c, new_h, new_c, i, f, o, g = self.cache[t]
            d_h, tanh_c = dh[:, t] + dh_next, np.tanh(new_c)
            dc = dc_next + d_h * o * (1 - tanh_c**2)
            da = np.hstack(
                [dc * g * i * (1 - i), dc * c * f * (1 - f), d_h * tanh_c * o * (1 - o), dc * i * (1 - g**2)]
            )
            dx.append(da @ self.Wx.T)
            dh_next, dc_next = da @ self.Wh.T, dc * f
            self.dWx += x.T @ da
            self.dWh += self.of_product(h, new_h).T @ da
            self.db += da.sum(0)
        return np.stack(dx[::-1], 1), dh_next

    def of_product(self, old: Array, new: Array) -> Array:
        """The state that was multiplied by Wh."""
        return old


class CourseLayerFaulty(CourseLayer):
    """The gradient of Wh is of the state after the step."""

    def of_product(self, old: Array, new: Array) -> Array:
        return new


class GradsDictLSTM:
    """Weights and gradients in dicts, for each gate; time first; all three results have gradients."""

    def __init__(self, n_in: int, n_hid: int) -> None:
        self.params = {f"W_{gate}": np.random.randn(n_hid, n_in + n_hid) * 0.1 for gate in "fico"}  # noqa: NPY002
        self.params.update({f"b_{gate}": np.zeros(n_hid) for gate in "fico"})
        self.grads: dict[str, Array] = {}

    def input_gate(self, z: Array) -> Array:
        """What is let in."""
        return sigmoid(z)

    def forward(self, x: Array, h0: Array, c0: Array) -> tuple[Array, Array, Array]:
        """Return the outputs, and the last h and c."""
        p, h, c = self.params, h0, c0
        self.steps: list[Any] = []
        for frame in x:
            xh = np.concatenate([frame, h], axis=1)
            z = {gate: xh @ p[f"W_{gate}"].T + p[f"b_{gate}"] for gate in "fico"}
            f, i, g, o = sigmoid(z["f"]), self.input_gate(z["i"]), np.tanh(z["c"]), sigmoid(z["o"])
            old, c = c, f * c + i * g
            h = o * np.tanh(c)
            self.steps.append((xh, f, i, g, o, old, c, h))
        return np.stack([step[-1] for step in self.steps]), h, c

    def backward(self, dout: Array, dh_n: Array, dc_n: Array) -> tuple[Array, Array, Array]:
        """Return dx, dh0 and dc0."""
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}
        dh, dc, dx = dh_n, dc_n, np.zeros((*dout.shape[:2], self.params["W_f"].shape[1] - dout.shape[2]))
        for t in range(len(dout) - 1, -1, -1):
            xh, f, i, g, o, old, c, _ = self.steps[t]
            dh = dh + dout[t]
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            d = {"f": dc * old * f * (1 - f), "i": dc * g * i * (1 - i), "c": dc * i * (1 - g * g)}
            d["o"] = dh * np.tanh(c) * o * (1 - o)
            dxh = sum(d[gate] @ self.params[f"W_{gate}"] for gate in "fico")
            for gate in "fico":
                self.grads[f"W_{gate}"] += d[gate].T @ xh
                self.grads[f"b_{gate}"] += d[gate].sum(0)
            dx[t], dh, dc = dxh[:, : dx.shape[2]], dxh[:, dx.shape[2] :], dc * f
        return dx, dh, dc


class GradsDictLSTMFaulty(GradsDictLSTM):
    """The input gate through tanh."""

    def input_gate(self, z: Array) -> Array:
        return np.tanh(z)


class BpttLSTM:
    """Backpropagation through time of a sequence (T, B, D); everything in one dict."""

    def __init__(self, D: int, H: int) -> None:  # noqa: N803
        self.W = np.random.randn(4 * H, D) * 0.1  # noqa: NPY002
        self.U = np.random.randn(4 * H, H) * 0.1  # noqa: NPY002
        self.b = np.zeros(4 * H)
        self.H = H

    def forward(self, x: Array, state: tuple[Array, Array] | None = None) -> tuple[Array, tuple[Array, Array]]:
        """Outputs (T, B, H), and the state."""
        zeros = np.zeros((x.shape[1], self.H), x.dtype)
        self.start = h, c = state if state is not None else (zeros, zeros)
        self.x, self.trace, ys = x, [], []
        for frame in x:
            z = frame @ self.W.T + h @ self.U.T + self.b
            i, f, o = (sigmoid(z[:, k * self.H : (k + 1) * self.H]) for k in (0, 1, 3))
            g = np.tanh(z[:, 2 * self.H : 3 * self.H])
            c = f * c + i * g
            h = o * np.tanh(c)
            self.trace.append((i, f, g, o, c, h))
            ys.append(h)
        return np.array(ys), (h, c)

    def slope(self, c: Array) -> Array:
        """The derivative of tanh at c."""
        return 1 - np.tanh(c) ** 2

    def bptt(self, dy: Array) -> dict[str, Array]:
        """Return dx, dW, dU and db."""
        found = {"dx": np.zeros_like(self.x), "dW": np.zeros_like(self.W), "dU": np.zeros_like(self.U)}
        found["db"] = np.zeros_like(self.b)
        dh_next = dc_next = np.zeros_like(dy[0])
        for t in range(len(dy))[::-1]:
            i, f, g, o, c, _ = self.trace[t]
            h_prev, c_prev = (self.trace[t - 1][5], self.trace[t - 1][4]) if t else self.start
            dh = dy[t] + dh_next
            dc = dc_next + dh * o * self.slope(c)
            parts = (
                dc * g * i * (1 - i),
                dc * c_prev * f * (1 - f),
                dc * i * (1 - g**2),
                dh * np.tanh(c) * o * (1 - o),
            )
            dz = np.concatenate(parts, 1)
            found["dW"] += dz.T @ self.x[t]
            found["dU"] += dz.T @ h_prev
            found["db"] += dz.sum(axis=0)
            found["dx"][t], dh_next, dc_next = dz @ self.W, dz @ self.U, dc * f
        return found


class BpttLSTMFaulty(BpttLSTM):
    """The derivative of tanh as if c were its value."""

    def slope(self, c: Array) -> Array:
        return 1 - c**2


class AccumulatingLSTM:
    """A layer of a small framework: gradients are added up until zero_grad; batch first."""

    def __init__(self, input_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.W = np.random.uniform(-0.1, 0.1, (4 * hidden_size, input_size + hidden_size))  # noqa: NPY002
        self.b = np.zeros(4 * hidden_size)
        self.zero_grad()

    def zero_grad(self) -> None:
        """Forget the gradients."""
        self.grad_W, self.grad_b = np.zeros_like(self.W), np.zeros_like(self.b)

    def __call__(self, x: Array, state: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        h, c = state
        self.memory, outputs = [], []
        for frame in x.swapaxes(0, 1):
            z = np.concatenate([frame, h], 1)
            i, f, g, o = np.split(z @ self.W.T + self.b, 4, 1)
            i, f, g, o = sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
            c_old, c = c, self.update(f, c, i, g)
            h = o * np.tanh(c)
            self.memory.append((z, i, f, g, o, c_old, c))
            outputs.append(h)
        return np.stack(outputs, 1), (h, c)

    def update(self, f: Array, c: Array, i: Array, g: Array) -> Array:
        """The new cell state."""
        return f * c + i * g

    def backward(self, grad: Array, grad_state: tuple[Array, Array]) -> tuple[Array, tuple[Array, Array]]:
        """Return the gradients of x and of the state."""
        dh, dc = grad_state
        dx = []
        for t, (z, i, f, g, o, c_old, c) in reversed(list(enumerate(self.memory))):
            dh = dh + grad[:, t]
            dc = dc + dh * o * (1 - np.tanh(c) ** 2)
            d = np.concatenate(
                [dc * g * i * (1 - i), dc * c_old * f * (1 - f), dc * i * (1 - g**2), dh * np.tanh(c) * o * (1 - o)], 1
            )
            self.grad_W += d.T @ z
            self.grad_b += d.sum(0)
            dz = d @ self.W
            dx.append(dz[:, : -self.hidden_size])
            dh, dc = dz[:, -self.hidden_size :], dc * f
        return np.stack(dx[::-1], 1), (dh, dc)


class AccumulatingLSTMFaulty(AccumulatingLSTM):
    """The forget gate acts on the sum."""

    def update(self, f: Array, c: Array, i: Array, g: Array) -> Array:
        return f * (c + i * g)
