"""What is wrong with a failing implementation: one question, for outputs and for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.gradients import diagnose_gradients
from lstm_parity.diagnosis.numbers import search_implementation
from lstm_parity.diagnosis.probes import run_probes
from lstm_parity.diagnosis.repeats import describe_repeats
from lstm_parity.identification.model import identify_implementation
from lstm_parity.identification.probe import ProbeError
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.running.evidence import DROPPING, NOT_DROPPING
from lstm_parity.running.protocol import Implementation

_SECONDS = 7.5  # of a search in each process


def diagnose_implementation(
    implementation: Implementation, verdicts: Sequence[Verdict], device: str = "cpu"
) -> Diagnosis:
    """Explain failing verdicts on an implementation, which runs more cases for that.

    Wrong gradients are explained by the forward pass if the probes find that wrong, else by the backward pass.
    """
    probed = run_probes(implementation, device=device)
    wrong = [verdict for verdict in verdicts if verdict.outcome is Outcome.DEVIATES]
    if wrong and all(map(_is_of_dropout, wrong)) and not any(verdict.outcome.is_wrong for verdict in probed):
        return Diagnosis(summary=_describe_dropout(wrong), deviating=len(wrong))
    if all(verdict.adjoints is None for verdict in verdicts):
        return _diagnose_outputs(implementation, [*verdicts, *probed])
    if any(verdict.outcome.is_wrong for verdict in probed):
        return _diagnose_outputs(implementation, probed)
    return diagnose_gradients(implementation, device)


def _is_of_dropout(verdict: Verdict) -> bool:
    """Whether a case was judged with dropout."""
    return verdict.adjoints is None and {one.way for one in verdict.observation.evidence} <= {DROPPING, NOT_DROPPING}


def _describe_dropout(wrong: Sequence[Verdict]) -> str:
    """Describe what is wrong about dropout, the plainest first; without dropout all is right."""
    faults = [fault for verdict in wrong for fault in verdict.faults]
    ways = {one.way for verdict in wrong for one in verdict.observation.evidence}
    layers = {verdict.case.setting.architecture.num_layers for verdict in wrong}
    if faults:
        what = faults[0]
    elif ways == {NOT_DROPPING}:
        what = "in eval mode dropout must change nothing"
    elif layers == {1}:
        tensors = {measured.tensor for verdict in wrong for measured in verdict.deviating}
        inside = "a single layer drops something, and nn.LSTM drops between layers alone"
        what = "the output of the last layer is dropped" if tensors == {"output"} else inside
    else:
        what = (
            "a layer does not compute with the outputs of the layer below times masks of 0 and 1/(1-p), and those alone"
        )
    return f"an LSTM that is right without dropout, and wrong with it: {what}"


def _diagnose_outputs(implementation: Implementation, verdicts: Sequence[Verdict]) -> Diagnosis:
    """Explain wrong outputs by a mistake; by what differs from call to call; by what it computes; then by the rest."""
    found = diagnose(verdicts)
    if found.mistake is not None and found.mistake.is_deterministic:  # one that returns anything is like everything
        return found
    summary = describe_repeats(implementation, verdicts) or _identify(implementation, found.arithmetic is None)
    if not summary and found.arithmetic is None:
        summary = search_implementation(implementation, _SECONDS).text
    if not summary:
        return found
    return replace(found, mistake=None, equivalents=(), arithmetic=None, nearest=None, summary=summary)


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
