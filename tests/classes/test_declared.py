"""How a class is used, declared in a file: what was found, written, read back, and corrected."""

from __future__ import annotations

import pytest
from click.testing import CliRunner
from torch import nn

from lstm_parity.cases.case import parse_case
from lstm_parity.classes.declared import read_declaration
from lstm_parity.cli import main
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.target import TargetError
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.observe import observe
from specimens.classes import CLASSES, linears, matrices, stacks

SHAPES = (
    (linears, "FourGatesLSTM"),  # four nn.Linear for x and h each, no states
    (matrices, "NaiveLSTM"),  # twelve matrices
    (stacks, "ThreeLayerLSTM"),  # a list of states, layers in a ModuleList
)


class Nameless(nn.Module):
    """Two sizes whose names say nothing, an argument that must be given, and results under names of its own."""

    def __init__(self, p, q, flavour):
        super().__init__()
        assert flavour == "plain"
        self.lstm = nn.LSTM(q, p, batch_first=True)

    def forward(self, x, state):
        """Return a dict."""
        y, (h, c) = self.lstm(x, state)
        return {"seen": y, "first": h, "second": c}


NAMELESS = """
[constructor]
hidden_size = "p"
input_size = "q"

[arguments]
flavour = "plain"

[results]
output = ["seen"]
h = ["first"]
c = ["second"]
"""


def outcome_of(implementation, name):
    """The outcome of one case."""
    return judge(observe(implementation, parse_case(name), chain=False)).outcome


@pytest.mark.parametrize(("module", "name"), SHAPES)
def test_what_was_found_is_written_and_read_back(module, name, tmp_path):
    """The class that is used as the file says has parity, as the one that was looked at."""
    file, made = tmp_path / "map.toml", getattr(module, name)
    found = adapt("class", name, made)
    file.write_text(found.declaration)
    layers = "-L3" if name == "ThreeLayerLSTM" else ""

    assert found.declaration == adapt("class", name, made, file=str(file)).declaration
    assert outcome_of(adapt("class", name, made, file=str(file)), f"I3-H5{layers}-T4-B2-nostates-float64-normal-1") is (
        Outcome.PARITY
    )


def test_what_cannot_be_found_is_declared(tmp_path):
    """Sizes without a name, an argument that must be given, and where results are."""
    file = tmp_path / "map.toml"
    file.write_text(NAMELESS)

    with pytest.raises(TargetError, match="which of these is the hidden size"):
        adapt("class", "Nameless", Nameless)
    assert outcome_of(adapt("class", "Nameless", Nameless, file=str(file)), "I3-H5-T4-B2-float64-normal-1") is (
        Outcome.PARITY
    )


def test_a_declared_order_of_gates_is_no_other_lstm(tmp_path):
    """Pinned to an order that is not the class's, a right class computes something else."""
    file = tmp_path / "map.toml"
    file.write_text('[parameters]\norder = "figo"\n')
    implementation = adapt("class", "LSTM", nn.LSTM, file=str(file))

    assert outcome_of(implementation, "I3-H5-T4-B2-float64-normal-1") is Outcome.DEVIATES


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[call", "is no TOML"),
        ("[calls]\na = 1", "has calls, but its sections are constructor"),
        ("[call]\nmethods = 1", "has methods in call, but there may be method"),
        ('[parameters]\norder = "iiii"', "must have i, f, g and o once each"),
    ],
)
def test_a_wrong_file_is_refused_in_words(text, words, tmp_path):
    """What was given, and what may be."""
    file = tmp_path / "map.toml"
    file.write_text(text)

    with pytest.raises(TargetError, match=words):
        read_declaration(str(file))


def test_the_commands_write_and_read_it(tmp_path):
    """identify --save-map, then verify --map of one case."""
    target, file = f"class:specimens/{CLASSES['NaiveLSTM'].file}:NaiveLSTM", tmp_path / "map.toml"
    case = "I3-H5-T4-B2-float64-normal-1"
    saved = CliRunner().invoke(main, ["identify", "--impl", target, "--save-map", str(file)])
    judged = CliRunner().invoke(main, ["verify", "--impl", target, "--map", str(file), "--case", case])

    assert (saved.exit_code, judged.exit_code, "input_sz" in file.read_text()) == (0, 0, True), judged.output


def test_a_map_is_for_classes_alone(tmp_path):
    """Of a cell nothing is found, so that nothing can be declared."""
    file = tmp_path / "map.toml"
    file.write_text("")
    done = CliRunner().invoke(main, ["verify", "--impl", "cell:examples/cell.py:lstm_cell", "--map", str(file)])

    assert (done.exit_code, "says how a class is used, and this is a cell" in done.output) == (2, True)


def test_a_kept_map_repeats_a_failure(tmp_path):
    """The command that repeats a failing case names the file."""
    file = tmp_path / "map.toml"
    file.write_text('[parameters]\norder = "figo"\n')
    case = ["--case", "I3-H5-T4-B2-float64-normal-1"]
    done = CliRunner().invoke(main, ["verify", "--impl", "class:torch.nn:LSTM", "--map", str(file), *case])

    assert (done.exit_code, f"--map {file}" in done.output) == (1, True), done.output
