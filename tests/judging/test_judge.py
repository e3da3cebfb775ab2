"""The judge notices what deviates, says all of it, and cannot be ignored."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
import torch

from lstm_parity.cases.case import draw_case, parse_case
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.judging.forward import Outcome, judge, judge_all
from lstm_parity.reports.failure import ParityError, require_parity
from lstm_parity.running.observe import WHOLE, observe
from specimens.altered_results import Altered, PackedAlone

SETTING = Setting(Architecture(5, 7, 2, bidirectional=True), Call(4, 3))
PLAIN = draw_case(SETTING, "normal", 1)


def judged(change, of=PLAIN):
    """The verdict on `nn.LSTM` with its results changed."""
    return judge(observe(Altered(change), of))


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_an_unaltered_module_has_parity(dtype):
    """What is right is called right; bfloat16 by torch's own kernels, for oneDNN has none here under torch 2.2."""
    right = draw_case(
        Setting(SETTING.architecture, SETTING.call, Runtime(dtype, mkldnn=dtype != "bfloat16")), "normal", 1
    )

    assert judge(observe(TorchLSTM(), right)).outcome is Outcome.PARITY


@pytest.mark.parametrize("tensor", [0, 1, 2], ids=["output", "h_n", "c_n"])
def test_a_shift_of_one_tensor_is_noticed_and_that_tensor_named(tensor):
    """A uniform shift by 1e-6, a tenth of what assert_close permits, deviates in the tensor that was shifted."""

    def shift(*tensors):
        output, h_n, c_n = (t + 1e-6 * (k == tensor) for k, t in enumerate(tensors))
        return output, (h_n, c_n)

    worst = max(judged(shift).deviating, key=lambda measured: measured.worst)

    assert worst.tensor == ("output", "h_n", "c_n")[tensor]


def test_every_deviating_tensor_is_named_not_only_the_first():
    """All three tensors, and both ways of judging, stand in the message."""
    verdict = judged(lambda output, h_n, c_n: (output + 1.0, (h_n + 1.0, c_n + 1.0)))

    with pytest.raises(ParityError, match=r"(?s)output deviates.*h_n deviates.*c_n deviates"):
        require_parity(verdict)


def test_one_wrong_element_of_many_is_enough():
    """A mean would drown it; the worst element does not."""

    def spoil(output, h_n, c_n):
        output = output.clone()
        output[-1, 1, 3] += 1e-5
        return output, (h_n, c_n)

    assert judged(spoil).deviating[0].where == (3, 1, 3)


def test_nan_where_a_number_belongs_deviates():
    """Comparisons are written so that NaN fails them."""
    verdict = judged(lambda output, h_n, c_n: (output * float("nan"), (h_n, c_n)))

    assert verdict.outcome is Outcome.DEVIATES


def test_a_number_where_nan_belongs_deviates():
    """An implementation that hides NaN is not right either."""
    spoilt = draw_case(Setting(Architecture(3, 4), Call(3, 2)), "non_finite", 1)
    verdict = judged(lambda output, h_n, c_n: (output.nan_to_num(), (h_n, c_n)), spoilt)

    assert verdict.outcome is Outcome.DEVIATES


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda o, h, c: (o.double(), (h, c)), "output has dtype float64, but must have float32"),
        (lambda o, h, c: (o, (h[:1], c)), r"h_n has shape \(1, 3, 7\), but must have \(4, 3, 7\)"),
        (lambda o, h, c: (o.transpose(0, 1), (h, c)), r"output has shape \(3, 4, 14\), but must have \(4, 3, 14\)"),
        (lambda o, h, c: (o, (h, c.numpy())), "c_n is a ndarray, but must be a torch.Tensor"),
        (lambda o, h, c: (o, h, c), "returned a tuple of 3, but must return"),
    ],
)
def test_form_is_demanded_before_values(change, words):
    """Shape, dtype and type are part of what an LSTM returns."""
    with pytest.raises(ParityError, match=words):
        require_parity(judged(change))


def test_a_verdict_has_no_truth_value():
    """`assert judge(...)` would pass whatever was found, so it raises."""
    with pytest.raises(TypeError, match="outcome"):
        bool(judge(observe(TorchLSTM(), PLAIN)))


def test_what_an_implementation_raises_is_a_verdict():
    """A crash is FAILED, with the traceback in the message, and the run goes on."""

    def crash(output, h_n, c_n):
        raise ZeroDivisionError("the user's own")

    assert "the user's own" in judged(crash).reason


def test_an_implementation_may_refuse():
    """NotImplementedError is REFUSED, which is not parity."""

    def refuse(output, h_n, c_n):
        raise NotImplementedError("no such thing here")

    assert judged(refuse).outcome is Outcome.REFUSED


def test_where_a_partial_sum_may_overflow_nothing_is_judged():
    """In float16, sums beyond 65504 on the way may be infinite in one order of adding and not in another."""
    huge = draw_case(Setting(Architecture(200, 8), Call(2, 2), Runtime("float16")), "saturating", 0)
    lifted = type(huge)(**{**vars(huge), "input": huge.input * 2.0**10})

    assert judge(observe(TorchLSTM(), lifted)).outcome is Outcome.NOT_JUDGED


def test_the_message_says_everything_in_its_order():
    """What, how much, where, got and exact in decimal and hex, how many, the setting, the command that repeats it."""

    def flip(output, h_n, c_n):
        return torch.cat([output[..., :7], output[..., 7:].flip(0)], -1), (h_n, c_n)

    with pytest.raises(ParityError) as error:
        require_parity(judged(flip, parse_case("I5-H7-bi-T4-B2-float32-normal-3")))

    assert re.fullmatch(
        r"output deviates: 6\.6e\+06 x rounding noise at \[t=2, b=0, k=3\] \(layer 0, reverse\), "
        r"from the initial states on\n"
        r"  got -?0\.\d+ \(-?0x1.*p-\d+\), exact -?0\.\d+ \(-?0x1.*p-\d+\), noise \d.*\n"
        r"  56 of 112 elements beyond \S+ x noise, root mean square \S+ x noise\n"
        r"  h_n and c_n agree\n"
        r"  setting: input_size=5, hidden_size=7, bidirectional=True, T=4, B=2, values: normal\n"
        r"  judged in: float32 arithmetic; no known arithmetic explains it\n"
        r"  repeat: --case I5-H7-bi-T4-B2-float32-normal-3",
        str(error.value),
    )


def test_the_message_names_layer_and_direction():
    """The place is told in the words of the field, not as a flat index."""

    def spoil(output, h_n, c_n):
        h_n = h_n.clone()
        h_n[3, 1, 2] += 1.0
        return output, (h_n, c_n)

    with pytest.raises(ParityError, match=r"h_n deviates: .* at \[b=1, k=2\] \(layer 1, reverse\)"):
        require_parity(judged(spoil))


def test_the_message_names_the_arithmetic_that_would_explain_it():
    """Noise of another precision is told apart from a wrong formula."""
    rounded = judged(lambda *tensors: tuple_of(t.bfloat16().float() for t in tensors))

    with pytest.raises(ParityError, match=r"judged in: float32 arithmetic; .*bfloat16.* would explain it"):
        require_parity(rounded)


def test_a_case_that_was_changed_by_hand_is_not_said_to_be_repeatable():
    """A name that brings back other numbers would mislead."""
    by_hand = replace(PLAIN, input=PLAIN.input * 2.0)

    with pytest.raises(ParityError, match="repeat: no --case can"):
        require_parity(judged(lambda output, h_n, c_n: (output * 2.0, (h_n, c_n)), by_hand))


def tuple_of(tensors):
    """(output, (h_n, c_n)) of the three."""
    output, h_n, c_n = tensors
    return output, (h_n, c_n)


def test_a_verdict_does_not_depend_on_what_is_judged_beside_it():
    """NaN in one case of a setting hides nothing of the noise of another: squares underflow where gates are shut."""
    words = "I5-H7-P4-T4-B3-float64"
    shut, beside = (observe(TorchLSTM(), parse_case(f"{words}-{rest}")) for rest in ("saturating-10", "non_finite-0"))

    assert [verdict.worst for verdict in judge_all([shut, beside])] == [judge(shut).worst, judge(beside).worst]


@pytest.mark.parametrize("says_so", ["beforehand", "when called"])
def test_a_packed_call_is_judged_where_padded_ones_are_refused(says_so):
    """The chain of single steps is left out, and the verdict is on the call that was asked for."""
    packed = parse_case("I5-H7-L2-T4-B3-packed4.2.1-float32-normal-1")

    verdict = judge(observe(PackedAlone(says_so), packed))

    assert (verdict.outcome, [seen.way for seen in verdict.observation.evidence]) == (Outcome.PARITY, [WHOLE])
