"""A failing run is named by its mistake, with its place, and what is not known is said not to be."""

from __future__ import annotations

import pytest
from torch.nn.utils.rnn import PackedSequence

from lstm_parity.cases.case import parse_case
from lstm_parity.catalogue.mistakes import GRADIENT_MISTAKES, MISTAKES, find_mistake
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.diagnosis.forward import diagnose
from lstm_parity.diagnosis.gradients import diagnose_gradients
from lstm_parity.diagnosis.probes import run_probes
from lstm_parity.diagnosis.similarity import MAX_DISTANCE, ComparableRun
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.running.evidence import WHOLE
from lstm_parity.running.observe import observe
from specimens.altered_results import Altered
from specimens.disguised_mistakes import UNKNOWN, Disguised

ONE = "I3-H4-T3-B2-float32-normal-1"


@pytest.fixture(scope="module")
def named():
    """Asks for a diagnosis of a disguised mistake, by the mistake's name, once."""
    known = {}

    def ask(name):
        if name not in known:
            known[name] = diagnose(run_probes(Disguised(find_mistake(name), "in NumPy")))
        return known[name]

    return ask


@pytest.mark.parametrize("wrong", MISTAKES[::9], ids=lambda wrong: wrong.name)
def test_a_mistake_is_told_by_the_probes(wrong):
    """It stands first, or among those that cannot be told apart; all of them: experiments/diagnosis.md."""
    told = diagnose(run_probes(wrong))

    assert wrong in (told.mistake, *told.equivalents)


@pytest.mark.parametrize(
    "name", ["gates-ifog", "states-swapped", "weights-shared", "padding-not-masked", "state-kept-between-calls"]
)
def test_a_mistake_is_told_though_somebody_else_wrote_it(named, name):
    """The same wrong equations with other sums are not the same bits."""
    assert named(name).mistake == find_mistake(name)


@pytest.mark.parametrize("wrong", UNKNOWN, ids=lambda wrong: wrong.name)
def test_what_is_not_known_is_not_named(wrong):
    """Two faults at once, a scaled gate, a peephole: no name is better than a wrong one."""
    told = diagnose(run_probes(wrong))

    assert (told.mistake, told.arithmetic) == (None, None)
    assert "none of" in told.text


def test_the_text_says_what_is_wrong_and_what_to_change(named):
    """A stranger can act on it."""
    assert named("reverse-output-not-flipped-back").text.splitlines()[1:3] == [
        "what is wrong: The reverse direction's outputs stay in the order in which they were computed.",
        "change: flip the reverse direction's outputs along time before concatenating",
    ]


@pytest.mark.parametrize(
    ("name", "where"),
    [
        (
            "reverse-output-not-flipped-back",
            "only with bidirectional=True, and always then; only the reverse direction",
        ),
        ("hidden-never-updated", "right up to t=0, wrong from t=1 on"),
        ("last-cell-is-hidden", "only in c_n: output and h_n agree"),
        ("reverse-uses-forward-bias", "only the reverse direction"),
        ("states-of-the-first-layer-for-all", "right up to layer 0, wrong from layer 1 on"),
        ("states-of-the-first-row-for-all", "row b=0 is right, all others are wrong"),
        ("lengths-one-step-short", "only rows shorter than the longest"),
        ("cell-not-squashed", "c is right after one step, h is not: o, or h = o * tanh(c)"),
        ("cell-gate-linear", "namely in i * g"),
        ("forget-bias-one", "namely in f * c"),
    ],
)
def test_the_place_is_told(named, name, where):
    """With which arguments, in which tensor, layer, direction, step, rows and gate, where that can be told."""
    assert where in named(name).where


@pytest.mark.parametrize(
    ("name", "arithmetic"),
    [("double-computed-in-single", "float64 with float32 products")],
)
def test_what_is_a_matter_of_precision_is_named_by_its_arithmetic(named, name, arithmetic):
    """Rounded otherwise, no two runs of it are alike; their size is."""
    assert named(name).arithmetic.name == arithmetic


def test_mistakes_that_one_case_cannot_tell_apart_are_all_told():
    """Of an unpacked case alone, nobody knows whether c_0 is ignored by the layer, or by one of its kernels."""
    told = diagnose([judge(observe(find_mistake("cell-state-ignored-by-onednn"), parse_case(ONE)))])

    assert (told.mistake.name, [other.name for other in told.equivalents]) == (
        "cell-state-ignored",
        ["cell-state-ignored-by-onednn"],
    )


def test_a_case_that_agrees_speaks_against_a_mistake_that_shows_there():
    """A fault of one kernel is not taken for one of all."""
    names = ONE, "I3-H4-T3-B2-float32-native-normal-1"
    told = diagnose([judge(observe(find_mistake("cell-state-ignored-by-onednn"), parse_case(name))) for name in names])

    assert (told.mistake.name, told.agreeing) == ("cell-state-ignored-by-onednn", 1)


def test_an_implementation_that_raises_is_told_apart_from_one_that_deviates():
    """Its last line stands in the text."""
    told = diagnose([judge(observe(Altered(lambda output, h_n, c_n: output[99]), parse_case(ONE)))])

    assert told.text.splitlines()[-1].startswith("raised on 1 of 1 cases")
    assert "IndexError" in told.text


def test_a_right_lstm_has_nothing_to_diagnose():
    """No probe speaks against nn.LSTM."""
    assert {verdict.outcome for verdict in run_probes(TorchLSTM())} == {Outcome.PARITY}


def test_a_right_lstm_is_like_no_mistake_that_shows():
    """What nn.LSTM returns on a mistake's witness is far from what the mistake does there, but in half types."""
    witnessed = [
        wrong for wrong in MISTAKES if wrong.is_deterministic and wrong.witness and "bfloat16" not in wrong.witness
    ]
    seen = [
        ComparableRun(parse_case(w.witness), WHOLE, observe(TorchLSTM(), parse_case(w.witness)).evidence[0], False)
        for w in witnessed
    ]

    assert [
        wrong.name for wrong, one in zip(witnessed, seen, strict=True) if one.distance_to(wrong) <= MAX_DISTANCE
    ] == []


def test_every_mistake_says_what_to_change():
    """In the imperative, without a stop: it follows `change:`."""
    assert [wrong.name for wrong in (*MISTAKES, *GRADIENT_MISTAKES) if not wrong.fix or wrong.fix.endswith(".")] == []


@pytest.mark.parametrize("wrong", GRADIENT_MISTAKES, ids=lambda wrong: wrong.name)
def test_a_gradient_mistake_is_named(wrong):
    """First, by its gradients alone: its forward pass is right."""
    assert diagnose_gradients(wrong).text.startswith(f"behaves like: {wrong.name}, to ")


class TwiceTheGradient(PlainLSTM):
    """All gradients of the input are twice as large: a fault that nobody knows."""

    def __call__(self, input, hx):
        """With the input's value, and twice its derivative."""
        data = input.data if isinstance(input, PackedSequence) else input
        doubled = 2.0 * data - data.detach()
        return super().__call__(input._replace(data=doubled) if isinstance(input, PackedSequence) else doubled, hx)


@pytest.mark.parametrize(
    ("implementation", "words"),
    [
        (Mistake(TwiceTheGradient), f"none of {len(GRADIENT_MISTAKES)} known mistakes of gradients"),
        (TorchLSTM(), "unknown, since the gradients of 6 probes are right"),
    ],
    ids=["unknown", "right"],
)
def test_gradients_that_are_like_no_mistake_s_are_said_to_be(implementation, words):
    """No name is better than a wrong one."""
    assert diagnose_gradients(implementation).text.startswith(f"behaves like: {words}\nthe forward pass agrees on all")
