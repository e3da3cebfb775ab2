"""What is wrong with a failing implementation: one question, for outputs and for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.gradients import diagnose_gradients
from lstm_parity.diagnosis.numbers import search_numbers
from lstm_parity.diagnosis.probes import run_probes
from lstm_parity.diagnosis.repeats import describe_repeats
from lstm_parity.identification.model import identify_implementation
from lstm_parity.identification.probe import ProbeError
from lstm_parity.judging.verdict import Verdict
from lstm_parity.running.protocol import Implementation

_SECONDS = 15.0  # of a search


def diagnose_implementation(
    implementation: Implementation, verdicts: Sequence[Verdict], device: str = "cpu"
) -> Diagnosis:
    """Explain failing verdicts on an implementation, which runs more cases for that.

    Wrong gradients are explained by the forward pass if the probes find that wrong, else by the backward pass.
    """
    probed = run_probes(implementation, device=device)
    if all(verdict.adjoints is None for verdict in verdicts):
        return _diagnose_outputs(implementation, [*verdicts, *probed])
    if any(verdict.outcome.is_wrong for verdict in probed):
        return _diagnose_outputs(implementation, probed)
    return diagnose_gradients(implementation, device)


def _diagnose_outputs(implementation: Implementation, verdicts: Sequence[Verdict]) -> Diagnosis:
    """Explain wrong outputs by a mistake; by what differs from call to call; by what it computes; then by the rest."""
    found = diagnose(verdicts)
    if found.mistake is not None:
        return found
    summary = describe_repeats(implementation, verdicts) or _identify(implementation, found.arithmetic is None)
    if not summary and found.arithmetic is None:
        summary = _search(verdicts)
    return replace(found, arithmetic=None, nearest=None, summary=summary) if summary else found


def _search(verdicts: Sequence[Verdict]) -> str:
    """Say what computes the numbers of failing calls, where it cannot be asked; by the output alone if need be.

    What does not return its states has others in their place.
    """
    found = search_numbers(verdicts, _SECONDS)
    return (found if found.models else search_numbers(verdicts, _SECONDS, ("output",))).text


def _identify(implementation: Implementation, unexplained: bool) -> str:
    """Say what it computes, if that differs from nn.LSTM; empty if not, or if it cannot be found.

    unexplained: whether no arithmetic explains what it does; a function without a name may be one that is inaccurate.
    """
    try:
        found = identify_implementation(implementation)
    except ProbeError:
        return ""
    if found.equations is None or not found.differing or not (unexplained or found.equations.is_known):
        return ""
    return f"an LSTM in which {found.summary}" + "; and something more is different" * bool(found.unknown)
