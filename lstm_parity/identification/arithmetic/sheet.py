"""The data sheet of an LSTM in one dtype: what its activations, products, sums, states and small numbers lose."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lstm_parity.cases.setting import Runtime
from lstm_parity.identification.arithmetic.activations import ActivationError, measure_activations
from lstm_parity.identification.arithmetic.elementwise import (
    differ_alone,
    differ_repeated,
    find_flushed,
    is_lost,
    measure_states,
    measure_update,
)
from lstm_parity.identification.arithmetic.factors import (
    FACTORS,
    Factor,
    is_product_rounded,
    measure_factor,
    measure_sum,
)
from lstm_parity.identification.arithmetic.order import GateSum, Order, Terms, measure_gate_sum, measure_order
from lstm_parity.identification.arithmetic.reading import SMALLEST, Reader
from lstm_parity.identification.probe import find_probe
from lstm_parity.running.protocol import Implementation

SIZE = 64  # inputs and units by default: a kernel's own blocks, and more than a vector
_ACCURATE = 6.0  # roundoffs by which an activation may err absolutely
_RELATIVE = 12.0  # and relatively
_COPIES = 32  # rows of a batch, where those of one batch differ


@dataclass(frozen=True, eq=False)
class DataSheet:
    """The arithmetic of one step in one dtype.

    size: inputs and units of the sums that were measured. factors: x, w_ih, h, w_hh. sums: how many bits the running
    sums of the products of x and of h keep. product_rounded: before it is added; None if that was not measured, since
    factors or sums are rounded. orders: of the sums, rows in a batch. alone: the same of rows alone, if those are other
    numbers than in a batch, else None. update: how c' is rounded. states: the bits of h' and c'. flushed: numbers
    below the normal ones that are taken for zero. repeats: whether all calls return the same.
    """

    dtype: str
    digits: int
    size: int
    activations: tuple[ActivationError, ...]
    factors: tuple[Factor, ...]
    product_rounded: bool | None
    sums: dict[str, int]
    orders: tuple[Order, ...]
    alone: tuple[Order, ...] | None
    gate_sum: GateSum | None
    update: str
    states: dict[str, int]
    flushed: tuple[str, ...]
    repeats: bool

    @property
    def lacks(self) -> dict[str, Any]:
        """What is less than the dtype allows, by kind: none in an LSTM of plain operations of the dtype."""
        state = 2.0 ** (self.digits - min(self.digits, *self.states.values()))  # roundoffs that states hide
        wrong = [
            a.name
            for a in self.activations
            if a.absolute > _ACCURATE * state or (state == 1.0 and a.relative > _RELATIVE)
        ]
        found = {
            "factor bits": {f.name: f.bits for f in self.factors if f.bits < min(self.digits, *self.sums.values())},
            "accumulator bits": min(self.sums.values()) if min(self.sums.values()) < self.digits else 0,
            "activation": wrong,
            "overflow": [a.name for a in self.activations if a.overflows],
            "state bits": {name: bits for name, bits in self.states.items() if bits < self.digits},
            "flushed": list(self.flushed),
            "not repeatable": not self.repeats,
        }
        return {kind: value for kind, value in found.items() if value}


@np.errstate(all="ignore")  # what is measured may return anything
def measure_data_sheet(implementation: Implementation, runtime: Runtime, size: int = SIZE) -> DataSheet:
    """Measure the arithmetic of an implementation that computes the equations of an LSTM, in a dtype, by some kernels.

    Raises ProbeError if it takes no batch with states in the dtype.
    """
    reader = Reader(find_probe(implementation, runtime))
    sums = {part: measure_sum(reader, part) for part in ("x", "h")}
    factors = tuple(_measure_factor(reader, name, sums[part]) for name, part in FACTORS.items())
    bits = min(factor.bits for factor in factors[:2])
    repeats, differs = not differ_repeated(reader, size - 1, size), differ_alone(reader, size - 1, size)
    gate_sum = measure_gate_sum(reader, size, size, max(sums.values())) if repeats else None
    copies = _COPIES if differs else None
    is_full = bits >= reader.digits and sums["x"] >= reader.digits
    return DataSheet(
        reader.dtype,
        reader.digits,
        size,
        measure_activations(reader, bits, _smallest_argument(reader, factors)),
        factors,
        is_product_rounded(reader) if is_full else None,
        sums,
        _measure_orders(reader, gate_sum, size, sums, copies) if repeats else (),
        _measure_orders(reader, gate_sum, size, sums, 1) if repeats and differs else None,
        gate_sum,
        measure_update(reader, bits),
        measure_states(reader),
        find_flushed(reader),
        repeats,
    )


def _smallest_argument(reader: Reader, factors: tuple[Factor, ...]) -> float:
    """Return how small a gate sum may be that is one product: less small if factors have the range of float16."""
    return float(2.0 ** (-12 if any(f.narrow for f in factors) else max(-30, SMALLEST[reader.dtype] + 2)))


def _measure_factor(reader: Reader, name: str, sums: int) -> Factor:
    return replace(measure_factor(reader, name, sums), narrow=is_lost(reader, name, SMALLEST[reader.dtype]))


def _measure_orders(
    reader: Reader, gate_sum: GateSum | None, size: int, sums: dict[str, int], copies: int | None
) -> tuple[Order, ...]:
    """Measure the order of the one sum that there is; if it has none that is known, and if there are two, of each."""
    if gate_sum is not None and gate_sum.is_one:
        found = measure_order(reader, Terms("both", size, size), max(sums.values()), copies)
        if found is not None and found.words is not None:
            return (found,)
    each = (measure_order(reader, Terms(part, size, size), sums[part], copies) for part in ("x", "h"))
    return tuple(order for order in each if order is not None)
