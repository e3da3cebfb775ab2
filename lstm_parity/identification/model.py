"""What an implementation computes, as one value: its equations, and what is connected otherwise than in nn.LSTM."""

from __future__ import annotations

from collections.abc import Sequence
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
    views = list(other_views(probe))
    if (found := _identify_seen(probe, [view for view in views if view.view.is_exchanged])) is not None:
        return found
    found = _identify_results(probe, [view for view in views if not view.view.is_exchanged])
    if not found.is_right:
        return found
    try:
        return replace(found, derivative=recover_derivative(probe), gradients="tested, in the sizes that can be called")
    except ProbeError as error:
        return replace(found, gradients=str(error))
    except UnknownEquationError as error:
        return replace(found, unknown=str(error))


def _identify_results(probe: Probe, views: Sequence[Probe]) -> Identification:
    """Recover the equations of a step and the wiring; views: other ways to look at a step, if these contradict it."""
    try:
        equations, unknown = identify_step(probe), ""
    except UnknownEquationError as error:
        equations, unknown = usual_equations(), str(error)
    try:
        wiring = recover_wiring(probe, equations)
    except UnknownEquationError as error:
        found = _identify_hidden(probe, None if unknown else equations, views)
        if found is not None:
            return found
        if unknown or not equations.differing:
            return Identification(None if unknown else equations, (), unknown or str(error))
        return Identification(None, (), f"{error}; of a single step, {Identification(equations).summary}")
    if equations.differing and wiring.changes and not unknown:
        first = _identify_first_step(probe, equations, is_alone=len(wiring.changes) == 1)
        if first is not None and len(first.changes) <= len(wiring.changes):
            return first
    return Identification(equations, wiring.changes, untested=wiring.untested)


def _identify_hidden(probe: Probe, equations: Equations | None, views: Sequence[Probe]) -> Identification | None:
    """If several steps contradict the equations of one: the wiring alone, the first step, or both at once.

    equations: None if they are not known.
    """
    found = None
    if equations is not None and equations.differing:
        found = _identify_wired(probe, usual_equations()) or _identify_first_step(probe, equations)
    found = found or _identify_seen(probe, views)
    if found is None and equations is not None and equations.sums != RIGHT_SUMS:
        return _identify_wired(probe, replace(equations, sums=RIGHT_SUMS))
    return found


def _identify_wired(probe: Probe, equations: Equations) -> Identification | None:
    """If several steps contradict the equations of one, which the wiring hides: if these are right, and it is wrong."""
    try:
        wiring = recover_wiring(probe, equations)
    except UnknownEquationError:
        return None
    return Identification(equations, wiring.changes, untested=wiring.untested)


def _identify_seen(probe: Probe, views: Sequence[Probe]) -> Identification | None:
    """If a connection of the states hides the equations: those of a step that is looked at otherwise."""
    for view in views:
        try:
            equations = identify_step(view)
        except UnknownEquationError:
            continue
        for other in (equations, replace(equations, sums=RIGHT_SUMS)):
            if (found := _identify_wired(probe, other)) is not None and found.differing:
                return found
            if other.sums == RIGHT_SUMS:
                break
    return None


def _identify_first_step(probe: Probe, equations: Equations, *, is_alone: bool = False) -> Identification | None:
    """Where several steps contradict the equations of one: if these are those of the first step alone.

    is_alone: whether nothing else may be wrong.
    """
    try:
        wiring = recover_wiring(probe, usual_equations(), equations, is_usual=is_alone)
    except UnknownEquationError:
        return None
    change = Change(f"the first step computes {Identification(equations).summary}", "first", equations)
    return Identification(usual_equations(), (change, *wiring.changes), untested=wiring.untested)
