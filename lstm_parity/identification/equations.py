"""The equations of a step as they are printed: every line beside nn.LSTM's, the differing ones marked."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import permutations, product

import numpy as np

from lstm_parity.identification.across import AcrossStep, UnequalUnits, across_steps, grid_steps, mixing_steps
from lstm_parity.identification.cell import FreeStep, UnknownEquationError, recover_step
from lstm_parity.identification.expressions.resets import list_resets
from lstm_parity.identification.expressions.step import GATES, RIGHT, ROWS, Expression, Step, Term
from lstm_parity.identification.probe import Probe
from lstm_parity.identification.sums import RIGHT as RIGHT_SUMS
from lstm_parity.identification.sums import SOURCES, Read, Sums, SumsStep, compute_sums, recover_sums
from lstm_parity.identification.transforms import VALUES
from lstm_parity.identification.written import PLAIN, find_gates, list_differing, write_step, write_sums
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

_FAR = 15.0
RECURRENT: Mapping[str, Callable[[Array, Array], Array]] = {
    "h": lambda h, c: h,
    "c": lambda h, c: c,
    "(h + c)": lambda h, c: h + c,
    "tanh(c)": lambda h, c: np.tanh(c),
}


@dataclass(frozen=True, eq=False)
class Equations:
    """What one step computes.

    step: c' and h' of the gate sums. gates: the letter of each of the four gate sums. sums: what those are made of.
    run: what is evaluated in the place of step, where that is not all. notes: what is said of a line then; after "= ",
    in the place of it. recurrent: which state w_hh is multiplied by, a key of RECURRENT.
    """

    step: Step
    gates: str
    sums: Sums
    run: SumsStep | None = None
    notes: tuple[tuple[str, str], ...] = ()
    recurrent: str = "h"

    def __call__(
        self,
        cell: CellWeights,
        x: Array,
        h: Array,
        c: Array,
        recurrent: Array | None = None,
        from_x: Array | None = None,
    ) -> tuple[Array, Array]:
        """Return h' and c' (B, H) for x (B, I), h and c (B, H).

        recurrent: what stands in the place of h in w_hh h. from_x: what w_ih adds to the gate sums, if that is known.
        """
        read = self.pick(h if recurrent is None else recurrent, c)
        return self.compute(compute_sums(self.sums, cell, x, read, from_x), c, h)

    def pick(self, h: Array, c: Array) -> Array:
        """Return what w_hh is multiplied by."""
        return RECURRENT[self.recurrent](h, c)

    def compute(self, sums: Array, c: Array, h: Array) -> tuple[Array, Array]:
        """Return h' and c' of the gate sums (4, B, H), c and h (B, H)."""
        return (self.run or self.step)(sums, c, h)

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return self.step.is_known

    @property
    def lines(self) -> dict[str, str]:
        """Each equation in words, by what it defines."""
        lines = {
            "z": write_sums(self.sums, self.gates, self.step.peepholes, self.recurrent, self._reset),
            **write_step(self.step, self.gates),
        }
        for name, words in self.notes:
            lines[name] = f"{lines[name]}, {words}" if not words.startswith("= ") else f"{name} {words}"
        return lines

    @property
    def differing(self) -> tuple[str, ...]:
        """What is defined in another way than in nn.LSTM."""
        return list_differing(self.lines)

    @property
    def _reset(self) -> str:
        """What a gate multiplies, in words."""
        reset = self.sums["w_hh"].reset
        return "" if reset is None else reset.describe(self.gates, find_gates(self.step, self.gates))


def identify_step(probe: Probe) -> Equations:
    """Recover the equations of a step, and require that they reproduce fresh cases. Raises UnknownEquationError.

    If the rows of a batch are mixed, they are the equations of a row alone.
    """
    probe = replace(probe, alone=True) if probe.mixes_rows else probe
    if not _reproduces(usual_equations(), probe):
        mixing = [source for source in SOURCES if source not in VALUES]
        if (across := _identify_across(probe, mixing_steps(), mixing)) is not None:
            return across
    try:
        found = _identify_units(probe)
    except UnknownEquationError:
        other = _identify_unequal(probe) or _identify_across(probe, across_steps(), SOURCES)
        if other is None:
            raise
        return other
    if not _reproduces(found, probe):
        raise UnknownEquationError("the equations that fit the probes do not reproduce fresh cases")
    return found


def _identify_units(probe: Probe) -> Equations:
    """The equations of units that do not depend on one another."""
    for found in (*map(run_instead, grid_steps(*probe.fresh[-1])), *resetting_equations(usual_equations())):
        if _reproduces(found, probe):
            return found
    step = recover_step(probe)
    measured = FreeStep(probe)  # a function without a name is measured whenever it is needed
    run = None if step.is_known and _holds_far_out(step, measured) else measured
    found = Equations(step, _name_gates(step), RIGHT_SUMS, run)
    try:
        return _share_slopes(replace(found, sums=recover_sums(probe, run or step)))
    except UnknownEquationError:
        others = () if step == RIGHT else resetting_equations(found)
        if (reset := next((one for one in others if _reproduces(one, probe)), None)) is not None:
            return reset
        raise


def resetting_equations(usual: Equations) -> Iterator[Equations]:
    """Yield equations in which a gate multiplies what others read of h, with nothing else changed."""
    curves = find_gates(usual.step, usual.gates)
    by_row = {row: curves.get(gate, PLAIN[gate]) for row, gate in enumerate(usual.gates)}
    for reset in list_resets(by_row):
        yield replace(usual, sums={**usual.sums, "w_hh": replace(usual.sums["w_hh"], reset=reset)})


def _holds_far_out(step: Step, measured: FreeStep) -> bool:
    """Whether equations hold beyond the numbers that they were found with, as straight lines need not."""
    rng = np.random.default_rng(13)
    z, (c, h) = rng.uniform(-_FAR, _FAR, (4, 200)), rng.uniform(-4.0, 4.0, (2, 200))
    with np.errstate(all="ignore"):
        pairs = zip(step(z, c, h), measured(z, c, h), strict=True)
        return all(np.allclose(one, other, 1e-8, 1e-8, equal_nan=True) for one, other in pairs)


def _identify_unequal(probe: Probe) -> Equations | None:
    """The equations where the last unit has others than the first."""
    try:
        first, last = (recover_step(probe, units=4, unit=unit) for unit in (0, 3))
    except UnknownEquationError:
        return None
    if first == last:
        return None
    gates = _name_gates(first)
    one, other = (write_step(step, gates) for step in (first, last))
    notes = tuple(
        (name, f"in the last unit {line}")
        for name, line in other.items()
        if line not in (one[name], f"{name} is not used")
    )
    found = Equations(first, gates, RIGHT_SUMS, UnequalUnits(first, last), notes)
    return found if _reproduces(found, probe) else None


def _identify_across(probe: Probe, steps: Iterator[AcrossStep], sources: Iterable[str]) -> Equations | None:
    """nn.LSTM's equations with something done across the units, or to what is multiplied by a matrix."""
    for across in steps:
        found = run_instead(across)
        if _reproduces(found, probe):
            return found
    for name, source in product(("w_ih", "w_hh"), sources):
        found = Equations(RIGHT, GATES, {**RIGHT_SUMS, name: Read(source=source)})
        if _reproduces(found, probe):
            return found
    return None


def _reproduces(found: Equations, probe: Probe) -> bool:
    """Whether the equations give the results of fresh cases, with five units."""
    cell, x, h, c, wanted = probe.fresh
    return all(np.abs(got - one).max() <= 1e-8 for got, one in zip(found(cell, x, h, c), wanted, strict=True))


def _name_gates(step: Step) -> str:
    """The letters of the four gate sums: those that make most of the equations the usual ones."""
    best, most = GATES, -1
    for order in permutations(GATES):
        score = sum(_is_usual(step, row, gate) for row, gate in zip(ROWS, order, strict=True))
        if score > most:
            best, most = "".join(order), score
    return best


def _is_usual(step: Step, row: str, gate: str) -> int:
    terms = step.hidden.terms if gate == "o" else [t for t in step.cell.terms if bool(t.curve_of("c")) == (gate == "f")]
    curves = [curve for term in terms if (curve := term.curve_of(row)) is not None]
    alone = gate != "f" or any(len(t.curves) == 2 for t in terms if t.curve_of(row))
    return 2 * bool(curves) + (PLAIN[gate] in curves) + (alone and bool(curves))


def _share_slopes(found: Equations) -> Equations:
    """Say that a whole gate sum is scaled, rather than its function and the inverse of what else enters it."""
    curves = find_gates(found.step, found.gates)
    slopes = {row: curves[gate].slope for row, gate in enumerate(found.gates) if gate in curves}
    others = [name for name in found.sums if name != "w_ih"]
    inverse = {
        row
        for row, slope in slopes.items()
        if slope not in (1.0, -1.0) and all(abs(sum(found.sums[n].matrix[row]) * slope - 1.0) < 1e-4 for n in others)
    }
    shared = set(slopes.values())
    if len(shared) == 1 and shared != {1.0}:
        inverse = set(slopes)
    if not inverse:
        return found
    sums = {}
    for name, read in found.sums.items():
        rows = [
            tuple(round(k * slopes[row], 4) if row in inverse else k for k in entries)
            for row, entries in enumerate(read.matrix)
        ]
        sums[name] = replace(read, matrix=tuple(rows))
    return replace(found, step=_unscale(found.step, inverse), sums=sums)


def _unscale(step: Step, rows: set[int]) -> Step:
    names = {ROWS[row] for row in rows}

    def change_term(term: Term) -> Term:
        curves = [
            (n.map_terms(change_term) if isinstance(n, Expression) else n, replace(c, slope=1.0) if n in names else c)
            for n, c in term.curves
        ]
        return replace(term, curves=tuple(curves))

    return replace(step, cell=step.cell.map_terms(change_term), hidden=step.hidden.map_terms(change_term))


def run_instead(across: AcrossStep) -> Equations:
    """Return nn.LSTM's equations with something done at one place of the step."""
    return replace(usual_equations(), run=across, notes=((across.line, across.words),))


def usual_equations() -> Equations:
    """Return nn.LSTM's."""
    return Equations(RIGHT, GATES, RIGHT_SUMS)
