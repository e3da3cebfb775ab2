"""Other people's tests of an LSTM, run from their released packages on any implementation of ours.

Each is a function of an implementation that raises where the suite fails. Needs `onnx` and `opacus` beside torch:

    pip install onnx opt_einsum scipy expecttest; pip install --no-deps opacus

* ONNX's node tests (onnx.backend.test.case.node.lstm): vectors and tolerances are theirs, and so is the comparison.
* Opacus's test of DPLSTM (opacus.tests.dp_layers.dp_rnn_test, in the wheel): run as it is, our LSTM in DPLSTM's place.
* torch's ModuleInfo of nn.LSTM (torch.testing._internal.common_modules): as TestModule.test_forward and
  test_non_contiguous_tensors of torch's test/test_modules.py use it; without their gradients.
* `torch.testing.assert_close` beside nn.LSTM, on the example of nn.LSTM's documentation.
"""

from __future__ import annotations

import unittest
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.testing import assert_close

from lstm_parity.cases.case import draw_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting, parse_setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.weights import CellWeights, LSTMWeights, named_weights
from lstm_parity.running.calls import call_arguments, weight_tensors
from lstm_parity.running.protocol import LSTM, Implementation

EXAMPLE = parse_setting("I10-H20-L2-T5-B3-float32")  # nn.LSTM(10, 20, 2) in torch's documentation
IOFC = (0, 2, 3, 1)  # where i, f, g, o stand in ONNX's order


def module_of(implementation: Implementation) -> type[nn.LSTM]:
    """A class constructed, loaded and called like `nn.LSTM`, whose calls go to the implementation."""

    class Module(nn.LSTM):
        def forward(self, input: Any, hx: Any = None) -> Any:
            if "loaded" not in self.__dict__:
                self.__dict__["loaded"] = implementation.load(_setting(self), _parameters(self))
            return self.__dict__["loaded"](input, hx)

    return Module


def _setting(module: nn.LSTM) -> Setting:
    """The setting of a module; mistakes read nothing but its architecture."""
    architecture = Architecture(**{field.name: getattr(module, field.name) for field in fields(Architecture)})
    return Setting(architecture, Call(1), Runtime(str(module.weight_ih_l0.dtype).removeprefix("torch.")))


def _parameters(module: nn.LSTM) -> LSTMWeights:
    """The module's parameters themselves, so that gradients reach them."""
    return named_weights(dict(module.named_parameters()), module.num_layers, 1 + module.bidirectional)


# ONNX


@dataclass(frozen=True, eq=False)
class NodeTest:
    """A node test of ONNX's LSTM as a call of nn.LSTM: weights and arrays in torch's order, the outputs in ONNX's."""

    name: str
    setting: Setting
    weights: LSTMWeights
    x: Tensor
    hx: tuple[Tensor, Tensor] | None
    wanted: dict[str, np.ndarray]
    tolerances: tuple[float, float]

    def check(self, lstm: LSTM) -> None:
        """Run it, and compare as ONNX's backend runner does."""
        from onnx.backend.test.runner import Runner

        output, (h_n, c_n) = lstm(self.x, self.hx)
        given = as_onnx(output.detach(), h_n.detach(), c_n.detach(), self.setting.architecture)
        outputs = [given[name] for name in self.wanted]
        Runner.assert_similar_outputs(list(self.wanted.values()), outputs, *self.tolerances)


def onnx_node_tests(implementation: Implementation) -> None:
    """Every node test of ONNX's LSTM that nn.LSTM can compute."""
    for test in node_tests():
        test.check(implementation.load(test.setting, test.weights))


@cache
def node_tests() -> tuple[NodeTest, ...]:
    """Those of the installed onnx, without the two that need what nn.LSTM lacks: peepholes, and only the way back."""
    from onnx.backend.test.case.node import collect_testcases

    return tuple(test for case in collect_testcases("LSTM") if (test := node_test(case)) is not None)


def node_test(case: Any) -> NodeTest | None:
    """The node test as a call of nn.LSTM; None where nn.LSTM cannot compute it."""
    from onnx.helper import get_attribute_value

    (node,), ((inputs, outputs),) = case.model.graph.node, case.data_sets
    given = dict(zip([name for name in node.input if name], inputs, strict=True))
    wanted = dict(zip([name for name in node.output if name], outputs, strict=True))
    said = {attribute.name: get_attribute_value(attribute) for attribute in node.attribute}
    direction, batch_first = said.get("direction", b"forward"), bool(said.get("layout", 0))
    if direction == b"reverse" or given.keys() - {"X", "W", "R", "B"}:
        return None
    weights = torch_weights(given["W"], given["R"], given.get("B"))
    architecture = Architecture(
        weights.input_size, said["hidden_size"], 1, "B" in given, batch_first, direction == b"bidirectional"
    )
    setting = Setting(architecture, Call(1, states=False))
    return NodeTest(case.name, setting, weights, torch.from_numpy(given["X"]), None, wanted, (case.rtol, case.atol))


def torch_weights(w: np.ndarray, r: np.ndarray, b: np.ndarray | None) -> LSTMWeights:
    """ONNX's W (D, 4H, I), R (D, 4H, H) and B (D, 8H), gates i, o, f, c, as torch's, gates i, f, g, o."""

    def ordered(rows: np.ndarray) -> Tensor:
        gates = np.split(rows, 4)
        return torch.from_numpy(np.concatenate([gates[k] for k in IOFC]))

    biases = [(None, None)] * len(w) if b is None else [tuple(map(ordered, np.split(both, 2))) for both in b]
    cells = (CellWeights(ordered(w_d), ordered(r_d), *b_d) for w_d, r_d, b_d in zip(w, r, biases, strict=True))
    return LSTMWeights((tuple(cells),))


def as_onnx(output: Tensor, h_n: Tensor, c_n: Tensor, architecture: Architecture) -> dict[str, np.ndarray]:
    """torch's three as Y (T, D, B, H), Y_h and Y_c (D, B, H); batch first (B, T, D, H) and (B, D, H)."""
    directed = output.unflatten(-1, (architecture.num_directions, -1))
    if architecture.batch_first:
        y, y_h, y_c = directed, h_n.transpose(0, 1), c_n.transpose(0, 1)
    else:
        y, y_h, y_c = directed.transpose(1, 2), h_n, c_n
    return {"Y": y.numpy(), "Y_h": y_h.numpy(), "Y_c": y_c.numpy()}


# Opacus


def opacus_dplstm_test(implementation: Implementation) -> None:
    """The released test, with this LSTM in DPLSTM's place."""
    import hypothesis

    module = module_of(implementation)
    theirs, result = opacus_test(), unittest.TestResult()
    original, theirs.DPLSTM = theirs.DPLSTM, module
    deterministic = torch.get_deterministic_debug_mode()
    torch.manual_seed(0)
    hypothesis.seed(0)(theirs.DPLSTM_test.test_rnn)
    try:
        theirs.DPLSTM_test("test_rnn").run(result)
    finally:
        theirs.DPLSTM = original
        torch.set_deterministic_debug_mode(deterministic)
    if not result.wasSuccessful():
        (_, story), *_ = result.failures + result.errors
        raise AssertionError(story.strip().splitlines()[-1])


@cache
def opacus_test() -> Any:
    """Their module, imported with hypothesis's own number of examples; what follows a failure is left out."""
    import hypothesis

    phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
    healthy = list(hypothesis.HealthCheck)  # they would say that the test is run for more than one module
    hypothesis.settings.register_profile(
        "as released", max_examples=100, phases=phases, database=None, suppress_health_check=healthy
    )
    hypothesis.settings.load_profile("as released")
    import opacus.tests.dp_layers.dp_rnn_test as theirs

    return theirs


# torch's ModuleInfo


def module_info_reference(implementation: Implementation) -> None:
    """Its own check: a sequence without a batch is a batch of one, through the same module; strides do not count."""
    same = torch_checks()
    for module, reference_fn, args in module_inputs(module_of(implementation)):
        outputs = module(*args)
        same(outputs, reference_fn(module, *args))
        same(module(*with_gaps(args)), outputs)


def module_info_beside(implementation: Implementation) -> None:
    """The same inputs and tolerances, with nn.LSTM of the same weights beside it."""
    same = torch_checks()
    for module, _, args in module_inputs(module_of(implementation)):
        lstm = nn.LSTM(**_setting(module).architecture.arguments(), dtype=module.weight_ih_l0.dtype)
        lstm.load_state_dict(module.state_dict())
        for given in (args, with_gaps(args)):
            same(module(*given), lstm(*given))


def module_inputs(module: type[nn.LSTM]) -> Iterator[tuple[nn.LSTM, Callable[..., Any], tuple[Any, ...]]]:
    """Modules of ModuleInfo's 32 inputs, dtypes and modes, each with its reference and what it is called with."""
    from torch.testing._internal.common_modules import module_db

    (info,) = (info for info in module_db if info.module_cls is nn.LSTM)
    torch.manual_seed(0)
    for dtype in info.dtypes:
        for training in (True, False):
            for sample in info.module_inputs_func(info, "cpu", dtype, requires_grad=False, training=training):
                made = module(*sample.constructor_input.args, **sample.constructor_input.kwargs)
                yield made.to(dtype).train(training), sample.reference_fn, sample.forward_input.args


def with_gaps(value: Any) -> Any:
    """The same tensors with gaps in memory, as test_non_contiguous_tensors makes them."""
    if isinstance(value, tuple):
        return tuple(map(with_gaps, value))
    return torch.repeat_interleave(value, 2, dim=-1)[..., ::2]


def torch_checks() -> Callable[[Any, Any], None]:
    """The comparison of torch's TestCase, with the tolerances of TestModule."""
    from torch.testing._internal.common_utils import TestCase

    class Checks(TestCase):
        precision = 1e-5
        rel_tol = 1e-5

    return Checks().assertEqual


# assert_close


def assert_close_once(implementation: Implementation) -> None:
    """One seed."""
    plain_comparison(implementation, 1)


def assert_close_ten_times(implementation: Implementation) -> None:
    """Ten seeds."""
    plain_comparison(implementation, 10)


def plain_comparison(implementation: Implementation, seeds: int) -> None:
    """`assert_close(mine(x, hx), nn.LSTM(x, hx))`: output, h_n and c_n, with assert_close's own tolerances."""
    for seed in range(seeds):
        case = draw_case(EXAMPLE, seed=seed)
        mine, lstm = (one.load(EXAMPLE, weight_tensors(case)) for one in (implementation, TorchLSTM()))
        x, hx = call_arguments(EXAMPLE, case.input, case.h_0, case.c_0)
        assert_close(mine(x, hx), lstm(x, hx))


SUITES: dict[str, Callable[[Implementation], None]] = {
    "ONNX": onnx_node_tests,
    "assert_close, 1 case": assert_close_once,
    "assert_close, 10 cases": assert_close_ten_times,
    "Opacus": opacus_dplstm_test,
    "ModuleInfo": module_info_reference,  # last: to import it forbids the process to set torch's global flags
    "ModuleInfo beside nn.LSTM": module_info_beside,
}
