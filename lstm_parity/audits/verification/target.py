"""Verification of what a user names: started in a process of its own, judged, diagnosed, and resumed after Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from lstm_parity.audits.known.entry import Deviation
from lstm_parity.audits.progress import Progress
from lstm_parity.audits.verification.beside import Beside, share_out
from lstm_parity.audits.verification.identified import identify_judged
from lstm_parity.audits.verification.options import Hooks, VerifyOptions
from lstm_parity.audits.verification.rows import WorkFile
from lstm_parity.audits.verification.verify import Verification, verify_one
from lstm_parity.cases.case import parse_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.diagnosis.forward import Diagnosis
from lstm_parity.diagnosis.implementation import diagnose_implementation
from lstm_parity.diagnosis.smoke import check_adapter
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import Target
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import INTERRUPTED, Certificate, Row
from lstm_parity.running.child_process import ProcessServer
from lstm_parity.running.devices import require_device


class AdapterError(ValueError):
    """The form of the plainest call is wrong, so that nothing can be judged; the message says what is needed."""


def verify_target(
    target: Target,
    server: ProcessServer,
    device: str,
    limits: tuple[float, float],
    options: VerifyOptions,
    progress: Progress,
    *,
    resume: bool = False,
    identify: bool = False,
    excuses: Callable[[Sequence[Deviation]], bool] | None = None,
) -> tuple[Verification, Diagnosis | None]:
    """Return the verification of a target and, if it is wrong, the diagnosis.

    server: of its process. limits: seconds that a call may take, and GiB. resume: whether the rows of an interrupted
    run are taken over. identify: whether it is also recovered what it computes, which takes some seconds. excuses:
    whether deviations are known, after which the rest is judged too.
    Raises TargetError if the target is none, AdapterError if it cannot be judged, SettingError if a case is none.
    """
    require_device(device)
    shared = share_out(target) if device == "cpu" and not options.case else ()
    further = ["", " --strict"][options.strict] + (f" --device {device}" if device != "cpu" else "")
    options = replace(options, command=f"lstm-parity verify {target.options()}{further}")
    work = WorkFile.of(target, device, options)
    if not resume:
        work.remove()
    beside = Beside(target, limits, options, work, shared)
    with RemoteImplementation(target, *limits, server, device) as implementation, beside:
        implementation.start()
        if (problem := check_adapter(implementation, device)) is not None:
            raise AdapterError(f"{implementation.name} cannot be judged: {problem}")
        hooks = Hooks(partial(_read_rows, beside, progress), work.append, excuses, beside.start)
        found = verify_one(implementation, _order_dtypes(options, shared), progress, device, options, hooks)
        found = replace(found, remarks=implementation.remarks)
        if INTERRUPTED not in found.certificate.limits:
            work.remove()
            if identify:
                progress.say("what it computes")
                found = replace(found, identified=identify_judged(implementation, found.certificate))
        if not found.wrong:
            return found, None
        progress.say("cases that distinguish mistakes")
        diagnosis = diagnose_implementation(implementation, found.wrong, device)
    if diagnosis.mistake is not None or diagnosis.summary:  # that explains more than a coarse arithmetic
        found = replace(found, certificate=_call_bug(found.certificate))
    return found, diagnosis


def _order_dtypes(options: VerifyOptions, shared: Sequence[str]) -> list[str]:
    """Return the dtypes to be judged, those that a second process judges last."""
    asked = [parse_case(options.case).setting.runtime.dtype] if options.case else DTYPES
    return sorted(asked, key=lambda dtype: dtype in shared)


def _read_rows(beside: Beside, progress: Progress, dtype: str) -> Sequence[Row]:
    """Return the rows of a dtype that were judged before, or by the second process."""
    if dtype in beside.dtypes:
        beside.wait(progress)
    return beside.work.rows_of(dtype)


def _call_bug(certificate: Certificate) -> Certificate:
    """Return a certificate in which nothing is explained by a narrower arithmetic."""

    def call(row: Row) -> Row:
        return replace(row, outcome=Outcome.DEVIATES, arithmetic=None) if row.outcome is Outcome.NARROWER else row

    rows: Sequence[Row] = [call(row) for row in certificate.rows]
    return replace(certificate, rows=tuple(rows))
