"""What the command says beyond what is recovered: known mistakes, and what cannot be probed."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from lstm_parity.audits.identify import find_known, search_calls
from lstm_parity.catalogue.mistakes import find_mistake
from lstm_parity.cli import main
from lstm_parity.implementations.load import adapt
from specimens.classes import linears


@pytest.mark.parametrize("name", ["padding-not-masked", "projection-before-the-output-gate"])
def test_a_known_mistake_is_found_in_calls_that_are_not_probed(name):
    """In packed sequences, and in projections."""
    known = find_known(find_mistake(name))

    assert known is not None
    assert known.mistake is not None
    assert name in {known.mistake.name, *(other.name for other in known.equivalents)}


def test_the_command_names_a_known_mistake():
    """With what to change, and exits with 1."""
    done = CliRunner().invoke(main, ["identify", "--impl", "mistake:padding-not-masked"])

    assert (done.exit_code, "> a known mistake: padding-not-masked\n" in done.output) == (1, True), done.output


@pytest.mark.parametrize(
    ("name", "differing"),
    [("FourGatesLSTM", ()), ("FourGatesLSTMFaulty", ("wiring",)), ("SequentialGatesLSTMFaulty", ("i",))],
)
def test_what_takes_no_states_is_searched_for(name, differing):
    """By the numbers of small calls: nn.LSTM's, an order of time, another function."""
    found = search_calls(adapt("class", name, getattr(linears, name)), "it takes no states")

    assert (found.differing, found.searched > 0) == (differing, True)
