"""docs/torch-history.md tells of the records that are there."""

from __future__ import annotations

from lstm_parity.audits.upgrade.compare.finding import Finding, Kind
from lstm_parity.audits.upgrade.compare.records import Comparison
from lstm_parity.audits.upgrade.record import Record
from pages.torch_history import PAGE, checksum, files, line, section

OLD, NEW = Record({"torch": "1"}), Record({"torch": "2"})


def test_the_history_is_of_the_records_that_are_there():
    """It ends with their checksum; `python -m pages.torch_history` makes it again."""
    assert PAGE.read_text().rstrip().endswith(f"<!-- records: {checksum()} -->")


def test_there_are_records_of_nine_releases():
    """From the oldest on that the package works with, those of the demonstration among them."""
    names = [path.stem for path in files()]
    assert len(names) >= 9
    assert {"1.13.1", "2.12.1", "2.13.0", "2.15.0"} <= set(names)


def test_what_is_worse_stands_first_and_other_words_are_counted():
    """A section has its parts in the order in which they matter."""
    findings = [
        Finding(Kind.CRASH_NEW, "probe: a", "now dies", ("a",)),
        Finding(Kind.NOISE, "float32", "3 of 4 cases", ("b",)),
        Finding(Kind.REWORDED, "nn.LSTM: x", "was refused", ("c", "d")),
    ]
    told = "\n".join(section(Comparison(OLD, NEW, tuple(findings), 1, 3)))
    assert told == (
        "**Worse**\n\n- crash new: probe: a: now dies\n\n**Numbers**\n\n- noise: float32: 3 of 4 cases\n\n"
        "Refused in other words: 2."
    )


def test_two_equal_releases_have_nothing_to_tell():
    """It says so."""
    assert list(section(Comparison(OLD, NEW, (), 4, 0))) == ["Nothing."]


def test_a_long_finding_is_cut():
    """The page is to be read."""
    assert len(line(Finding(Kind.NOISE, "where", "x" * 1000))) == 400
