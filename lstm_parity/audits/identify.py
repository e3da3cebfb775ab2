"""`lstm-parity identify`, `lstm_parity.identify(MyLSTM)`: what an LSTM computes beside nn.LSTM's, and how it rounds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import product
from typing import Any

from lstm_parity.audits.data_sheet import sheet_fields, sheet_text
from lstm_parity.cases.setting import Runtime
from lstm_parity.diagnosis.calls import add_call_change
from lstm_parity.diagnosis.forward import Diagnosis, diagnose
from lstm_parity.diagnosis.numbers import search_implementation
from lstm_parity.diagnosis.probes import run_probes
from lstm_parity.identification.arithmetic.sheet import SIZE, DataSheet, measure_data_sheet
from lstm_parity.identification.backward import recover_derivative
from lstm_parity.identification.cell import UnknownEquationError
from lstm_parity.identification.model import Identification, identify_implementation
from lstm_parity.identification.probe import Probe, ProbeError
from lstm_parity.identification.written import USUAL
from lstm_parity.implementations.load import adapt
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.formats.markdown import Document, bullets, code_block, fold, plain, table
from lstm_parity.reports.formats.report import Report
from lstm_parity.reports.json_text import json_text
from lstm_parity.running.protocol import Implementation

_TESTED = (
    "Equations tested in float64: padded sequences in a batch, with states, one layer and two, one direction and both. "
    "Packed and unbatched calls, hx=None, projections and other dtypes are only compared with known mistakes: "
    "`lstm-parity verify` judges them."
)


def identify(implementation: Callable[..., Any], kind: str = "module", *, arrays: str = "torch") -> Identification:
    """Recover the equations and the wiring of a class or function, in this process.

    kind, arrays: as `--impl` and `--arrays` of the command line. Raises ProbeError if it cannot be probed.
    """
    name = getattr(implementation, "__name__", type(implementation).__name__)
    return identify_implementation(adapt(kind, name, implementation, arrays))


def measure_arithmetic(
    implementation: Callable[..., Any],
    kind: str = "module",
    *,
    dtype: str = "float32",
    size: int = SIZE,
    arrays: str = "torch",
) -> DataSheet:
    """Measure what a class or function that computes the equations of an LSTM rounds where, in this process.

    dtype: the name of one of torch's. size: inputs and units. Raises ProbeError if it cannot be called in the dtype.
    """
    name = getattr(implementation, "__name__", type(implementation).__name__)
    return measure_data_sheet(adapt(kind, name, implementation, arrays), Runtime(dtype), size)


def search_calls(implementation: Implementation, reason: str) -> Identification:
    """Identify what cannot be probed, for this reason, by what returns the same numbers in small calls of any kind."""
    models = search_implementation(implementation).models
    if not models:
        return Identification(None, (), f"it cannot be probed, and no known model returns its numbers: {reason}")
    others = (f"The numbers do not tell it from an LSTM in which {model.summary}." for model in models[1:])
    found = replace(models[0], gradients="not tested", untested=(f"It cannot be probed: {reason}", *others))
    return _add_gradients(implementation, found) if found.is_right else found


def _add_gradients(implementation: Implementation, found: Identification) -> Identification:
    """Add what is wrong with the gradients of what cannot be probed, and returns what nn.LSTM does."""
    for bias, batch_first in product((True, False), (False, True)):
        try:
            derivative = recover_derivative(Probe(implementation, batch_first, bias))
        except UnknownEquationError as error:
            return replace(found, unknown=str(error))
        except ProbeError:
            continue
        return replace(found, derivative=derivative, gradients="tested, in the sizes that can be called")
    return found


def identify_calls(implementation: Implementation) -> Identification:
    """Identify by single steps what can be probed, all else by small calls; then calls of other kinds."""
    try:
        found = _search_if_unknown(implementation, identify_implementation(implementation))
    except ProbeError as error:
        found = search_calls(implementation, str(error))
    return add_call_change(implementation, found)


def _search_if_unknown(implementation: Implementation, found: Identification) -> Identification:
    """Search small calls for what single steps do not show; return what was found before if that finds nothing."""
    if not found.unknown:
        return found
    models = search_implementation(implementation).models
    return replace(models[0], gradients="not tested") if models and models[0].differing else found


def find_known(implementation: Implementation) -> Diagnosis | None:
    """Find the known mistake that an implementation makes on the probes, or where it deviates; None if it does not.

    The probes also have packed and unbatched calls, projections, no states, second calls, and other dtypes.
    """
    verdicts = run_probes(implementation)
    deviates = any(verdict.outcome is Outcome.DEVIATES for verdict in verdicts)
    return diagnose(verdicts) if deviates else None


def _identification_text(
    name: str, found: Identification, sheets: Sequence[DataSheet] = (), known: Diagnosis | None = None
) -> str:
    """Write the equations, nn.LSTM's beside those that differ; the wiring, the arithmetic, and what was not tested.

    known: what the known mistakes say of it.
    """
    lines = [f"{name} computes", ""]
    if found.equations is None:
        lines += [f"  something that is not known: {found.unknown}"]
    else:
        written = found.equations.lines
        width = max(map(len, written.values()))
        for part, line in written.items():
            differs = part in found.equations.differing
            lines.append(f"{'>' if differs else ' '} {line:<{width}}" + f"   nn.LSTM: {USUAL[part]}" * differs)
        lines += ["", *(f"> {change.text}" for change in found.changes)]
        if found.unknown:
            lines.append(f"  not identified: {found.unknown}")
        elif not found.changes:
            lines.append("  layers, directions and steps are connected as in nn.LSTM")
        lines.append(f"> {found.derivative.text}" if found.derivative else f"  gradients: {found.gradients}")
    lines += (
        ["", *("  " + line for sheet in sheets for line in [*sheet_text(sheet).splitlines(), ""])] if sheets else [""]
    )
    tested = [] if found.searched else [_TESTED]
    lines += [*_describe_known(known, found), *tested, *_untested(found), "", conclude_identification(found, known)]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def _describe_known(known: Diagnosis | None, found: Identification) -> list[str]:
    """Say which known mistake it is; if none is, what deviates though all that was recovered is right."""
    is_sure = known is not None and known.mistake is not None and known.mistake.is_deterministic
    if known is None or (found.differing and not is_sure):  # one that returns anything is like everything
        return []
    if known.mistake is not None:
        return [f"> a known mistake: {known.mistake.name}", *(f"  {line}" for line in known.text.splitlines()[1:]), ""]
    return ["> deviates on other calls, of those that known mistakes are found by", f"  where: {known.where}", ""]


def _untested(found: Identification) -> list[str]:
    """Which of these could not be called, with the first line of the reason; why it was searched for."""
    if found.searched:
        return [words.splitlines()[0] for words in found.untested]
    return [f"Of these not tested, {words.splitlines()[0]}" for words in found.untested]


def conclude_identification(found: Identification, known: Diagnosis | None) -> str:
    """Say whether it computes what nn.LSTM does: AS nn.LSTM, DIFFERS or NOT IDENTIFIED, and why."""
    reproduces = f"what is printed returns the numbers of {found.searched} small calls"
    reproduces = reproduces if found.searched else "what is printed reproduces fresh cases"
    if found.is_right and known is not None:
        return (
            f"DIFFERS in calls that are not identified: {known.mistake.name if known.mistake else 'no known mistake'}."
        )
    if found.is_right:
        return f"AS nn.LSTM: {reproduces}."
    if found.unknown:
        return "NOT IDENTIFIED: " + (f"it differs in {', '.join(found.differing)}, and more" if found.differing else "")
    return f"DIFFERS in {', '.join(found.differing)}; {reproduces}."


def _identification_json(
    name: str, found: Identification, sheets: Sequence[DataSheet] = (), known: Diagnosis | None = None
) -> str:
    """Write it for programs."""
    return json_text("identification", 2, identification_fields(name, found, sheets, known))


def identification_fields(
    name: str, found: Identification, sheets: Sequence[DataSheet] = (), known: Diagnosis | None = None
) -> dict[str, Any]:
    """Return it as JSON holds it."""
    return {
        "implementation": name,
        "equations": None if found.equations is None else found.equations.lines,
        "usual": USUAL,
        "differing": list(found.differing),
        "wiring": [change.text for change in found.changes],
        "derivative": found.derivative.text if found.derivative else None,
        "gradients": found.gradients,
        "untested": list(found.untested),
        "unknown": found.unknown,
        "searched": found.searched,
        "known_mistake": known.mistake.name if known is not None and known.mistake is not None else None,
        "arithmetic": [sheet_fields(sheet) for sheet in sheets],
    }


def _identification_markdown(
    name: str, found: Identification, sheets: Sequence[DataSheet] = (), known: Diagnosis | None = None
) -> Document:
    """Write it in blocks: what differs first, what is right and what was not tested folded."""
    written = {} if found.equations is None else found.equations.lines
    differing = [part for part in written if found.equations and part in found.equations.differing]
    changes = [*(change.text for change in found.changes), *([found.derivative.text] if found.derivative else [])]
    says = [line.lstrip("> ") for line in _describe_known(known, found) if line]
    rows = ([part, written[part], USUAL[part]] for part in differing)
    return [
        f"### {plain(conclude_identification(found, known))}",
        f"{plain(name)}" + (f": {plain(found.unknown)}" if found.unknown else ""),
        table(("part", "computes", "nn.LSTM"), (), rows) if differing else "",
        bullets([*changes, *says]),
        fold("all equations", code_block("\n".join(written.values()))) if written else "",
        *(fold(f"arithmetic in {sheet.dtype}", code_block(sheet_text(sheet))) for sheet in sheets),
        fold("not tested", bullets([*([] if found.searched else [_TESTED]), *_untested(found)])),
    ]


def identification_report(
    name: str, found: Identification, sheets: Sequence[DataSheet] = (), known: Diagnosis | None = None
) -> Report:
    """Return it in all forms."""
    return Report(
        lambda width: _identification_text(name, found, sheets, known),
        lambda: _identification_markdown(name, found, sheets, known),
        lambda: _identification_json(name, found, sheets, known),
    )
