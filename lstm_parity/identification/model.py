"""What an implementation computes, as one value: its equations, and what is connected otherwise than in nn.LSTM."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from lstm_parity.identification.backward import recover_derivative
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.connections.change import Change
from lstm_parity.identification.connections.seen import other_views
from lstm_parity.identification.connections.wiring import recover_wiring
from lstm_parity.identification.derivatives.model import WrongDerivative
from lstm_parity.identification.equations import Equations, identify_step, usual_equations
from lstm_parity.identification.probe import Probe, ProbeError, find_probe
from lstm_parity.identification.sums import RIGHT as RIGHT_SUMS
from lstm_parity.identification.written import USUAL
from lstm_parity.running.protocol import Implementation


@dataclass(frozen=True, eq=False)
class Identification:
    """A recovered model, which has reproduced cases that it was not fitted to.

    equations: None if they could not be recovered; then unknown says how far that led. changes: of the wiring.
    derivative: the wrong one, if the results are right; gradients: how far they were tested. untested: which LSTMs
    could not be called, and why. searched: how many calls it was found by, where it cannot be probed.
    """

    equations: Equations | None
    changes: tuple[Change, ...] = ()
    unknown: str = ""
    derivative: WrongDerivative | None = None
    gradients: str = "not tested, since the results differ"
    untested: tuple[str, ...] = ()
    searched: int = 0

    @property
    def differing(self) -> tuple[str, ...]:
        """The lines of the equations that are not nn.LSTM's, "wiring", and "gradients"."""
        lines = self.equations.differing if self.equations is not None else ()
        return (*lines, *["wiring"] * bool(self.changes), *["gradients"] * bool(self.derivative))

    @property
    def is_right(self) -> bool:
        """Whether it computes what nn.LSTM does, as far as it was tested."""
        return self.equations is not None and not self.differing and not self.unknown

    @property
    def summary(self) -> str:
        """The lines that differ, each beside nn.LSTM's; empty if none is known to."""
        if self.equations is None:
            return ""
        lines = self.equations.lines
        differing = [f"{lines[name]} instead of {USUAL[name]}" for name in self.equations.differing]
        wrong = [self.derivative.text] if self.derivative else []
        return "; ".join([*differing, *(change.text for change in self.changes), *wrong])


def identify_implementation(implementation: Implementation) -> Identification:
    """Recover the equations of a step, the wiring, and if these are right what is wrong with the gradients.

    Raises ProbeError if it cannot be probed.
    """
    probe = find_probe(implementation)
    try:
        equations, unknown = identify_step(probe), ""
    except UnknownEquationError as error:
        equations, unknown = usual_equations(), str(error)
    try:
        wiring = recover_wiring(probe, equations)
    except UnknownEquationError as error:
        found = None
        if not unknown and equations.differing:
            found = _identify_wiring(probe) or _identify_first_step(probe, equations)
        found = found or _identify_otherwise(probe, None if unknown else equations)
        if found is not None:
            return found
        if unknown or not equations.differing:
            return Identification(None if unknown else equations, (), unknown or str(error))
        return Identification(None, (), f"{error}; of a single step, {Identification(equations).summary}")
    if equations.differing and wiring.changes and not unknown:
        first = _identify_first_step(probe, equations)
        if first is not None and len(first.changes) <= len(wiring.changes):
            return first
    found = Identification(equations, wiring.changes, untested=wiring.untested)
    if found.differing:
        return found
    try:
        return replace(found, derivative=recover_derivative(probe), gradients="tested, in the sizes that can be called")
    except ProbeError as error:
        return replace(found, gradients=str(error))
    except UnknownEquationError as error:
        return replace(found, unknown=str(error))


def _identify_wiring(probe: Probe) -> Identification | None:
    """If the wiring alone is wrong, which also shows in one step: several steps contradict its equations."""
    try:
        wiring = recover_wiring(probe, usual_equations())
    except UnknownEquationError:
        return None
    return Identification(usual_equations(), wiring.changes, untested=wiring.untested)


def _identify_otherwise(probe: Probe, equations: Equations | None) -> Identification | None:
    """If both are wrong and a connection hides the equations: that of the input, or of the states of a single step.

    equations: as they seem to be, if there are any.
    """
    for other in _list_hidden(probe, equations):
        try:
            wiring = recover_wiring(probe, other)
        except UnknownEquationError:
            continue
        return Identification(other, wiring.changes, untested=wiring.untested)
    return None


def _list_hidden(probe: Probe, equations: Equations | None) -> Iterator[Equations]:
    """Yield the equations of a step whose sums are the usual ones, and those of a step that is looked at otherwise."""
    seems = [] if equations is None else [equations]
    for view in other_views(probe):
        try:
            seems.append(identify_step(view))
        except UnknownEquationError:
            continue
        yield seems[-1]
    yield from (replace(one, sums=RIGHT_SUMS) for one in seems if one.sums != RIGHT_SUMS)


def _identify_first_step(probe: Probe, equations: Equations) -> Identification | None:
    """Where several steps contradict the equations of one: if these are those of the first step alone."""
    try:
        wiring = recover_wiring(probe, usual_equations(), equations)
    except UnknownEquationError:
        return None
    change = Change(f"the first step computes {Identification(equations).summary}", "first", equations)
    return Identification(usual_equations(), (change, *wiring.changes), untested=wiring.untested)
