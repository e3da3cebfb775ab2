"""Token numbers in the place of x: the rows of an embedding before the LSTM are x, and each step has its own number."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call

from lstm_parity.classes.tensors import find_embeddings


@dataclass(frozen=True)
class Tokens:
    """An embedding; name: of its weights. unused: the number of padding, whose row has no gradient."""

    name: str
    unused: int | None

    def embed(self, made: Any, x: Tensor) -> tuple[Callable[..., Any], Tensor]:
        """Return what is called in the place of an instance, and the numbers (T, B) of the rows of x (T, B, I)."""
        rows = x.reshape(-1, x.shape[-1])
        numbers = torch.arange(len(rows), device=x.device).reshape(x.shape[:-1])
        if self.unused is not None:
            more = rows.new_zeros(max(1, self.unused + 1 - len(rows)), rows.shape[1])
            numbers = numbers + (numbers >= self.unused)
            rows = torch.cat([rows[: self.unused], more, rows[self.unused :]])
        module, tensors = getattr(made, "module", made), getattr(made, "tensors", {})
        return lambda *given, **named: functional_call(module, {**tensors, self.name: rows}, given, named), numbers

    def describe(self) -> str:
        """Say what is given."""
        return f"token numbers, whose rows of {self.name} are x"


def find_tokens(made: Any) -> Tokens | None:
    """Return the embedding of a module; None if there is none, or more than one."""
    if not isinstance(made, nn.Module) or isinstance(made, torch.jit.ScriptModule):
        return None
    found = find_embeddings(made)
    return Tokens(found[0][0], found[0][1].padding_idx) if len(found) == 1 else None
