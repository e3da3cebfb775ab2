"""How the lengths of the rows of a batch are given, and packed sequences in what is returned."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from inspect import Parameter
from typing import Any

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

_LENGTHS = r"len(gth)?s?(_|$)"
_OTHER_LENGTHS = r"max|total|min"
_MASK = r"(^|_)masks?(_|$)"
_OTHER_MASKS = r"drop|attn|attention|causal"
_FORMS = ("tensor", "list")
_MASK_FORMS = ("mask", "bool mask", "padding mask", "bool padding mask")


@dataclass(frozen=True)
class Lengths:
    """The argument for the lengths of rows: its name, and its form.

    A "tensor" or a "list" of numbers, or a mask with the axes of time and batch of x: a "mask" is 1 within a row, a
    "padding mask" 1 behind it, in numbers of the dtype of x or in booleans.
    """

    name: str
    form: str

    def arguments(self, lengths: Tensor, x: Tensor, axes: str) -> dict[str, Any]:
        """Return the argument for lengths (B,) of the rows of x (T, B, I)."""
        if not self.is_mask:
            return {self.name: lengths.clone() if self.form == "tensor" else lengths.tolist()}
        mask = torch.arange(len(x), device=x.device)[:, None] < lengths.to(x.device)
        mask = ~mask if "padding" in self.form else mask
        mask = mask.T if axes.index("b") < axes.index("t") else mask
        return {self.name: mask.contiguous() if "bool" in self.form else mask.to(x.dtype)}

    @property
    def is_mask(self) -> bool:
        """Whether it is a mask."""
        return self.form in _MASK_FORMS

    def describe(self) -> str:
        """Say how lengths are given."""
        return f"lengths as {self.name}, a {self.form}"


def list_length_forms(parameter: Parameter) -> list[Lengths]:
    """Return the forms in which lengths may be given as a parameter."""
    forms = _MASK_FORMS if re.search(_MASK, parameter.name.lower()) else _FORMS
    return [Lengths(parameter.name, form) for form in forms]


def find_lengths(parameters: Sequence[Parameter]) -> Parameter | None:
    """Return the parameter that lengths of rows are given as, by its name; None if there is none."""
    for words, others in ((_LENGTHS, _OTHER_LENGTHS), (_MASK, _OTHER_MASKS)):
        for p in parameters:
            if re.search(words, p.name.lower()) and not re.search(others, p.name.lower()):
                return p
    return None


def fill_lengths(x: Tensor) -> Tensor:
    """Return the lengths of rows that are all as long as x (T, B, I)."""
    return torch.full((x.shape[1],), len(x))


def pack_rows(x: Tensor, lengths: Tensor) -> PackedSequence:
    """Pack the rows of x (T, B, I); those that are sorted by length already have no order of their own."""
    is_sorted = bool((lengths[1:] <= lengths[:-1]).all())
    return pack_padded_sequence(x, lengths, enforce_sorted=is_sorted)


def pad_results(returned: Any, axes: str, steps: int) -> Any:
    """Replace the packed sequences in what a call returned by padded tensors with these axes."""

    def pad(packed: Any) -> Tensor:
        return pad_packed_sequence(packed, batch_first=axes == "bti", total_length=steps)[0]

    return _change(returned, PackedSequence, pad)


def turn_results(returned: Any, *, batched: bool) -> Any:
    """Turn tensors whose last axes are (H, B) to (B, H); of a single row, (H, 1) to (H,)."""

    def turn(value: Any) -> Tensor:
        one: Tensor = value
        if not batched:
            return one.squeeze(-1) if one.dim() > 1 and one.shape[-1] == 1 else one
        return one.mT if one.dim() > 1 else one

    return _change(returned, Tensor, turn)


def _change(value: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    """Change the parts of a kind in nested results."""
    if isinstance(value, kind):
        return change(value)
    if isinstance(value, dict):
        return {name: _change(part, kind, change) for name, part in value.items()}
    if isinstance(value, tuple) and hasattr(value, "_fields"):
        return type(value)(*(_change(part, kind, change) for part in value))
    if isinstance(value, tuple | list):
        return type(value)(_change(part, kind, change) for part in value)
    return value


def pack_as(output: Tensor, lengths: Tensor, packed: PackedSequence) -> PackedSequence:
    """Pack an output (T, B, P), its rows in the order of the batch, as the input was packed."""
    order = packed.sorted_indices
    if order is not None:
        output, lengths = output.index_select(1, order), lengths[order.to(lengths.device)]
    data = pack_padded_sequence(output, lengths.cpu()).data
    return PackedSequence(data, packed.batch_sizes, packed.sorted_indices, packed.unsorted_indices)
