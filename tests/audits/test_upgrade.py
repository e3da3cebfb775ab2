"""Records of a torch and what is said of two: planted changes are found, each named as what it is, and nothing else."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from lstm_parity.audits.upgrade.command import main
from lstm_parity.audits.upgrade.compare.drift import measure_drift
from lstm_parity.audits.upgrade.compare.finding import Kind
from lstm_parity.audits.upgrade.compare.judged_answer import judge_change
from lstm_parity.audits.upgrade.compare.records import compare_records
from lstm_parity.audits.upgrade.measure.answers import fixed_cases
from lstm_parity.audits.upgrade.record import CallOutcome, Record
from lstm_parity.audits.upgrade.record_file import write_record
from lstm_parity.audits.upgrade.report import comparison_json, comparison_markdown, comparison_text, summarize
from lstm_parity.cases.case import parse_case
from lstm_parity.cases.covering import cover_pairs
from lstm_parity.cases.setting import DTYPES
from lstm_parity.implementations.references import TorchReference
from lstm_parity.reports.formats.markdown import write_document
from pages.record_cases import ids
from tests.support.records import CONDITIONS, PLAIN, Detour, OneBiasDropped, chosen, record_of

REFUSED, ACCEPTED = CallOutcome({"refused": 1}, "ValueError: 4 features"), CallOutcome({"accepted": 4}, "[5, 2, 4]")
DIES, BOTH = CallOutcome({"crashed": 4}, "crashed SIGABRT"), CallOutcome({"accepted": 1, "crashed": 3}, "[5, 2, 4]")
LUCKY, REWORDED = CallOutcome({"overrun": 4}, "RuntimeError"), CallOutcome({"refused": 1}, "ValueError: 4 columns")
EMPTY = Record(CONDITIONS)


def kinds(old, new):
    """The kinds of what is found, in order."""
    return [finding.kind for finding in compare_records(old, new).findings]


@pytest.fixture(scope="module")
def packed():
    """A record of some float32 cases that are packed with equal lengths, or are not."""
    return record_of(PLAIN, chosen("float32", "grad"))


def test_the_cases_of_records_are_those_of_their_experiment():
    """Every pair of values of two axes stands together in some case of every dtype; here of one, for the time."""
    assert set(ids([cover_pairs(dtype=DTYPES[0])])) <= set(fixed_cases())


def test_the_same_answers_have_nothing_to_report(packed):
    """Asked twice, torch gives the same bits."""
    again = record_of(PLAIN, chosen("float32", "grad"))
    assert summarize(compare_records(packed, again)).endswith(
        "have the same bits; nothing to report.\nnothing is worse"
    )


def test_another_correct_computation_is_noise(packed):
    """The reference in torch, forward and back: not worse, though not all of it can be judged."""
    found = kinds(packed, record_of(TorchReference(), chosen("float32", "grad")))
    assert Kind.NOISE in found
    assert set(found) <= {Kind.NOISE, Kind.NOT_JUDGED}


def test_a_dropped_bias_deviates_and_is_told_where():
    """In nets with a projection, and nowhere else."""
    names = [name for name in chosen("float64", count=40) if "H130" not in name]
    found = [
        f for f in compare_records(record_of(PLAIN, names), record_of(OneBiasDropped(), names)).findings if f.kind.worse
    ]
    assert {f.kind for f in found} == {Kind.DEVIATES}
    assert {f.where for f in found} == {"torch.nn.LSTM, float64, forward", "torch.nn.LSTM, float64, gradients"}
    assert "all with a projection; the new one left the exact answer" in found[0].words


def test_a_detour_through_a_narrower_type_deviates():
    """float64 results that are rounded to float32; float32 ones are as before."""
    names = chosen("float64", "inference") + chosen("float32", "inference")
    found = compare_records(record_of(PLAIN, names), record_of(Detour(), names)).findings
    assert Kind.DEVIATES in {f.kind for f in found}
    assert {f.where for f in found} == {"torch.nn.LSTM, float64, forward"}


def test_what_deviates_no_more_is_not_worse():
    """The old torch had left the exact answer."""
    names = chosen("float64", "inference")
    comparison = compare_records(record_of(Detour(), names), record_of(PLAIN, names))
    assert Kind.MENDED in {f.kind for f in comparison.findings}
    assert not comparison.worse


def test_what_is_answered_no_more_is_lost():
    """An exception in place of an answer, and back."""
    good = record_of(PLAIN, chosen("float32", count=3))
    bad = replace(good, answers=tuple(replace(a, arrays={}, raised="RuntimeError: no") for a in good.answers))
    assert kinds(good, bad) == [Kind.CAPABILITY_LOST] * len({a.way for a in good.answers})
    assert kinds(bad, good) == [Kind.CAPABILITY_GAINED] * len({a.way for a in good.answers})


def test_errors_that_grew_are_drift():
    """Twice as large in most of thirty cases; said with the growth and the chance."""
    found = measure_drift([(0.2, 0.4 if k % 5 else 0.19) for k in range(30)])
    assert found.is_real(10)
    assert 1.6 < found.growth < 1.8


@pytest.mark.parametrize(
    "errors",
    [[], [(0.2, 0.4)] * 5, [(0.3, 0.2)] * 50, [(0.2, 0.21)] * 200, [(0.2, 0.6), (0.6, 0.2)] * 30],
    ids=["none", "few cases", "smaller errors", "a small growth", "as often the one as the other"],
)
def test_chance_and_trifles_are_no_drift(errors):
    """Where it may be luck, or is too little to matter."""
    assert not measure_drift(errors).is_real(10)


def test_the_chance_of_a_drift_is_what_it_says():
    """Of 100 comparisons without a change, about one in twenty has a chance below one in twenty."""
    logs = np.random.default_rng(0).normal(0.0, 0.5, (100, 40, 2))
    rate = np.mean([measure_drift([(a, b) for a, b in np.exp(one)]).chance < 0.05 for one in logs])
    assert 0.02 < rate < 0.08


@pytest.mark.parametrize(
    ("old", "new", "kind"),
    [
        (REFUSED, ACCEPTED, Kind.REFUSAL_LOST),
        (REFUSED, BOTH, Kind.REFUSAL_LOST),
        (REFUSED, LUCKY, Kind.REFUSAL_LOST),
        (REFUSED, DIES, Kind.CRASH_NEW),
        (ACCEPTED, DIES, Kind.CRASH_NEW),
        (ACCEPTED, REFUSED, Kind.REFUSAL_GAINED),
        (DIES, REFUSED, Kind.CRASH_GONE),
        (DIES, ACCEPTED, Kind.CRASH_GONE),
        (REFUSED, REWORDED, Kind.REWORDED),
    ],
)
def test_a_change_of_conduct_is_named(old, new, kind):
    """By what somebody who upgrades gains or loses."""
    before, after = (
        replace(EMPTY, bad_calls={"nn.LSTM: input: x": old}),
        replace(EMPTY, bad_calls={"nn.LSTM: input: x": new}),
    )
    assert kinds(before, after) == [kind]


@pytest.mark.parametrize(("old", "new"), [(ACCEPTED, BOTH), (BOTH, DIES), (BOTH, ACCEPTED), (DIES, BOTH), (DIES, DIES)])
def test_harm_that_varies_from_run_to_run_is_no_change(old, new):
    """A call that now and then ends the process may do so in one record and not in the other."""
    assert not kinds(replace(EMPTY, bad_calls={"a: b": old}), replace(EMPTY, bad_calls={"a: b": new}))


@pytest.mark.parametrize(
    ("was", "now", "found"),
    [
        ("", "RuntimeError: no", [Kind.CAPABILITY_LOST]),
        ("RuntimeError: no", "", [Kind.CAPABILITY_GAINED]),
        ("RuntimeError: no", "TypeError: no", [Kind.REWORDED]),
        ("", "not told: not done after 60 s", []),
        ("", "", []),
    ],
)
def test_a_capability_is_lost_or_gained(was, now, found):
    """What a limit of time cut off is neither."""
    assert kinds(replace(EMPTY, capabilities={"vmap": was}), replace(EMPTY, capabilities={"vmap": now})) == found


@pytest.mark.parametrize("there", [{"capability": "DEFAULT"}, {"device": "cuda"}], ids=lambda there: "".join(there))
def test_what_another_processor_or_device_lacks_is_no_loss_by_the_upgrade(there):
    """It is told, after the processor."""
    old = replace(EMPTY, capabilities={"autocast": ""})
    new = replace(EMPTY, capabilities={"autocast": "no"}, conditions={**EMPTY.conditions, **there})
    found = compare_records(old, new)
    assert ([f.kind for f in found.findings], found.worse) == ([Kind.CONDITIONS, Kind.CAPABILITY_LOST], ())


def test_another_kernel_is_named():
    """Both in one line; one that failed is a matter of capabilities."""
    old = replace(EMPTY, kernels={"padded": ("single operators",), "cell": ("RuntimeError: no",)})
    new = replace(EMPTY, kernels={"padded": ("aten::mkldnn_rnn_layer",), "cell": ("single operators",)})
    (found,) = compare_records(old, new).findings
    assert found.line == "kernel changed: padded: was single operators, now aten::mkldnn_rnn_layer"


def test_conditions_that_change_bits_alone_are_told_first(packed):
    """Before the noise, which they may have caused; torch being the same, it is said that it did nothing."""
    other = record_of(TorchReference(), chosen("float32", "grad"), conditions=CONDITIONS | {"capability": "DEFAULT"})
    text = comparison_text(compare_records(packed, other)).splitlines()
    assert (
        text[1]
        == "conditions differ: capability: was AVX2, now DEFAULT: this alone may change bits; speeds are not compared"
    )
    assert text[-2].endswith("torch is the same, so what differs is not torch's doing.")


def test_findings_are_told_in_three_forms():
    """Lines, a table, and JSON with every name."""
    old, new = replace(EMPTY, capabilities={"a|b": ""}), replace(EMPTY, capabilities={"a|b": "no"})
    comparison = compare_records(old, new)
    assert "capability lost: a|b: worked, now no\n" in comparison_text(comparison)
    assert "| **capability lost** | a\\|b | worked, now no |" in write_document(comparison_markdown(comparison))
    assert json.loads(comparison_json(comparison))["findings"][0]["names"] == ["a|b"]


@pytest.mark.parametrize(("was", "now", "status"), [("", "no", 1), ("no", "", 0), ("", "", 0)])
def test_the_exit_code_says_whether_anything_is_worse(tmp_path, capsys, was, now, status):
    """And a gain is nothing worse."""
    for name, words in (("old", was), ("new", now)):
        write_record(replace(EMPTY, capabilities={"vmap": words}), tmp_path / name)
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new")]) == status
    assert capsys.readouterr().out.startswith("torch 1.2.3 -> torch 1.2.3\n")


def test_a_file_that_is_missing_is_said_so(tmp_path, capsys):
    """With exit code 2, for nothing was compared."""
    assert main(["compare", str(tmp_path / "old"), str(tmp_path / "new")]) == 2
    assert "old cannot be read" in capsys.readouterr().err


def test_cases_of_other_numbers_are_not_compared(packed):
    """The checksum of a case is part of the record."""
    other = replace(packed, cases=dict.fromkeys(packed.cases, "other"))
    assert compare_records(packed, other).same == 0


def test_a_case_is_found_by_its_name():
    """Every id of the file draws a case of that id."""
    assert all(parse_case(name).id == name for name in fixed_cases()[::10])


def test_drift_is_found_among_the_answers():
    """Every error three times as large, still within noise: told as drift beside the noise, and worse."""
    names = chosen("float64", "inference", count=80)
    plain = record_of(PLAIN, names)
    found = kinds(plain, replace(plain, answers=tuple(map(tripled, plain.answers))))
    assert set(found) <= {Kind.DRIFT, Kind.NOISE, Kind.NOT_JUDGED}
    assert Kind.DRIFT in found


def tripled(answer):
    """The answer with three times its error, as far as it can be judged."""
    measured = {m.tensor: m for m in judge_change(parse_case(answer.case), answer, answer).new}
    arrays = {
        name: replace(kept, values=3.0 * kept.values - 2.0 * measured[name].exact, hash="another")
        for name, kept in answer.arrays.items()
        if name in measured
    }
    return replace(answer, arrays={**answer.arrays, **arrays})
