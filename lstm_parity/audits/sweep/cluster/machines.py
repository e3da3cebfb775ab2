"""What was judged on which machine: those whose torch, processor or device differ are kept apart in a store."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from lstm_parity.audits.sweep.store import Store
from lstm_parity.judging.verdict import Outcome


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


def find_shares(store: Store, judged: Iterable[Mapping[str, Any]]) -> tuple[MachineShare, ...]:
    """Return what each machine judged of these rows of a store. Raises StoreError."""
    rows: dict[int, list[Mapping[str, Any]]] = defaultdict(list)
    for row in judged:
        rows[row["machine"]].append(row)
    names = dict(store.ask("SELECT id, description FROM machine"))
    wrong = (Outcome.DEVIATES.value, Outcome.FAILED.value)
    return tuple(
        MachineShare(
            number,
            json.loads(names[number]),
            len(rows[number]),
            sum(row["outcome"] in wrong for row in rows[number]),
            max(row["worst"] for row in rows[number]),
        )
        for number in sorted(rows)
    )
