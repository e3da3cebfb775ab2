"""Verification of what a user names: started in a process of its own, judged, diagnosed, and resumed after Ctrl-C."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_parity.audits.progress import Progress
from lstm_parity.audits.upgrade.environments import cache_folder
from lstm_parity.audits.verify import Verification, VerifyOptions, verify_one
from lstm_parity.diagnosis.implementation import diagnose_implementation
from lstm_parity.diagnosis.smoke import check_adapter
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import Target
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import INTERRUPTED, Certificate, Row
from lstm_parity.reports.certificate_json import row_fields, row_of
from lstm_parity.running.child_process import ProcessServer
from lstm_parity.running.devices import require_device
from lstm_parity.version import find_version


class AdapterError(ValueError):
    """The form of the plainest call is wrong, so that nothing can be judged; the message says what is needed."""


@dataclass(frozen=True)
class WorkFile:
    """The rows of a verification that is not finished, one JSON line each."""

    path: Path

    @classmethod
    def of(cls, target: Target, device: str, options: VerifyOptions) -> WorkFile:
        """Return the file of this target as it is now: another version of its source has another file."""
        source = Path(target.place)
        content = source.read_bytes() if source.is_file() else b""
        described = json.dumps([find_version(), target.fields, device, vars(options)], sort_keys=True).encode()
        name = hashlib.sha256(described + content).hexdigest()[:16]
        return cls(cache_folder() / "verify" / f"{name}.jsonl")

    def read(self) -> list[Row]:
        """Return the rows that are there; a line that was cut off by a kill is left out."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        return [row_of(json.loads(line)) for line in lines if line.endswith("\n")]

    def append(self, row: Row) -> None:
        """Write one more row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row_fields(row)) + "\n")

    def remove(self) -> None:
        """Forget the rows."""
        self.path.unlink(missing_ok=True)


def verify_target(
    target: Target,
    server: ProcessServer,
    device: str,
    limits: tuple[float, float],
    options: VerifyOptions,
    progress: Progress,
    *,
    resume: bool = False,
) -> tuple[Verification, str]:
    """Return the verification of a target and, if it is wrong, the diagnosis.

    server: of its process. limits: seconds that a call may take, and GiB. resume: whether the rows of an interrupted
    run are taken over.
    Raises TargetError if the target is none, AdapterError if it cannot be judged.
    """
    require_device(device)
    work = WorkFile.of(target, device, options)
    if not resume:
        work.remove()
    with RemoteImplementation(target, *limits, server, device) as implementation:
        implementation.start()
        if (problem := check_adapter(implementation, device)) is not None:
            raise AdapterError(f"{implementation.name} cannot be judged: {problem}")
        found = verify_one(
            implementation, progress=progress, device=device, options=options, known=work.read(), keep=work.append
        )
        if INTERRUPTED not in found.certificate.limits:
            work.remove()
        if not found.wrong:
            return found, ""
        progress.say("cases that distinguish mistakes")
        diagnosis = diagnose_implementation(implementation, found.wrong, device)
    if diagnosis.mistake is not None:  # a mistake that does the same explains more than a coarse arithmetic
        found = replace(found, certificate=_call_bug(found.certificate))
    return found, diagnosis.text


def _call_bug(certificate: Certificate) -> Certificate:
    """Return a certificate in which nothing is explained by a narrower arithmetic."""

    def call(row: Row) -> Row:
        return replace(row, outcome=Outcome.DEVIATES, arithmetic=None) if row.outcome is Outcome.NARROWER else row

    rows: Sequence[Row] = [call(row) for row in certificate.rows]
    return replace(certificate, rows=tuple(rows))
