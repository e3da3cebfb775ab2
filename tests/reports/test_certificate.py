"""A certificate says what was judged, what held and what was not judged, and never more."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lstm_parity.audits.verification.verify import verification_cases, verify
from lstm_parity.cases.case import parse_case
from lstm_parity.cli import main
from lstm_parity.implementations.references import NumpyReference
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.arithmetic import explain
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate import Certificate, make_row
from lstm_parity.reports.certificate_json import certificate_json
from lstm_parity.reports.certificate_text import certificate_text
from lstm_parity.running.observe import observe
from specimens.altered_results import Altered, PackedAlone


@pytest.fixture(scope="module")
def certificate() -> Certificate:
    """One implementation that holds, and one that supports nothing of what is asked."""
    return verify([TorchLSTM(), NumpyReference()], ["float16"])


@pytest.fixture(scope="module")
def broken() -> Certificate:
    """An implementation whose c_n is off by one."""
    return verify([Altered(lambda output, h_n, c_n: (output, (h_n, c_n + 1.0)), "off")], ["float32"])


def test_every_case_is_counted_once(certificate):
    """What was judged, refused, failed and not judged adds up to the design."""
    counted = [sum(row.counts.values()) for row in certificate.rows]

    assert counted == [len(verification_cases("float16"))] * 2


def test_coverage_adds_up_to_what_was_judged(certificate):
    """On every axis the counts sum to the judged cases: nothing is claimed twice."""
    row = certificate.rows[0]
    judged = row.counts["PARITY"] + row.counts["DEVIATES"]

    assert {sum(values.values()) for values in row.coverage.values()} == {judged}


def test_what_is_refused_is_said_with_its_reason(certificate):
    """An implementation that supports nothing is REFUSED, which is not parity."""
    assert certificate.rows[1].outcome is Outcome.REFUSED
    assert "the NumPy reference does not compute in float16" in certificate_text(certificate)


def test_a_chain_whose_steps_are_refused_is_said_to_be_left_out():
    """The whole calls of packed input alone are judged."""
    packed = parse_case("I5-H7-L2-T4-B3-packed4.2.1-float32-normal-1")
    told = make_row("packed alone", "float32", explain([observe(PackedAlone("when called"), packed)]))

    assert (told.counts["PARITY"], told.reasons) == (1, {"judged in part, chain: single padded steps are refused": 1})


def test_a_certificate_of_nothing_does_not_hold():
    """Where nothing was judged, nothing is proved."""
    assert not verify([NumpyReference()], ["float16"]).holds


def test_a_broken_implementation_is_told_in_full(broken):
    """It does not hold, no arithmetic explains it, and the first failures stand in the text."""
    text = certificate_text(broken)

    assert (broken.holds, broken.rows[0].arithmetic) == (False, None)
    assert "NO PARITY, DEVIATES: off in float32." in text
    assert "c_n deviates: " in text


def test_the_json_holds_what_the_text_says(broken):
    """The same rows, readable by a strict parser."""
    content = json.loads(certificate_json(broken), parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))

    assert content["format"] == "lstm-parity certificate 1"
    assert content["rows"][0]["counts"] == broken.rows[0].counts


def test_the_command_explains_itself():
    """`lstm-parity verify --help` says what it does and how it exits."""
    assert "Exits with 0" in CliRunner().invoke(main, ["verify", "--help"]).output


def test_an_unwritable_file_is_refused_before_the_work(tmp_path: Path):
    """A --json that cannot be written is said at once."""
    result = CliRunner().invoke(main, ["verify", "--json", str(tmp_path / "no" / "such" / "folder.json")])

    assert result.exit_code == 2
    assert "folder" in result.output
