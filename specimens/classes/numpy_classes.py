"""LSTMs in NumPy alone."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


def sigmoid(x: Array) -> Array:
    """The logistic function."""
    return 1.0 / (1.0 + np.exp(-x))


class CaptioningLSTM:
    """A course's assignment: Wx, Wh, b with gates i, f, o, g; only h may be given; batch first."""

    def __init__(self, input_dim: int, hidden_dim: int, dtype: Any = np.float64) -> None:
        self.Wx = np.random.default_rng(0).standard_normal((input_dim, 4 * hidden_dim)).astype(dtype)
        self.Wh = np.random.default_rng(1).standard_normal((hidden_dim, 4 * hidden_dim)).astype(dtype)
        self.b = np.zeros(4 * hidden_dim, dtype)

    squash = staticmethod(np.tanh)

    def step_forward(self, x: Array, prev_h: Array, prev_c: Array) -> tuple[Array, Array]:
        """A single timestep."""
        H = prev_h.shape[1]
        a = x @ self.Wx + prev_h @ self.Wh + self.b
        i, f, o = sigmoid(a[:, :H]), sigmoid(a[:, H : 2 * H]), sigmoid(a[:, 2 * H : 3 * H])
        next_c = f * prev_c + i * self.squash(a[:, 3 * H :])
        return o * np.tanh(next_c), next_c

    def forward(self, x: Array, h0: Array | None = None) -> Array:
        """The hidden states (N, T, H) of all timesteps."""
        N, T, _ = x.shape
        h = np.zeros((N, self.Wh.shape[0])) if h0 is None else h0
        c = np.zeros_like(h)
        hs = np.empty((N, T, h.shape[1]), h.dtype)
        for t in range(T):
            h, c = self.step_forward(x[:, t], h, c)
            hs[:, t] = h
        return hs


class CaptioningLSTMFaulty(CaptioningLSTM):
    """The candidate is rectified."""

    squash = staticmethod(lambda a: np.maximum(a, 0))  # type: ignore[assignment]


class CharLSTM:
    """Remembers its states from one step to the next, for one sequence of vectors."""

    def __init__(self, vocab_size: int, hidden_size: int) -> None:
        self.hidden_size = hidden_size
        self.Wf, self.Wi, self.Wc, self.Wo = np.random.randn(4, hidden_size, hidden_size + vocab_size) * 0.1  # noqa: NPY002
        self.bf, self.bi, self.bc, self.bo = np.zeros((4, hidden_size))
        self.reset()

    def reset(self) -> None:
        """Forgets everything."""
        self.h = np.zeros(self.hidden_size)
        self.c = np.zeros(self.hidden_size)

    def step(self, x: Array) -> Array:
        """The hidden state after one more x."""
        z = np.concatenate((self.h, x))
        f, i, o = (sigmoid(w @ z + b) for w, b in ((self.Wf, self.bf), (self.Wi, self.bi), (self.Wo, self.bo)))
        self.c = f * self.c + i * np.tanh(self.Wc @ z + self.bc)
        self.h = o * np.tanh(self.c)
        return self.h


class CharLSTMFaulty(CharLSTM):
    """The cell state is lost between steps."""

    def step(self, x: Array) -> Array:
        self.c = np.zeros(self.hidden_size)
        return super().step(x)


class CourseraLSTM:
    """A course's exercise: (feature, batch, time), a dict of parameters, a0 and no c0; all a and all c."""

    def __init__(self, n_x: int, n_a: int) -> None:
        self.parameters = {f"W{gate}": np.random.randn(n_a, n_a + n_x) for gate in "fico"}  # noqa: NPY002
        self.parameters.update({f"b{gate}": np.random.randn(n_a, 1) for gate in "fico"})  # noqa: NPY002

    def output_gate(self, concat: Array) -> Array:
        """What is shown."""
        return sigmoid(self.parameters["Wo"] @ concat + self.parameters["bo"])

    def forward(self, x: Array, a0: Array) -> tuple[Array, Array]:
        """x of shape (n_x, m, T_x), a0 of shape (n_a, m)."""
        p = self.parameters
        a = np.zeros((*a0.shape, x.shape[2]))
        c = np.zeros_like(a)
        a_next, c_next = a0, np.zeros_like(a0)
        for t in range(x.shape[2]):
            concat = np.concatenate((a_next, x[:, :, t]), axis=0)
            ft = sigmoid(np.dot(p["Wf"], concat) + p["bf"])
            it = sigmoid(np.dot(p["Wi"], concat) + p["bi"])
            cct = np.tanh(np.dot(p["Wc"], concat) + p["bc"])
            c_next = ft * c_next + it * cct
            a_next = self.output_gate(concat) * np.tanh(c_next)
            a[:, :, t], c[:, :, t] = a_next, c_next
        return a, c


class CourseraLSTMFaulty(CourseraLSTM):
    """The output gate through tanh."""

    def output_gate(self, concat: Array) -> Array:
        return np.tanh(self.parameters["Wo"] @ concat + self.parameters["bo"])


class KerasLSTM:
    """After Keras: units first, kernels, gates i, f, c, o; the last output unless sequences are asked for."""

    recurrent_activation = staticmethod(sigmoid)

    def __init__(self, units: int, input_dim: int, return_sequences: bool = False) -> None:
        self.units, self.return_sequences = units, return_sequences
        self.kernel = np.ones((input_dim, 4 * units)) * 0.01
        self.recurrent_kernel = np.ones((units, 4 * units)) * 0.01
        self.bias = np.zeros(4 * units)

    def __call__(self, inputs: Array) -> Array:
        h = c = np.zeros((inputs.shape[0], self.units))
        sequence = []
        for x in np.swapaxes(inputs, 0, 1):
            i, f, g, o = np.split(x @ self.kernel + h @ self.recurrent_kernel + self.bias, 4, axis=-1)
            c = self.recurrent_activation(f) * c + self.recurrent_activation(i) * np.tanh(g)
            h = self.recurrent_activation(o) * np.tanh(c)
            sequence.append(h)
        return np.stack(sequence, axis=1) if self.return_sequences else h


class KerasLSTMFaulty(KerasLSTM):
    """The hard sigmoid that Keras had once."""

    recurrent_activation = staticmethod(lambda x: np.clip(0.2 * x + 0.5, 0, 1))


class NumpyCell:
    """A cell with dicts of weights."""

    def __init__(self, n_in: int, n_hidden: int, scale: float = 0.1) -> None:
        rng = np.random.default_rng()
        self.W = {k: rng.uniform(-scale, scale, (n_in, n_hidden)) for k in ("i", "f", "o", "g")}
        self.U = {k: rng.uniform(-scale, scale, (n_hidden, n_hidden)) for k in ("i", "f", "o", "g")}
        self.b = {k: np.zeros(n_hidden) for k in ("i", "f", "o", "g")}

    def net(self, k: str, x: Array, h: Array) -> Array:
        """The sum of a gate."""
        return x @ self.W[k] + h @ self.U[k] + self.b[k]

    def step(self, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """The next h and c."""
        c = sigmoid(self.net("f", x, h)) * c + sigmoid(self.net("i", x, h)) * np.tanh(self.net("g", x, h))
        return sigmoid(self.net("o", x, h)) * np.tanh(c), c


class NumpyCellFaulty(NumpyCell):
    """The forget gate's bias in the input gate."""

    def net(self, k: str, x: Array, h: Array) -> Array:
        return x @ self.W[k] + h @ self.U[k] + self.b["f" if k == "i" else k]


class TheanoLSTM:
    """After Theano's tutorial: as many features as units, gates i, f, o, c, an optional mask; time first."""

    def __init__(self, dim_proj: int) -> None:
        self.dim_proj = dim_proj
        self.lstm_W = np.concatenate([0.01 * np.random.randn(dim_proj, dim_proj) for _ in range(4)], axis=1)  # noqa: NPY002
        self.lstm_U = np.concatenate([0.01 * np.random.randn(dim_proj, dim_proj) for _ in range(4)], axis=1)  # noqa: NPY002
        self.lstm_b = np.zeros(4 * dim_proj)

    def recurrent(self, h_: Array, c_: Array) -> Array:
        """What the last step contributes to the sums."""
        return np.dot(h_, self.lstm_U)

    def forward(self, state_below: Array, mask: Array | None = None) -> Array:
        """The hidden states of all steps; the mask is (time, batch)."""
        n_steps, n_samples, _ = state_below.shape
        mask = np.ones((n_steps, n_samples)) if mask is None else mask
        h = c = np.zeros((n_samples, self.dim_proj))
        rval = []
        for m, x in zip(mask[:, :, None], np.dot(state_below, self.lstm_W) + self.lstm_b, strict=True):
            preact = x + self.recurrent(h, c)
            i, f, o, g = (preact[:, n * self.dim_proj : (n + 1) * self.dim_proj] for n in range(4))
            c = m * (sigmoid(f) * c + sigmoid(i) * np.tanh(g)) + (1.0 - m) * c
            h = m * (sigmoid(o) * np.tanh(c)) + (1.0 - m) * h
            rval.append(h)
        return np.array(rval)


class TheanoLSTMFaulty(TheanoLSTM):
    """The recurrent weights on the cell state."""

    def recurrent(self, h_: Array, c_: Array) -> Array:
        return np.dot(c_, self.lstm_U)


class OnnxLSTM:
    """After the ONNX operator: W, R and a doubled B with gates i, o, f, c; Y is (time, direction, batch, unit)."""

    def __init__(self, input_size: int, hidden_size: int, direction: str = "forward") -> None:
        self.num_directions = 2 if direction == "bidirectional" else 1
        self.W = np.zeros((self.num_directions, 4 * hidden_size, input_size))
        self.R = np.zeros((self.num_directions, 4 * hidden_size, hidden_size))
        self.B = np.zeros((self.num_directions, 8 * hidden_size))

    h = staticmethod(np.tanh)

    def run(self, x: Array, initial_h: Array | None = None, initial_c: Array | None = None) -> list[Array]:
        """Y, Y_h and Y_c."""
        shape = (self.num_directions, x.shape[1], self.R.shape[-1])
        y_h = np.zeros(shape) if initial_h is None else initial_h.copy()
        y_c = np.zeros(shape) if initial_c is None else initial_c.copy()
        y = np.zeros((x.shape[0], *shape))
        for d in range(self.num_directions):
            for t in range(x.shape[0])[:: -1 if d else 1]:
                gates = x[t] @ self.W[d].T + y_h[d] @ self.R[d].T + np.add(*np.split(self.B[d], 2))
                i, o, f, c = np.split(gates, 4, -1)
                y_c[d] = sigmoid(f) * y_c[d] + sigmoid(i) * np.tanh(c)
                y[t, d] = y_h[d] = sigmoid(o) * self.h(y_c[d])
        return [y, y_h, y_c]


class OnnxLSTMFaulty(OnnxLSTM):
    """ScaledTanh, another activation of the operator, for h."""

    h = staticmethod(lambda c: 1.7159 * np.tanh(2 / 3 * c))  # type: ignore[assignment]


class BatchGistLSTM:
    """After a gist: one matrix on [1, x, h], gates i, f, o, g, c0 before h0; time first."""

    def __init__(self, input_size: int, hidden_size: int, fancy_forget_bias_init: float = 3) -> None:
        rng = np.random.default_rng(3)
        self.WLSTM = rng.normal(size=(input_size + hidden_size + 1, 4 * hidden_size)) / np.sqrt(
            input_size + hidden_size
        )
        self.WLSTM[0, :] = 0  # initialize biases to zero
        self.WLSTM[0, hidden_size : 2 * hidden_size] = fancy_forget_bias_init

    def forward(self, x: Array, c0: Array | None = None, h0: Array | None = None) -> tuple[Array, Array, Array]:
        """X should be of shape (n, b, input_size)."""
        n, b, _ = x.shape
        d = self.WLSTM.shape[1] // 4
        ct = np.zeros((b, d)) if c0 is None else c0
        ht = np.zeros((b, d)) if h0 is None else h0
        hout = np.zeros((n, b, d))
        for t in range(n):
            hin = np.hstack((np.ones((b, 1)), x[t], ht))
            ifog = hin.dot(self.WLSTM)
            ifog[:, : 3 * d] = 1.0 / (1.0 + np.exp(-ifog[:, : 3 * d]))
            ifog[:, 3 * d :] = np.tanh(ifog[:, 3 * d :])
            ct = ifog[:, :d] * ifog[:, 3 * d :] + ifog[:, d : 2 * d] * ct
            ht = ifog[:, 2 * d : 3 * d] * np.tanh(ct)
            hout[t] = ht
        return hout, ct, ht


class BatchGistLSTMFaulty(BatchGistLSTM):
    """The first cell state is ignored."""

    def forward(self, x: Array, c0: Array | None = None, h0: Array | None = None) -> tuple[Array, Array, Array]:
        return super().forward(x, None, h0)
