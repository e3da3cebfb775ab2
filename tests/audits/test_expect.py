"""How far correct LSTMs are apart: predicted as it was measured, and what a given difference is called."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from torch import nn

from experiments.measured_differences import CONFIGURATIONS, MEASURED
from lstm_parity.audits.expectation.expect import MARGIN, ExpectationError, expect_difference, list_simulated
from lstm_parity.cases.setting import Architecture
from lstm_parity.cli import main
from lstm_parity.reference.weights import to_numpy, weights_of
from lstm_parity.reports.answers.expectation import expectation_text

SMALL = Architecture(8, 8)
SIZES = ["--hidden-size", "8", "--time", "5", "--draws", "8"]


def expect(*more):
    """Run the command for a small LSTM."""
    return CliRunner().invoke(main, ["expect", *SIZES, *more])


@pytest.mark.parametrize("k", [1, 2, 20])
def test_what_was_measured_was_predicted(k):
    """The quantile of 99 % of the largest difference between two implementations, within the margin."""
    one = CONFIGURATIONS[k]
    measured = np.quantile(json.loads(MEASURED.read_text())[one.name]["other"], 0.99)
    found = expect_difference(one.architecture, one.time, one.batch, one.dtype)

    assert 1.0 / MARGIN <= found.rows[0].pair.high / measured <= MARGIN


@pytest.mark.parametrize("dtype", ["float64", "float32", "bfloat16", "float16"])
def test_every_arithmetic_that_is_simulated_has_a_row(dtype):
    """The dtype's own first."""
    found = [row.arithmetic for row in expect_difference(SMALL, 3, dtype=dtype, draws=4).rows]

    assert (found[0], sorted(found)) == (dtype, sorted(a.name for a in list_simulated(dtype)))


def test_narrower_arithmetics_are_further_apart():
    """Products in TF32 lie between float32 and bfloat16 products."""
    highs = {row.arithmetic: row.pair.high for row in expect_difference(SMALL, 5, draws=16).rows}
    names = [
        "float64 inside, rounded to float32",
        "float32",
        "float32 with TF32 products",
        "float32 with bfloat16 states",
    ]

    assert [highs[name] for name in names] == sorted(highs[name] for name in names)


def test_everything_drawn_follows_from_the_seed():
    """Twice the same; another seed, other numbers."""
    first, again, other = (expect_difference(SMALL, 5, draws=8, seed=seed).rows for seed in (1, 1, 2))

    assert (first == again, first == other) == (True, False)


@pytest.mark.parametrize(
    "architecture",
    [
        Architecture(3, 5, num_layers=2, bidirectional=True),
        Architecture(3, 5, num_layers=2, bidirectional=True, proj_size=2),
        Architecture(3, 5, bias=False),
        Architecture(1, 1),
    ],
)
def test_every_architecture_is_simulated(architecture):
    """In float32 the differences are some roundoffs of numbers near 1."""
    own = expect_difference(architecture, 4, batch=3, draws=16).rows[0]

    assert 2.0**-27 < own.exact.median <= own.pair.high < 2.0**-20


@pytest.mark.parametrize(
    ("difference", "named"),
    [(1e-8, (True, True)), (1e-4, (False, True)), (1.0, (False, False))],
)
def test_a_difference_is_noise_of_the_arithmetics_that_reach_it(difference, named):
    """Of float32, of float32 with TF32 products, or of none."""
    found = expect_difference(SMALL, 5, draws=16, difference=difference)
    names = [row.arithmetic for row in found.explaining]

    assert ("float32" in names, "float32 with TF32 products" in names) == named


def test_the_tightest_arithmetic_is_named_first():
    """Among those of which a difference is noise."""
    limits = [row.limit for row in expect_difference(SMALL, 5, draws=8, difference=1e-4).explaining]

    assert limits == sorted(limits)


@pytest.mark.parametrize("factor", [60.0, 1e5], ids=["large", "overflowing"])
def test_nothing_is_said_if_noise_is_as_large_as_the_values(factor):
    """As of weights by which every error grows, or overflows."""
    torch.manual_seed(0)
    weights = weights_of(nn.LSTM(4, 16, dtype=torch.float64)).map(lambda w: factor * to_numpy(w))
    found = expect_difference(Architecture(4, 16), 200, dtype="bfloat16", weights=weights, draws=8, difference=0.1)

    assert (found.is_noise, "compare fewer steps" in " ".join(expectation_text(found).split())) == (None, True)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"dtype": "int8"}, "dtype int8 was given, but it must be one of float64, float32"),
        ({"difference": 0.0}, "a difference of 0 was given"),
        ({"difference": float("nan")}, "a difference of nan was given"),
        ({"draws": 1}, "1 draws were given"),
        ({"arithmetic": "float8"}, "known for float32 are: float32; float64 inside"),
    ],
)
def test_what_has_no_answer_is_refused(options, words):
    """With what was given and what is needed."""
    with pytest.raises(ExpectationError, match=re.escape(words)):
        expect_difference(SMALL, 2, **options)


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        ([], 0, "is noise of float32. Is yours?"),
        (["--difference", "1e-8"], 0, "1e-08 is noise of float32, which reaches"),
        (["--difference", "1e-4"], 1, "not noise of float32, which reaches"),
        (["--difference", "1e-4", "--arithmetic", "TF32 products"], 0, "is noise of float32 with TF32 products"),
        (["--difference", "1"], 1, "1 is noise of none of these"),
    ],
)
def test_the_command_says_what_a_difference_is(options, code, words):
    """In its last lines, and by its exit code."""
    done = expect(*options)

    assert (done.exit_code, words in done.output) == (code, True), done.output


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--proj-size", "8"], "proj_size=8 was given, but it must be below hidden_size=8"),
        (["--difference", "-1"], "a difference of -1 was given"),
        (["--arithmetic", "float8"], "'float8' was given, but those known for float32 are"),
        (["--batch", "0"], "time and batch must be at least 1"),
        (["--weights", "none.safetensors"], "there is no such file"),
    ],
)
def test_the_command_refuses_in_words(options, words):
    """And exits with 2, as for every wrong call."""
    done = expect(*options)

    assert (done.exit_code, words in " ".join(done.output.split())) == (2, True), done.output


def test_the_command_needs_a_size():
    """Of an LSTM that no file describes."""
    done = CliRunner().invoke(main, ["expect", "--time", "3"])

    assert (done.exit_code, "give --hidden-size, or --weights FILE" in done.output) == (2, True)


def save_weights(file, tensors):
    """Save a state_dict."""
    pytest.importorskip("safetensors.torch").save_file(tensors, file)
    return ["--weights", str(file)]


def test_the_weights_of_a_file_are_simulated(tmp_path):
    """Its sizes need not be given, and JSON says where weights are from."""
    options = save_weights(tmp_path / "w.safetensors", nn.LSTM(3, 6, 2).state_dict())
    CliRunner().invoke(main, ["expect", "--time", "3", "--draws", "4", *options, "--json", str(tmp_path / "a.json")])
    written = json.loads((tmp_path / "a.json").read_text())

    assert [written[key] for key in ("format", "weights", "setting")] == [
        "lstm-parity expectation 1",
        "given",
        "I3-H6-L2-T3-B1-nostates-float32",
    ]


@pytest.mark.parametrize(
    ("tensors", "words"),
    [({"bias": torch.zeros(3)}, "needed are nn.LSTM's names"), (nn.LSTM(3, 6).state_dict(), "hidden_size 8 was given")],
    ids=["no LSTM", "another size"],
)
def test_a_file_that_does_not_fit_is_refused(tmp_path, tensors, words):
    """It holds no LSTM, or another than the options describe."""
    done = expect(*save_weights(tmp_path / "w.safetensors", tensors))

    assert (done.exit_code, words in " ".join(done.output.split())) == (2, True), done.output
