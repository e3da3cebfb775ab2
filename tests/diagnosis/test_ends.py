"""Short parts of long and large runs refute mistakes, and never the one that was made."""

from __future__ import annotations

from lstm_parity.cases.case import parse_case
from lstm_parity.catalogue.mistakes import MISTAKES
from lstm_parity.diagnosis.ends import list_parts
from lstm_parity.diagnosis.similarity import comparable_run
from lstm_parity.judging.forward import judge
from lstm_parity.running.observe import observe_whole

_NAMED = {mistake.name: mistake for mistake in MISTAKES}
_LARGE = "I8-H32-L2-bi-T100-B11-float32-normal-1"
_OF_EACH_KIND = (
    *("gates-ifog", "forget-bias-one", "bias-hh-dropped", "states-ignored", "states-swapped", "last-states-swapped"),
    *("layers-read-the-cell-state", "layers-normalised", "layers-start-from-the-last-state-below", "weights-shared"),
    *("reverse-not-reversed", "reverse-output-not-flipped-back", "directions-interleaved", "states-direction-major"),
    *("long-sequences-truncated", "input-features-reversed", "hidden-never-updated", "states-of-layers-reversed"),
)


def test_no_part_refutes_the_mistake_that_was_made():
    """Whatever it is about."""
    case = parse_case(_LARGE)
    runs = {made: comparable_run(judge(observe_whole(_NAMED[made], case))) for made in _OF_EACH_KIND}
    shown = {made: run for made, run in runs.items() if run is not None and run.deviates and run.noise}
    assert [made for made, run in shown.items() if any(part.refute(_NAMED[made]) for part in list_parts(run))] == []
