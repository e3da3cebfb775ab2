"""The features of a setting: each thing that it may require of an LSTM, defined once, with the words for it.

All that tests or names a packed setting looks here: declarations (`--without`), places of faults,
scopes of mistakes, failures that are expected, and findings.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lstm_parity.cases.setting import DTYPES, GRAD_MODES, Architecture, Call, Runtime, Setting


@dataclass(frozen=True)
class Feature:
    """Something that a setting has or has not.

    name: of `--without` and of code. holds: whether a setting has it. noun: what it has ("two directions"); opposite:
    what a setting has without it ("one direction"), if that has words. argument: the same in torch's arguments
    ("bidirectional=True"), as a place of a fault is described; empty if no place is.
    """

    name: str
    holds: Callable[[Setting], bool]
    noun: str
    opposite: str = ""
    argument: str = ""

    def describe(self, setting: Setting) -> str:
        """Return the noun if the setting has the feature, else the opposite."""
        return self.noun if self.holds(setting) else self.opposite


def _of_architecture(name: str, holds: Callable[[Architecture], bool], *words: str) -> Feature:
    return Feature(name, lambda setting: holds(setting.architecture), *words)


def _of_call(name: str, holds: Callable[[Call], bool], *words: str) -> Feature:
    return Feature(name, lambda setting: holds(setting.call), *words)


def _of_runtime(name: str, holds: Callable[[Runtime], bool], *words: str) -> Feature:
    return Feature(name, lambda setting: holds(setting.runtime), *words)


def _is_unsorted(call: Call) -> bool:
    return list(call.lengths or ()) != sorted(call.lengths or (), reverse=True)


_ALL = (  # in the order in which they describe the place of a fault
    _of_architecture("layers", lambda a: a.num_layers > 1, "several layers", "one layer", "num_layers above 1"),
    _of_architecture("three layers", lambda a: a.num_layers > 2, "three layers or more", "", "num_layers above 2"),
    _of_architecture(
        "bidirectional", lambda a: a.bidirectional, "two directions", "one direction", "bidirectional=True"
    ),
    _of_architecture("projection", lambda a: a.proj_size > 0, "a projection", "no projection", "proj_size"),
    _of_architecture("bias", lambda a: a.bias, "biases", "no biases", "bias=True"),
    _of_architecture("no-bias", lambda a: not a.bias, "no biases", "biases", "bias=False"),
    _of_architecture("batch_first", lambda a: a.batch_first, "batch_first", "time first", "batch_first=True"),
    _of_call("unbatched", lambda c: c.batch is None, "an unbatched call", "a batched call", "unbatched input"),
    _of_call(
        "lengths",
        lambda c: len(set(c.lengths or ())) > 1,
        "rows of different lengths",
        "rows of one length",
        "rows of different lengths",
    ),
    _of_call("unsorted", _is_unsorted, "packed rows that are not sorted", "", "packed rows that are not sorted"),
    _of_call("no-states", lambda c: not c.states, "no initial states", "initial states", "hx=None"),
    _of_call("states", lambda c: c.states, "initial states", "no initial states", "hx given"),
    _of_call("steps", lambda c: c.time > 1, "several steps", "one step", "more than one step"),
    _of_call("many steps", lambda c: c.time > 16, "more than 16 steps", "", "more than 16 steps"),
    _of_call("batches", lambda c: c.rows > 1, "several rows", "one row", "more than one row"),
    _of_architecture("wide", lambda a: a.hidden_size > 128, "H above 128", "H below 128", "hidden_size above 128"),
    _of_runtime("oneDNN", lambda r: r.mkldnn, "oneDNN allowed", "oneDNN off", "oneDNN allowed"),
    _of_runtime("native", lambda r: not r.mkldnn, "oneDNN off", "oneDNN allowed", "oneDNN off"),
    _of_runtime("grad", lambda r: r.grad_mode == "grad", "gradients recorded", "", "gradients recorded"),
    _of_runtime(
        "deterministic",
        lambda r: r.deterministic,
        "deterministic algorithms",
        "no deterministic algorithms",
        "deterministic algorithms",
    ),
    _of_runtime("threads", lambda r: (r.threads or 1) > 1, "several threads", "one thread", "several threads"),
    _of_call("strided", lambda c: c.strided, "strided input", "contiguous input", "strided input and states"),
    *(_of_runtime(d, lambda r, d=d: r.dtype == d, d, "", f"dtype={d}") for d in DTYPES),  # type: ignore[misc]
    _of_runtime("half", lambda r: r.dtype in ("bfloat16", "float16"), "a half type", "", "a half type"),
    _of_call("packed", lambda c: c.lengths is not None, "packed input", "padded input"),
    _of_architecture("one direction", lambda a: not a.bidirectional, "one direction", "two directions"),
    *(_of_runtime(m, lambda r, m=m: r.grad_mode == m, f"grad mode {m}") for m in GRAD_MODES if m != "grad"),  # type: ignore[misc]
    _of_architecture("no projection", lambda a: a.proj_size == 0, "no projection", "a projection"),
)
FEATURES = {feature.name: feature for feature in _ALL}
NON_FINITE = "non-finite"  # numbers, not a setting: NaN and infinities in the input or the states
DROPOUT = "dropout"  # between layers, in train mode: of no case
DECLARABLE = (  # of which a user may say `--without`
    *("projection", "bidirectional", "layers", "no-bias", "batch_first", "packed", "unbatched", "batches"),
    *("states", "no-states", "strided", "grad", "inference", "threads", "deterministic", *DTYPES, NON_FINITE, DROPOUT),
)


def has(setting: Setting, name: str) -> bool:
    """Whether a setting has the feature of this name."""
    return FEATURES[name].holds(setting)
