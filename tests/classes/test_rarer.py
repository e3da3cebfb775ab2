"""Classes, functions and objects that are made, filled and called in rare ways."""

from __future__ import annotations

import importlib
import warnings
from pathlib import Path

import pytest
import torch
from torch import nn

from lstm_parity.audits.identify import identify_calls
from lstm_parity.audits.questions import QUESTIONS
from lstm_parity.cases.case import parse_case
from lstm_parity.classes.constructors.keywords import read_keywords
from lstm_parity.implementations.load import adapt, load_target
from lstm_parity.implementations.target import TargetError, find_package, parse_target
from lstm_parity.judging.forward import judge
from lstm_parity.judging.gradients import judge_gradients
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.autograd import adjoints
from lstm_parity.running.observe import observe
from specimens.classes_further.held import FlatStackLSTM
from specimens.classes_rarer import RARER
from specimens.classes_rarer.sized import PlainLSTM

PLAIN = "I3-H5-T4-B2-float64-normal-1"
SMALL = "I3-H5-T4-B2-float64-grad-normal-2"
RIGHT = [name for name in RARER if name != "StatesOnlyEncoder"]
DIFFERENTIABLE = ("TokenEncoder", "InitHiddenLSTM", "FixedSizesLSTM", "ScriptedLSTM", "NormedLSTM", "AliasLSTM")


def load(name):
    """Adapt a specimen."""
    entry = RARER[name.removesuffix("Faulty")]
    module = importlib.import_module(f"specimens.{entry.file[:-3].replace('/', '.')}")
    return adapt(entry.kind, name, getattr(module, name))


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_one_is_let_in(name):
    """On one case, which is none of those by which it was found how it is used."""
    assert judge(observe(load(name), parse_case(PLAIN), chain=False)).outcome is Outcome.PARITY


@pytest.mark.parametrize("name", ["TokenEncoderFaulty", "InitHiddenLSTMFaulty", "MinCharLSTMFaulty"])
def test_a_faulty_twin_deviates(name):
    """Whose fault is in a gate, or in the states that it starts from."""
    assert judge(observe(load(name), parse_case(PLAIN), chain=False)).outcome is Outcome.DEVIATES


def test_a_state_that_goes_on_in_the_padding_is_named():
    """Where the mask of a row is 0, h stands still."""
    summary = identify_calls(load("MaskKeywordLSTMFaulty")).summary

    assert summary == "in the padding of a row h stands still, and c goes on"


@pytest.mark.parametrize("name", DIFFERENTIABLE)
def test_gradients_are_read_back(name):
    """Through an embedding, an attribute, units that were added, a script, a parametrization, and a second name."""
    case = parse_case(PLAIN.replace("float64", "float64-grad"))

    assert judge_gradients(load(name), case, adjoints(case)).outcome is Outcome.PARITY


@pytest.mark.parametrize(("name", "outcome"), [("NormedLSTM", Outcome.REFUSED), ("ScaledLSTM", Outcome.PARITY)])
def test_second_derivatives_are_read_through_what_has_right_ones(name, outcome):
    """torch's weight norm has wrong ones (docs/findings/weight-norm-second-derivatives.md): that is said of it."""
    case = parse_case(SMALL)

    assert {v.outcome for v in QUESTIONS["second derivatives"](load(name), [case], 1)} == {outcome}


@pytest.mark.parametrize("name", ["FixedSizesLSTM", "ScriptedLSTM"])
def test_infinities_are_not_judged_where_units_fill_up_sizes(name):
    """With weights of 0 they make NaN, which the class does not; nothing is said of them but that."""
    found, case = load(name), parse_case("I2-H5-T3-B2-float64-non_finite-1")

    assert judge(observe(found, case, chain=False)).outcome is Outcome.REFUSED
    assert found.unjudged_non_finite in found.remarks


def test_infinities_are_not_judged_behind_a_matrix_that_is_no_part_of_the_lstm():
    """It is the identity here, and mixes units all the same."""

    class Decoder(nn.Module):
        def __init__(self, input_size, hidden_size, output_size):
            super().__init__()
            self.lstm = nn.LSTM(input_size, hidden_size)
            self.decoder = nn.Linear(hidden_size, output_size)

        def forward(self, x, hx=None):
            out, states = self.lstm(x, hx)
            return self.decoder(out), states

    case = parse_case("I2-H5-T3-B2-float64-non_finite-1")

    assert judge(observe(adapt("class", "Decoder", Decoder), case, chain=False)).outcome is Outcome.REFUSED


@pytest.mark.parametrize("sizes", ["I3-H5-bi", "I3-H5-L2", "I3-H5-L2-bi"])
def test_biases_behind_all_matrices_are_found_with_more_layers_and_directions(sizes):
    """Of a vector of all weights: one layer in one direction does not show whether they are behind all or its own."""
    found = adapt("class", "FlatStackLSTM", FlatStackLSTM)

    assert judge(observe(found, parse_case(f"{sizes}-T4-B2-float64-normal-1"))).outcome is Outcome.PARITY


def test_the_row_of_padding_is_not_used():
    """An embedding gives no gradient for it."""

    class Padded(nn.Module):
        def __init__(self, vocab_size, embedding_dim, hidden_dim):
            super().__init__()
            self.embedding = nn.Embedding(vocab_size, embedding_dim, padding_idx=2)
            self.lstm = nn.LSTM(embedding_dim, hidden_dim, batch_first=True)

        def forward(self, tokens, hx=None):
            return self.lstm(self.embedding(tokens), hx)

    case = parse_case(PLAIN.replace("float64", "float64-grad"))

    assert judge_gradients(adapt("class", "Padded", Padded), case, adjoints(case)).outcome is Outcome.PARITY


def test_fixed_sizes_refuse_larger_ones():
    """What is smaller is filled up."""
    setting = parse_case("I13-H5-T4-B2-float64-normal-1").setting

    assert "has 12 inputs and 20 units" in (load("ScriptedLSTM").unsupported_reason(setting) or "")


def test_two_directions_of_a_fixed_size_are_filled_up():
    """Also between layers, whose inputs are both directions side by side."""
    made = nn.LSTM(6, 8, num_layers=2, bidirectional=True)
    case = parse_case("I3-H5-L2-bi-T4-B2-float64-normal-1")

    assert judge(observe(adapt("class", "made", made), case, chain=False)).outcome is Outcome.PARITY


def test_a_file_of_torch_jit_save_is_let_in(tmp_path: Path):
    """Named by the file alone."""
    file = tmp_path / "model.pt"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(PlainLSTM(4, 6)).save(str(file))
    target = parse_target(f"class:{file}")

    assert str(target).endswith("model.pt")
    assert judge(observe(load_target(target), parse_case(PLAIN), chain=False)).outcome is Outcome.PARITY


def test_another_file_of_weights_is_refused(tmp_path: Path):
    """It is never unpickled."""
    file = tmp_path / "weights.pt"
    torch.save(nn.LSTM(3, 5).state_dict(), file)

    with pytest.raises(TargetError, match="no file that torch"):
        load_target(parse_target(f"class:{file}"))


def test_relative_imports_have_their_package(tmp_path: Path):
    """Folders with an __init__.py, and as many as are needed without."""
    inner = tmp_path / "top_package_of_a_test" / "inner"
    inner.mkdir(parents=True)
    (inner / "model.py").write_text("from ..other import x\n")

    assert find_package(str(inner / "model.py")) == (tmp_path, "top_package_of_a_test.inner.model")
    (tmp_path / "plain.py").write_text("import torch\n")
    assert find_package(str(tmp_path / "plain.py")) is None


def test_keywords_are_read_in_the_source():
    """With their defaults, as far as they are written out."""

    def construct(**kwargs):
        return kwargs["units"], kwargs.get("layers", 2), kwargs.pop("bias", True), kwargs.get("name")

    found = {p.name: p.default for p in read_keywords(construct)}
    assert found == {"units": found["units"], "layers": 2, "bias": True, "name": None}


def test_old_weight_norm_is_seen_through():
    """Its direction and length are written, its product judged."""

    class Old(nn.Module):
        def __init__(self, input_size, hidden_size):
            super().__init__()
            with pytest.warns(FutureWarning):
                self.ih = nn.utils.weight_norm(nn.Linear(input_size, 4 * hidden_size))
            self.cell = nn.LSTMCell(1, hidden_size)
            del self.cell.weight_ih, self.cell.bias_ih

        def forward(self, x, hx):
            h, c = hx
            outputs = []
            for z in self.ih(x):
                i, f, g, o = (z + nn.functional.linear(h, self.cell.weight_hh, self.cell.bias_hh)).chunk(4, 1)
                c = f.sigmoid() * c + i.sigmoid() * g.tanh()
                h = o.sigmoid() * c.tanh()
                outputs.append(h)
            return torch.stack(outputs), (h, c)

    assert judge(observe(adapt("class", "Old", Old), parse_case(PLAIN), chain=False)).outcome is Outcome.PARITY
