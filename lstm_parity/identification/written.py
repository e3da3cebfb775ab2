"""The equations of a step as they are printed, in the letters of nn.LSTM's gates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from lstm_parity.identification.curves.curve import IDENTITY, SIGMOID, TANH, Curve
from lstm_parity.identification.expressions.step import GATES, ROWS, Expression, Peepholes, Step, Term
from lstm_parity.identification.sums import Read, Sums

PLAIN = {"i": SIGMOID, "f": SIGMOID, "g": TANH, "o": SIGMOID}
USUAL = {
    "z": "z = w_ih x + b_ih + w_hh h + b_hh, in rows i, f, g, o",
    "i": "i = sigmoid(z_i)",
    "f": "f = sigmoid(z_f)",
    "g": "g = tanh(z_g)",
    "o": "o = sigmoid(z_o)",
    "c'": "c' = f * c + i * g",
    "h'": "h' = o * tanh(c')",
}


def list_differing(lines: Mapping[str, str]) -> tuple[str, ...]:
    """What is defined in another way than in nn.LSTM."""
    return tuple(name for name, line in lines.items() if line not in (USUAL[name], f"{name} is not used"))


def write_step(step: Step, gates: str) -> dict[str, str]:
    """Write the gates, c' and h' of a step, so that as few as possible differ from nn.LSTM's.

    gates: the letter of each of the four gate sums.
    """
    curves = find_gates(step, gates)
    best = _Written(step, gates, curves).lines
    for gate, curve in curves.items():
        if curve != PLAIN[gate] and _by_gate(curve, gate) is not None:
            trial = _Written(step, gates, curves | {gate: PLAIN[gate]}).lines
            if len(list_differing(trial)) < len(list_differing(best)):
                best, curves = trial, curves | {gate: PLAIN[gate]}
    return best


def find_gates(step: Step, gates: str) -> dict[str, Curve]:
    """The function of each gate: where it stands in nn.LSTM's equations, if it does; else anywhere."""
    every = [*step.cell.terms, *step.hidden.terms]
    found = dict[str, Curve]()
    for row, gate in zip(ROWS, gates, strict=True):
        usual = {
            "f": [t for t in step.cell.terms if t.curve_of("c")],
            "o": list(step.hidden.terms),
        }.get(gate, [t for t in step.cell.terms if not t.curve_of("c")])
        curves = [curve for term in (*usual, *every) if (curve := term.curve_of(row)) is not None]
        if curves:
            found[gate] = curves[0]
    return found


def _by_gate(curve: Curve, gate: str) -> str | None:
    """A function of a gate sum in terms of the gate, as nn.LSTM has it; None if it cannot be written so."""
    variable = f"z_{gate}"
    text = curve.describe(variable).replace(PLAIN[gate].describe(variable), gate)
    text = text.replace(f"sigmoid(-{variable})", f"(1 - {gate})") if gate != "g" else text
    return None if variable in text else text


@dataclass(frozen=True)
class _Written:
    """A step, the letters of its gate sums, and the functions that are called i, f, g and o."""

    step: Step
    gates: str
    curves: dict[str, Curve]

    @property
    def lines(self) -> dict[str, str]:
        curves = self.curves
        lines = {k: f"{k} = {curves[k].describe(f'z_{k}')}" if k in curves else f"{k} is not used" for k in GATES}
        lines["c'"] = f"c' = {self._describe(self.step.cell)}"
        return lines | {"h'": f"h' = {self._describe(self.step.hidden)}"}

    def _describe(self, expression: Expression) -> str:
        terms = [self._describe_term(term) for term in expression.terms if term.factor]
        text = " + ".join(terms).replace("+ -", "- ") or "0"
        if expression.other is not None:
            text = f"{expression.choice}({text}, {self._describe(expression.other)})"
        return text if np.isinf(expression.limit) else f"clip({text}, {-expression.limit:.6g}, {expression.limit:.6g})"

    def _describe_term(self, term: Term) -> str:
        """A product: gates in the usual order, then states."""
        gates, others, below, factor = list[str](), list[str](), "", term.factor
        for argument, curve in term.curves:
            if isinstance(argument, Expression):
                text = self._describe(argument)
                enclosed = text if argument.other is not None else f"({text})"
                if curve.is_reciprocal:
                    below, factor = f"{below} / {enclosed}", factor * curve.values[0]
                    continue
                others.append(enclosed if curve == IDENTITY else curve.describe(text))
            elif argument in ROWS:
                gate = self.gates[ROWS.index(argument)]
                text = gate if curve == self.curves[gate] else self._describe_gate(curve, gate)
                gates.append(f"({text})" if " " in text and not text.startswith("(") else text)
            else:
                others.append(curve.describe(argument))
        order = sorted(gates, key=lambda text: (len(text) > 1, GATES.find(text)))
        if factor == -1.0 and (order or others):
            return "-" + " * ".join([*order, *others]) + below
        number = [] if factor == 1.0 and (order or others) else [f"{factor:.6g}"]
        return " * ".join([*number, *order, *others]) + below

    def _describe_gate(self, curve: Curve, gate: str) -> str:
        """A second function of a gate sum: by the first, if it is a multiple of it and a number."""
        shown = self.curves[gate]
        if shown == PLAIN[gate] and (text := _by_gate(curve, gate)) is not None:
            return text
        if curve.base == shown.base and curve.points == shown.points and shown.factor:
            if (curve.slope, curve.shift) == (shown.slope, shown.shift):
                factor = curve.factor / shown.factor
                return replace(IDENTITY, factor=factor, offset=curve.offset - factor * shown.offset).describe(gate)
            if curve.base == "sigmoid({})" and (curve.slope, curve.shift) == (-shown.slope, -shown.shift):
                factor = -curve.factor / shown.factor
                offset = curve.offset - factor * shown.offset + curve.factor
                return replace(IDENTITY, factor=factor, offset=offset).describe(gate)
        return curve.describe(f"z_{gate}")


def write_sums(sums: Sums, gates: str, peepholes: Peepholes = (), recurrent: str = "h", reset: str = "") -> str:
    """Write the sum of all parameters, which of their rows enter otherwise, and the states that are added.

    recurrent: what w_hh is multiplied by. reset: what a gate multiplies.
    """
    parts, notes, orders = list[str](), list[str](), dict[str, str]()
    words = {"w_ih": "w_ih x", "w_hh": f"w_hh {recurrent}", "b_ih": "b_ih", "b_hh": "b_hh"}
    for name in ("w_ih", "b_ih", "w_hh", "b_hh"):
        if (read := sums.get(name)) is None:
            continue
        written = words[name]
        orders[name] = "".join(gates[row] for row in read.rows)
        factors = set(read.factors)
        factor = factors.pop() if len(factors) == 1 and read.is_single else 1.0
        if not read.is_single:
            notes.append(f"{written} {_write_matrix(read, gates)}")
        elif factors:
            by_gate = [f"{f:.6g} in {gates[row]}" for row, f in zip(read.rows, read.factors, strict=True) if f != 1.0]
            notes.append(f"{written} times {', '.join(by_gate)}")
        parts += [] if factor == 0.0 else [written if factor == 1.0 else f"{factor:.6g} * {written}"]
        layout = read.layout
        for row, gate in enumerate(gates):
            layout = layout.replace(f"gate {row}", f"gate {gate}")
        notes += [f"{name} {layout}"] * bool(layout)
        notes += [f"{'x' if name == 'w_ih' else 'h'} {read.source}"] * bool(read.source)
    notes += [
        f"z_{gates[ROWS.index(row)]} + {state} in the place of z_{gates[ROWS.index(row)]}" for row, state in peepholes
    ]
    notes += [reset] * bool(reset)
    if len(set(orders.values())) == 1:
        rows = f"in rows {', '.join(orders['w_ih'])}"
    else:
        rows = "in rows " + "; ".join(f"{', '.join(orders[name])} of {name}" for name in sums)
    text = " + ".join(parts).replace("+ -1 * ", "- ").replace("+ -", "- ")
    return f"z = {text}, {'; '.join([rows, *notes])}"


def _write_matrix(read: Read, gates: str) -> str:
    """Which rows every gate reads, where that is not one each."""
    written = []
    for gate, row in zip(gates, read.matrix, strict=True):
        parts = [other if k == 1.0 else f"{k:.6g} {other}" for other, k in zip(gates, row, strict=True) if k]
        written += [f"of {' + '.join(parts) or 'nothing'} in {gate}"] if parts != [gate] else []
    return ", ".join(written)
