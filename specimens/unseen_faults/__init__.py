"""Wrong LSTMs of kinds that no list of this project names: right almost everywhere, wrong where few tests look.

A kernel, a cache, a training loop or a wrapper gets them wrong: at sizes where a tile or a block ends, in train mode,
at the second call, once a weight has changed, for values beyond a clamp, in a backward pass of another form. Each is a
class with nn.LSTM's arguments, so that every door takes it: `module:specimens.unseen_faults:NAME`. `narrow` makes
the same class with fewer arguments.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from torch import nn

from specimens.unseen_faults.faulty import Fault, Faulty
from specimens.unseen_faults.of_calls import OF_CALLS, OF_CHANGED_WEIGHTS, OF_STATES, OF_TRAIN_MODE, OF_VALUES
from specimens.unseen_faults.of_gradients import OF_GRAD_MODES, OF_GRADIENTS
from specimens.unseen_faults.of_signatures import OF_DTYPES, OF_SIGNATURES
from specimens.unseen_faults.of_sizes import OF_SIZES

FAULTS = (
    *OF_SIZES,
    *OF_VALUES,
    *OF_TRAIN_MODE,
    *OF_CALLS,
    *OF_CHANGED_WEIGHTS,
    *OF_STATES,
    *OF_GRADIENTS,
    *OF_GRAD_MODES,
    *OF_SIGNATURES,
    *OF_DTYPES,
)


def make_class(fault: Fault) -> type[Faulty]:
    """Make the class of a fault."""
    return type(fault.name, (Faulty,), {"fault": fault, "__module__": __name__})


SIZES = ("input_size", "hidden_size")
DEFAULTS = {"num_layers": 1, "bias": True, "batch_first": False, "dropout": 0.0, "bidirectional": False, "proj_size": 0}


def narrow(cls: type[nn.LSTM], names: Sequence[str]) -> type[nn.LSTM]:
    """Make a class with only these arguments beside input_size and hidden_size, as its signature says."""
    kind, none = inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.empty
    signature = inspect.Signature([inspect.Parameter(n, kind, default=DEFAULTS.get(n, none)) for n in (*SIZES, *names)])
    return type(cls.__name__, (cls,), {"__signature__": signature, "__module__": __name__})


SIGNATURES = {  # by the suffix of the class's name: what its constructor has beside the sizes
    "": ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size"),
    "_sizes": (),
    "_layers": ("num_layers",),
    "_no_bias": ("num_layers", "batch_first", "bidirectional"),
}
CLASSES: dict[str, type[nn.LSTM]] = {
    fault.name + suffix: narrow(make_class(fault), names) if suffix else make_class(fault)
    for fault in FAULTS
    for suffix, names in SIGNATURES.items()
}
globals().update(CLASSES)
