"""What was judged on which machine: those whose torch, processor or device differ are kept apart in a store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from lstm_parity.audits.sweep.store import Store
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.model import Array


@dataclass(frozen=True)
class MachineShare:
    """The cells that one machine judged; number: of it, as conditions name it. worst: in noises.

    Nodes that agree in all that results depend on are one machine.
    """

    number: int
    description: Mapping[str, str]
    cells: int
    wrong: int
    worst: float


def find_shares(store: Store, judged: Mapping[str, Array]) -> tuple[MachineShare, ...]:
    """Return what each machine judged of these cells of a store, as columns. Raises StoreError."""
    names = dict(store.ask("SELECT id, description FROM machine"))
    wrong = np.isin(judged["outcome"].astype(str), (Outcome.DEVIATES.value, Outcome.FAILED.value))
    found = list[MachineShare]()
    for number in sorted({*judged["machine"]}):
        its = judged["machine"] == number
        worst = float(judged["worst"][its].max())
        found.append(MachineShare(number, json.loads(names[number]), int(its.sum()), int((its & wrong).sum()), worst))
    return tuple(found)
