"""Calls that no LSTM answers: one table, by group and name, of what is wrong, and the references' exception and words.

good.py: what a bad call is; states.py, inputs.py, weights.py, cells.py: the rows; subjects.py: who is called, and how.
"""

from __future__ import annotations

from lstm_parity.catalogue.bad_calls.bad_call import BadCall
from lstm_parity.catalogue.bad_calls.cells import CELLS, LAYERS
from lstm_parity.catalogue.bad_calls.inputs import DEVICES, INPUTS, LENGTHS, PACKED
from lstm_parity.catalogue.bad_calls.states import STATES
from lstm_parity.catalogue.bad_calls.weights import CONSTRUCTION, CONSTRUCTORS, MASKS, WEIGHTS

GROUPS: dict[str, dict[str, BadCall]] = {
    "construction": CONSTRUCTION,
    "weights": WEIGHTS,
    "dropout masks": MASKS,
    "input": INPUTS,
    "another device": DEVICES,
    "lengths": LENGTHS,
    "packed input": PACKED,
    **{f"states, {form}": rows for form, rows in STATES.items()},
    "cell input": CELLS,
    "layer": LAYERS,
}

BAD: dict[str, BadCall] = {f"{group}: {name}": bad for group, rows in GROUPS.items() for name, bad in rows.items()}

__all__ = ["BAD", "CONSTRUCTORS", "GROUPS", "BadCall"]
