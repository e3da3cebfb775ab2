"""Nobody is accused for their style, and nothing is acquitted that was not asked: what strangers met, answered."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from click.testing import CliRunner

import lstm_parity
from lstm_parity.audits import prove as proving
from lstm_parity.audits.named import LOADERS
from lstm_parity.audits.own_arithmetic import measure_arithmetic
from lstm_parity.audits.plan import discover, draw_plan
from lstm_parity.audits.progress import Progress
from lstm_parity.audits.verification.beside import Beside, share_out
from lstm_parity.audits.verification.options import Hooks, VerifyOptions
from lstm_parity.audits.verification.rows import WorkFile
from lstm_parity.audits.verification.verify import verify_one
from lstm_parity.cases.case import draw_case, parse_case
from lstm_parity.cases.setting import DTYPES
from lstm_parity.cli import main
from lstm_parity.diagnosis.implementation import diagnose_implementation
from lstm_parity.implementations.load import adapt
from lstm_parity.implementations.target import Target, parse_target
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import judge
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reference.noise.arithmetics import NATIVE
from lstm_parity.reports.certificate import INTERRUPTED, OUTPUTS
from lstm_parity.reports.certificate_json import row_fields, row_of
from lstm_parity.reports.certificate_text import certificate_text
from lstm_parity.reports.failure import ParityError
from lstm_parity.running.observe import observe
from specimens import strangers, unseen_styles
from specimens.unseen_faults import CLASSES
from specimens.unseen_styles.cells import cell_with

QUICK = VerifyOptions(quick=True, forward_only=True)
STYLES = [
    ("tanh_sigmoid_cell", "float64", "float64 with absolute-accuracy activations"),
    ("exp_sigmoid_cell", "float16", "float16 with absolute-accuracy activations"),
    ("blocked_cell", "bfloat16", "bfloat16 with bfloat16 sums"),
    ("split_cell", "float32", "float32"),
]


def cell(name, **declared):
    """A cell of either file as an implementation."""
    return adapt("cell", name, getattr(strangers, name, None) or getattr(unseen_styles, name), **declared)


@pytest.mark.parametrize(("name", "dtype", "arithmetic"), STYLES)
def test_a_style_has_parity_in_an_arithmetic_of_its_dtype(name, dtype, arithmetic):
    """Which is named."""
    certificate = verify_one(cell(name), [dtype], options=QUICK).certificate

    assert (certificate.outcome, {row.expected for row in certificate.rows}) == (Outcome.PARITY, {arithmetic})


def test_strict_demands_the_native_arithmetic():
    """What torch's own kernels are held to."""
    found = verify_one(cell("exp_sigmoid_cell"), ["float16"], options=VerifyOptions(strict=True)).certificate

    assert found.outcome.is_wrong


@pytest.mark.parametrize("dtype", NATIVE)
def test_torch_is_measured_to_work_in_the_native_arithmetic(dtype):
    """Leniency gives it nothing."""
    assert measure_arithmetic(TorchLSTM(), dtype) == NATIVE[dtype]


def test_what_raises_is_explained_by_no_arithmetic():
    """A batch of one raises: FAILED."""
    found = verify_one(cell("batch_of_one_raises"), ["float64"]).certificate

    assert (found.outcome, found.rows[0].arithmetic) == (Outcome.FAILED, None)


def test_narrower_products_are_narrower():
    """Products in bfloat16 are rounding noise, but not of float32: exit code 1."""
    round_ = lambda t: t.bfloat16().float()  # noqa: E731
    narrow = cell_with(product=lambda x, w: round_(x) @ round_(w).T)
    found = verify_one(adapt("cell", "narrow", narrow), ["float32"]).certificate

    assert (found.outcome, found.rows[0].arithmetic) == (Outcome.NARROWER, "float32 with bfloat16 products")
    assert found.exit_code == 1


def test_numbers_that_are_not_finite_are_a_question_of_their_own():
    """Masks by multiplication are right for finite numbers, and that can be declared."""
    masked, case = unseen_styles.MultiplicationMasked, parse_case("I5-H7-T4-B3-packed4.2.1-float32-non_finite-1")
    plain, declared = (
        judge(observe(adapt("module", "masked", masked, without=without), case)).outcome
        for without in ((), ("non-finite",))
    )

    assert (plain, declared) == (Outcome.DEVIATES, Outcome.REFUSED)


def test_a_layer_wrong_in_six_ways_is_seen_by_verify():
    """Where sizes, uses and passes are asked that people use."""
    assert verify_one(adapt("module", "Green", strangers.Green), ["float32"]).certificate.outcome is Outcome.DEVIATES


@pytest.mark.parametrize("name", ["WeightsOfFirstCall", "LossOnCAlone"])
def test_check_asks_of_lives_and_gradients_too(name):
    """As `verify` does, of fewer cases."""
    with pytest.raises(ParityError):
        lstm_parity.check(CLASSES[name], dtypes=["float32"])


def test_one_exploded_case_outvotes_nobody():
    """h = o c grows without limit in stacks, and is named."""
    found = verify_one(cell("not_squashed_cell"), ["float64"])

    assert diagnose_implementation(cell("not_squashed_cell"), found.wrong).mistake.name == "cell-not-squashed"


def test_an_output_lost_in_noise_is_not_acquitted():
    """In bfloat16 biases of 1000 and -1000 leave noise alone: zeros would agree."""
    case = draw_case(parse_case("I3-H5-T4-B2-bfloat16-normal-1").setting, "normal", 1)
    lost = case.weights.map(lambda w: np.full_like(w, 1000.0) if w.ndim == 1 else w)
    for layer in lost.cells:
        layer[0].b_hh[:] = -1000.0
    changed = type(case)(case.setting, "given", 1, lost, case.input, case.h_0, case.c_0)

    assert judge(observe(TorchLSTM(), changed)).outcome is Outcome.NOT_JUDGED


def test_a_memory_halved_once_is_seen_in_bfloat16():
    """c of a single layer is seen at every step of a long call."""

    class HalvedAtForty(torch.nn.LSTM):
        def forward(self, x, hx=None):
            if not torch.is_tensor(x) or self.batch_first or x.dim() != 3 or len(x) <= 40:
                return super().forward(x, hx)
            first, (h, c) = super().forward(x[:40], hx)
            last, states = super().forward(x[40:], (h, c / 2))
            return torch.cat([first, last]), states

    case = parse_case("I3-H6-T130-B2-bfloat16-trained-1")
    assert judge(observe(adapt("module", "halved", HalvedAtForty), case)).outcome is Outcome.DEVIATES


def test_a_proof_says_which_known_mistakes_would_have_been_seen(monkeypatch):
    """Of some of the known ones, all that a class of two arguments can make."""
    monkeypatch.setattr(proving, "MISTAKES", proving.MISTAKES[::6])
    monkeypatch.setattr(proving, "GRADIENT_MISTAKES", proving.GRADIENT_MISTAKES[::6])
    implementation = adapt("module", "(I, H)", strangers.RIGHT["(I, H)"])
    offer = discover(implementation, "float32")
    found = proving.prove({"float32": (offer, draw_plan(offer, "float32"), NATIVE["float32"])}, questions={"gradients"})

    assert (found.survivors, len(found.killed) > 10) == ((), True)


def test_what_was_left_out_stands_in_the_verdict():
    """`--quick` and `--forward-only`."""
    text = certificate_text(verify_one(cell("split_cell"), ["float32"], options=QUICK).certificate)

    assert "PARITY (quick, one case in six; forward only, no gradients): " in text


def test_an_interrupted_verification_keeps_what_it_judged_and_goes_on(tmp_path, monkeypatch):
    """Its rows are written as they come, and are not judged again."""
    monkeypatch.setenv("LSTM_PARITY_CACHE", str(tmp_path))
    work = WorkFile.of(Target("cell", "mine.py", "cell"), "cpu", QUICK)

    def keep(row):
        work.append(row)
        if row.question != OUTPUTS:
            raise KeyboardInterrupt

    stopped = verify_one(cell("split_cell"), ["float32"], options=QUICK, hooks=Hooks(keep=keep)).certificate
    known = work.rows_of("float32")
    resumed = verify_one(cell("split_cell"), ["float32"], options=QUICK, hooks=Hooks(lambda _: known)).certificate

    assert (INTERRUPTED in stopped.limits, stopped.outcome, len(known)) == (True, Outcome.NOT_ENOUGH, 2)
    assert (resumed.outcome, resumed.rows[:2]) == (Outcome.PARITY, tuple(known))


def test_flags_for_an_implementation_need_one():
    """`verify --strict` alone is a wrong call."""
    result = CliRunner().invoke(main, ["verify", "--strict"])

    assert (result.exit_code, "needs --impl" in result.output) == (2, True)


def test_a_row_survives_json():
    """What the work file holds is the row."""
    row = verify_one(cell("split_cell"), ["float32"], options=QUICK).certificate.rows[0]

    assert row_of(json.loads(json.dumps(row_fields(row)))) == row


def test_a_second_process_judges_half_of_the_dtypes(tmp_path, monkeypatch):
    """What it has judged right is in the file; the first process judges what is not."""
    monkeypatch.setenv("LSTM_PARITY_CACHE", str(tmp_path))
    target = parse_target("cell:specimens.unseen_styles:split_cell", loaders=LOADERS)
    work = WorkFile.of(target, "cpu", QUICK)
    with Beside(target, (20.0, 8.0), QUICK, work, share_out(target)) as beside:
        beside.start()
        beside.wait(Progress())

    judged = {dtype for dtype in DTYPES if {row.outcome for row in work.rows_of(dtype)} == {Outcome.PARITY}}

    assert judged == {"float32", "float16"}
