"""Other devices, as far as a machine without one can tell: what is asked of torch's flags, and what is refused."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
import torch

from lstm_parity.audits.verification.verify import explain_each, verification_cases
from lstm_parity.cases.case import on_device, parse_case
from lstm_parity.cases.setting import Runtime, parse_setting
from lstm_parity.implementations.references import NumpyReference
from lstm_parity.implementations.torch_modules import TorchLSTM, TorchLSTMCell, unsupported_on_device
from lstm_parity.judging.forward import judge
from lstm_parity.running import devices
from lstm_parity.running.calls import runtime_flags, weight_tensors
from lstm_parity.running.evidence import Observation
from lstm_parity.running.protocol import expected_arithmetic

ON_CUDA = parse_setting("I3-H5-T4-B2-float32-cuda")


@pytest.fixture
def ampere(monkeypatch):
    """A GPU with tensor cores that this machine does not have; torch's flags as they were, afterwards."""
    monkeypatch.setattr(torch.cuda, "get_device_capability", lambda device: (8, 0))
    cudnn, matmul = torch.backends.cudnn, torch.backends.cuda.matmul
    before = cudnn.allow_tf32, matmul.allow_tf32
    yield
    cudnn.allow_tf32, matmul.allow_tf32 = before


def test_tf32_is_expected_of_cudnn_until_it_is_switched_off(ampere):
    """torch allows it to cuDNN's LSTM by default."""
    before = expected_arithmetic(TorchLSTM(), ON_CUDA).name
    torch.backends.cudnn.allow_tf32 = False

    assert (before, expected_arithmetic(TorchLSTM(), ON_CUDA).name) == ("float32 with TF32 products", "float32")


def test_tf32_is_expected_of_cells_only_where_it_is_allowed_to_all_products(ampere):
    """They know no cuDNN."""
    before = expected_arithmetic(TorchLSTMCell(), ON_CUDA).name
    torch.backends.cuda.matmul.allow_tf32 = True

    assert (before, expected_arithmetic(TorchLSTMCell(), ON_CUDA).name) == ("float32", "float32 with TF32 products")


def test_tf32_is_off_where_the_environment_says_so(ampere, monkeypatch):
    """NVIDIA's own variable, whatever torch's flags allow."""
    monkeypatch.setenv("NVIDIA_TF32_OVERRIDE", "0")

    assert expected_arithmetic(TorchLSTM(), ON_CUDA).name == "float32"


@pytest.mark.parametrize("words", ["float64-cuda", "float32", "float32-cuda-native"])
def test_tf32_is_expected_of_nothing_else(ampere, words):
    """Not of other dtypes, not of the CPU, not with cuDNN off."""
    dtype = words.partition("-")[0]

    assert expected_arithmetic(TorchLSTM(), parse_setting(f"I3-H5-T4-B2-{words}")).name == dtype


def test_what_ought_to_be_computed_in_two_arithmetics_has_two_rows(ampere):
    """Of a GPU's float32 cases those with cuDNN, and those without."""
    seen = [
        Observation(c, refused="no GPU", arithmetic=expected_arithmetic(TorchLSTM(), c.setting))
        for c in verification_cases("float32", "cuda")
    ]

    assert {e.expected.name for e in explain_each(seen)} == {"float32", "float32 with TF32 products"}


def test_an_observation_is_judged_in_what_it_ought_to_be_computed_in(ampere):
    """Unless another is asked for."""
    observation = Observation(
        on_device(parse_case("I3-H5-T4-B2-float32-normal-1"), "cuda"),
        arithmetic=expected_arithmetic(TorchLSTM(), ON_CUDA),
    )

    assert judge(observation).arithmetic.name == "float32 with TF32 products"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("T4-B2-strided-float32-cuda", "rnn: hx is not contiguous"),
        ("T4-B2-sorted4.2-strided-float32-cuda", "rnn: hx is not contiguous"),
        ("T4-B2-packed2.4-strided-float32-cuda", ""),
        ("T4-B2-nostates-strided-float32-cuda", ""),
        ("T4-B2-strided-float32-cuda-native", ""),
        ("T4-B2-strided-float32", ""),
        ("P2-T4-B2-float32-mps", "LSTM with projections is not currently supported"),
        ("P2-T4-B2-float32-cuda", ""),
    ],
)
def test_what_nn_lstm_refuses_on_a_device_alone_is_no_fault(words, reason):
    """cuDNN takes no strided states, except those that are sorted and so copied; MPS has no projections."""
    assert (unsupported_on_device(parse_setting(f"I3-H5-{words}")) or "").startswith(reason or "$") is bool(reason)


@pytest.mark.parametrize(("grad_mode", "training"), [("grad", True), ("no_grad", False)])
def test_gradients_on_a_device_are_asked_for_in_train_mode(grad_mode, training):
    """cuDNN has none in eval mode, and an LSTM that drops nothing is the same in both; cpu:0 stands in for a GPU."""
    here = parse_case(f"I3-H5-T4-B2-float32-{grad_mode}-normal-1")
    there = on_device(here, "cpu:0")
    assert TorchLSTM().load(there.setting, weight_tensors(there)).training is training
    assert not TorchLSTM().load(here.setting, weight_tensors(here)).training


def test_deterministic_products_are_asked_of_cublas(monkeypatch):
    """In the words that torch asks for before it multiplies on CUDA; what the user said stands."""
    monkeypatch.delenv("CUBLAS_WORKSPACE_CONFIG", raising=False)
    with runtime_flags(Runtime(device="cpu:0", deterministic=True)):
        assert os.environ["CUBLAS_WORKSPACE_CONFIG"] == ":4096:8"


@pytest.mark.parametrize("device", ["cuda", "cuda:1", "mps", "cpu:0"])
def test_a_case_on_a_device_has_a_name_and_the_numbers_of_the_cpu(device):
    """So that --case repeats it there."""
    here = parse_case("I3-H5-T4-B2-float32-grad-normal-1")
    there = on_device(here, device)
    assert parse_case(there.id).setting.runtime.device == device
    assert parse_case(there.id).checksum == here.checksum


def test_a_gpu_is_described_apart_from_its_libraries(ampere, monkeypatch):
    """A record of another cuDNN is one of the same device: what is lost is lost by the upgrade."""
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: "A100")
    monkeypatch.setattr(torch.backends.cudnn, "version", lambda: 91002)
    told = devices.describe_device("cuda:1")
    assert told["device"] == "cuda:1, A100, capability 8.0"
    assert told["cuDNN"].startswith("91002, CUDA ")
    assert told["TF32"] == "allowed to cuDNN's LSTM"


def test_the_numpy_reference_refuses_other_devices():
    """It is counted, and named."""
    assert NumpyReference().unsupported_reason(ON_CUDA) == "the NumPy reference does not compute on cuda"


@pytest.mark.parametrize(
    "command", [["pytest", "--lstm-device"], ["lstm_parity", "verify", "--device"]], ids=["pytest", "verify"]
)
def test_a_device_that_is_none_is_refused_in_words(command):
    """With those that are known."""
    done = subprocess.run([sys.executable, "-m", *command, "gpu"], capture_output=True, text=True)

    assert done.returncode not in (0, 1)
    assert "--device gpu was given, but it must be one of cpu, cuda, mps, xpu" in done.stdout + done.stderr


@pytest.mark.skipif(torch.cuda.is_available(), reason="this machine has one")
def test_a_device_that_is_not_there_is_refused_in_words():
    """With what torch says."""
    with pytest.raises(devices.DeviceMissingError, match="cannot compute on it"):
        devices.require_device("cuda")
