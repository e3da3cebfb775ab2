"""How a report is read: what it says, what is taken where it does not, and how else it might have been computed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from typing import Any

OUTPUT, LAST_STEP, LAST_STATE = "every step", "the last step", "the last layer's h_n"
RIGHT, LEFT = "right", "left"
GIVEN, FRESH, KEPT = "given", "fresh", "kept"
STEPS, ROWS = "steps", "rows"
BY_LENGTH, LAST_ROW_FIRST = "rows by length", "last row first"
LATE, EARLY, LAST_STEP_FIRST = "one step late", "one step early", "last step first"
BEFORE, AFTER = "before", "after"
UNBIASED, WITHOUT_NORM = "unbiased", "without"
NORM_EPS = {"eps 1e-3": 1e-3, "eps 1e-6": 1e-6, "eps 1e-12": 1e-12}
NORMS = (UNBIASED, WITHOUT_NORM, *NORM_EPS)
ORDERS = (BY_LENGTH, LAST_ROW_FIRST, LATE, EARLY, LAST_STEP_FIRST)


@dataclass(frozen=True)
class Assumptions:
    """One reading of a report.

    lstm: which of the LSTMs that were found. batch_first: of input and output. is_batch: whether an input of rank 2 is
    a batch of one step, and not one sequence. output: what the array `output` holds. merge: of two directions.
    reverse: whether one direction runs backwards. in_order: whether its output is in the order of time, and not of
    computing. padding: where padding is. reads_padding: whether it is read like the other steps. takes_padding: whether
    the last step is that of the padded output.
    states: what a call starts from: what it is GIVEN, zeros (FRESH) though it continues another, or the last states of
    the call before though it does not (KEPT). swapped: "directions", "states" (h and c) or "layers" of what is
    returned. rounded: whether weights and inputs are rounded as they are printed. dropped: whether dropout is on.
    scaled: whether what the LSTM returns is multiplied by a constant. shift: what is added to the numbers of tokens.
    across: what a softmax is taken over in place of the features, STEPS or ROWS. order: in which results are.
    norm: how layer norms are computed, one of NORMS. unscaled: where a standardisation is left out, BEFORE or AFTER.
    """

    lstm: int = 0
    batch_first: bool = False
    is_batch: bool = False
    output: str = OUTPUT
    merge: str = "concat"
    reverse: bool = False
    in_order: bool = True
    padding: str = RIGHT
    reads_padding: bool = False
    takes_padding: bool = False
    states: str = GIVEN
    swapped: str = ""
    rounded: bool = False
    dropped: bool = False
    scaled: bool = False
    shift: int = 0
    across: str = ""
    order: str = ""
    norm: str = ""
    unscaled: str = ""


Choices = Mapping[str, Sequence[Any]]

_READ_AS: Mapping[tuple[str, Any], str] = {
    ("batch_first", True): "batch first",
    ("batch_first", False): "time first",
    ("is_batch", True): "an input of rank 2 as a batch of one step",
    ("is_batch", False): "an input of rank 2 as one sequence",
    ("output", OUTPUT): "output as every step",
    ("output", LAST_STEP): "output as the last step's",
    ("output", LAST_STATE): "output as the last layer's h_n",
    ("merge", "sum"): "output as the sum of both directions",
    ("merge", "mean"): "output as the mean of both directions",
    ("merge", "mul"): "output as the product of both directions",
    ("padding", LEFT): "padding on the left",
    ("padding", RIGHT): "padding on the right",
    ("reverse", True): "one direction, from the last step to the first",
    ("in_order", True): "output in the order of time",
    ("in_order", False): "output in the order of computing, the last step first",
    ("rounded", True): "weights and inputs as rounded when they were printed",
}
_FAULTS: Mapping[tuple[str, Any], tuple[str, str]] = {
    ("batch_first", True): (
        "input and output are read as (B, T, ...), though they are (T, B, ...): batch and time are exchanged",
        "pass batch_first=False, or transpose the input",
    ),
    ("batch_first", False): (
        "input and output are read as (T, B, ...), though they are (B, T, ...): the batch is read as time",
        "pass batch_first=True, or transpose the input",
    ),
    ("reads_padding", True): (
        "lengths are ignored: the padding is read like the other steps",
        "pack the input, or hold the states at padded steps and start the reverse direction at a row's last valid step",
    ),
    ("takes_padding", True): (
        "the last step of the padded output is taken, padding in shorter rows, in place of each row's last valid step",
        "take output at each row's length - 1, or h_n",
    ),
    ("padding", LEFT): (
        "the valid steps are taken from the right end, as if padding were on the left",
        "take the steps from the left",
    ),
    ("padding", RIGHT): (
        "the valid steps are taken from the left end, as if padding were on the right",
        "take the steps from the right",
    ),
    ("states", FRESH): (
        "the states are not carried over: a call that continues another starts from zeros",
        "pass (h_n, c_n) of the call before as hx",
    ),
    ("states", KEPT): (
        "states are kept between calls: a call starts from the last states of the call before",
        "start each call from zeros, or from the given states",
    ),
    ("reverse", True): (
        "the sequence runs from the last step to the first",
        "do not flip the input",
    ),
    ("reverse", False): (
        "the sequence runs from the first step to the last, though it should be reversed",
        "flip the time",
    ),
    ("in_order", False): (
        "the output of the reverse direction is in the order of computing, the last step first",
        "flip the output in time",
    ),
    ("swapped", "directions"): (
        "the directions are returned in the wrong order: reverse first, forward last",
        "concatenate the forward direction first",
    ),
    ("swapped", "states"): ("h_n and c_n are exchanged", "return (h_n, c_n) in this order"),
    ("swapped", "layers"): (
        "h_n and c_n hold the layers in the opposite order, the last first",
        "put layer 0 first",
    ),
    ("merge", "concat"): ("the directions are concatenated", "merge the directions as declared"),
    ("merge", "sum"): ("the directions are added", "merge the directions as declared"),
    ("merge", "mean"): ("the directions are averaged", "merge the directions as declared"),
    ("merge", "mul"): ("the directions are multiplied", "merge the directions as declared"),
    ("output", LAST_STATE): (
        "output holds the last layer's h_n, whose reverse direction ended at the first step, in place of the last step",
        "take output at the last step, or h_n, as declared",
    ),
    ("output", LAST_STEP): (
        "output holds the last step, whose reverse direction has seen one step, in place of the last layer's h_n",
        "take h_n in place of the last step of output",
    ),
    ("scaled", True): (
        "what the LSTM returns is multiplied by a constant, as by dropout that scales in eval",
        "multiply by nothing: nn.Dropout scales in train mode, and does nothing in eval",
    ),
    ("shift", 1): ("the vector of token k + 1 is taken for token k", "index the embedding by the number itself"),
    ("shift", -1): ("the vector of token k - 1 is taken for token k", "index the embedding by the number itself"),
    ("across", ROWS): ("the softmax is taken over the rows of the batch, and not over the features", "use dim=-1"),
    ("across", STEPS): ("the softmax is taken over the steps, and not over the features", "use dim=-1"),
    ("order", BY_LENGTH): (
        "the rows of the results are sorted by their lengths, the longest first, and not put back in the input's order",
        "undo the sorting: index the results by unsorted_indices",
    ),
    ("order", LAST_ROW_FIRST): ("the rows of the results are in the opposite order", "do not flip the batch"),
    ("order", LATE): (
        "the output is one step late: step t holds what belongs to t - 1",
        "shift the output by one step",
    ),
    ("order", EARLY): ("the output is one step early: step t holds what belongs to t + 1", "shift the output by one"),
    ("order", LAST_STEP_FIRST): ("the output has its steps in the opposite order", "do not flip the output in time"),
    ("norm", UNBIASED): (
        "the layer norm divides the variance by n - 1, as torch.std and torch.var do, and not by n",
        "use nn.LayerNorm, or correction=0",
    ),
    ("norm", WITHOUT_NORM): ("the layer norm is left out", "normalise where the model does"),
    **{
        ("norm", name): (f"the layer norm adds {eps:g} to the variance, and not 1e-05", "set eps to 1e-5")
        for name, eps in NORM_EPS.items()
    },
    ("unscaled", BEFORE): ("the input is not standardised before the LSTM", "subtract the mean, divide by the std"),
    ("unscaled", AFTER): ("the results are left standardised", "multiply by the std, and add the mean"),
    ("dropped", True): (
        "dropout is on: some elements of the output are 0, and the others are multiplied by 1 / (1 - p)",
        "call eval() before the comparison",
    ),
}


@dataclass(frozen=True)
class Fault:
    """A reading that is not the declared one: what is wrong if the numbers agree with it, and what to change."""

    assumed: Assumptions
    sentence: str
    change: str


def list_readings(choices: Choices, most: int = 32) -> list[Assumptions]:
    """List the readings that a report leaves open, the likeliest first; choices: the values of each field, in order."""
    names = list(choices)
    picked = product(*(range(len(choices[name])) for name in names))
    ranked = sorted(picked, key=lambda picks: (sum(map(bool, picks)), picks))
    return [
        Assumptions(**{name: choices[name][k] for name, k in zip(names, picks, strict=True)}) for picks in ranked[:most]
    ]


def list_faults(assumed: Assumptions, possible: Choices) -> Iterator[Fault]:
    """List the readings that differ from one in a single thing; possible: the values that each field may have."""
    for name, values in possible.items():
        for value in values:
            if value != getattr(assumed, name) and (name, value) in _FAULTS:
                sentence, change = _FAULTS[name, value]
                yield Fault(replace(assumed, **{name: value}), sentence, change)


def describe_assumed(assumed: Assumptions, choices: Choices) -> list[str]:
    """Say what was taken where the report leaves it open: several values were possible."""
    open_fields = [field.name for field in fields(assumed) if len(choices.get(field.name, ())) > 1]
    words = [_READ_AS.get((name, getattr(assumed, name))) for name in open_fields]
    return [word for word in words if word]
