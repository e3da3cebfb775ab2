"""What an LSTM computes is recovered from outside: equations, wiring, and nothing where nothing is known."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

import lstm_parity
from lstm_parity.cli import main
from lstm_parity.diagnosis.implementation import diagnose_implementation
from lstm_parity.identification.curves.functions import sigmoid
from lstm_parity.identification.curves.recognise import recognise
from lstm_parity.identification.probe import ProbeError
from lstm_parity.implementations.load import adapt
from specimens import unseen_styles
from specimens.joined_equations import CLASSES as JOINED_CLASSES
from specimens.reset_equations import CLASSES as RESET_CLASSES
from specimens.unseen_equations import CLASSES
from specimens.unseen_gradients import CLASSES as GRADIENT_CLASSES

Z = np.linspace(-4.0, 4.0, 41)
CURVES = {
    "sigmoid(z)": sigmoid(Z),
    "sigmoid(-z)": 1.0 - sigmoid(Z),
    "sigmoid(1.25 * z - 0.5)": sigmoid(1.25 * Z - 0.5),
    "0.2 + 0.8 * sigmoid(z)": 0.2 + 0.8 * sigmoid(Z),
    "1.7 * tanh(0.6 * z)": 1.7 * np.tanh(0.6 * Z),
    "0.5 + 0.5 * clip(0.4 * z, -1, 1)": np.clip(0.2 * Z + 0.5, 0.0, 1.0),
    "tanh(clip(z, -2, 2))": np.tanh(np.clip(Z, -2.0, 2.0)),
    "relu(z)": np.maximum(Z, 0.0),
    "0.3": np.full_like(Z, 0.3),
}
EQUATIONS = {
    "ForgetSteep": {"f": "f = sigmoid(1.5 * z_f)"},
    "CandidateSine": {"g": "g = sin(z_g)"},
    "InputSoftsignAndCandidateArctan": {
        "i": "i = 0.5 + 0.5 * softsign(z_i)",
        "g": "g = 0.63662 * arctan(1.5708 * z_g)",
    },
    "CellClipped": {"c'": "c' = clip(f * c + i * g, -1, 1)"},
    "CellInputTwice": {"c'": "c' = i * (f * c + g)"},
    "CellPlusHidden": {"c'": "c' = f * c + h + i * g"},
    "HiddenOldCell": {"h'": "h' = o * tanh(f * c)"},
    "HiddenResidual": {"h'": "h' = o * tanh(c') + h"},
    "BiasSubtracted": {"z": "z = w_ih x - b_ih + w_hh h + b_hh, in rows i, f, g, o"},
    "RowsFIOG": {"z": "z = w_ih x + b_ih + w_hh h + b_hh, in rows f, i, o, g"},
    "HiddenTransposed": {"z": "z = w_ih x + b_ih + w_hh h + b_hh, in rows i, f, g, o; w_hh transposed"},
}
JOINED = {
    "CellOpenerGate": "c' = max(f, i) * c + i * g instead of c' = f * c + i * g",
    "CellWeighted": "c' = f * c / (i + f + o) + i * g / (i + f + o) instead of c' = f * c + i * g",
    "HiddenThirtySeconds": "h' = o * tanh(c'), rounded to multiples of 1/32 instead of h' = o * tanh(c')",
    "HiddenRectifiedAndLastStatesMixedUp": "h' = o * tanh(max(c', 0)) instead of h' = o * tanh(c'); "
    "h_n and c_n are exchanged",
}
RESETS = {
    "CandidateReadsNotForgotten": "w_hh ((1 - f) * h) in the place of w_hh h in g",
    "AllOthersReadEmitted": "w_hh (o * h) in the place of w_hh h in i, f, g",
    "CandidateTimesInputOutside": "i * w_hh h in the place of w_hh h in g",
    "InputTimesOutputInside": "o * (w_hh h + b_hh) in the place of w_hh h + b_hh in i",
    "ForgetTimesOutputWhole": "o * z_f in the place of z_f",
}
WIRING = {
    "ReverseReadsForwardHH": ["w_hh is that of the forward direction"],
    "HalvesSwapped": ["a layer reads the two halves of the layer below exchanged"],
    "LastReverseNotFlipped": ["the output of a layer is taken in the other order of time in reverse in the last layer"],
    "LastHiddenByPosition": ["h_n is the output at the last time, in both directions"],
    "StatesOfLayerZero": ["h_0 and c_0 are those of layer 0"],
}


DERIVATIVES = {
    "SlopeNotSquared": "the derivative of g by z_g is 1 - a",
    "RecurrentHalved": "the derivative of z by h counts 0.5 times",
    "StartDetached": "the derivative of the first step by h_0 and c_0 is missing",
}


@pytest.mark.parametrize("words", CURVES)
def test_a_function_of_one_number_is_recognised(words):
    """With its parameters, in the fewest words."""
    assert recognise(Z, CURVES[words]).describe("z") == words


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_equations_that_differ_are_printed(name):
    """Those, and no others; a step of another size computes what they say."""
    found = lstm_parity.identify(CLASSES[name])

    assert {part: found.equations.lines[part] for part in found.differing} == EQUATIONS[name]


@pytest.mark.parametrize("name", JOINED)
def test_what_meets_in_one_function_or_one_step_is_taken_apart(name):
    """Two gates, a grid, or a connection that shows in a single step."""
    assert lstm_parity.identify(JOINED_CLASSES[name]).summary == JOINED[name]


@pytest.mark.parametrize("name", RESETS)
def test_a_gate_that_multiplies_what_another_reads_of_h_is_named(name):
    """Before the product, after it, with a bias or with the whole sum."""
    found = lstm_parity.identify(RESET_CLASSES[name])

    assert (found.differing, found.equations.lines["z"].partition("; ")[2]) == (("z",), RESETS[name])


@pytest.mark.parametrize("name", WIRING)
def test_a_connection_that_differs_is_named(name):
    """In the fewest changes of nn.LSTM's connections."""
    found = lstm_parity.identify(CLASSES[name])

    assert (found.differing, [change.text for change in found.changes]) == (("wiring",), WIRING[name])


@pytest.mark.parametrize("name", ["softplus_cell", "exp_tanh_cell", "blocked_cell", "pairwise_cell"])
def test_a_style_is_no_other_equation(name):
    """However it is written."""
    assert lstm_parity.identify(getattr(unseen_styles, name), "cell").is_right


@pytest.mark.parametrize("name", DERIVATIVES)
def test_a_wrong_derivative_is_named(name):
    """Where the results are right."""
    assert lstm_parity.identify(GRADIENT_CLASSES[name]).summary == DERIVATIVES[name]


class Reset(nn.LSTM):
    """A gate inside a sum, as in a GRU, times a number: no equation that is known."""

    def forward(self, input, hx):
        """One layer, one direction."""
        (h, c), steps = (state[0] for state in hx), []
        for x in input:
            fed, back = x @ self.weight_ih_l0.T, h @ self.weight_hh_l0.T
            i, f, g, o = (fed + back).chunk(4, -1)
            r = torch.sigmoid(i)
            g = torch.tanh(fed.chunk(4, -1)[2] + r * back.chunk(4, -1)[2] * math.pi)
            c = torch.sigmoid(f) * c + r * g
            h = torch.sigmoid(o) * torch.tanh(c)
            steps.append(h)
        return torch.stack(steps), (h[None], c[None])


def test_what_is_not_known_is_not_named():
    """A model that does not reproduce fresh cases is none."""
    found = lstm_parity.identify(Reset)

    assert (found.equations, found.differing, bool(found.unknown)) == (None, (), True)


class OneLayer(nn.LSTM):
    """It refuses to be stacked."""

    def __init__(self, input_size, hidden_size, num_layers=1, **named):
        if num_layers > 1:
            raise NotImplementedError("one layer only")
        super().__init__(input_size, hidden_size, **named)


def test_a_size_that_is_refused_is_not_said_to_be_tested():
    """Two layers, with one direction and with both."""
    found = lstm_parity.identify(OneLayer)

    assert (found.is_right, [words.partition(":")[0] for words in found.untested]) == (
        True,
        ["2 layers", "2 layers and both directions"],
    )


def test_what_cannot_be_probed_says_so():
    """It is not called right."""
    with pytest.raises(ProbeError, match="without a batch, states and float64"):
        lstm_parity.identify(lambda x, hx, *weights: None, "cell")


def test_a_wrong_lstm_without_a_known_mistake_is_diagnosed_by_its_equation():
    """`verify` and `pytest` print it in the place of a name."""
    implementation = adapt("module", "CandidateSine", CLASSES["CandidateSine"])

    assert "g = sin(z_g) instead of g = tanh(z_g)" in diagnose_implementation(implementation, []).text


@pytest.mark.parametrize(
    ("target", "status", "words"),
    [
        ("module:torch.nn:LSTM", 0, "AS nn.LSTM"),
        ("module:specimens.unseen_equations:ForgetSteep", 1, "> f = sigmoid(1.5 * z_f)"),
        ("module:specimens.unseen_equations:Nothing", 2, "has no Nothing"),
    ],
)
def test_the_command_prints_the_equations(tmp_path, target, status, words):
    """And writes them as JSON."""
    file = tmp_path / "found.json"
    result = CliRunner().invoke(main, ["identify", "--impl", target, "--json", str(file)])

    assert (result.exit_code, words in result.output) == (status, True), result.output
    assert status == 2 or json.loads(file.read_text())["format"] == "lstm-parity identification 2"
