"""What is wrong with a failing implementation: one question, for outputs and for gradients."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.gradients import diagnose_gradients
from lstm_parity.diagnosis.probes import run_probes
from lstm_parity.diagnosis.repeats import describe_repeats
from lstm_parity.judging.verdict import Verdict
from lstm_parity.running.protocol import Implementation


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
    """Explain wrong outputs by a mistake; if there is none, by what differs from call to call; then by the rest."""
    found = diagnose(verdicts)
    if found.mistake is None and (summary := describe_repeats(implementation, verdicts)):
        return replace(found, arithmetic=None, nearest=None, summary=summary)
    return found
