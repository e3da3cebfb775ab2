"""The known answers are what their generator writes, and each on its own tells a wrong LSTM from a right one."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lstm_parity.audits.known_answers import (
    VECTORS,
    KnownAnswerError,
    answer_of,
    judge_known_answer,
    read_all_known_answers,
    read_known_answers,
    require_known_answer,
)
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import Outcome
from lstm_parity.known_answers.generate import FOLDER, files, stale
from lstm_parity.parity_tests.small_lstms import close
from lstm_parity.reference import numpy_lstm, torch_lstm
from lstm_parity.reference.noise.arithmetics import FLOAT64
from lstm_parity.reports.failure import ParityError
from lstm_parity.running.calls import Outputs
from specimens.call_faults import CALLS
from specimens.weight_faults import ORDERS, REVERSED, TRANSPOSED
from tests.pages.test_readme import skeleton
from tests.test_import_direction import imported

ROOT = Path(__file__).parents[2]
KNOWN = read_all_known_answers()
FAULTS = (*ORDERS, TRANSPOSED, REVERSED)
every_vector = pytest.mark.parametrize("name", KNOWN)


def survivors(faults, known):
    """The faults that apply to a known answer and are not noticed, in float32 where that holds its numbers."""
    dtype = "float32" if "float32" in known.dtypes else "float64"
    noticed = Outcome.DEVIATES, Outcome.FAILED
    return [f.name for f in faults if f.applies(known) and judge_known_answer(known, f, dtype).outcome not in noticed]


def test_the_files_are_what_the_generator_writes():
    """Every byte is made again, and no file is left over."""
    assert stale() == []


def test_thirty_more_digits_change_nothing():
    """Fifty digits are enough: eighty round to the same float64 numbers."""
    assert [path.name for path, text in files(digits=80) if path.read_text() != text] == []


def test_the_engine_needs_neither_mpmath_nor_the_generator():
    """The stored numbers are all that is read."""
    assert not imported(["lstm_parity.audits.known_answers"])[0] & {"mpmath", "lstm_parity.known_answers"}


def test_the_generator_knows_nothing_of_what_it_judges():
    """Neither the references nor torch have a part in the answers."""
    assert not imported(["lstm_parity.known_answers.generate"])[0] & {
        "lstm_parity.reference",
        "lstm_parity.judging",
        "torch",
    }


def test_a_folder_without_known_answers_is_refused(tmp_path):
    """No vector is no pass."""
    with pytest.raises(KnownAnswerError, match="no known answer is there"):
        read_all_known_answers(tmp_path)


@every_vector
def test_each_vector_kills_every_fault_that_applies(name):
    """Alone, it tells the 23 wrong gate orders, the transposed w_hh and reversed input features from the right LSTM."""
    assert survivors(FAULTS, KNOWN[name]) == []


@pytest.mark.parametrize("fault", CALLS, ids=lambda fault: fault.name)
def test_a_fault_of_the_call_is_killed_wherever_it_applies(fault):
    """It applies somewhere, and is noticed in all those places."""
    concerned = {name: known for name, known in KNOWN.items() if fault.applies(known)}

    assert concerned
    assert [name for name, known in concerned.items() if survivors([fault], known)] == []


@every_vector
def test_every_wrong_gate_order_applies_everywhere(name):
    """No vector is let off: in each, the numbers of the four gates differ."""
    assert [order.name for order in ORDERS if not order.applies(KNOWN[name])] == []


@every_vector
def test_a_transposed_w_hh_applies_where_it_is_square_and_heard(name):
    """The computed rule is: one P for H, more than one unit, weights that are not zero, a state that is not zero."""
    known = KNOWN[name]
    square = known.architecture.hidden_size > 1 and not known.architecture.proj_size
    weights = any(cell.w_hh.any() for cells in known.weights.cells for cell in cells)

    assert TRANSPOSED.applies(known) == (square and weights and (known.call.time > 1 or bool(known.h_0.any())))


@every_vector
def test_reversed_input_features_apply_where_there_are_two_that_are_heard(name):
    """The computed rule is: in some layer, more than one feature, weights and numbers that are not zero."""
    known = KNOWN[name]
    inputs = bool(known.input.any()) and known.architecture.input_size > 1
    above = known.architecture.num_layers > 1
    weights = any(cell.w_ih.any() for cells in known.weights.cells for cell in cells)

    assert REVERSED.applies(known) == (weights and (inputs or above))


def test_the_stored_numbers_are_the_oracle():
    """A right LSTM deviates from a wrong answer: nothing of ours is asked for a second opinion."""
    known = KNOWN["sequence"]
    answer = known.answer
    moved = replace(known, answer=Outputs(answer.output + 1e-6, answer.h_n, answer.c_n))

    assert [m.tensor for m in judge_known_answer(moved, TorchLSTM(), "float32").deviating] == ["output"]


def test_a_dtype_that_does_not_hold_the_numbers_is_refused():
    """Rounded, it would be another vector with another answer."""
    with pytest.raises(ValueError, match="significands_of_float64 has numbers that only float64 hold"):
        judge_known_answer(KNOWN["significands_of_float64"], TorchLSTM(), "float32")


@pytest.mark.parametrize("text", ["{}", "[]", '{"format": "lstm-parity known answer, format 1"}'])
def test_what_is_no_known_answer_is_refused_in_words(tmp_path, text):
    """A file of another format, or one with something missing, is named."""
    (tmp_path / "other.json").write_text(text)

    with pytest.raises(KnownAnswerError, match=r"other\.json"):
        read_known_answers(tmp_path / "other.json")


def test_hex_floats_mean_what_the_documentation_says():
    """Read by hand as sign, significand and power of two, every number is the one that float.fromhex reads."""
    numbers = re.findall(
        r'"(-?)0x([01])(?:\.([0-9a-f]+))?p([+-]\d+)"', "".join(p.read_text() for p in VECTORS.iterdir())
    )
    by_hand = [
        (-1) ** bool(sign) * int(one + digits, 16) * 2.0 ** (int(power) - 4 * len(digits))
        for sign, one, digits, power in numbers
    ]
    texts = [f"{sign}0x{one}.{digits or 0}p{power}" for sign, one, digits, power in numbers]

    assert by_hand == [float.fromhex(text) for text in texts]


def test_the_documentation_counts_them():
    """The number of vectors, and which of them some dtype does not hold, are as the README says."""
    readme, narrow = (FOLDER / "README.md").read_text(), [k.name for k in KNOWN.values() if len(k.dtypes) < 4]

    assert f"{len(KNOWN)} vectors" in readme
    assert f"Three vectors hold in fewer: {', '.join(f'`{name}`' for name in sorted(narrow))}." in readme


def test_there_are_sixty_and_more_for_every_dtype():
    """At least sixty vectors judge each dtype, and each says in a sentence what it is for."""
    counts = {
        d: sum(d in known.dtypes for known in KNOWN.values()) for d in ("float64", "float32", "bfloat16", "float16")
    }

    assert min(counts.values()) >= 60
    assert all(known.purpose.endswith(".") and name.replace("_", "").isalnum() for name, known in KNOWN.items())


def test_a_wrong_gate_order_fails_as_the_documentation_shows():
    """The README's example, an LSTM with two gates exchanged, fails with the words that stand there."""
    readme = (FOLDER / "README.md").read_text()
    example = re.search(r"```python\n(.*?)```", readme, re.DOTALL)[1]
    run = subprocess.run([sys.executable, "-c", example], cwd=ROOT, capture_output=True, text=True)
    shown = re.search(r"It raises:\n\n```\n(.*?)\n```", readme, re.DOTALL)[1]

    assert skeleton(run.stderr.partition("ParityError: ")[2].strip()) == skeleton(shown)


def test_a_missing_answer_is_no_pass():
    """An implementation that raises is told so, with the vector's name."""
    known = replace(KNOWN["sequence"], input=np.zeros((5, 2, 7)))

    with pytest.raises(ParityError, match=r"(?s)the implementation raised:.*known answer: sequence"):
        require_known_answer(known, judge_known_answer(known, TorchLSTM(), "float32"))


@every_vector
@pytest.mark.parametrize(
    ("forward", "array"),
    [(torch_lstm.lstm_forward, torch.tensor), (numpy_lstm.lstm_forward, np.array)],
    ids=["torch", "NumPy"],
)
def test_a_reference_returns_the_known_answers(forward, array, name):
    """Without the engine, in float64, both references are within 1e-15 of what fifty digits say."""
    known = KNOWN[name]
    hx = array(known.h_0), array(known.c_0)
    output, last = forward(array(known.input), hx, known.weights.map(array), lengths=known.call.lengths)

    close((output, *last), tuple(map(array, exact(known))), 1e-15)


@every_vector
def test_the_judge_knows_the_known_answers(name):
    """What the judge takes for exact is within 1e-15 of what fifty digits say."""
    answers = answer_of(KNOWN[name], FLOAT64)

    close((answers.output.value[0], answers.h_n.value[0], answers.c_n.value[0]), exact(KNOWN[name]), 1e-15)


def exact(known):
    """The stored answer: output, h_n, c_n."""
    return known.answer.output, known.answer.h_n, known.answer.c_n
