"""What the known answers notice: every fault against every vector that it applies to, in every dtype.

A wrong LSTM is `nn.LSTM` with its weights misread (wrong_weights.py) or called otherwise (wrong_calls.py); a vector
kills it where its results are further from the stored answer than rounding noise, or it raises. Run
`python -m experiments.known_answers`, which takes about five minutes. Result: known_answers.md.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lstm_parity.audits.known_answers import (
    KnownAnswer,
    judge_known_answer,
    known_answer_noise,
    known_answers_of_dtype,
    read_all_known_answers,
)
from lstm_parity.cases.setting import DTYPES
from lstm_parity.judging.verdict import WORST_LIMIT
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.running.evidence import TENSORS
from specimens.call_faults import CALLS, Miscalled
from specimens.weight_faults import ORDERS, OTHERS, REVERSED, TRANSPOSED, Misread

Fault = Misread | Miscalled
REQUIRED = (*ORDERS, TRANSPOSED, REVERSED)

Found = dict[tuple[str, str], tuple[int, list[str]]]  # fault and dtype: to how many it applies, which do not notice

QUOTED = """\
The rows of ONNX and Keras were counted in NumPy when this project was planned, and are quoted, not run again here:
`onnx/backend/test/case/node/lstm.py` at onnx f7546912, the six cases without peepholes; three configurations of
`keras/src/layers/rnn/lstm_test.py` at keras 3422977a. Each is counted as a set, ours each on its own. ONNX's weights
are one constant times `np.ones`, so that any permutation leaves them what they are. What survives Keras's are the five
orders that leave the forget gate in its place, and the last two faults.

*Input features reversed* is our reading of "reversed input rows": the columns of torch's `w_ih`, which are the rows of
Keras's kernel. The other readings, the rows of `w_ih` reversed as a whole or in each gate, are in the third table."""


def search(faults: Sequence[Fault]) -> Found:
    """Run everything."""
    found = {}
    for dtype in DTYPES:
        for fault in faults:
            concerned = [known for known in known_answers_of_dtype(dtype) if fault.applies(known)]
            missed = [known.name for known in concerned if not kills(known, fault, dtype)]
            found[fault.name, dtype] = len(concerned), missed
    return found


def kills(known: KnownAnswer, fault: Fault, dtype: str) -> bool:
    """Whether a vector notices a fault in a dtype."""
    return judge_known_answer(known, fault, dtype).outcome.is_wrong


def comparison(found: Found) -> list[str]:
    """Ours beside ONNX's and Keras's."""
    orders = [found[order.name, "float32"] for order in ORDERS]
    noticed = sum(applied - len(missed) for applied, missed in orders)
    cells = [f"{noticed} of {sum(applied for applied, _ in orders)}"]
    for fault in (TRANSPOSED, REVERSED):
        applied, missed = found[fault.name, "float32"]
        cells.append(f"{applied - len(missed)} of {applied}")
    vectors = known_answers_of_dtype("float32")
    perfect = sum(all(known.name not in found[f.name, "float32"][1] for f in REQUIRED) for known in vectors)
    lines = ["| vectors | the 23 wrong gate orders | w_hh transposed | input features reversed | the 25 |"]
    lines += [
        "|---|---:|---:|---:|---:|",
        "| ONNX's six, as a set | 0 | 0 | 0 | 0 |",
        "| Keras's, as a set | 18 | 0 | 0 | 18 |",
    ]
    last = f"all that apply, by {perfect} of {len(vectors)}"
    return [*lines, f"| ours, each on its own, of those that each applies to | {' | '.join(cells)} | {last} |"]


def table(title: str, faults: Sequence[Fault], found: Found) -> list[str]:
    """A fault to a row, a dtype to a column, and who does not notice it."""
    lines = [
        "",
        f"## {title}",
        "",
        f"| fault | {' | '.join(DTYPES)} | unnoticed by |",
        f"|---|{'---:|' * len(DTYPES)}---|",
    ]
    for fault in faults:
        results = {dtype: found[fault.name, dtype] for dtype in DTYPES}
        cells = [f"{applied - len(missed)} of {applied}" for applied, missed in results.values()]
        missed = {name: [d for d in DTYPES if name in results[d][1]] for d in DTYPES for name in results[d][1]}
        told = "; ".join(f"{name} in {' and '.join(dtypes)}" for name, dtypes in missed.items())
        lines.append(f"| {fault.name} | {' | '.join(cells)} | {told} |")
    return lines


def limits() -> list[str]:
    """The largest distances that the judge takes for noise, of all vectors, and what these alone notice."""
    lines = [
        "",
        "## Without the judge",
        "",
        f"The largest of {WORST_LIMIT:g} noises in any vector, relative to max(1, |answer|).",
    ]
    lines += ["A program that has no judge may take these for its limits, and notices so many of the 25 faults:", ""]
    lines += [f"| dtype | {' | '.join(TENSORS)} | noticed |", "|---|---:|---:|---:|---:|"]
    for dtype in DTYPES:
        largest = {
            tensor: max(limit(known, dtype, tensor) for known in known_answers_of_dtype(dtype)) for tensor in TENSORS
        }
        noticed = [
            beyond(k, fault, dtype, largest)
            for fault in REQUIRED
            for k in known_answers_of_dtype(dtype)
            if fault.applies(k)
        ]
        cells = [f"{size:.1e}" for size in largest.values()]
        lines.append(f"| {dtype} | {' | '.join(cells)} | {sum(noticed)} of {len(noticed)} |")
    return lines


def limit(known: KnownAnswer, dtype: str, tensor: str) -> float:
    """What the judge would let pass in one tensor of one vector."""
    noise = (known_answer_noise(known, NATIVE[dtype]) or {tensor: np.zeros(1)})[tensor]
    return float((WORST_LIMIT * noise / np.maximum(1.0, np.abs(getattr(known.answer, tensor)))).max())


def beyond(known: KnownAnswer, fault: Fault, dtype: str, largest: dict[str, float]) -> bool:
    """Whether a vector notices a fault by these limits, without knowing the noise of any number."""
    measured = judge_known_answer(known, fault, dtype).measured
    sizes = {m.tensor: np.abs(m.got - m.exact) / np.maximum(1.0, np.abs(m.exact)) for m in measured}
    return any(not size.max() <= largest[tensor] for tensor, size in sizes.items())


def main() -> None:
    """Run, and write the tables."""
    warnings.filterwarnings("ignore", message="LSTM with projections is not supported with oneDNN")
    found = search((*REQUIRED, *OTHERS, *CALLS))
    holding = ", ".join(f"{len(known_answers_of_dtype(dtype))} in {dtype}" for dtype in DTYPES)
    lines = ["# What the known answers notice", ""]
    lines += ["Made by `python -m experiments.known_answers`, which says what it does.", ""]
    lines += [
        f"{len(read_all_known_answers())} vectors: {holding}.",
        "",
        "## Beside ONNX's and Keras's vectors, in float32",
        "",
    ]
    lines += [*comparison(found), "", QUOTED]
    lines += table("The 25 faults", REQUIRED, found)
    lines += table("Other misread weights", OTHERS, found)
    lines += table("Misread calls", CALLS, found)
    lines += limits()
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
