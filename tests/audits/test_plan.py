"""An implementation is judged on what it offers: on all of that, and on no less than a claim needs."""

from __future__ import annotations

import pytest

import lstm_parity
from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.verification.options import VerifyOptions
from lstm_parity.audits.verification.verify import verify_one
from lstm_parity.cases.covering import AXES
from lstm_parity.cases.features import has
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.failure import ParityError
from specimens.strangers import RIGHT, WRONG, KeepsItsState, StartsFromOnes, ZeroBeyondNine
from specimens.unseen_styles.modules import OwnStack

right_ones = pytest.mark.parametrize("name", RIGHT)


@pytest.mark.parametrize("wrong", [StartsFromOnes, KeepsItsState, ZeroBeyondNine], ids=lambda wrong: wrong.__name__)
def test_a_fault_of_a_small_signature_is_seen_by_verify(wrong):
    """Each deviates, whatever its constructor leaves out."""
    found = verify_one(adapt("module", wrong.__name__, wrong), ["float32"])

    assert (found.certificate.holds, bool(found.wrong)) == (False, True)


@pytest.mark.parametrize(
    "wrong", [one for one in WRONG if one.__name__ != "KeepsItsState"], ids=lambda one: one.__name__
)
def test_a_fault_of_a_small_signature_is_seen_by_check(wrong):
    """In the sample too, which is taken after the features are known."""
    with pytest.raises((ParityError, AssertionError)):
        lstm_parity.check(wrong, dtypes=["float32"])


@right_ones
def test_a_right_lstm_is_judged_on_everything_it_offers(name):
    """At least 300 cases, and each value that it offers is among them."""
    implementation = adapt("module", name, RIGHT[name])
    offer = discover(implementation, "float32")
    cases = draw_plan(offer, "float32")
    asked = {
        feature for feature in ("packed", "unbatched", "no-states", "batches") for c in cases if has(c.setting, feature)
    }

    assert (len(cases) >= 300, asked) == (True, {"packed", "unbatched", "no-states", "batches"})


@pytest.mark.parametrize("name", ["(I, H)", "(I, H, num_layers, batch_first)"])
def test_a_right_lstm_of_a_small_signature_has_parity(name):
    """And what its constructor has not is counted as refused."""
    options = VerifyOptions(quick=name != "(I, H)")
    certificate = verify_one(adapt("module", name, RIGHT[name]), ["float32"], options=options).certificate
    first = certificate.rows[0]

    assert (certificate.holds, first.outcome, first.counts["REFUSED"] > 0) == (True, Outcome.PARITY, True)


def test_names_of_their_own_are_no_fault():
    """Parameters behind an inner module's name are found; those of several are not judged, and nobody is accused."""
    own, options = adapt("module", "OwnStack", OwnStack), VerifyOptions(quick=True)
    certificate = verify_one(own, ["float32"], options=options).certificate

    assert (certificate.holds, certificate.rows[-2].question) == (True, "gradients")


def test_everything_is_offered_by_torch():
    """Nothing is left out of its design."""
    offer = discover(TorchLSTM(), "float32")

    assert {name: values for name, values in offer.values.items() if values != AXES[name]} == {}


def test_what_refuses_every_call_is_not_judged():
    """It is refused, and no claim is made."""

    class Refuses(TorchLSTM):
        def unsupported_reason(self, setting):
            return "nothing is supported"

    found = verify_one(Refuses("refuses"), ["float32"])

    assert (found.certificate.outcome, found.certificate.rows[0].outcome) == (Outcome.NOT_ENOUGH, Outcome.REFUSED)
