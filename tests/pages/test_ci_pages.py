"""docs/exit-codes.md, docs/ci.md and docs/formats.md hold: codes are those of the commands, names those of files."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from lstm_parity.audits.known.read import read_known
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.audits.upgrade.record_file import write_record
from lstm_parity.catalogue.mistakes import find_mistake
from lstm_parity.cli import main
from lstm_parity.files.stored import parse_toml
from tests.support.folders import answered, written
from tests.support.format_cases import entry

ROOT = Path(__file__).parents[2]
CODES, CI, FORMATS = ((ROOT / "docs" / f"{name}.md").read_text("utf-8") for name in ("exit-codes", "ci", "formats"))
_FIRST, _THEN = r"^\| (\d+) \|.*\| `lstm-parity (.*?)` \|$", r"^\| `lstm-parity (.*?)` \| (\d+) \|$"
EXAMPLES = [(command, int(code)) for code, command in re.findall(_FIRST, CODES, re.M)]
EXAMPLES += [(command, int(code)) for command, code in re.findall(_THEN, CODES, re.M)]
SNIPPETS = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", CI, re.DOTALL)]
ACTION = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
WORKFLOW = yaml.safe_load((ROOT / ".github/workflows/parity.yml").read_text("utf-8"))
HOOKS = yaml.safe_load((ROOT / ".pre-commit-hooks.yaml").read_text("utf-8"))
OF_COMPARE = {"command": '"compare"', "name": '"vmap"', "verdict": '"capability lost"', "worst": None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder with what the examples name."""
    monkeypatch.chdir(tmp_path)
    answered(written(tmp_path / "right"))
    answered(written(tmp_path / "wrong"), find_mistake("bias-hh-dropped"))
    written(tmp_path / "unanswered")
    old = Record({"torch": "2.13.0"}, capabilities={"vmap": ""})
    write_record(old, tmp_path / "old.record")
    write_record(replace(old, capabilities={"vmap": "RuntimeError"}), tmp_path / "new.record")
    files = {"known": OF_COMPARE, "expired": {**OF_COMPARE, "expires": "2000-01-01"}, "wrong": {"reason": None}}
    for name, fields in files.items():
        (tmp_path / f"{name}.toml").write_text(entry(**{**fields, "expires": fields.get("expires", "2999-01-01")}))


@pytest.mark.parametrize(("command", "code"), EXAMPLES)
def test_a_command_exits_with_the_code_of_the_page(command, code, folder):
    """Each example is run."""
    assert CliRunner().invoke(main, shlex.split(command)).exit_code == code


def test_every_code_has_an_example():
    """But for 130, which takes a Ctrl-C."""
    assert {code for _, code in EXAMPLES} == {0, 1, 2, 3}


def test_an_interruption_exits_with_130(folder, monkeypatch):
    """Whatever the command was at."""

    def interrupt(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("lstm_parity.audits.folders.run.judge_folders", interrupt)
    assert CliRunner().invoke(main, ["judge", "right"]).exit_code == 130


def test_every_command_is_on_the_page():
    """Of the program as it is."""
    assert [name for name in main.commands if f"`{name}" not in CODES] == []


def test_the_example_of_known_deviations_is_read(tmp_path):
    """As the page shows it; its keys are all those that there are."""
    [shown] = re.findall(r"```toml\n(.*?)```", CI, re.DOTALL)
    (tmp_path / "known.toml").write_text(shown)
    keys = {*parse_toml(shown)["deviation"][0], "words"}

    assert len(read_known(tmp_path / "known.toml")) == 1
    assert keys <= set(re.findall(r"`(\w+)`", CI))


def test_every_input_that_a_snippet_gives_is_one():
    """Of the workflow, of the action, of the command."""
    workflow, action = WORKFLOW[True]["workflow_call"]["inputs"], ACTION["inputs"]
    [calls, step, *_] = SNIPPETS
    used = [one["with"] for one in WORKFLOW["jobs"]["verify"]["steps"] if "lstm-parity/" in one.get("uses", "")]

    assert set(calls["jobs"]["parity"]["with"]) <= set(workflow)
    assert {*step["steps"][1]["with"], *used[0]} <= set(action)


def test_the_workflow_uses_every_input_and_no_other():
    """What is declared and not used would be ignored in silence."""
    text = (ROOT / ".github/workflows/parity.yml").read_text("utf-8")
    assert set(re.findall(r"inputs\.([\w-]+)", text)) == set(WORKFLOW[True]["workflow_call"]["inputs"])


def test_no_input_is_put_into_a_script():
    """They are handed over as variables: an input with `$(...)` in it is text."""
    steps = [*ACTION["runs"]["steps"], *WORKFLOW["jobs"]["verify"]["steps"]]
    assert [step["run"] for step in steps if "${{" in step.get("run", "")] == []


@pytest.mark.parametrize("words", [HOOKS[0]["entry"], SNIPPETS[2]["lstm-parity"]["script"][-1]], ids=["hook", "GitLab"])
def test_options_of_snippets_are_those_of_the_command(words):
    """Nothing is renamed without the snippets."""
    _, name, *given = shlex.split(words)
    known = {option for parameter in main.commands[name].params for option in getattr(parameter, "opts", ())}

    assert {option for option in given if option.startswith("--")} <= known


def test_the_hook_needs_nothing_that_is_installed():
    """pre-commit installs this repository, which brings the script that is called; the call is understood."""
    script, name, *given = shlex.split(HOOKS[0]["entry"])
    [shown] = SNIPPETS[3]["repos"][0]["hooks"]
    scripts = parse_toml((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["scripts"]

    assert (HOOKS[0]["language"], shown["id"], script in scripts) == ("python", HOOKS[0]["id"], True)
    assert main.commands[name].make_context(name, [*given, *shown["args"]]).params["quick"]


def test_every_schema_is_on_the_page():
    """And every file that the page names is there."""
    files = {file.name for file in (ROOT / "lstm_parity/reports/schemas").glob("*.json")}
    named = set(re.findall(r"`([\w-]+\.json)`", FORMATS)) - {"head.json"}

    assert named == files


def test_every_format_on_the_page_has_its_schema():
    """By the words that a file begins with."""
    consts = re.findall(
        r'"const": "(lstm-parity [^"]*)"',
        "".join(file.read_text("utf-8") for file in (ROOT / "lstm_parity/reports/schemas").glob("*.json")),
    )
    assert sorted(set(re.findall(r"^\| `(lstm-parity [^`]*)`", FORMATS, re.M))) == sorted(set(consts))
