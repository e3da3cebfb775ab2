"""Damaged, foreign and contradictory folders are refused in words, never misread."""

from __future__ import annotations

import io
import json
import pickle
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lstm_parity.audits.folders.arrays import read_array
from lstm_parity.audits.folders.read import read_folder
from lstm_parity.audits.folders.run import judge_folders
from lstm_parity.audits.folders.write import export_cases
from lstm_parity.cli import main
from lstm_parity.diagnosis import numbers
from lstm_parity.files.stored import FolderError
from lstm_parity.implementations.references import TorchReference
from lstm_parity.judging.verdict import Outcome
from tests.support.folders import PLAIN, answered, judge_row, written


def npy(array, **how) -> bytes:
    """The bytes of a .npy file."""
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **how)
    return file.getvalue()


NUMBERS = np.arange(6, dtype=np.float32).reshape(2, 3)
WHOLE = npy(NUMBERS)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "cannot be read"),
        (b"PK\x03\x04 a zip file, as np.savez writes", "the magic string is not correct"),
        (pickle.dumps({"weights": 1}), "cannot be read"),
        (WHOLE[:-4], "20 bytes after its header, but float32 numbers of shape (2, 3) need 24"),
        (WHOLE + b"\0", "25 bytes after its header, but float32 numbers of shape (2, 3) need 24"),
        (WHOLE.replace(b"(2, 3)", b"(9**9)"), "cannot be read"),
        (WHOLE.replace(b"(2, 3)", b"(-2,-3)"), "shape (-2, -3)"),
        (npy(NUMBERS, version=(3, 0)), "its format version is 3.0"),
        (npy(NUMBERS.astype(np.int64)), "int64 values"),
        (npy(NUMBERS.astype(np.complex64)), "complex64 values"),
        (npy(np.array([None, {}], object), allow_pickle=True), "Python objects, which are never read"),
        (npy(np.float32(1.0)), "shape ()"),
        (npy(NUMBERS[:0]), "shape (0, 3)"),
    ],
)
def test_what_is_no_array_of_numbers_is_refused(content, words, tmp_path):
    """With the file's name, what is wrong with it, and what is needed."""
    path = tmp_path / "output.npy"
    path.write_bytes(content)

    with pytest.raises(FolderError) as refusal:
        read_array(path)
    assert str(path) in str(refusal.value)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    "array",
    [NUMBERS, NUMBERS.astype(">f8"), np.asfortranarray(NUMBERS), NUMBERS.astype(np.float16)],
    ids=["little", "big-endian", "column by column", "float16"],
)
def test_every_way_to_write_the_numbers_is_read(array, tmp_path):
    """Byte order and order of the axes are read from the header, in both format versions."""
    (tmp_path / "x.npy").write_bytes(npy(array, version=(2, 0)))
    back = read_array(tmp_path / "x.npy")

    assert (back.tolist(), back.dtype.isnative) == (NUMBERS.tolist(), True)


def test_a_damaged_header_is_refused_or_read_and_nothing_else(tmp_path):
    """Each byte of the header changed in eight ways, and the file cut at each place: an array, or a FolderError."""
    path, seen = tmp_path / "x.npy", {True: 0, False: 0}
    changed = [WHOLE[:k] + bytes([WHOLE[k] ^ 1 << bit]) + WHOLE[k + 1 :] for k in range(128) for bit in range(8)]
    for content in changed + [WHOLE[:k] for k in range(len(WHOLE))]:
        path.write_bytes(content)
        try:
            seen[read_array(path).size == 6] += 1
        except FolderError:
            seen[False] += 1

    assert seen[True] > 0
    assert seen[False] > 300


FORMAT = {"format": "lstm-parity folder, format 1"}


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "cannot be read as JSON"),
        (b"\xff\xfe", "cannot be read as JSON"),
        (b"[" * 100_000, "cannot be read as JSON"),
        (b'{"format": 1, "format": 2}', "a field stands in it twice"),
        (b"[]", "holds no JSON object"),
        (b"{}", "names no format; needed is"),
        (b'{"format": "zip"}', 'names the format "zip"; needed is'),
        (b'{"format": "lstm-parity folder, format 2"}', "is of format 2, but this lstm-parity reads format 1: install"),
        ({"dropout": 0.5, "gate": "ifgo"}, "the fields 'dropout', 'gate', which format 1 does not know"),
        ({"hidden_size": 4.0}, "has hidden_size 4.0, but it must be a whole number"),
        ({"hidden_size": True}, "has hidden_size true, but it must be a whole number"),
        ({"bias": 1}, "has bias 1, but it must be true or false"),
        ({"lengths": [4, "4"]}, "but it must be null, or a list of whole numbers"),
        ({"dtype": "float8"}, 'has dtype "float8", but it must be one of float64'),
        ({"hidden_size": 5}, "has hidden_size 5, but the arrays are of 4"),
        ({"time": 3}, "has time 3, but the arrays are of 4"),
        ({"checksum": "00"}, "has checksum '00', but the case it names has another"),
        ({"lengths": [4, 5]}, "the longest equal to time"),
        ({"states": False}, "are not zeros"),
        ({"prefix": 3}, "has prefix 3, but it must be a string"),
    ],
)
def test_a_setting_that_cannot_be_is_refused(content, words, tmp_path):
    """Nothing in it is skipped or guessed."""
    folder = written(tmp_path)
    content = content if isinstance(content, bytes) else json.dumps(FORMAT | content).encode()
    (folder / "setting.json").write_bytes(content)

    with pytest.raises(FolderError) as refusal:
        read_folder(folder)
    assert str(folder) in str(refusal.value)
    assert words in str(refusal.value)


def drop(name):
    """Take a file away."""
    return lambda folder: (folder / name).unlink()


def put(name, array):
    """Write an array over a file."""
    return lambda folder: np.save(folder / name, array)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (drop("weight_hh_l0.npy"), "weights are missing: weight_hh_l0"),
        (drop("bias_hh_l0.npy"), "weights are missing: bias_hh_l0"),
        (drop("weight_ih_l0.npy"), "(4 * hidden_size, input_size), but none was given"),
        (put("weight_ih_l2.npy", np.ones((16, 4), np.float32)), "weights are missing: weight_ih_l1"),
        (put("weight_hr_l0.npy", np.ones((4, 4), np.float32)), "must be below"),
        (put("bias_hr_l0.npy", np.ones(4, np.float32)), "bias_hr_l0 was given, but an LSTM with the other weights has"),
        (put("weight_ih_l0.npy", np.ones((9, 3), np.float32)), "but one of shape (9, 3) was given"),
        (put("weight_hh_l0.npy", np.ones((4, 16), np.float32)), "shape (4, 16), but must have (16, 4)"),
        (put("bias_ih_l0.npy", np.full(16, np.nan, np.float32)), "bias_ih_l0 holds NaN"),
        (put("bias_ih_l0.npy", np.zeros(16, np.float32)), "numbers were changed"),
        (put("input.npy", np.ones((4, 2, 5), np.float32)), "but must have (time, batch, 3)"),
        (put("h_0.npy", np.ones((2, 2, 4), np.float32)), "h_0.npy has shape (2, 2, 4), but must have (1, 2, 4)"),
        (drop("h_0.npy"), "h_0.npy is missing: give both"),
        (lambda folder: (drop("h_0.npy")(folder), drop("c_0.npy")(folder)), '"states": true, but h_0.npy and c_0.npy'),
        (lambda folder: (folder / "weights.safetensors").touch(), "holds weights.safetensors and weight files"),
        (lambda folder: (answered(folder) / "refused.txt").touch(), "holds refused.txt and output, h_n, c_n"),
    ],
)
def test_a_case_that_is_not_whole_is_refused(change, words, tmp_path):
    """Lost, foreign, misshapen or changed files of a case stop the judging: an answer to it would mean nothing."""
    folder = written(tmp_path)
    change(folder)

    with pytest.raises(FolderError) as refusal:
        judge_folders(tmp_path)
    assert words in str(refusal.value)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda output: output.swapaxes(0, 1), "output.npy has shape (2, 4, 4), but must have (4, 2, 4)"),
        (lambda output: output.astype(np.float16), "output.npy has dtype float16, but must have float32 or float64"),
        (lambda output: output.astype(np.int32), "int32 values"),
    ],
)
def test_an_answer_of_the_wrong_form_deviates_in_words(change, words, tmp_path, monkeypatch):
    """It is the program's fault, not the folder's: the other cases are judged."""
    monkeypatch.setattr(numbers, "SECONDS", 0.1)
    folder = answered(written(tmp_path))
    np.save(folder / "output.npy", change(np.load(folder / "output.npy")))
    answered(written(tmp_path, PLAIN.replace("-1", "-2")))
    row = judge_row(tmp_path)

    assert (row.counts["PARITY"], row.counts["DEVIATES"]) == (1, 1)
    assert words in row.failures[0]


def test_a_bfloat16_answer_is_of_bfloat16_s_numbers(tmp_path):
    """float32 files, but a number that no bfloat16 is was not computed by the layer that is claimed."""
    folder = answered(written(tmp_path, "I3-H4-T4-B2-bfloat16-normal-1"), TorchReference())
    array = np.load(folder / "c_n.npy")
    np.save(folder / "c_n.npy", array * np.float32(1 + 2.0**-12))

    assert "c_n.npy holds " in judge_row(folder).failures[0]
    assert judge_row(folder).outcome is Outcome.DEVIATES


def save(folder: Path, tensors) -> None:
    """A folder's weights as a state_dict instead of files."""
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    for path in [*folder.glob("weight_*.npy"), *folder.glob("bias_*.npy")]:
        path.unlink()
    (folder / "setting.json").write_text(json.dumps(FORMAT))
    safetensors.save_file(tensors, folder / "weights.safetensors")


ONE = {"weight_ih_l0": torch.ones(16, 3), "weight_hh_l0": torch.ones(16, 4)}


@pytest.mark.parametrize(
    ("tensors", "words"),
    [
        ({"fc.weight": torch.ones(2)}, "holds fc.weight; needed are nn.LSTM's names"),
        ({f"{p}.{k}": v.clone() for p in ("a", "b") for k, v in ONE.items()}, 'holds LSTMs under "a.", "b."'),
        (ONE | {"bias_ih_l0": torch.ones(16, dtype=torch.int32)}, "holds bias_ih_l0 (int32)"),
        (ONE | {"weight_hh_l0": torch.ones(16, 4).double()}, 'float32, float64: give "dtype"'),
    ],
)
def test_a_state_dict_that_does_not_say_which_lstm_is_refused(tensors, words, tmp_path):
    """Several LSTMs, none, or other types than layers have."""
    folder = written(tmp_path)
    save(folder, tensors)

    with pytest.raises(FolderError) as refusal:
        read_folder(folder)
    assert words in str(refusal.value)


def test_a_prefix_chooses_among_lstms(tmp_path):
    """The field `prefix` names one."""
    folder = written(tmp_path)
    save(folder, {f"{p}.{k}": v * scale for p, scale in (("a", 1), ("b", 2)) for k, v in ONE.items()})
    (folder / "setting.json").write_text(json.dumps(FORMAT | {"prefix": "b."}))

    assert read_folder(folder).observation.case.weights.cells[0][0].w_hh.max() == 2.0


def test_a_damaged_state_dict_is_refused(tmp_path):
    """Cut short, it is read by nobody."""
    folder = written(tmp_path)
    save(folder, ONE)
    (folder / "weights.safetensors").write_bytes((folder / "weights.safetensors").read_bytes()[:-9])

    with pytest.raises(FolderError, match=r"cannot be read .*: save the state_dict again"):
        read_folder(folder)


def test_without_safetensors_one_is_told_how_to_get_it(tmp_path, monkeypatch):
    """It is an extra; files of single weights need nothing."""
    folder = written(tmp_path)
    save(folder, ONE)
    monkeypatch.setitem(sys.modules, "safetensors", None)

    with pytest.raises(FolderError, match=r"not installed: pip install 'lstm-parity\[weights\]'"):
        read_folder(folder)


def test_nothing_is_written_over(tmp_path):
    """Answers to other cases must not lie beside new ones."""
    (tmp_path / "old").touch()

    with pytest.raises(FolderError, match="something is there: name a new or an empty folder"):
        export_cases([], tmp_path)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["judge", "{}"], "holds no array, but needed are weights, an input and results"),
        (["judge", "{}", "--json", "no/such/folder.json"], "there is no folder no/such"),
        (["cases", "export", "{}/new", "--dtype", "float8"], "float8"),
        (["cases", "export", "{}/new", "--case", "I3"], "but a case is SETTING-PROFILE-SEED"),
    ],
)
def test_the_commands_refuse_with_status_2(arguments, words, tmp_path):
    """A sentence and no traceback."""
    result = CliRunner().invoke(main, [argument.replace("{}", str(tmp_path)) for argument in arguments])

    assert (result.exit_code, words in " ".join(result.output.split())) == (2, True), result.output
