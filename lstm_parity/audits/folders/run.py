"""Judging folders: a certificate of what a program wrote into them, and the diagnosis of what deviates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from lstm_parity.audits.folders.read import REFUSED, AnsweredFolder, read_folder
from lstm_parity.audits.folders.setting_file import REPORT_FIELDS, read_setting
from lstm_parity.cases.setting import DTYPES
from lstm_parity.diagnosis.numbers import diagnose_numbers
from lstm_parity.files.stored import FolderError
from lstm_parity.judging.arithmetic import BATCH, Explanation, explain, is_explained_in
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome, Verdict
from lstm_parity.reference.noise.arithmetics import Arithmetic, ladder
from lstm_parity.reports.certificate import MAX_SHOWN, Certificate, Row, make_row
from lstm_parity.reports.deviation import make_deviation
from lstm_parity.reports.provenance import collect_provenance
from lstm_parity.running.evidence import Observation

_AXES = ("num_layers", "bidirectional", "proj_size", "bias", "input", "hx", "values")  # the others are torch's
_ROUNDOFFS = ("accumulation", "value", "state", "product", "activation", "factors")
_UNJUDGED = "gradients, dropout in train mode"


@dataclass(frozen=True)
class _FolderResult:
    """The certificate, and for each dtype that deviates what explains it: an arithmetic or a known mistake.

    unanswered: how many cases have neither outputs nor a refusal, as a program leaves them that dies halfway.
    """

    certificate: Certificate
    diagnosis: tuple[str, ...] = ()
    unanswered: int = 0


def _find_folders(folder: Path) -> list[Path]:
    """Find the folder itself if it holds a case, else the folders in it that do. Raises FolderError if none does."""
    if (folder / "setting.json").exists():
        return [folder]
    found = sorted(path.parent for path in folder.glob("*/setting.json"))
    if not found:
        raise FolderError(
            f"{folder} was given, but neither it nor a folder in it holds a setting.json: see cases export"
        )
    return found


def holds_cases(path: Path) -> bool:
    """Whether a path holds cases that were exported, or folders of cases; what else there is, is a bug report."""
    if not path.is_dir():
        return False
    if not (path / "setting.json").exists():
        return any(path.glob("*/setting.json"))
    is_refused = (path / REFUSED).exists()
    return is_refused or "case" in read_setting(path / "setting.json", REPORT_FIELDS, needs_format=False)


def judge_folders(
    folder: Path, name: str | None = None, progress: Callable[[str], None] = lambda _: None
) -> _FolderResult:
    """Judge what a program wrote into a folder, or into the folders in it. Raises FolderError for a damaged case."""
    answered = []
    for path in _find_folders(folder):
        progress(path.name)
        answered.append(read_folder(path))
    rows, diagnoses = list[Row](), list[str]()
    for dtype in DTYPES:
        if of_dtype := [a for a in answered if a.observation.case.setting.runtime.dtype == dtype]:
            progress(dtype)
            naming = explain_numbers(judge_all([a.observation for a in of_dtype]))
            explanation = _with_refusals(naming.explanation, of_dtype)
            places = [(a.path.name, f"lstm-parity judge {a.path}") for a in of_dtype]
            rows.append(mark_row(make_row(name or folder.resolve().name, dtype, explanation), explanation, places))
            diagnoses += naming.paragraphs
    told, unanswered = collect_provenance(), sum(bool(a.missing) for a in answered)
    where = {"folder": str(folder), "judge": f"torch {told['torch']}, numpy {told['numpy']}, {told['processor']}"}
    return _FolderResult(Certificate(where, tuple(rows), _UNJUDGED), tuple(diagnoses), unanswered)


def _with_refusals(explanation: Explanation, answered: Sequence[AnsweredFolder]) -> Explanation:
    """Return the verdicts on folders without outputs say what is missing."""
    verdicts = zip(explanation.verdicts, answered, strict=True)
    return replace(explanation, verdicts=tuple(replace(v, reason=a.missing or v.reason) for v, a in verdicts))


def mark_row(summed: Row, explanation: Explanation, places: Sequence[tuple[str, str]]) -> Row:
    """Return a row in words of files: axes that they have, and names and commands that bring a failure back.

    places: for each verdict its name and the command that judges it again.
    """
    bad = [(v, place) for v, place in zip(explanation.verdicts, places, strict=True) if v.outcome.is_wrong]
    deviations = tuple(
        replace(make_deviation(find_failure(verdict, repeat=repeat, run=explanation)), case=name)
        for verdict, (name, repeat) in bad[:MAX_SHOWN]
    )
    return replace(
        summed,
        coverage={axis: counts for axis, counts in summed.coverage.items() if axis in _AXES},
        tallies={axis: values for axis, values in summed.tallies.items() if axis in _AXES},
        failures=tuple(deviation.story for deviation in deviations),
        failing=tuple(name for _, (name, _) in bad),
        deviations=deviations,
    )


@dataclass(frozen=True, eq=False)
class Naming:
    """What explains verdicts, and its name in paragraphs; is_named: whether a cause or an arithmetic was found."""

    explanation: Explanation
    paragraphs: tuple[str, ...] = ()
    is_named: bool = True


def explain_numbers(verdicts: Sequence[Verdict]) -> Naming:
    """Explain verdicts of one dtype, and if something deviates name it in words.

    By a known mistake, by what computes the numbers, or else by arithmetics.
    """
    if is_explained_in(verdicts):
        return Naming(explain([verdict.observation for verdict in verdicts], verdicts=verdicts))
    explanation, found = diagnose_numbers(verdicts)
    if explanation.arithmetic is None:
        return Naming(explanation, (found.text,), found.mistake is not None or bool(found.models))
    names = [a.name for a in _tightest_arithmetic(explanation) if a != explanation.arithmetic]
    alike = f"; {', '.join(names)} would explain it too: more cases would distinguish them" if names else ""
    return Naming(explanation, (f"Likeliest in {explanation.expected.name}: {explanation.arithmetic.name}{alike}.",))


def _tightest_arithmetic(explanation: Explanation) -> list[Arithmetic]:
    """Return the known arithmetics that explain a run, but for those that are in nothing tighter than another of them.

    One case alone may be explained by several: the coarseness of sums looks like that of what is summed.
    """
    run = [verdict.observation for verdict in explanation.verdicts if verdict.observation.evidence]
    known = ladder(run[0].case.setting.runtime.dtype)
    explaining = [a for a in known if a == explanation.arithmetic or (not a.weights and _explains(a, run))]
    return [a for a in explaining if not any(b != a and _is_within(b, a) for b in explaining)]


def _explains(arithmetic: Arithmetic, run: Sequence[Observation]) -> bool:
    """Whether something is judged in that arithmetic and nothing deviates; the first deviation ends the work."""
    seen = set()
    for start in range(0, len(run), BATCH):
        seen |= {verdict.outcome for verdict in judge_all(run[start : start + BATCH], arithmetic)}
        if Outcome.DEVIATES in seen:
            return False
    return Outcome.PARITY in seen


def _is_within(tight: Arithmetic, loose: Arithmetic) -> bool:
    coarser = all(getattr(tight, name) <= getattr(loose, name) for name in _ROUNDOFFS)
    return coarser and tight.weights in ("", loose.weights)
