"""What the suite says about the five tutorials, written into their pages in docs/tutorials/.

Cases are drawn from seeds 0 to 4 (gradients: 0 to 99); messages are those of seed 1. Each page has one block that
is this script's; a test compares it. Run `python -m pages.tutorials`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.stack import FromCell
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.failure import find_failure
from lstm_parity.judging.forward import judge, judge_all, judge_trajectory
from lstm_parity.judging.pairs import judge_pair
from lstm_parity.judging.verdict import WORST_LIMIT, Verdict
from lstm_parity.parity_tests.tutorials import keras_like, numpy_operator
from lstm_parity.parity_tests.tutorials import pytorch_cells as tutorials
from lstm_parity.parity_tests.tutorials.runs import (
    FOUR_LAYERS,
    KERAS,
    ONE_CELL,
    PADDLE,
    PLAIN,
    PROJECTED,
    SEQUENTIAL,
    count,
    gradients_by_hand_and_by_torch,
    its_case,
    two_widths,
)
from lstm_parity.reports.failure import describe_failure
from lstm_parity.running.calls import call_arguments, weight_tensors
from lstm_parity.running.evidence import Observation, Outputs
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

PAGES = Path(__file__).parents[1] / "docs" / "tutorials"
BLOCK = re.compile(r"(?<=<!-- python -m pages.tutorials -->\n```\n).*?(?=\n```\n)", re.DOTALL)
SEEDS = range(5)
LSTM = TorchLSTM()
BOTH = ("float64", "float32")


def judged(title: str, implementation: Implementation, words: str, dtypes: Iterable[str] = BOTH) -> list[str]:
    """A line for each dtype: the verdicts on the cases of all seeds, and the largest distances."""
    lines = []
    for dtype in dtypes:
        verdicts = judge_all([observe(implementation, its_case(words, dtype, seed)) for seed in SEEDS])
        lines.append(f"{title}, {dtype}: {said(verdicts)}")
    return lines


def said(verdicts: list[Verdict]) -> str:
    """`PARITY in 5 of 5 cases, worst 0.64 x noise, RMS at most 0.22`."""
    outcomes = sorted({verdict.outcome.value for verdict in verdicts})
    cases = f"in {len(verdicts)} of {len(verdicts)} cases" if len(outcomes) == 1 else ""
    worst, rms = max(v.worst for v in verdicts), max(v.rms for v in verdicts)
    return f"{' and '.join(outcomes)} {cases}, worst {worst:.2f} x noise, RMS at most {rms:.2f}"


def story(title: str, implementation: Implementation, words: str, dtype: str = "float32") -> list[str]:
    """The message about one case."""
    return ["", f"{title}:", "", describe_failure(find_failure(judge(observe(implementation, its_case(words, dtype)))))]


def paddle() -> list[str]:
    """000."""
    lines = judged("nn.LSTM(6, 8, num_layers=2, batch_first=True) on (4, 3, 6)", LSTM, PADDLE)
    same = 0
    for seed in SEEDS:
        case = its_case(PADDLE, seed=seed)
        module = LSTM.load(case.setting, weight_tensors(case))
        y, (h, _) = module(*call_arguments(case.setting, case.input, case.h_0, case.c_0))
        same += torch.equal(y[:, -1], h[-1])
    lines += [f"y[:, -1] == h[-1], bit for bit: {same} of {len(SEEDS)} cases", ""]
    lines += ["batch  steps  2 * batch * (14*8 + steps*8)  parameters of the module"]
    for batch, time in ((4, 3), (2, 5), (1, 7)):
        formula = tutorials.tutorial_count(batch, time, 6, 8, 2)
        lines.append(f"{batch:5}  {time:5}  {formula:28}  {count(nn.LSTM(6, 8, 2)):24}")
    layers = " + ".join(str(tutorials.parameter_count(size, 8, 1)) for size in (6, 8))
    return [*lines, "", f"4H(I + H) + 8H of each layer: {layers} = {tutorials.parameter_count(6, 8, 2)}"]


def lstm_and_cell() -> list[str]:
    """001."""
    loop, wrong = (
        FromLayer("loop", tutorials.cell_loop),
        FromLayer("the tutorial's loop", tutorials.cell_loop_without_h),
    )
    lines = judged("nn.LSTM(100, 20, num_layers=4)", LSTM, FOUR_LAYERS)
    lines += judged("h, c = cell(x, (h, c))", loop, ONE_CELL)
    for level, width in enumerate((30, 20)):
        runs = [two_widths("float32", seed)[level] for seed in SEEDS]
        lines.append(f"cell {width} wide of the stack, float32: {said(judge_all([run for _, run in runs]))}")
        pairs = [judge_pair(case, outputs(run), outputs(observe(LSTM, case))) for case, run in runs]
        lines.append(f"  against an nn.LSTM {width} wide: {said(pairs)}")
    verdict = judge(observe(wrong, its_case(ONE_CELL)))
    steps = [t for t, ratio in enumerate(judge_trajectory(verdict)[0].ratio) if ratio.max() > WORST_LIMIT]
    off = [np.abs(m.got - m.exact).max() for m in judge_trajectory(verdict)[1:]]
    return [
        *lines,
        *story("b, c = cell(x, (h, c))", wrong, ONE_CELL),
        "",
        f"steps of its output that deviate: {steps}; h_n is off by {off[0]:.2f}, c_n by {off[1]:.2f}",
    ]


def outputs(observation: Observation) -> Outputs:
    """What the whole call returned."""
    return observation.evidence[0].outputs


def lstm_forward() -> list[str]:
    """002."""
    right, its = FromLayer("right", tutorials.lstm_forward), FromLayer("its", tutorials.lstm_forward_in_float32)
    lines = judged("the tutorial's", its, PLAIN, ["float32"])
    lines += judged("the tutorial's, projected", its, PROJECTED, ["float32"])
    lines += judged("with an output of its input's dtype", right, PLAIN, ["float64", "float32", "bfloat16"])
    lines += judged("the same, projected", right, PROJECTED, ["float64", "float32", "bfloat16"])
    for dtype in BOTH:
        distances = [gradient_distance(words, dtype, seed) for words in (PLAIN, PROJECTED) for seed in range(100)]
        lines.append(
            f"gradients, {dtype}: at most {max(distances):.1f} roundoffs of 1 + |gradient| from nn.LSTM's "
            f"in {len(distances)} cases"
        )
    for dtype in ("float64", "bfloat16"):
        lines += story(f"the tutorial's, {dtype}", its, PLAIN, dtype)
    return lines


def gradient_distance(words: str, dtype: str, seed: int) -> float:
    """The largest difference of a gradient through lstm_forward from nn.LSTM's, in roundoffs of 1 + |gradient|."""
    case = its_case(words, dtype, seed)
    module: Any = LSTM.load(case.setting, weight_tensors(case))
    pairs = zip(*gradients_by_hand_and_by_torch(case, tutorials.lstm_forward, module), strict=True)
    roundoff = torch.finfo(getattr(torch, dtype)).eps / 2
    return max(((hand - by_torch).abs() / (1 + by_torch.abs())).max().item() / roundoff for hand, by_torch in pairs)


def keras() -> list[str]:
    """003."""
    cell, layer = FromCell("cell", keras_like.cell), FromLayer("layer", keras_like.layer)
    lines = judged("LSTMCell(64), 80 steps by hand", cell, KERAS)
    lines += judged("LSTM(64)", layer, KERAS)
    lines += judged("two LSTM(64) in a row", layer, SEQUENTIAL)
    cases = [its_case(KERAS, seed=seed) for seed in SEEDS]
    pairs = [judge_pair(case, outputs(observe(cell, case)), outputs(observe(layer, case))) for case in cases]
    lines += [f"the loop against the layer, float32: {said(pairs)}"]
    weights = keras_like.carried(*(w for _, w in weight_tensors(its_case("I6-H8-T3-B2")).items()))
    lines += [f"parameters of 8 units that read 6 numbers: {weights.count}, torch's {count(nn.LSTM(6, 8))}"]
    for title, wrong in (
        ("torch's biases added to a forget bias of 1", keras_like.layer_with_forget_bias_left_at_1),
        ("b_ih alone carried across", keras_like.layer_with_one_of_two_biases),
    ):
        lines += story(title, FromLayer(title, wrong), KERAS)
    return lines


def operator() -> list[str]:
    """004."""
    rounded, plain = (numpy_operator.outputs(g) for g in (numpy_operator.rounded_sigmoid, numpy_operator.sigmoid))
    lines = [f"NumPy, rounded gates: {' '.join(f'{h:.2f}' for h in rounded)}"]
    for make in (nn.LSTM, nn.LSTMCell):
        h = numpy_operator.torch_outputs(numpy_operator.without_bias(make(4, 1))).tolist()
        lines.append(f"{make.__name__}, biases zero: {' '.join(f'{value:.8f}' for value in h)}")
    lines += [f"rounding the gates costs {np.abs(rounded - plain).max():.1e}", ""]
    its = [0, 0, 0, 0, 0, 0.964, 0, 0, 0.762]
    seeds = range(2000)
    right = sum(numpy_operator.printed(nn.LSTM, seed) == its for seed in seeds)
    share = f"{right / len(seeds):.0%} of {len(seeds)} seeds"
    lines += [f"nn.LSTM with torch's random biases prints 0.964 and 0.762 after {share}", ""]
    its_gates = FromLayer("rounded", numpy_operator.as_layer(numpy_operator.rounded_sigmoid))
    unrounded = FromLayer("NumPy, gates as they are", numpy_operator.as_layer(numpy_operator.sigmoid))
    for implementation in (unrounded, LSTM, TorchLSTMCell()):
        verdicts = [judge(observe(implementation, numpy_operator.by_hand(dtype))) for dtype in BOTH]
        lines.append(f"{implementation.name}, float64 and float32: {said(verdicts)}")
    explanation = explain([observe(its_gates, numpy_operator.by_hand("float32"))])
    assert explanation.arithmetic is not None, "its rounded gates are of an arithmetic that is known"
    lines += ["", "NumPy, rounded gates:", "", describe_failure(find_failure(explanation.verdicts[0]))]
    return [*lines, "", f"the arithmetic that explains it: {explanation.arithmetic.name}"]


TEXTS: dict[str, Callable[[], list[str]]] = {
    "000-paddle": paddle,
    "001-lstm-and-cell": lstm_and_cell,
    "002-lstm-forward": lstm_forward,
    "003-keras": keras,
    "004-numpy-operator": operator,
}


def shown(name: str) -> str:
    """What a page shows of this script."""
    (block,) = BLOCK.findall((PAGES / f"{name}.md").read_text())
    return str(block)


def main() -> None:
    """Write what the suite says into the pages."""
    for name, text in TEXTS.items():
        page, block = PAGES / f"{name}.md", "\n".join(text())
        page.write_text(block.join(BLOCK.split(page.read_text())))
        print(f"{name}\n\n{block}\n")


if __name__ == "__main__":
    main()
