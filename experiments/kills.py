"""What other suites notice of the same wrong LSTMs: ONNX's, Opacus's and torch's own tests, `assert_close`, and ours.

Each of the mistakes of `catalogue/mistakes` is run through the suites of `other_suites.py`, which says how, and through
the property tests with the examples of a plain `pytest`. Whatever a suite raises counts as noticed. Two correct LSTMs
pass through the same: a suite that accused one of them would be told wrongly here. Run
`python -m experiments.kills [--work FILE]`: it writes as it goes and resumes. Result: kills.md.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections import Counter
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import torch

from lstm_parity.catalogue.mistakes import MISTAKES, MODULES
from lstm_parity.catalogue.mistakes.mistake import Mistake, mistakes_in
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.running.protocol import Implementation
from specimens.other_suites import SUITES, node_tests

Raised = dict[tuple[str, str], str | None]  # of an LSTM and a suite: what the suite raised

OURS = "lstm-parity"
CONTROLS: tuple[Implementation, ...] = (TorchLSTM(), Mistake(PlainLSTM))
ABOUT = {
    "ONNX": "the node tests of LSTM that nn.LSTM can compute ({nodes}), as they are released, tolerances included",
    "assert_close, 1 case": "`torch.testing.assert_close(mine(x, hx), nn.LSTM(x, hx))`, the example of nn.LSTM's "
    "documentation: nn.LSTM(10, 20, 2), T=5, B=3, states given",
    "assert_close, 10 cases": "the same with ten seeds",
    "ModuleInfo": "torch's ModuleInfo of nn.LSTM, as its test_forward and test_non_contiguous_tensors use it: the "
    "module beside itself, 32 inputs, two dtypes, train and eval; no gradients",
    "ModuleInfo beside nn.LSTM": "those inputs and tolerances, with nn.LSTM beside the module, which torch does not do",
    "Opacus": "the released test of DPLSTM, with its 100 examples, RNNs and GRUs among them",
    OURS: "the property tests, with the examples of a plain `pytest`",
}


def ours(implementation: Implementation) -> None:
    """The property tests, until one has noticed."""
    from meta_tests.detecting import killers

    for test, examples in killers(implementation):
        raise AssertionError(f"{test}, {examples}")


def noticed(suite: Callable[[Implementation], None], implementation: Implementation) -> str | None:
    """What the suite raised, or None."""
    try:
        suite(implementation)
    except Exception as error:  # whatever a suite says is that it noticed
        return str(error)[:200] or type(error).__name__
    return None


def main() -> None:
    """Run what has not been run, then write the table. Ours comes first: it needs the process as pytest has it."""
    from meta_tests.detecting import by_default

    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=Path("/tmp/kills.jsonl"))
    work = parser.parse_args().work
    known = [json.loads(line) for line in work.read_text().splitlines()] if work.exists() else []
    raised = {(name, suite): said for name, suite, said in known}
    warnings.simplefilter("ignore")
    by_default()
    with work.open("a") as file:
        for suite, check in {OURS: ours, **SUITES}.items():
            torch.set_num_threads(
                1 if suite == OURS else 2
            )  # what is lost between threads needs two; ours asks for them
            for one in (*CONTROLS, *MISTAKES):
                if (one.name, suite) not in raised:
                    raised[one.name, suite] = noticed(check, one)
                    file.write(json.dumps([one.name, suite, raised[one.name, suite]]) + "\n")
                    file.flush()
            print(f"{suite}: {sum(said is not None for (_, of), said in raised.items() if of == suite)}", flush=True)
    report(raised)


def report(raised: Raised) -> None:
    """The three tables."""
    lines = [
        "# What other suites notice of the same wrong LSTMs",
        "",
        "Made by `python -m experiments.kills`; what it does stands at the top of that file and of `other_suites.py`.",
        "",
        "Versions: " + ", ".join(f"{name} {version(name)}" for name in ("torch", "onnx", "opacus", "hypothesis")) + ".",
        "",
        *legend(),
        "",
        *by_module(raised),
        "",
        *controls(raised),
        "",
        *only_ours(raised),
        "",
        *one_by_one(raised),
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


def legend() -> list[str]:
    """What each column is."""
    nodes = ", ".join(f"`{test.name}`" for test in node_tests())
    return [f"* **{name}**: {about.format(nodes=nodes)}." for name, about in ABOUT.items()]


def by_module(raised: Raised) -> list[str]:
    """How many each suite notices, by the module that the mistakes stand in."""
    lines = ["| mistakes in | of | " + " | ".join(ABOUT) + " |", "|---|---:|" + "---:|" * len(ABOUT)]
    total: Counter[str] = Counter()
    for module in MODULES:
        wrong = [mistake.name for mistake in mistakes_in(module)]
        noticed = Counter(suite for suite in ABOUT for name in wrong if raised[name, suite] is not None)
        total += noticed
        lines.append(f"| {module.__name__.rpartition('.')[2]} | {len(wrong)} | {counts(noticed)} |")
    return [*lines, f"| **all** | **{len(MISTAKES)}** | {counts(total, '**')} |"]


def counts(noticed: Counter[str], mark: str = "") -> str:
    """The cells of a row."""
    return " | ".join(f"{mark}{noticed[suite]}{mark}" for suite in ABOUT)


def controls(raised: Raised) -> list[str]:
    """What was said against correct LSTMs."""
    accused = [
        f"{suite} accuses {one.name}" for one in CONTROLS for suite in ABOUT if raised[one.name, suite] is not None
    ]
    correct = " and ".join(one.name for one in CONTROLS)
    return [f"Against {correct}, run in the same way: " + ("; ".join(accused) or "nothing, by any suite") + "."]


def only_ours(raised: Raised) -> list[str]:
    """What no other suite notices, and what they could not: those that compute in float32 alone."""
    unseen = [w.name for w in MISTAKES if all(raised[w.name, suite] is None for suite in ABOUT if suite != OURS)]
    other = [wrong.name for wrong in MISTAKES if "float32" not in wrong.dtypes]
    return [
        f"Noticed by no other suite: {len(unseen)}: {', '.join(unseen)}.",
        "",
        f"No mistakes in float32, the only dtype of ONNX, Opacus and the example: {', '.join(other)}.",
    ]


def one_by_one(raised: Raised) -> list[str]:
    """Each mistake's row; in the last column, the property test that noticed it, and after how many examples."""
    suites = [suite for suite in ABOUT if suite != OURS]
    lines = [f"| wrong LSTM | {' | '.join(suites)} | {OURS} |", "|---|" + ":---:|" * len(suites) + "---|"]
    for wrong in MISTAKES:
        cells = ["-" if raised[wrong.name, suite] is None else "yes" for suite in suites]
        lines.append(f"| {wrong.name} | {' | '.join(cells)} | {raised[wrong.name, OURS] or '-'} |")
    return lines


if __name__ == "__main__":
    main()
