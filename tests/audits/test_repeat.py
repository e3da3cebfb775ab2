"""What a failure prints as its repeat judges again what has failed, whichever question that was."""

from __future__ import annotations

import pytest

from lstm_parity.audits import questions
from lstm_parity.audits.questions import OF_ONE_CASE, QUESTIONS
from lstm_parity.audits.verification.options import VerifyOptions
from lstm_parity.audits.verification.verify import verify_one
from lstm_parity.cases.case import parse_case
from lstm_parity.catalogue.mistakes import find_mistake
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.arithmetic import Explanation
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reports.certificate import make_row
from specimens.altered_results import Altered

SMALL, TALL = "I3-H2-T4-B3-float64-threads1-normal-0", "I3-H2-T4-B3-float64-threads1-normal-1"
WRONG = {
    "life of the module": Altered(lambda output, h_n, c_n: (output * 1.001, (h_n, c_n))),
    "gradients": find_mistake("cell-passed-on-detached"),
    "second derivatives": find_mistake("cell-passed-on-detached"),
}


@pytest.mark.parametrize("question", WRONG)
def test_a_printed_command_repeats_the_question_that_failed(question):
    """Of the same case, with the same outcome; and nothing else is asked."""
    implementation, case = WRONG[question], parse_case(SMALL)
    verdicts = OF_ONE_CASE[question](implementation, case)
    explanation = Explanation(NATIVE["float64"], None, tuple(verdicts))
    failed = make_row("wrong", "float64", explanation, question, "lstm-parity verify --impl x")
    _, id, _, word = failed.deviations[0].repeat.removeprefix("lstm-parity verify --impl x ").split()
    [again] = verify_one(implementation, ["float64"], options=VerifyOptions(case=id, question=word)).certificate.rows

    assert (failed.outcome, again.question, again.outcome) == (Outcome.DEVIATES, question, Outcome.DEVIATES)


@pytest.mark.parametrize("case", [SMALL, TALL])
def test_all_gradients_that_a_plan_may_ask_of_a_case_are_asked_of_it_alone(monkeypatch, case):
    """Every loss in every backward pass, wherever in a plan the case stands."""
    asked = list[tuple[object, ...]]()
    verdict = questions.judge_gradients(TorchLSTM(), parse_case(SMALL), questions.adjoints(parse_case(SMALL)))
    monkeypatch.setattr(questions, "judge_gradients", lambda i, c, d: asked.append((d.losses, d.backward)) or verdict)
    QUESTIONS["gradients"](TorchLSTM(), [parse_case(case)], 5)
    drawn = (questions._choose_adjoints(parse_case(case), number) for number in range(112))

    assert {(d.losses, d.backward) for d in drawn} <= set(asked)
