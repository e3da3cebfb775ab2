"""Files of records: exact, and refused in words where they are damaged, cut short, foreign or newer."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest

from lstm_parity.audits.upgrade.record import (
    ITSELF,
    PRODUCT,
    Answer,
    CallOutcome,
    Record,
    sample_array,
    sample_indices,
)
from lstm_parity.audits.upgrade.record_file import RecordError, read_record, write_record

RECORDS = Path(__file__).parents[2] / "records"
VALUES = {
    "float64": [1 / 3, -0.0, np.inf, 2.0**-1074],
    "float32": [float(np.float32(1 / 3)), -0.0, np.nan, 2.0**-149],
    "bfloat16": [0.3359375, -0.0, -np.inf, 2.0**-133],
    "float16": [0.333251953125, -0.0, np.nan, 2.0**-24],
}
ANSWERS = tuple(
    Answer(
        "nn.LSTM",
        f"a case in {dtype}",
        "forward",
        {"output": sample_array(np.array([values]), dtype, 64)},
        ("a fault",),
        "",
        "TF32",
    )
    for dtype, values in VALUES.items()
)
RECORD = Record(
    {"torch": "2.13.0"},
    {"a case": "0123"},
    ANSWERS,
    {"nn.LSTM: a call": CallOutcome({"accepted": 1, "crashed": 3}, "words")},
    {"vmap": "RuntimeError: no"},
    {"padded": ("aten::lstm",)},
    {"NumPy": {"padded": (1.0, 1.25)}},
)


@pytest.fixture
def file(tmp_path):
    """A written record."""
    write_record(RECORD, tmp_path / "torch.record")
    return tmp_path / "torch.record"


def members(file):
    """The members of a record by name."""
    with zipfile.ZipFile(file) as whole:
        return {name: whole.read(name) for name in whole.namelist()}


def zipped(file, contents):
    """The same file with other members."""
    with zipfile.ZipFile(file, "w") as whole:
        for name, data in contents.items():
            whole.writestr(name, data)


@pytest.mark.parametrize("answer", ANSWERS, ids=VALUES)
def test_numbers_are_read_as_they_were_written(file, answer):
    """Every bit, in every dtype: signs of zeros, infinities, NaN and the smallest numbers."""
    got = next(read.arrays["output"] for read in read_record(file).answers if read.case == answer.case)
    assert got.same_bits(answer.arrays["output"])
    assert got.values.tobytes() == answer.arrays["output"].values.tobytes()


def test_all_else_is_read_as_it_was_written(file):
    """Conditions, cases, conducts, capabilities, kernels, speeds, what is wrong in form, and arithmetics."""
    again = read_record(file)
    assert {**vars(again), "answers": ()} == {**vars(RECORD), "answers": ()}
    assert [answer.faults for answer in again.answers] == [("a fault",)] * len(ANSWERS)
    assert [answer.arithmetic for answer in again.answers] == ["TF32"] * len(ANSWERS)


def test_the_same_record_makes_the_same_file(file, tmp_path):
    """It can live in git."""
    write_record(read_record(file), tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == file.read_bytes()


def test_a_plain_file_is_the_same_record(file, tmp_path):
    """Only larger."""
    write_record(read_record(file), tmp_path / "plain", plain=True)
    assert members(tmp_path / "plain") == members(file)
    assert (tmp_path / "plain").stat().st_size > file.stat().st_size


def test_a_large_array_is_known_in_places_and_by_its_hash():
    """Spread over all of it; a change of an element that is not kept is noticed."""
    array = np.arange(10_000.0)
    changed = np.where(array == next(k for k in range(10_000) if k not in sample_indices(10_000, 64)), -1.0, array)
    one, other = sample_array(array, "float64", 64), sample_array(changed, "float64", 64)
    assert len(set(one.values // 1000)) == 10
    assert (one.values == other.values).all()
    assert not one.same_bits(other)


@pytest.mark.parametrize("part", [0.01, 0.3, 0.6, 0.99])
def test_a_file_that_was_cut_short_is_refused(file, part):
    """Wherever it was cut."""
    file.write_bytes(file.read_bytes()[: int(part * file.stat().st_size)])
    with pytest.raises(RecordError, match="is no record, or was cut short or damaged"):
        read_record(file)


@pytest.mark.parametrize("name", ["content.json", "numbers.bin"])
def test_a_changed_number_or_word_is_refused(file, name):
    """The checksum says so."""
    contents = members(file)
    zipped(file, contents | {name: contents[name][:-1] + b"!"})
    with pytest.raises(RecordError, match=f"is damaged: {name} is not what its checksum says; record it again"):
        read_record(file)


def test_every_flipped_byte_is_refused(file):
    """Or changes nothing that is read; it is never an error of another kind."""
    data, before = file.read_bytes(), members(file)
    for place in range(0, len(data), 7):
        file.write_bytes(data[:place] + bytes([data[place] ^ 0x55]) + data[place + 1 :])
        try:
            read_record(file)
        except RecordError:
            continue
        assert members(file) == before


def pickled():
    """What NumPy writes of an object, which must not be loaded."""
    file = io.BytesIO()
    np.savez(file, numbers=np.array([{}], object))
    return file.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is no record, or was cut short"),
        (b"a text file\n", "is no record, or was cut short"),
        (pickled(), "is a zip file without head.json"),
    ],
    ids=["empty", "text", "npz"],
)
def test_a_foreign_file_is_refused(file, data, words):
    """Nothing in it is run."""
    file.write_bytes(data)
    with pytest.raises(RecordError, match=words):
        read_record(file)


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ({"version": 4}, "is a record of version 4, but this lstm-parity reads none above 3: install a newer one"),
        ({"format": "something else"}, "must be 'lstm-parity record'"),
        ({"version": "1"}, "it is no record"),
        ({"sha256": None}, "is damaged"),
    ],
)
def test_a_newer_or_foreign_head_is_refused(file, head, words):
    """With what to do."""
    contents = members(file)
    zipped(file, contents | {"head.json": json.dumps(json.loads(contents["head.json"]) | head)})
    with pytest.raises(RecordError, match=words):
        read_record(file)


def test_a_folder_is_refused(tmp_path):
    """As what cannot be read."""
    with pytest.raises(RecordError, match="cannot be read"):
        read_record(tmp_path)


def test_a_record_of_the_first_version_is_read():
    """Which knew no arithmetics: those that are committed are of it, and others' are not made again."""
    assert {answer.arithmetic for answer in read_record(RECORDS / "2.13.0.record").answers} == {""}


def test_the_speeds_of_the_first_versions_are_in_products():
    """They had one unit, whose own time stood among the calls."""
    ((unit, calls),) = read_record(RECORDS / "2.13.0.record").speeds.items()
    assert unit == PRODUCT
    assert len(calls[ITSELF]) == 5
