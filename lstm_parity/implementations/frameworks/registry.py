"""Which frameworks there are, in which packages, what each cannot do, and what is known of it; imports none of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Framework:
    """One way of one framework to compute an LSTM.

    name: as in `--impl framework:NAME`; title: for people. packages: what is to be installed, its own first; all are
    in `requirements/GROUP.txt`. place: `module:function` of its `Build`, in this folder. lacks: features
    (`cases/features.py`) that it is not judged on, with the reason. environment: set before it is imported.
    """

    name: str
    title: str
    group: str
    packages: tuple[str, ...]
    place: str
    lacks: Mapping[str, str] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    stacks: bool = False
    few: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)


_NO_PROJECTION = "it has no projection"
_BY_HAND = "a cell knows one step: lengths are its caller's affair"
_QUIET = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "JAX_ENABLE_X64": "1",
    "JAX_PLATFORMS": "cpu",
}
_ALWAYS_BIAS = {"no-bias": "it has one always"}
_COMPILED = {"sizes": ("distinct", "wide"), "form": ("batched", "packed"), "batch_first": (False,)}
_BACKENDS = {"tensorflow": "TensorFlow", "torch": "torch", "jax": "JAX"}
SUBJECTS = {
    "lstm": ("LSTM", "build", {}),
    "bidirectional": ("Bidirectional", "build_bidirectional", {"one direction": "it has both"}),
    "cell": ("LSTMCell", "build_cell", {"packed": _BY_HAND}),
}


def _keras(backend: str, subject: str) -> Framework:
    """Describe a layer of Keras 3 on a backend."""
    title, build, lacks = SUBJECTS[subject]
    package = {"tensorflow": "tensorflow-cpu"}.get(backend, backend)
    group = "jax" if backend == "jax" else "keras"
    environment = {"KERAS_BACKEND": backend} | _QUIET
    return Framework(
        f"keras-{backend}-{subject}",
        f"Keras {title} on {_BACKENDS[backend]}",
        group,
        ("keras", package),
        f"keras_layers:{build}",
        {"projection": _NO_PROJECTION} | lacks,
        environment,
        few=_COMPILED if backend == "jax" else {},
    )


FRAMEWORKS = (
    Framework("paddle", "Paddle nn.LSTM", "paddle", ("paddlepaddle",), "paddle_lstm:build", stacks=True),
    Framework(
        "onnxruntime",
        "ONNX Runtime, LSTM",
        "onnxruntime",
        ("onnxruntime", "onnx"),
        "onnx_lstm:build",
        {"projection": _NO_PROJECTION, "float64": "its LSTM has no kernel for float64"},
        stacks=True,
    ),
    Framework(
        "onnx-reference",
        "onnx.reference, LSTM",
        "onnxruntime",
        ("onnx",),
        "onnx_lstm:build_reference",
        {"projection": _NO_PROJECTION},
        stacks=True,
    ),
    *(_keras("tensorflow", subject) for subject in SUBJECTS),
    Framework(
        "tensorflow-v1",
        "tf.compat.v1 LSTMCell",
        "keras",
        ("tensorflow-cpu", "tf-keras"),
        "tensorflow_v1:build",
        {"packed": _BY_HAND} | _ALWAYS_BIAS,
        _QUIET | {"TF_USE_LEGACY_KERAS": "1"},
    ),
    Framework(
        "jax",
        "JAX lstm_ref",
        "jax",
        ("jax",),
        "jax_rnn:build",
        {"projection": _NO_PROJECTION} | _ALWAYS_BIAS,
        _QUIET,
        stacks=True,
        few=_COMPILED | {"sizes": ("distinct",), "num_layers": (1, 2)},
    ),
    Framework(
        "flax-linen",
        "Flax linen.RNN, LSTMCell",
        "jax",
        ("flax", "jax"),
        "flax_rnn:build",
        {"projection": _NO_PROJECTION} | _ALWAYS_BIAS,
        _QUIET,
        few=_COMPILED,
    ),
    Framework(
        "flax-nnx",
        "Flax nnx.RNN, OptimizedLSTMCell",
        "jax",
        ("flax", "jax"),
        "flax_rnn:build_nnx",
        {"projection": _NO_PROJECTION} | _ALWAYS_BIAS,
        _QUIET,
        few=_COMPILED,
    ),
    Framework(
        "equinox",
        "Equinox nn.LSTMCell",
        "jax",
        ("equinox", "jax"),
        "equinox_cell:build",
        {"projection": _NO_PROJECTION, "packed": _BY_HAND},
        _QUIET,
    ),
    Framework(
        "opacus",
        "Opacus DPLSTM",
        "opacus",
        ("opacus",),
        "opacus_lstm:implementation",
        {"projection": _NO_PROJECTION},
        stacks=True,
    ),
    *(_keras("torch", subject) for subject in SUBJECTS),
    *(_keras("jax", subject) for subject in SUBJECTS),
    Framework(
        "haiku",
        "Haiku LSTM",
        "jax",
        ("dm-haiku", "jax"),
        "haiku_core:build",
        {"projection": _NO_PROJECTION, "packed": _BY_HAND} | _ALWAYS_BIAS,
        _QUIET,
    ),
    Framework(
        "tinygrad",
        "tinygrad nn.LSTMCell",
        "tinygrad",
        ("tinygrad",),
        "tinygrad_cell:build",
        {"projection": _NO_PROJECTION, "packed": _BY_HAND},
        {"DEV": "PYTHON"},
        few={"sizes": ("distinct",), "profile": ("normal", "trained", "saturating", "non_finite")},
    ),
    Framework(
        "mlx",
        "MLX nn.LSTM",
        "mlx",
        ("mlx",),
        "mlx_lstm:build",
        {"projection": _NO_PROJECTION, "packed": "it has no lengths"},
    ),
)


def find_framework(name: str) -> Framework:
    """Return the framework of that name. Raises KeyError, with all names, if there is none."""
    for one in FRAMEWORKS:
        if one.name == name:
            return one
    raise KeyError(f"framework:{name} was given, but there are: {', '.join(one.name for one in FRAMEWORKS)}")


def install_hint(one: Framework) -> str:
    """Return the command that installs it."""
    return f'make frameworks FRAMEWORKS="{one.group}"'
