"""Any program that reads and writes folders is judged like any implementation."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner

from lstm_parity.audits.folders.read import read_case
from lstm_parity.audits.folders.run import judge_folders
from lstm_parity.audits.folders.write import export_cases, export_design
from lstm_parity.cases.case import parse_case
from lstm_parity.cli import main
from lstm_parity.implementations.stack import FromCell
from lstm_parity.judging.verdict import Outcome
from lstm_parity.reports.certificate_text import certificate_text
from specimens import correct_cells as lstms
from tests.support.folders import PLAIN, answered, judge_row, written

SOURCE = Path(__file__).parents[2] / "examples" / "c" / "lstm.c"
GCC = shutil.which("gcc")
NAMES = [
    "I5-H7-L3-bi-P4-T4-B3-packed4.1.2-bfloat16-normal-2",
    "I5-H7-L2-nobias-T4-B1-nostates-float16-trained-1",
    "I1-H1-T1-B1-float64-non_finite-3",
    PLAIN,
]


@pytest.fixture(scope="session")
def build(tmp_path_factory):
    """A way to build the example in C with some definitions; built once in each way."""
    if GCC is None:
        pytest.skip("gcc is not there")
    folder, built = tmp_path_factory.mktemp("c"), {}

    def program(*definitions):
        path = built.setdefault(definitions, folder / f"lstm{len(built)}")
        options = ["-std=c99", "-O2", "-Wall", "-Wextra", "-Werror", *(f"-D{d}" for d in definitions)]
        if not path.exists():
            subprocess.run([GCC, *options, "-o", str(path), str(SOURCE), "-lm"], check=True)
        return path

    return program


def run_on(program, dtype, folder, every=3):
    """What a program makes of every so-many-th case of the default export but the wide ones."""
    export_cases([c for c in export_design([dtype]) if c.setting.architecture.hidden_size < 100][::every], folder)
    subprocess.run([program, *map(str, folder.iterdir())], check=True)
    return judge_folders(folder)


@pytest.mark.parametrize(("real", "dtype"), [("float", "float32"), ("double", "float64")])
def test_an_lstm_in_c_has_parity(build, real, dtype, tmp_path):
    """Read from plain files, computed without Python, judged in the arithmetic of its own type."""
    (row,) = run_on(build(f"REAL={real}"), dtype, tmp_path).certificate.rows

    assert (row.outcome, row.arithmetic) == (Outcome.PARITY, dtype)
    assert row.counts["PARITY"] > 20


def test_an_lstm_in_c_with_swapped_gates_deviates(build, tmp_path):
    """The same program with g and o exchanged: no arithmetic explains it, and the mistake is named."""
    judged = run_on(build("MISTAKE_GATE_ORDER"), "float32", tmp_path, every=9)

    assert [row.outcome for row in judged.certificate.rows] == [Outcome.DEVIATES]
    assert judged.diagnosis[0].startswith("behaves like: gates-ifog, ")


@pytest.mark.parametrize(
    ("name", "words"),
    [("I3-H4-P2-T4-B2-float32-normal-0", "has no projection"), (NAMES[2], "computes in float32 only")],
)
def test_what_a_program_refuses_is_refused_in_its_words(build, name, words, tmp_path):
    """It writes refused.txt and nothing else."""
    folder = written(tmp_path, name)
    subprocess.run([build("REAL=float"), str(folder)], check=True)
    row = judge_row(folder)

    assert (row.outcome, dict(row.reasons)) == (Outcome.REFUSED, {f"REFUSED: {words}": 1})


def test_a_refusal_is_shown_letter_for_letter(tmp_path):
    """What a terminal or rich would take for a command is text like any other."""
    (written(tmp_path) / "refused.txt").write_bytes(b"no [/bold] \x1b[31m\n:smile: \xff")
    text = certificate_text(judge_folders(tmp_path, "[red]mine").certificate)

    assert "[red]mine, float32: 1 cases REFUSED: no [/bold] ?[31m :smile: \ufffd" in text


@pytest.mark.parametrize("name", NAMES)
def test_a_case_comes_back_from_its_folder(name, tmp_path):
    """Number for number, in every dtype, with its name: bfloat16 numbers travel as float32."""
    back = read_case(written(tmp_path, name))

    assert (back.id, back.checksum, back.repeatable) == (name, parse_case(name).checksum, True)


@pytest.mark.parametrize("name", NAMES)
def test_what_torch_answers_has_parity(name, tmp_path):
    """Its answer through files is judged as its answer in memory is."""
    assert judge_row(answered(written(tmp_path, name))).outcome is Outcome.PARITY


def test_the_cases_of_an_export_are_all_different():
    """None is written twice, and each dtype has as many."""
    cases = export_design(["float32"])

    assert len({c.checksum + c.id for c in cases}) == len(cases) == len(export_design(["float16"]))


def test_a_folder_without_answers_is_counted_as_not_judged(tmp_path):
    """A program that writes one case and dies before another is not judged on the other."""
    answered(written(tmp_path))
    written(tmp_path, NAMES[3].replace("-1", "-2"))
    row = judge_row(tmp_path)

    assert (row.counts["PARITY"], row.counts["NOT JUDGED"]) == (1, 1)
    assert dict(row.reasons) == {"NOT JUDGED: missing: output.npy, h_n.npy, c_n.npy": 1}


def test_a_case_without_an_answer_is_no_success(tmp_path):
    """A program that dies halfway does not exit with 0, though all that it wrote agrees."""
    answered(written(tmp_path))
    written(tmp_path, NAMES[3].replace("-1", "-2"))
    judged = CliRunner().invoke(main, ["judge", str(tmp_path)])

    assert judged.exit_code == 3
    assert "1 cases were left unanswered" in judged.output


def test_what_follows_a_row_s_end_must_be_zero(tmp_path):
    """Padding in the output is no place for leftovers."""
    folder = answered(written(tmp_path, "I3-H4-T4-B2-packed2.4-float32-normal-1"))
    output = np.load(folder / "output.npy")
    output[3, 0, 1] = 1e-3
    np.save(folder / "output.npy", output)

    assert "output deviates: beyond all rounding noise at [t=3, b=0, k=1]" in judge_row(folder).failures[0]


def test_a_failure_says_which_folder_to_judge_again(tmp_path):
    """Not the --case of a pytest, which would run another program."""
    folder = answered(written(tmp_path))
    np.save(folder / "h_n.npy", np.zeros((1, 2, 4), np.float32))
    row = judge_row(tmp_path)

    assert row.failures[0].endswith(f"repeat: lstm-parity judge {folder}")
    assert row.failing == (folder.name,)


def test_a_certificate_of_folders_claims_nothing_of_torch_s_switches(tmp_path):
    """A program in C has no oneDNN to be on or off."""
    coverage = judge_row(answered(written(tmp_path))).coverage

    assert list(coverage) == ["num_layers", "bidirectional", "proj_size", "bias", "input", "hx", "values"]


def test_the_two_commands_work_together(tmp_path):
    """Export one case, answer it, judge it: exit 0, the certificate as text and as JSON."""
    folder, file = tmp_path / "cases", tmp_path / "certificate.json"
    exported = CliRunner().invoke(main, ["cases", "export", str(folder), "--case", f"{PLAIN}"])
    answered(folder / PLAIN)
    judged = CliRunner().invoke(main, ["judge", str(folder), "--name", "mine", "--json", str(file)])

    assert (exported.exit_code, judged.exit_code) == (0, 0), exported.output + judged.output
    assert "PARITY: every difference that was judged is rounding noise." in judged.output
    assert json.loads(file.read_text())["rows"][0]["implementation"] == "mine"


def test_what_only_torch_knows_of_is_left_out_of_an_exported_case(tmp_path):
    """A layout, strides and kernels have no meaning in files: the numbers are the same without them."""
    name = "I3-H4-bf-T4-B2-strided-float32-grad-native-threads1-normal-1"
    CliRunner().invoke(main, ["cases", "export", str(tmp_path / "cases"), "--case", name])

    assert read_case(tmp_path / "cases" / PLAIN).checksum == parse_case(name).checksum


def test_an_arithmetic_is_named_of_a_folder(tmp_path):
    """A program that multiplies in TF32 deviates from float32, and is told why."""
    tf32 = FromCell("tf32", lstms.Written(matmul=lstms.products_of(11)))
    row = judge_row(answered(written(tmp_path, "I12-H32-L2-T25-B4-float32-normal-1"), tf32))

    assert (row.outcome, row.arithmetic) == (Outcome.NARROWER, "float32 with TF32 products")


def test_what_one_case_cannot_tell_apart_is_said(tmp_path):
    """The likeliest arithmetic and the others as tight, the true one among them; none that is coarser in everything."""
    coarse = FromCell("coarse", lstms.Written(tanh=lstms.tanh_off_by(1e-4)))
    (said,) = judge_folders(answered(written(tmp_path, "I8-H16-T25-B2-float32-normal-1"), coarse)).diagnosis

    assert "float32 with activations accurate to 1e-04" in said
    assert "1e-03" not in said


def test_a_diagnosis_is_given_where_no_arithmetic_explains_the_folder(tmp_path):
    """And only there."""
    torch_s = answered(written(tmp_path))
    assert judge_folders(torch_s).diagnosis == ()
    np.save(torch_s / "c_n.npy", -np.load(torch_s / "c_n.npy"))

    assert len(judge_folders(torch_s).diagnosis) == 1


class Net(torch.nn.Module):
    """A network of somebody's, with an LSTM in it."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = torch.nn.Embedding(3, 5)
        self.lstm = torch.nn.LSTM(5, 6, num_layers=2, bidirectional=True, batch_first=True)
        for k, parameter in enumerate(self.parameters()):
            parameter.data = torch.sin(torch.arange(parameter.numel()) * 0.7 + k).reshape(parameter.shape) / 2


@pytest.fixture
def theirs(tmp_path):
    """A folder that a user made: a whole network's state_dict, batch first, no states, one field of setting."""
    safetensors = pytest.importorskip("safetensors.torch", reason="safetensors is not installed")
    net, x = Net(), torch.linspace(-1, 1, 40).reshape(2, 4, 5)
    safetensors.save_file(net.state_dict(), tmp_path / "weights.safetensors")
    (tmp_path / "setting.json").write_text('{"format": "lstm-parity folder, format 1", "batch_first": true}')
    with torch.no_grad():
        output, (h_n, c_n) = net.lstm(x)
    for name, tensor in {"input": x, "output": output, "h_n": h_n, "c_n": c_n}.items():
        np.save(tmp_path / f"{name}.npy", tensor.numpy())
    return tmp_path


def test_somebody_s_network_is_judged_with_its_own_weights(theirs):
    """Everything that is not given is derived from the shapes."""
    row = judge_row(theirs)

    assert (row.outcome, row.coverage["hx"], row.coverage["values"]) == (Outcome.PARITY, {"None": 1}, {"given": 1})


def test_a_difference_in_somebody_s_network_is_told_as_a_bug(theirs):
    """One number that is 4e-4 off is no rounding in any arithmetic, and no --case repeats it."""
    output = np.load(theirs / "output.npy")
    output[1, 2, 3] += 4e-4
    np.save(theirs / "output.npy", output)
    (story,) = judge_row(theirs).failures

    assert "at [t=2, b=1, k=3] (layer 1, forward)" in story
    assert f"repeat: lstm-parity judge {theirs}" in story


def test_numbers_are_what_the_dtype_holds(theirs):
    """An input in float64 is rounded to the weights' float32, as the layer that was called with it had it."""
    x = np.load(theirs / "input.npy")
    np.save(theirs / "input.npy", x.astype(np.float64) * (1 + 1e-12))

    assert judge_row(theirs).outcome is Outcome.PARITY


def test_an_unbatched_call_is_derived_from_the_rank_of_the_input(tmp_path):
    """(time, input_size) in, (time, hidden_size) out."""
    folder = written(tmp_path, "I3-H4-T4-B1-float32-normal-1")
    for name in ("input", "h_0", "c_0"):
        array = np.load(folder / f"{name}.npy")
        np.save(folder / f"{name}.npy", array[:, 0])
    (folder / "setting.json").write_text('{"format": "lstm-parity folder, format 1"}')

    assert read_case(folder).setting.name == "I3-H4-T4-unbatched-float32"
