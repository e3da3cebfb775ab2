"""JSON Schema of each format: what is really written is valid, and says nothing that is not described."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
import zipfile
from pathlib import Path

import numpy as np
import pytest
import torch
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from markdown_it import MarkdownIt
from referencing import Registry, Resource

import lstm_parity.reports
from lstm_parity.audits.frameworks.expected_failures import DISAGREEMENTS
from lstm_parity.audits.frameworks.report import frameworks_json
from lstm_parity.audits.frameworks.run import FrameworkResult, FrameworkRow, FrameworksReport
from lstm_parity.audits.known.entry import Deviation
from lstm_parity.audits.modes.report import ModeRow, mode_row, modes_json
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import write_record
from lstm_parity.cli import main
from lstm_parity.implementations.frameworks.registry import FRAMEWORKS
from specimens.sweep_stores import make_sweep
from tests.support.folders import answered, written
from tests.support.format_cases import NUMBERS, entry
from tests.support.hostile_reports import make_reports, make_row

FOLDER = Path(next(iter(lstm_parity.reports.__path__))) / "schemas"
SCHEMAS = {file.stem: json.loads(file.read_text(encoding="utf-8")) for file in sorted(FOLDER.glob("*.json"))}
CELL = """
def cell(x, state, w_ih, w_hh, b_ih, b_hh):
    h, c = state
    i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + 0 * b_hh).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
"""
ONE = "I3-H4-T4-B2-float32-normal-1"
_FEW = "not bidirectional and batch_first and dtype = 'float32'"


def close(schema):
    """Return a schema that allows no field that it does not describe, but where it says of which kind others are."""
    if isinstance(schema, list):
        return [close(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    closed = {name: close(part) for name, part in schema.items()}
    own = "properties" in schema and "required" in schema and schema["required"] != ["stated", "wrong"]
    return {"unevaluatedProperties": False, **closed} if own and "$defs" not in schema else closed


def find_errors(name, text):
    """Return what is wrong with a file by the schema of that name, each in a line."""
    schemas = {stem: schema if name == "frameworks" else close(schema) for stem, schema in SCHEMAS.items()}
    registry = Registry().with_resources([(one["$id"], Resource.from_contents(one)) for one in schemas.values()])
    content = json.loads(text, parse_constant=lambda constant: pytest.fail(constant))
    return [error.message for error in Draft202012Validator(schemas[name], registry=registry).iter_errors(content)]


def written_by(folder, *arguments, option="--json"):
    """Return the file that a command writes, run in a folder."""
    file = folder / "written"
    result = CliRunner().invoke(main, [*arguments, option, str(file)], catch_exceptions=False)
    assert file.exists(), result.output
    return file.read_text(encoding="utf-8")


def list_failing(file):
    """Return the names of the tests in JUnit's XML that did not pass; each says why."""
    failing = [one for one in ET.parse(file).iter("testcase") if len(one)]
    assert all(part.get("message") for one in failing for part in one)
    return [one.get("name") for one in failing]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with a wrong cell, an answered case, a bug report, two records and a file of known deviations."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(CELL)
    (tmp_path / "known.toml").write_text(entry(name='"cell:mine.py:cell"', worst="1e9", expires="2999-01-01"))
    answered(written(tmp_path / "cases"))
    layer, x = torch.nn.LSTM(3, 4), np.ones((4, 2, 3), "float32")
    weights = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    np.savez(tmp_path / "report.npz", input=x, output=np.zeros((4, 2, 4), "float32"), **weights)
    write_record(Record({"torch": "1.2.3"}), tmp_path / "a.record")
    return tmp_path


@pytest.mark.parametrize("name", SCHEMAS)
def test_every_schema_is_one(name):
    """Of draft 2020-12, by the name of its file."""
    Draft202012Validator.check_schema(SCHEMAS[name])
    assert SCHEMAS[name]["$id"].endswith(f"/{name}.json")


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("identification", ["identify", "--impl", "cell:mine.py:cell"]),
        ("expectation", ["expect", "--hidden-size", "4", "--time", "3", "--draws", "20"]),
    ],
)
def test_what_a_command_writes_is_valid(name, arguments, folder):
    """With --json, whatever the verdict."""
    assert find_errors(name, written_by(folder, *arguments)) == []


@pytest.mark.parametrize(
    ("name", "arguments", "failing"),
    [
        ("certificate", ["judge", "cases"], []),
        ("answer", ["judge", "report.npz"], ["float32, outputs", "everything"]),
        (
            "sides",
            ["judge", "report.npz", "--mine", "report.npz", "--theirs", "report.npz"],
            ["float32, outputs", "float32, outputs", "everything"],
        ),
    ],
)
def test_what_judge_writes_is_valid(name, arguments, failing, folder):
    """Of folders, of a report and of two sides of one: JSON, and JUnit that fails with each row that is wrong."""
    assert find_errors(name, written_by(folder, *arguments, "--junit", "junit.xml")) == []
    assert list_failing("junit.xml") == failing


def test_a_verification_writes_all_its_files(folder):
    """A certificate with what is known, a badge, JUnit: of one run."""
    options = ["--known", "known.toml", "--badge", "badge.json", "--junit", "junit.xml"]
    certificate = written_by(folder, "verify", "--impl", "cell:mine.py:cell", "--case", ONE, *options)
    badge, junit = (Path(name).read_text(encoding="utf-8") for name in ("badge.json", "junit.xml"))

    assert (find_errors("certificate", certificate), find_errors("badge", badge)) == ([], [])
    assert (json.loads(certificate)["known"]["holds"], 'failures="0"' in junit) == (True, True)


def test_a_comparison_is_valid(folder):
    """`compare` prints its JSON; in JUnit's XML nothing fails."""
    result = CliRunner().invoke(main, ["compare", "a.record", "a.record", "--json", "--junit", "junit.xml"])
    assert (find_errors("comparison", result.stdout), list_failing("junit.xml")) == ([], [])


def test_sweeps_and_what_compares_them_are_valid(tmp_path):
    """Every outcome, and hostile words; JUnit, too, which fails with what is wrong and with what drifts."""
    old, new = (make_sweep(tmp_path / name, _FEW, shift=shift) for name, shift in (("old", 0.0), ("new", 0.5)))
    found = {
        "sweep": written_by(tmp_path, "sweep", "report", str(old), "--junit", str(tmp_path / "sweep.xml")),
        "sweep-comparison": written_by(
            tmp_path, "sweep", "compare", str(old), str(new), "--junit", str(tmp_path / "sweep-comparison.xml")
        ),
    }
    failing = {name: list_failing(tmp_path / f"{name}.xml") for name in found}

    assert {name: find_errors(name, text) for name, text in found.items()} == {"sweep": [], "sweep-comparison": []}
    assert [len(some) > 1 and some[-1] == "everything" for some in failing.values()] == [True, True]


@pytest.mark.parametrize("command", ["report", "compare"])
def test_markdown_of_a_sweep_shows_no_markup_of_what_was_said(command, tmp_path):
    """Its name has a script in it."""
    stores = [str(make_sweep(tmp_path / name, _FEW)) for name in ("old", "new")][: 1 + (command == "compare")]
    printed = CliRunner().invoke(main, ["sweep", command, *stores, "--markdown"], catch_exceptions=False).stdout

    tokens = MarkdownIt("commonmark").parse(printed)
    html = [part for token in tokens for part in (token, *(token.children or ())) if part.type.startswith("html")]

    assert printed.startswith("### ")
    assert [part.content for part in html if "script" in part.content or "img" in part.content] == []


def test_the_head_of_a_record_and_a_setting_are_valid(folder):
    """They are files of ours that programs of others read."""
    with zipfile.ZipFile("a.record") as file:
        head = file.read("head.json").decode()
    [setting] = Path("cases").glob("*/setting.json")

    assert [find_errors("record-head", head), find_errors("setting", setting.read_text())] == [[], []]


@pytest.mark.parametrize("kind", ["certificate", "answer", "comparison"])
@pytest.mark.parametrize("number", NUMBERS.values(), ids=NUMBERS)
def test_every_number_is_valid(kind, number):
    """NaN and infinities too, as strings."""
    assert find_errors(kind, make_reports("x", number)[kind].json()) == []


def test_modes_and_frameworks_are_valid():
    """What is not installed among them; what agrees, what fails as listed, and what is not as expected."""
    surprise = Deviation("eager", "DEVIATES", "float32", case=ONE, words="x")
    told = dict.fromkeys(("answers", "gradients"), 1.0)
    full = ModeRow("eager", {"PARITY": 2}, told, told, ["float32"], {"float32": "agrees"}, {"x": 1}, [surprise])
    judged = tuple(FrameworkRow(make_row("x"), stated, "x") for stated in (None, DISAGREEMENTS[0]))
    results = FrameworkResult(FRAMEWORKS[0], "", missing="gone"), FrameworkResult(FRAMEWORKS[0], "1.0", judged)
    errors = (
        find_errors("modes", modes_json([mode_row("eager", []), full], {"torch": "2.13.0"})),
        find_errors("frameworks", frameworks_json(FrameworksReport({"torch": "2.13.0"}, results))),
    )
    assert errors == ([], [])


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("certificate", '{"format": "lstm-parity certificate 1"}'),
        ("setting", '{"format": "lstm-parity folder, format 1", "hidden": 4}'),
        ("setting", '{"format": "lstm-parity folder, format 1", "dtype": "float8"}'),
        ("record-head", '{"format": "lstm-parity record", "version": 3, "sha256": {}}'),
    ],
)
def test_what_is_wrong_is_invalid(name, text):
    """A schema that allows everything would describe nothing."""
    assert find_errors(name, text)
