"""Classes as they stand that have dropout: asked in train mode, and what cannot be asked is said."""

from __future__ import annotations

import importlib

import pytest
import torch
import torch.nn.functional as F  # noqa: N812
from torch import nn

from lstm_parity.audits.dropout import judge_dropout, judge_gradients_in_dropout
from lstm_parity.audits.questions import QUESTIONS
from lstm_parity.cases.case import parse_case
from lstm_parity.classes.constructors.roles import assign_roles, list_chances, turn_chance
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.remote.client import RemoteImplementation
from lstm_parity.implementations.target import parse_target
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.evidence import TRAINING
from specimens.classes_dropping import DROPPING, ELSEWHERE
from specimens.classes_dropping.elsewhere import InputDropoutLSTM

SIZES = ("I3-H5-T4-B2", "I4-H6-T3-B4", "I3-H5-L2-T4-B3", "I5-H4-L2-T3-B4", "I4-H4-L3-T3-B3")
CASES = [parse_case(f"{sizes}-nostates-float64-normal-2") for sizes in SIZES]
CASES += [parse_case(f"{sizes}-float64-normal-2") for sizes in (*SIZES, "I3-H5-L2-bi-T4-B3")]
SAID = {"HardCodedLSTM"}  # it drops with a probability that nothing holds: not judged
NAMES = [name for name in DROPPING if name not in SAID]
OUTSIDE = [name for name in ELSEWHERE if name != "InputDropoutLSTM"]


def load(name):
    """Adapt a specimen."""
    own = name.removesuffix("Faulty")
    file = f"classes_dropping/{ELSEWHERE[own][0]}" if own in ELSEWHERE else DROPPING[own].file
    return adapt("class", name, getattr(importlib.import_module(f"specimens.{file[:-3].replace('/', '.')}"), name))


def offered(implementation):
    """Those of the cases that it does not refuse, and their outcomes."""
    cases = [case for case in CASES if implementation.unsupported_reason(case.setting) is None]
    return {verdict.outcome for verdict in judge_dropout(implementation, cases, 1)}


@pytest.mark.parametrize("name", NAMES)
def test_a_right_one_has_parity_in_train_mode(name):
    """By an argument of another name, by modules, by the probability to be kept, by a flag of the call, in NumPy."""
    assert offered(load(name)) == {Outcome.PARITY}


@pytest.mark.parametrize("name", [f"{name}Faulty" for name in NAMES])
def test_a_faulty_twin_deviates(name):
    """All of them are right without dropout."""
    assert Outcome.DEVIATES in offered(load(name))


@pytest.mark.parametrize("name", OUTSIDE)
def test_what_is_dropped_elsewhere_deviates(name):
    """As nn.LSTM drops between layers alone."""
    assert Outcome.DEVIATES in offered(load(name))


def test_a_second_probability_is_named_as_not_judged():
    """The one that drops between layers is judged; what the other one drops is said to be left out."""
    found = load("InputDropoutLSTM")

    assert "what input_dropout would drop is not judged: there it is 0" in found.remarks
    assert offered(found) == {Outcome.PARITY}


def test_the_argument_can_be_declared(tmp_path):
    """In a file, which says by itself what was found."""
    found, file = load("InputDropoutLSTM"), tmp_path / "map.toml"
    file.write_text(found.declaration.replace("layer_dropout", "input_dropout"), "utf-8")
    declared = adapt("class", "InputDropoutLSTM", InputDropoutLSTM, file=str(file))

    assert [one.found.dropping.argument for one in (found, declared)] == ["layer_dropout", "input_dropout"]


def test_a_probability_that_nothing_holds_is_not_judged():
    """It stands in the code: what is dropped between the layers is not known, and nothing is called wrong."""
    found = load("HardCodedLSTM")

    assert offered(found) == {Outcome.NOT_JUDGED}
    assert "no argument" in found.unjudged_dropout


def test_a_class_without_biases_is_not_judged_between_layers():
    """With them what is dropped is read."""

    class NoBias(nn.Module):
        def __init__(self, input_size, hidden_size, num_layers=1, dropout=0.0):
            super().__init__()
            self.rnn = nn.LSTM(input_size, hidden_size, num_layers, bias=False, dropout=dropout)

        def forward(self, x, hx=None):
            return self.rnn(x, hx)

    found = adapt("class", "NoBias", NoBias)
    cases = [parse_case(f"I3-H5-{layers}nobias-T4-B2-float64-normal-1") for layers in ("", "L2-")]

    assert {v.outcome for v in judge_dropout(found, cases, 1)} == {Outcome.PARITY, Outcome.NOT_JUDGED}


def test_train_mode_is_asked_of_a_class():
    """Without dropout it changes nothing: one that changes something in train mode is wrong."""

    class Trained(nn.LSTM):
        def forward(self, x, hx=None):
            out, states = super().forward(x, hx)
            return out * (0.5 if self.training else 1.0), states

    verdicts = QUESTIONS["life of the module"](adapt("class", "Trained", Trained), CASES[:2], 1)

    assert {v.observation.evidence[0].way for v in verdicts if v.outcome is Outcome.DEVIATES} == {TRAINING}


def test_masks_of_a_probability_of_0_may_be_drawn():
    """In train mode: the random generators change, and nothing is dropped."""
    with RemoteImplementation(parse_target("class:specimens/classes_dropping/elsewhere.py:ZoneoutCell")) as there:
        verdicts = QUESTIONS["life of the module"](there, CASES[5:7], 1)

    assert {v.outcome for v in verdicts} == {Outcome.PARITY}


def test_a_class_in_another_process_is_put_into_train_mode_there():
    """And seeded there."""
    target = parse_target("class:specimens/classes_dropping/between.py:KeepProbLSTM")
    with RemoteImplementation(target) as there:
        assert offered(there) == {Outcome.PARITY}


def test_gradients_pass_through_the_masks():
    """Weights are written anew for them."""
    cases = [parse_case(f"{sizes}-float64-grad-normal-2") for sizes in ("I3-H5-L2-T4-B3", "I4-H4-L3-T3-B3")]

    assert {v.outcome for v in judge_gradients_in_dropout(load("PModuleLSTM"), cases)} == {Outcome.PARITY}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"n_in": 0.0, "keep_prob": 1.0}, ("keep_prob",)),
        ({"p": 0.5, "rate": 0.1}, ("p", "rate")),
        ({"input_dropout": 0.0, "layer_dropout": 0}, ("input_dropout", "layer_dropout")),
        ({"dropout": True, "keep_state": False, "dropouts": (0.1, 0.2)}, ()),
    ],
)
def test_arguments_for_dropout_are_known_by_name_and_default(arguments, expected):
    """A number: a flag or a list is none that could be set."""
    assert list_chances(arguments) == expected
    assert not {*expected} & {*assign_roles(arguments).values()}


def test_a_probability_to_be_kept_is_turned_round():
    """So that as much is dropped."""
    assert [turn_chance(name, 0.25) for name in ("keep_prob", "p", "drop_rate")] == [0.75, 0.25, 0.25]


def test_a_class_that_is_constructed_with_no_dropout_of_0_keeps_its_default():
    """Nothing of it is asked then, as nothing can be set."""

    class Picky(nn.LSTM):
        def __init__(self, input_size, hidden_size, dropout=0.5):
            if not 0.0 < dropout < 1.0:
                raise ValueError("between 0 and 1")
            super().__init__(input_size, hidden_size)

    assert not adapt("class", "Picky", Picky).found.dropping.exists


def test_packed_rows_that_one_layer_takes_by_chance_are_refused_for_more():
    """functional.dropout between the layers takes none, and nobody said that packed rows could be given."""

    class ByChance(nn.Module):
        def __init__(self, input_size, hidden_size, num_layers=1):
            super().__init__()
            self.rnns = nn.ModuleList(
                [nn.LSTM(hidden_size if k else input_size, hidden_size) for k in range(num_layers)]
            )

        def forward(self, x, hx=None):
            ends = []
            for k, rnn in enumerate(self.rnns):
                x, end = rnn(F.dropout(x, 0.0) if k else x, hx and (hx[0][k, None], hx[1][k, None]))
                ends.append(end)
            return x, (torch.cat([h for h, _ in ends]), torch.cat([c for _, c in ends]))

    found = adapt("class", "ByChance", ByChance)
    packed = parse_case("I3-H5-L2-T4-B2-packed4.2-float64-normal-1").setting

    assert "with one layer alone" in (found.unsupported_reason(packed) or "")


def test_states_in_a_list_of_pairs_are_read_for_every_layer():
    """A list that is longer for more layers than for the one that was looked at."""
    case = parse_case("I3-H5-L3-T4-B2-float64-normal-1")
    found = load("KeepProbLSTM")

    lstm = found.load(case.setting, case.weights.map(torch.from_numpy))

    assert lstm(torch.zeros(4, 2, 3).double())[1][0].shape == (3, 2, 5)
