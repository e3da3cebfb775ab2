"""The equations of a step as they are printed: every line beside nn.LSTM's, the differing ones marked."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import permutations

import numpy as np

from lstm_parity.identification.cell import UnknownEquationError, recover_step
from lstm_parity.identification.curves import SIGMOID, TANH, Curve
from lstm_parity.identification.probe import Probe
from lstm_parity.identification.step import RIGHT, ROWS, Expression, Step, Term
from lstm_parity.identification.sums import RIGHT as RIGHT_SUMS
from lstm_parity.identification.sums import Read, Sums, compute_sums, recover_sums
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import CellWeights

GATES = "ifgo"
_WRITTEN = {"w_ih": "w_ih x", "w_hh": "w_hh h", "b_ih": "b_ih", "b_hh": "b_hh"}
_PLAIN = {"i": SIGMOID, "f": SIGMOID, "g": TANH, "o": SIGMOID}
USUAL = {
    "z": "z = w_ih x + b_ih + w_hh h + b_hh, in rows i, f, g, o",
    "i": "i = sigmoid(z_i)",
    "f": "f = sigmoid(z_f)",
    "g": "g = tanh(z_g)",
    "o": "o = sigmoid(z_o)",
    "c'": "c' = f * c + i * g",
    "h'": "h' = o * tanh(c')",
}


@dataclass(frozen=True, eq=False)
class Equations:
    """What one step computes.

    step: c' and h' of the gate sums. gates: the letter of each of the four gate sums. sums: what those are made of.
    """

    step: Step
    gates: str
    sums: Sums

    def __call__(self, cell: CellWeights, x: Array, h: Array, c: Array) -> tuple[Array, Array]:
        """Return h' and c' (B, H) for x (B, I), h and c (B, H)."""
        return self.step(compute_sums(self.sums, cell, x, h), c, h)

    @property
    def is_known(self) -> bool:
        """Whether every function in it has a name."""
        return self.step.is_known

    @property
    def lines(self) -> dict[str, str]:
        """Each equation in words, by what it defines."""
        curves = self._curves()
        lines = {"z": self._describe_sums()}
        lines |= {k: f"{k} = {curves[k].describe(f'z_{k}')}" if k in curves else f"{k} is not used" for k in GATES}
        lines |= {"c'": f"c' = {self._describe(self.step.cell, curves)}"}
        return lines | {"h'": f"h' = {self._describe(self.step.hidden, curves)}"}

    @property
    def differing(self) -> tuple[str, ...]:
        """What is defined in another way than in nn.LSTM."""
        return tuple(k for k, line in self.lines.items() if line not in (USUAL[k], f"{k} is not used"))

    def _curves(self) -> dict[str, Curve]:
        """The function of each gate: where it stands in nn.LSTM's equations, if it does; else anywhere."""
        every = [*self.step.cell.terms, *self.step.hidden.terms]
        found = dict[str, Curve]()
        for row, gate in zip(ROWS, self.gates, strict=True):
            usual = {
                "f": [t for t in self.step.cell.terms if t.curve_of("c")],
                "o": list(self.step.hidden.terms),
            }.get(gate, [t for t in self.step.cell.terms if not t.curve_of("c")])
            curves = [curve for term in (*usual, *every) if (curve := term.curve_of(row)) is not None]
            if curves:
                found[gate] = curves[0]
        return found

    def _describe(self, expression: Expression, curves: dict[str, Curve]) -> str:
        terms = [self._describe_term(term, curves) for term in expression.terms if term.factor]
        text = " + ".join(terms).replace("+ -", "- ") or "0"
        text = text if expression.outer == "{}" else expression.outer.format(text)
        return text if np.isinf(expression.limit) else f"clip({text}, {-expression.limit:.6g}, {expression.limit:.6g})"

    def _describe_term(self, term: Term, curves: dict[str, Curve]) -> str:
        """A product: gates in the usual order, then states."""
        gates, others, factor = list[str](), list[str](), term.factor
        for name, curve in term.curves:
            if name in ROWS:
                gate = self.gates[ROWS.index(name)]
                gates.append(gate if curve == curves[gate] else f"({curve.describe(f'z_{gate}')})".replace("((", "("))
            elif curve == Curve("{}"):
                others.append(self._name(name, curves))
            else:
                others.append(curve.describe(self._name(name, curves)))
        order = sorted(gates, key=lambda text: (len(text) > 1, GATES.find(text)))
        number = [] if factor == 1.0 and (order or others) else [f"{factor:.6g}"]
        return " * ".join([*number, *order, *others])

    def _name(self, variable: str, curves: dict[str, Curve]) -> str:
        if not variable.startswith("part"):
            return variable
        return self._describe_term(self.step.cell.terms[int(variable[4:])], curves)

    def _describe_sums(self) -> str:
        """The sum of all parameters, and which of their rows enter otherwise."""
        parts, notes = list[str](), list[str]()
        for name in ("w_ih", "b_ih", "w_hh", "b_hh"):
            read = self.sums.get(name)
            if read is None:
                continue
            factors = set(read.factors)
            factor = factors.pop() if len(factors) == 1 else 1.0
            if factors:
                by_gate = [
                    f"{f:.6g} in {self.gates[row]}" for row, f in zip(read.rows, read.factors, strict=True) if f != 1.0
                ]
                notes.append(f"{_WRITTEN[name]} times {', '.join(by_gate)}")
            written = _WRITTEN[name]
            parts += [] if factor == 0.0 else [written if factor == 1.0 else f"{factor:.6g} * {written}"]
        orders = {name: "".join(self.gates[row] for row in read.rows) for name, read in self.sums.items()}
        if len(set(orders.values())) == 1:
            rows = f"in rows {', '.join(orders['w_ih'])}"
        else:
            rows = "in rows " + "; ".join(f"{', '.join(order)} of {name}" for name, order in orders.items())
        notes += [f"{name} {read.layout}" for name, read in self.sums.items() if read.layout != "blocks"]
        sums = " + ".join(parts).replace("+ -1 * ", "- ").replace("+ -", "- ")
        return f"z = {sums}, {'; '.join([rows, *notes])}"


def identify_step(probe: Probe) -> Equations:
    """Recover the equations of a step, and require that they reproduce fresh cases. Raises UnknownEquationError."""
    step = recover_step(probe)
    sums = recover_sums(probe, step)
    found = _share_slopes(Equations(step, _name_gates(step), sums))
    rng = np.random.default_rng(11)
    scale = 0.7 if found.is_known else 0.25  # a function without a name is known where it was measured
    cell = CellWeights(*(scale * rng.standard_normal(shape) for shape in ((20, 3), (20, 5), (20,), (20,))))
    cell = cell if probe.bias else CellWeights(cell.w_ih, cell.w_hh)
    x, h, c = (rng.standard_normal((16, size)) for size in (3, 5, 5))
    for got, wanted in zip(found(cell, x, h, c), probe.step(cell, x, h, c), strict=True):
        if np.abs(got - wanted).max() > (1e-8 if found.is_known else 1e-2):
            raise UnknownEquationError("the equations that fit the probes do not reproduce fresh cases")
    return found


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
    return 2 * bool(curves) + (_PLAIN[gate] in curves) + (alone and bool(curves))


def _share_slopes(found: Equations) -> Equations:
    """Say that a whole gate sum is scaled, rather than its function and the inverse of what else enters it."""
    curves = found._curves()
    slopes = {row: curves[gate].slope for row, gate in enumerate(found.gates) if gate in curves}
    others = [name for name in found.sums if name != "w_ih"]
    inverse = {
        row
        for row, slope in slopes.items()
        if slope not in (1.0, -1.0) and all(abs(_factor(found.sums[name], row) * slope - 1.0) < 1e-6 for name in others)
    }
    shared = set(slopes.values())
    if len(shared) == 1 and shared != {1.0}:
        inverse = set(slopes)
    if not inverse:
        return found
    sums = {
        name: replace(
            read,
            factors=tuple(
                round(f * slopes[row], 6) if row in inverse else f
                for row, f in zip(read.rows, read.factors, strict=True)
            ),
        )
        for name, read in found.sums.items()
    }
    return Equations(_unscale(found.step, inverse), found.gates, sums)


def _factor(read: Read, row: int) -> float:
    return read.factors[read.rows.index(row)]


def _unscale(step: Step, rows: set[int]) -> Step:
    names = {ROWS[row] for row in rows}

    def change(expression: Expression) -> Expression:
        terms = [
            replace(t, curves=tuple((n, replace(c, slope=1.0) if n in names else c) for n, c in t.curves))
            for t in expression.terms
        ]
        return replace(expression, terms=tuple(terms))

    return Step(change(step.cell), change(step.hidden))


def usual_equations() -> Equations:
    """Return nn.LSTM's."""
    return Equations(RIGHT, GATES, RIGHT_SUMS)
