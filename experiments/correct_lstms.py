"""No correct LSTM is accused: LSTMs in different styles, each judged on the cases of a verification, in every dtype.

Each is judged on `verification_cases(dtype)` in the arithmetic of its dtype. One that deviates from that must
agree on all cases in the arithmetic that it is known to work in, which `OTHERWISE` names; anything else is an
accusation. Whether that is the likeliest arithmetic, too, is told beside it. Run
`python -m experiments.correct_lstms [--work FILE]`: it writes as it goes and resumes. Result: correct_lstms.md.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from experiments.resumed import read_answers
from lstm_parity.audits.verification.verify import verification_cases
from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.references import NumpyReference, TorchReference
from lstm_parity.implementations.stack import Cell, FromCell
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.forward import judge_all
from lstm_parity.judging.verdict import Outcome
from lstm_parity.parity_tests.tutorials import pytorch_cells as tutorials
from lstm_parity.reference.noise.arithmetics import ladder
from lstm_parity.reports.certificate import make_row
from lstm_parity.running.observe import observe_all
from lstm_parity.running.protocol import Implementation
from specimens import correct_cells as lstms
from specimens import correct_layers as styles
from specimens import correct_stacks as whole_styles

CELLS: dict[str, Cell] = {
    "fused: one product of [x, h]": lstms.fused,
    "per gate": lstms.per_gate,
    "column-major weights, x @ W": styles.column_major,
    "NumPy, row by row": styles.in_numpy(styles.numpy_loops),
    "NumPy einsum": styles.in_numpy(styles.numpy_einsum),
    "torch.einsum": styles.einsums,
    "addmm": styles.addmms,
    "baddbmm over the gates": styles.baddbmm,
    "gates in the order o, f, i, g": styles.gates_ordered_ofig,
    "biases folded, x W + h W + b": styles.with_activations(torch.sigmoid, torch.tanh),
    "biases as a column of the weights": styles.biases_as_a_column,
    "products column after column": lstms.Written(matmul=lstms.column_sums),
    "from the last column to the first": lstms.Written(matmul=lstms.column_sums_backwards),
    "sigmoid as 1/(1+exp(-z))": styles.with_activations(styles.exp_sigmoid, torch.tanh),
    "sigmoid as (1+tanh(z/2))/2": styles.with_activations(lstms.tanh_sigmoid, torch.tanh),
    "tanh as 2 sigmoid(2z) - 1": styles.with_activations(torch.sigmoid, styles.sigmoid_tanh),
    "float64 inside": lstms.inside(torch.float64),
    "at least float32 inside": lambda x, state, w: lstms.inside(torch.promote_types(x.dtype, torch.float32))(
        x, state, w
    ),
}
LAYERS = {
    "TorchScript": styles.torchscript(),
    "input projected for all steps beforehand": styles.projected_beforehand,
    "recursion": styles.recursion,
    "functools.reduce": styles.reduced,
    "scan": styles.scanned,
    "output filled in": styles.filled_in,
    "torch's operator for each direction, flipped": styles.one_direction_of_nn_lstm,
    "a tutorial's loop of nn.LSTMCell": tutorials.cell_loop,
    "a tutorial's lstm_forward": tutorials.lstm_forward,
}
STYLES: tuple[Implementation, ...] = (
    *(FromCell(name, cell) for name, cell in CELLS.items()),
    *(FromLayer(name, layer) for name, layer in LAYERS.items()),
    TorchLSTM(),
    TorchLSTMCell(),
    TorchReference(),
    NumpyReference(),
    Mistake(PlainLSTM),
    whole_styles.OverBatchSizes(),
    whole_styles.Opacus(),
    whole_styles.Onnx("ONNX's reference", whole_styles.onnx_layer(whole_styles.reference_session)),
    whole_styles.Onnx("ONNX Runtime", whole_styles.onnx_layer(whole_styles.runtime_session), ("float32",)),
)
ABSOLUTE = dict.fromkeys(DTYPES, "{0} with absolute-accuracy activations")
ACCUMULATED = dict.fromkeys(("bfloat16", "float16"), "{0} with {0} accumulation")
OTHERWISE: dict[str, dict[str, str]] = {  # the arithmetic that a style is known to work in, where not its dtype's own
    "products column after column": ACCUMULATED,
    "from the last column to the first": ACCUMULATED,
    "sigmoid as 1/(1+exp(-z))": ABSOLUTE,
    "sigmoid as (1+tanh(z/2))/2": ABSOLUTE,
    # Doubling a sigmoid near 1/2 makes up to four roundoffs of one or two: the next rung, where there is one.
    "tanh as 2 sigmoid(2z) - 1": ABSOLUTE
    | {
        "float64": "float64 with activations accurate to 1e-15",
        "float32": "float32 with activations accurate to 1e-06",
        "float16": "float16 with activations accurate to 1e-02",
    },
    "ONNX Runtime": ABSOLUTE,
}


# Faults of other packages that were found here: the cases that show them, and what is wrong.
FAULTS: dict[str, tuple[Callable[[Case], bool], str]] = {
    "Opacus's DPLSTM": (
        lambda case: case.setting.call.lengths is not None and case.setting.runtime.dtype != "float32",
        "of a packed sequence DPLSTM returns h_n and c_n in float32, whatever the layer's dtype",
    ),
    "ONNX Runtime": (lambda case: case.profile == "non_finite", "it makes finite numbers of NaN"),
}


def run(style: Implementation, dtype: str) -> dict[str, Any]:
    """One style in one dtype.

    rightly: the cases where a known fault shows; beyond: the others that deviate from the arithmetic it works in.
    """
    observations = observe_all(style, verification_cases(dtype))
    made = make_row(style.name, dtype, explain(observations))
    shown = {name: getattr(made, name) for name in ("arithmetic", "counts", "worst", "rms", "failing")}
    name = OTHERWISE.get(style.name, {}).get(dtype, dtype).format(dtype)
    known = next(arithmetic for arithmetic in ladder(dtype) if arithmetic.name == name)
    verdicts = judge_all(observations, known) if made.outcome is Outcome.DEVIATES else ()
    shows, _ = FAULTS.get(style.name, (lambda case: False, ""))
    rightly = [shows(verdict.case) for verdict in verdicts if verdict.outcome is Outcome.DEVIATES]
    found = {"rightly": sum(rightly), "beyond": len(rightly) - sum(rightly), "known": name}
    return {"style": style.name, "dtype": dtype, "outcome": made.outcome.value, **shown, **found}


def accused(found: dict[str, Any]) -> bool:
    """Whether something is said against a style that neither its arithmetic nor a known fault explains."""
    return bool(found["beyond"]) or found["outcome"] not in ("PARITY", "REFUSED", "DEVIATES")


def misnamed(found: dict[str, Any]) -> bool:
    """Whether it deviates, and the likeliest arithmetic is none that it may be said to work in."""
    fitting = found["known"], ABSOLUTE[found["dtype"]].format(found["dtype"])
    return found["outcome"] == "DEVIATES" and not found["rightly"] and found["arithmetic"] not in fitting


def main() -> None:
    """Run what has not been run, then write the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("/tmp/correct_lstms.jsonl"))
    parser.add_argument("--dtypes", nargs="+", default=DTYPES, help="run these only")
    work, dtypes = parser.parse_args().work, parser.parse_args().dtypes
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    rows = read_answers(work)
    done = {(found["style"], found["dtype"]): found for found in rows}
    with work.open("a") as file:
        for dtype in dtypes:
            for style in STYLES:
                if (style.name, dtype) not in done:
                    found = done[style.name, dtype] = run(style, dtype)
                    file.write(json.dumps(found) + "\n")
                    file.flush()
                    print(told(found), "|", style.name, dtype, flush=True)
    report(done)


def report(found: dict[tuple[str, str], dict[str, Any]]) -> None:
    """The table."""
    packages = ("torch", "numpy", "opacus", "onnx", "onnxruntime")
    cases = ", ".join(f"{len(verification_cases(dtype))} in {dtype}" for dtype in DTYPES)
    lines = [
        "# No correct LSTM is accused",
        "",
        "Made by `python -m experiments.correct_lstms`; what it does stands at the top of that file.",
        "",
        f"Versions: {', '.join(f'{name} {version(name)}' for name in packages)}. Cases: {cases}.",
        "",
        "Worst, RMS in noises of the dtype's own arithmetic. Where a style works in another, how many of the judged",
        "cases deviate, and the arithmetic that explains all of them; in italics the likeliest, where it is another.",
        "",
        "| style | " + " | ".join(DTYPES) + " |",
        "|---|" + "---|" * len(DTYPES),
    ]
    for style in STYLES:
        lines.append(f"| {style.name} | " + " | ".join(told(found.get((style.name, dtype))) for dtype in DTYPES) + " |")
    judged = sum(one["counts"]["PARITY"] + one["counts"]["DEVIATES"] for one in found.values())
    lines += ["", f"{len(STYLES)} styles, {judged:,} judged cases. **Accused: {those(found, accused)}.**"]
    lines += ["", f"Deviating from their dtype, explained, but given another name: {those(found, misnamed)}."]
    lines += ["", *(f"{style} is rightly accused: {fault}." for style, (_, fault) in FAULTS.items())]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def those(found: dict[tuple[str, str], dict[str, Any]], which: Callable[[dict[str, Any]], bool]) -> str:
    """The styles and dtypes of which it is true."""
    return "; ".join(f"{style} in {dtype}" for (style, dtype), one in found.items() if which(one)) or "none"


def told(found: dict[str, Any] | None) -> str:
    """A cell of the table."""
    if found is None:
        return "not run"
    counts, name = found["counts"], found["arithmetic"]
    if found["outcome"] == "REFUSED":
        return "refused"
    if accused(found):
        return f"**{counts['DEVIATES']} deviate, {found['beyond']} from {found['known']}, {counts['FAILED']} fail**"
    if found["rightly"]:
        return f"{counts['DEVIATES']} deviate, {found['rightly']} of them by its fault: {found['known']}"
    if found["outcome"] == "DEVIATES":
        return f"{counts['DEVIATES']} of {counts['PARITY'] + counts['DEVIATES']}: {name}"
    return f"{found['worst']:.2f}, {found['rms']:.2f}" + ("" if name == found["dtype"] else f" *{name}*")


if __name__ == "__main__":
    main()
