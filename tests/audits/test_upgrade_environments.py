"""`lstm-parity upgrade`: environments and records made once, and words where that cannot be; pip is a stand-in."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from lstm_parity.audits.upgrade.command import main
from lstm_parity.audits.upgrade.environments import EnvironmentMaker, cache_folder, find_interpreter, packages_for
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import write_record
from lstm_parity.audits.upgrade.run import PACKAGE, _sources
from lstm_parity.audits.upgrade.turns import measure_in_turns

STAND_IN = """#!/bin/sh
case "$*" in
  *"-m venv"*) mkdir -p "$3/bin" && cp "$0" "$3/bin/python" ;;
  *"-m pip"*) echo "$@" >> {folder}/pip; test ! -e {folder}/broken ;;
  *"-m lstm_parity record"*) echo "$0" >> {folder}/recorded; cp {folder}/whole "$4" ;;
  *"measure.speeds"*) while read line; do echo '{{"NumPy": {{"padded": 1.0}}}}'; done ;;
  *version_info*) echo 3.11 ;;
  *) cat {folder}/asked ;;
esac
"""


def stand_in(folder, record):
    """A stand-in for an interpreter, which writes down what it is asked, and records what it is given here."""
    there = {"torch": record.conditions["torch"], "numpy": "1.0", "python": "3.11.0", "place": ""}
    (folder / "asked").write_text(json.dumps(there))
    write_record(record, folder / "whole")
    script = folder / "python"
    script.write_text(STAND_IN.format(folder=folder))
    script.chmod(0o755)
    return script


@pytest.fixture
def python(tmp_path):
    """One that records nothing."""
    return stand_in(tmp_path, Record({"torch": "1.2.3"}))


@pytest.fixture
def maker(python, tmp_path):
    """Environments made by the stand-in."""
    return EnvironmentMaker(tmp_path / "cache", str(python), "https://an.index/cpu")


def lines(file):
    """The lines of what a stand-in wrote."""
    return file.read_text().splitlines()


def test_an_environment_is_made_once(maker, tmp_path):
    """By pip, from the index that was named, with a NumPy that fits; then it is there."""
    made = [find_interpreter("2.2.0", maker, lambda text: None) for _ in range(2)]
    assert made == [tmp_path / "cache" / "torch-2.2.0-python3.11" / "bin" / "python"] * 2
    (asked,) = lines(tmp_path / "pip")
    assert asked.endswith("--index-url https://an.index/cpu torch==2.2.0 numpy<2")


def test_an_environment_that_failed_is_no_environment(maker, tmp_path):
    """It is said so; the next time it is made."""
    (tmp_path / "broken").touch()
    with pytest.raises(ValueError, match="pip did not install torch"):
        find_interpreter("2.2.0", maker, lambda text: None)
    (tmp_path / "broken").unlink()
    assert find_interpreter("2.2.0", maker, lambda text: None).exists()
    assert [path.name for path in (tmp_path / "cache").iterdir() if path.is_dir()] == ["torch-2.2.0-python3.11"]


@pytest.mark.parametrize("named", ["python", "."])
def test_an_interpreter_is_taken_as_it_is(maker, python, tmp_path, named):
    """Or that of an environment's folder."""
    (tmp_path / "bin").mkdir()
    python.rename(python.with_name("bin") / "python")
    given = tmp_path if named == "." else tmp_path / "bin" / "python"
    assert find_interpreter(str(given), maker, lambda text: None) == tmp_path / "bin" / "python"


@pytest.mark.parametrize("given", ["", "nowhere/python", "newest", "2"])
def test_what_is_neither_an_interpreter_nor_a_version_is_refused(maker, given):
    """In words."""
    with pytest.raises(ValueError, match="but a Python interpreter, an environment's folder or a version is needed"):
        find_interpreter(given, maker, lambda text: None)


@pytest.mark.parametrize(("version", "numpy"), [("1.13.1", "numpy<2"), ("2.3.0", "numpy"), ("2.13.0+cpu", "numpy")])
def test_numpy_fits_the_release(version, numpy):
    """Below 2 where torch was built for that."""
    assert packages_for(version) == [f"torch=={version}", numpy]


def test_what_was_recorded_is_not_recorded_again(python, tmp_path, capsys):
    """Unless that is asked for; a record that was damaged is made anew."""
    upgrade = ["upgrade", str(python), str(python), "--cache", str(tmp_path / "cache")]
    assert main(upgrade) == 0
    assert len(lines(tmp_path / "recorded")) == 1
    (kept,) = (tmp_path / "cache" / "records").iterdir()
    kept.write_bytes(b"")
    assert main(upgrade) == 0
    assert len(lines(tmp_path / "recorded")) == 2
    assert main([*upgrade, "--again", "--json"]) == 0
    assert len(lines(tmp_path / "recorded")) == 4
    assert "was recorded before" in capsys.readouterr().err


def test_a_record_is_kept_by_the_reference_too():
    """In a checkout it is linked into the package, and a search for files does not follow links by itself."""
    assert {PACKAGE / "reference" / "torch_lstm.py", PACKAGE / "reference" / "noise" / "model.py"} <= set(_sources())


def test_the_exit_code_is_that_of_comparing(tmp_path, capsys):
    """1 where the new one is worse, 2 where one of them cannot be had."""
    (tmp_path / "new").mkdir()
    old = stand_in(tmp_path, Record({"torch": "1.2.3"}, capabilities={"vmap": ""}))
    new = stand_in(tmp_path / "new", Record({"torch": "1.3.0"}, capabilities={"vmap": "no"}))
    pairs = [(old, new, 1), (new, old, 0), (old, "nothing", 2)]
    for one, other, status in pairs:
        assert main(["upgrade", str(one), str(other), "--cache", str(tmp_path / "cache")]) == status
    assert "lstm-parity upgrade: nothing was given, but" in capsys.readouterr().err


def test_the_cache_can_be_named(monkeypatch, tmp_path):
    """By a variable of our own, or by the desktop's."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.delenv("LSTM_PARITY_CACHE", raising=False)
    assert cache_folder().name == "lstm-parity"
    monkeypatch.setenv("LSTM_PARITY_CACHE", str(tmp_path / "ours"))
    assert cache_folder() == tmp_path / "ours"


ROUND = """#!/bin/sh
while read line; do echo {name} >> {folder}/turns; echo '{{"NumPy": {{"padded": {time}}}}}'; done
"""


def test_speeds_are_measured_in_turns(tmp_path):
    """Each of the two is the first in half of the rounds."""
    for name, time in (("old", 1.0), ("new", 2.0)):
        (tmp_path / name).write_text(ROUND.format(name=name, folder=tmp_path, time=time))
        (tmp_path / name).chmod(0o755)
    found = measure_in_turns(tmp_path / "old", tmp_path / "new", rounds=2)
    assert lines(tmp_path / "turns") == ["old", "new", "new", "old"]
    assert found == ({"NumPy": {"padded": (1.0, 1.0)}}, {"NumPy": {"padded": (2.0, 2.0)}})


def test_an_interpreter_that_ends_has_no_speeds(tmp_path):
    """It is named."""
    with pytest.raises(ValueError, match="false was given, but its torch's speeds cannot be measured"):
        measure_in_turns(Path("/bin/false"), Path("/bin/false"))
