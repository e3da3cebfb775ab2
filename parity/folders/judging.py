"""Judging folders: a certificate of what a program wrote into them, and the diagnosis of what deviates."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from parity.certificate.provenance import provenance
from parity.certificate.results import Certificate, Row, row
from parity.explaining import Explanation, explain
from parity.folders.arrays import FolderError
from parity.folders.reading import Answered, read
from parity.judge import Outcome
from parity.settings import DTYPES

AXES = ("num_layers", "bidirectional", "proj_size", "bias", "input", "hx", "values")  # the others are torch's
UNJUDGED = "gradients, dropout in train mode"


@dataclass(frozen=True)
class Judged:
    """The certificate, and what the diagnosis says of the dtypes that deviate in no known arithmetic."""

    certificate: Certificate
    diagnosis: tuple[str, ...] = ()


def folders_in(folder: Path) -> list[Path]:
    """The folder itself where it holds a case, else the folders in it that do. Raises FolderError where none does."""
    if (folder / "setting.json").exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/setting.json"))
    if not found:
        raise FolderError(
            f"{folder} was given, but neither it nor a folder in it holds a setting.json: see cases export"
        )
    return found


def judge_folders(folder: Path, name: str | None = None, progress: Callable[[str], None] = lambda _: None) -> Judged:
    """Judge what a program wrote into a folder, or into the folders in it. Raises FolderError for a damaged case."""
    answered = []
    for path in folders_in(folder):
        progress(path.name)
        answered.append(read(path))
    rows, diagnoses = [], []
    for dtype in DTYPES:
        if of_dtype := [a for a in answered if a.observation.case.setting.runtime.dtype == dtype]:
            progress(dtype)
            explanation = _with_reasons(explain([a.observation for a in of_dtype]), of_dtype)
            rows.append(_told(row(name or folder.resolve().name, dtype, explanation), explanation, of_dtype))
            diagnoses += _diagnosis(explanation)
    told = provenance()
    where = {"folder": str(folder), "judge": f"torch {told['torch']}, numpy {told['numpy']}, {told['processor']}"}
    return Judged(Certificate(where, tuple(rows), UNJUDGED), tuple(diagnoses))


def _with_reasons(explanation: Explanation, answered: Sequence[Answered]) -> Explanation:
    """The verdicts on folders without outputs say what is missing."""
    verdicts = zip(explanation.verdicts, answered, strict=True)
    return replace(explanation, verdicts=tuple(replace(v, reason=a.missing or v.reason) for v, a in verdicts))


def _told(summed: Row, explanation: Explanation, answered: Sequence[Answered]) -> Row:
    """The row in words of folders: axes that they have, and names and commands that bring a failure back."""
    verdicts = zip(explanation.verdicts, answered, strict=True)
    bad = [a.path for verdict, a in verdicts if verdict.outcome in (Outcome.DEVIATES, Outcome.FAILED)]
    stories = (story.splitlines()[:-1] for story in summed.failures)
    return replace(
        summed,
        coverage={axis: counts for axis, counts in summed.coverage.items() if axis in AXES},
        failures=tuple(
            "\n".join([*lines, f"  repeat: lstm-parity judge {path}"])
            for lines, path in zip(stories, bad, strict=False)
        ),
        failing=tuple(path.name for path in bad),
    )


def _diagnosis(explanation: Explanation) -> list[str]:
    """What the known mistakes say of a run that no known arithmetic explains."""
    if explanation.parity or explanation.arithmetic or importlib.util.find_spec("parity.diagnose") is None:
        return []
    return [str(importlib.import_module("parity.diagnose").diagnose(explanation.verdicts).text)]
