"""Records of other devices: cpu:0, the CPU by another name, stands in for one, and products in TF32 for a GPU's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lstm_parity.audits.upgrade.command import main
from lstm_parity.audits.upgrade.compare.finding import Kind
from lstm_parity.audits.upgrade.compare.records import compare_records
from lstm_parity.audits.upgrade.measure.record_torch import record_torch
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.report import comparison_text
from lstm_parity.implementations.stack import FromCell
from specimens import correct_cells as lstms
from tests.support.records import CONDITIONS, PLAIN, chosen, record_of

IDS = chosen("float32", "grad", count=3)
TF32 = "float32 with TF32 products"


@pytest.fixture(scope="module")
def elsewhere():
    """The installed torch on another device."""
    return record_torch(cases=IDS, device="cpu:0")


def test_another_device_answers_the_same_cases(elsewhere):
    """By the same ids, so that records of two devices can be compared; of modules, forward and back."""
    asked = {key for answer in elsewhere.answers if (key := answer.key)[0] == "torch.nn.LSTM"}
    assert asked == {answer.key for answer in record_of(PLAIN, IDS).answers}


def test_another_device_is_a_condition_and_told(elsewhere):
    """It alone may change bits; what a record of a device does not hold is said, and nothing is lost by it."""
    here = replace(elsewhere, conditions={**elsewhere.conditions, "device": "the CPU"}, capabilities={"vmap": ""})
    told = comparison_text(compare_records(here, elsewhere))
    assert "conditions differ: device: was the CPU, now cpu:0: this alone may change bits; answers alone are" in told
    assert "nothing is worse" in told


def test_a_record_that_names_no_device_is_of_the_cpu():
    """As those are that were made before."""
    before = Record(CONDITIONS)
    assert compare_records(before, replace(before, conditions={**CONDITIONS, "device": "the CPU"})).findings == ()


@pytest.fixture(scope="module")
def in_tf32():
    """Answers of an LSTM whose products are in TF32."""
    return record_of(FromCell("tf32", lstms.Written(matmul=lstms.products_of(11))), chosen("float32", "inference"))


def kinds(old, new):
    """What the answers come to."""
    return {finding.kind for finding in compare_records(old, new).findings}


def test_answers_are_judged_in_what_they_ought_to_be_computed_in(in_tf32):
    """Products in TF32 are noise where torch's flags allowed them, and deviate where they did not."""
    allowed = replace(in_tf32, answers=tuple(replace(answer, arithmetic=TF32) for answer in in_tf32.answers))
    plain = record_of(PLAIN, chosen("float32", "inference"))
    assert Kind.DEVIATES in kinds(plain, in_tf32)
    assert kinds(plain, allowed) <= {Kind.NOISE, Kind.NOT_JUDGED, Kind.DRIFT}
    assert Kind.NOISE in kinds(plain, allowed)


def test_an_arithmetic_that_is_not_known_is_not_judged(in_tf32):
    """As it may be named in a record that a newer lstm-parity made."""
    strange = replace(in_tf32, answers=tuple(replace(answer, arithmetic="int8") for answer in in_tf32.answers))
    assert kinds(record_of(PLAIN, chosen("float32", "inference")), strange) == {Kind.NOT_JUDGED}


@pytest.mark.parametrize(("device", "words"), [("gpu", "must be one of cpu, cuda"), ("cuda:9", "cannot compute on it")])
def test_a_device_that_is_not_there_is_refused(tmp_path, capsys, device, words):
    """Before anything is run, and nothing is written."""
    assert main(["record", str(tmp_path / "a.record"), "--device", device]) == 2
    assert words in capsys.readouterr().err
    assert not (tmp_path / "a.record").exists()
