"""One point of the lattice that is judged: an architecture, a call and a runtime, as frozen values with a short name.

The name, like `I5-H7-L2-bi-P3-T4-B2-float32`, says only what is not default, and reads back to the same setting.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import Any

DTYPES = ("float64", "float32", "bfloat16", "float16")
GRAD_MODES = ("no_grad", "grad", "inference")
DEVICES = ("cpu", "cuda", "mps", "xpu")


class SettingError(ValueError):
    """A setting that no LSTM can have, or a name that no setting has."""


@dataclass(frozen=True)
class Architecture:
    """`nn.LSTM`'s arguments, by torch's names."""

    input_size: int
    hidden_size: int
    num_layers: int = 1
    bias: bool = True
    batch_first: bool = False
    bidirectional: bool = False
    proj_size: int = 0

    def __post_init__(self) -> None:
        if min(self.input_size, self.hidden_size, self.num_layers) < 1:
            raise SettingError(f"{self} was given, but input_size, hidden_size and num_layers must be at least 1")
        if not 0 <= self.proj_size < self.hidden_size:
            raise SettingError(
                f"proj_size={self.proj_size} was given, but it must be below hidden_size={self.hidden_size}, 0 for none"
            )

    @property
    def num_directions(self) -> int:
        """2 for a bidirectional LSTM, else 1."""
        return 1 + self.bidirectional

    @property
    def output_size(self) -> int:
        """P: the number of features of the hidden state h of one direction."""
        return self.proj_size or self.hidden_size

    def arguments(self) -> dict[str, Any]:
        """Return what to construct `nn.LSTM` with."""
        return dict(vars(self))


@dataclass(frozen=True)
class Call:
    """How the LSTM is called: `time` steps, `batch` rows (None for unbatched), packed where `lengths` are given.

    states: whether (h_0, c_0) are given. enforce_sorted: whether a packed call promises sorted lengths.
    strided: whether input and states are views with gaps and axes turned round in memory, not contiguous tensors.
    """

    time: int
    batch: int | None = 1
    lengths: tuple[int, ...] | None = None
    enforce_sorted: bool = False
    states: bool = True
    strided: bool = False

    def __post_init__(self) -> None:
        if self.time < 1 or (self.batch is not None and self.batch < 1):
            raise SettingError(f"{self} was given, but time and batch must be at least 1")
        if self.lengths is not None:
            self._check_lengths(self.lengths)

    def _check_lengths(self, lengths: tuple[int, ...]) -> None:
        if len(lengths) != self.batch or min(lengths) < 1 or max(lengths) != self.time:
            raise SettingError(
                f"{lengths=} was given for batch={self.batch}, time={self.time}: "
                "give one length of at least 1 for each row, the longest equal to time"
            )
        if self.enforce_sorted and list(lengths) != sorted(lengths, reverse=True):
            raise SettingError(f"{lengths=} was given with enforce_sorted: sort them, longest first")

    @property
    def rows(self) -> int:
        """The number of sequences."""
        return 1 if self.batch is None else self.batch


@dataclass(frozen=True)
class Runtime:
    """What the LSTM is computed with: dtype, device, gradient mode, whether a library's kernels may be used.

    mkldnn: oneDNN's on the CPU, cuDNN's on a GPU.
    threads: how many torch computes with, None for as many as the process has. deterministic: torch's deterministic
    algorithms, under which fresh memory is filled with NaN, too.
    """

    dtype: str = "float32"
    device: str = "cpu"
    grad_mode: str = "no_grad"
    mkldnn: bool = True
    threads: int | None = None
    deterministic: bool = False

    def __post_init__(self) -> None:
        if self.threads is not None and self.threads < 1:
            raise SettingError(f"threads={self.threads} was given, but it must be at least 1, or None")
        for name, value, known in (("dtype", self.dtype, DTYPES), ("grad_mode", self.grad_mode, GRAD_MODES)):
            if value not in known:
                raise SettingError(f"{name}={value!r} was given, but it must be one of {', '.join(known)}")


@dataclass(frozen=True)
class Setting:
    """One point of the lattice."""

    architecture: Architecture
    call: Call
    runtime: Runtime = field(default_factory=Runtime)

    @property
    def name(self) -> str:
        """The setting in words that a file name can hold; `parse_setting` reads it back."""
        a, c, r = self.architecture, self.call, self.runtime
        words = [f"I{a.input_size}", f"H{a.hidden_size}"]
        words += [f"L{a.num_layers}"] * (a.num_layers > 1) + ["bi"] * a.bidirectional
        words += [f"P{a.proj_size}"] * (a.proj_size > 0) + ["nobias"] * (not a.bias) + ["bf"] * a.batch_first
        words += [f"T{c.time}", "unbatched" if c.batch is None else f"B{c.batch}"]
        if c.lengths is not None:
            words.append(("sorted" if c.enforce_sorted else "packed") + ".".join(map(str, c.lengths)))
        words += ["nostates"] * (not c.states) + ["strided"] * c.strided
        return "-".join([*words, *_runtime_words(r)])

    def one_step(self) -> Setting:
        """Return the setting of one call of the chain: a single step from given states, dense."""
        return replace(self, call=replace(self.call, time=1, lengths=None, states=True, enforce_sorted=False))


def _runtime_words(r: Runtime) -> list[str]:
    words = [r.dtype] + [r.device] * (r.device != "cpu") + [r.grad_mode] * (r.grad_mode != "no_grad")
    words += ["native"] * (not r.mkldnn) + [f"threads{r.threads}"] * (r.threads is not None)
    return words + ["deterministic"] * r.deterministic


_WORD = re.compile(r"([A-Za-z_]+:?)([\d.]*)")


def parse_setting(name: str) -> Setting:
    """Return the setting that `Setting.name` names. Raises SettingError for a word that is not known."""
    words: dict[str, str] = {}
    for word in name.split("-"):
        if word in (*DTYPES, *GRAD_MODES):
            words["dtype" if word in DTYPES else "grad_mode"] = word
        elif match := _WORD.fullmatch(word):
            words[match[1]] = match[2]
        else:
            raise SettingError(f"{word!r} in {name!r} is no word of a setting: see lstm_parity/cases/setting.py")
    return _from_words(name, words)


def _from_words(name: str, words: dict[str, str]) -> Setting:
    def number(word: str, default: int | None = None) -> int:
        if (text := words.pop(word, None)) is None and default is not None:
            return default
        if not text or not text.isdigit():
            raise SettingError(f"{name!r} was given, but a setting needs {word} with a number, as in {word}3")
        return int(text)

    def flag(word: str) -> bool:
        return words.pop(word, None) is not None

    architecture = Architecture(
        number("I"), number("H"), number("L", 1), not flag("nobias"), flag("bf"), flag("bi"), number("P", 0)
    )
    enforce_sorted = "sorted" in words
    text = words.pop("sorted", words.pop("packed", None))
    lengths = tuple(int(length) for length in text.split(".")) if text else None
    batch = None if flag("unbatched") else number("B")
    call = Call(number("T"), batch, lengths, enforce_sorted, not flag("nostates"), flag("strided"))
    dtype, grad_mode = words.pop("dtype", "float32"), words.pop("grad_mode", "no_grad")
    threads, mkldnn = number("threads", 0) or None, not flag("native")
    runtime = Runtime(dtype, _device(words), grad_mode, mkldnn, threads, flag("deterministic"))
    if words:
        raise SettingError(
            f"{name!r} has words that no setting has: {', '.join(words)}: see lstm_parity/cases/setting.py"
        )
    return Setting(architecture, call, runtime)


def _device(words: dict[str, str]) -> str:
    """Remove the device from `words` and return it; the CPU if none is named."""
    for word in words:
        if word.rstrip(":") in DEVICES:
            return word + words.pop(word)
    return "cpu"
