"""Every block of every page is compared by a test, or there is a reason; commands have the options that there are."""

from __future__ import annotations

import ast
import importlib.util
import re
import shlex

import click
import pytest

import lstm_parity
from examples.module import MyLSTM
from lstm_parity.audits.upgrade.command import make_parser
from lstm_parity.cli import main
from lstm_parity.plugin import OPTIONS
from tests.support.blocks import NOT_RUN, ROOT, TESTED, entries_of, list_blocks, list_pages

TEXTS = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in list_pages()}
CODE = {name: [*re.findall(r"(?<!`)`([^`\n]+)`(?!`)", text)] for name, text in TEXTS.items()}
LINES = [(name, line) for name, body in list_blocks() for line in body.splitlines()]
COMMANDS = [(page, line.removeprefix("$ ")) for page, line in LINES] + [(p, one) for p, c in CODE.items() for one in c]
ROOMS = re.search(r"```\n(reference/ .*?)```", TEXTS["CONTRIBUTING.md"], re.DOTALL)[1]


OF_UPGRADE = ("record", "compare", "upgrade")
UPGRADE = "".join(file.read_text("utf-8") for file in (ROOT / "lstm_parity/audits/upgrade").glob("*.py"))
NO_COMMAND = (
    r"lstm-parity (\w+,? (format )?\d|no-such-command)"  # the first words of a format, and one that is not there
)


SHOWN = sorted({(page, line.removeprefix("$ ")) for page, line in LINES if re.match(r"(\$ )?lstm-parity [a-z]", line)})
SHOWN = [(page, line) for page, line in SHOWN if not re.match(NO_COMMAND, line)]
MODULE = r"python -m (lstm_parity|pages|experiments|benchmarks)\b"


def named(start):
    """The commands of all pages that begin so, with their pages."""
    return sorted({(page, line) for page, line in COMMANDS if re.match(start, line) and not re.match(NO_COMMAND, line)})


def options_of(words):
    """The options in a command, without comments and without what comes behind a pipe."""
    return [word.partition("=")[0] for word in words if re.match(r"--[a-z]", word)]


def split(line):
    """The words of the first command of a line."""
    return shlex.split(re.split(r" [|>] |\s+# |;", line)[0].rstrip("\\"), posix=True)


def test_every_block_has_one_test_or_one_reason():
    """A new command, or a new output, is compared with what happens, or it says why not."""
    wrong = [(page, text.splitlines()[0]) for page, text in list_blocks() if len(entries_of(page, text)) != 1]

    assert wrong == []


def test_every_entry_has_a_block():
    """What is gone from the pages is gone from the list."""
    used = {entry for page, text in list_blocks() for entry in entries_of(page, text)}
    known = {(page, words) for table in (TESTED, NOT_RUN) for page, entries in table.items() for words in entries}

    assert known - used == set()


def test_every_test_that_is_named_is_there():
    """In its file."""
    named_tests = {test.partition("::")[::2] for entries in TESTED.values() for test in entries.values()}

    assert [(f, test) for f, test in named_tests if f"def {test}(" not in (ROOT / f).read_text("utf-8")] == []


def test_the_options_of_every_command_are_known():
    """Each is one of the command, or of its group; record, compare and upgrade have a parser of their own."""
    assert [unknown for page, line in named(r"lstm-parity [a-z]") if (unknown := find_unknown(page, line))] == []


def find_unknown(page, line):
    """What of a command there is not, with its page: the command itself, or options."""
    command, words, known = main, split(line)[1:], set(re.findall(r'"(--[a-z-]+)"', UPGRADE))
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]
        known = known if command.name in OF_UPGRADE else {name for one in command.params for name in one.opts}
    unknown = [one for one in options_of(words) if one not in known | {"--help"}]
    return (page, line, unknown) if unknown or command is main else None


@pytest.mark.parametrize(("page", "line"), SHOWN, ids=str)
def test_every_command_of_a_block_is_understood(page, line, tmp_path, monkeypatch):
    """Its options have values that they take, and no argument is missing; whatever files it names are there."""
    monkeypatch.chdir(tmp_path)
    command, words = main, split(line)[1:]
    for file in filter(re.compile(r"[^-/:][^:]*").fullmatch, words[1:]):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    if words[0] in OF_UPGRADE:
        assert make_parser("lstm-parity").parse_args(words).command == words[0]
        return
    while isinstance(command, click.Group) and words and words[0] in command.commands:
        command, words = command.commands[words[0]], words[1:]

    assert command.make_context(command.name, words).params


def test_the_options_of_pytest_are_known():
    """Those that are ours."""
    known = {f"--lstm-{name}" for name in OPTIONS} | {f"--{name}" for name in OPTIONS} | {"--help", "--pyargs"}
    lines = named(r"pytest .*--(impl|lstm|case)")

    assert [(page, line) for page, line in lines if not known.issuperset(options_of(split(line)))] == []


def test_every_module_that_is_run_is_there():
    """By its name."""
    modules = {line.split()[2].rstrip(".,") for _, line in named(MODULE)}

    assert [name for name in modules if importlib.util.find_spec(name) is None] == []


def test_every_target_of_make_is_there():
    """In the Makefile."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))

    assert [(page, line) for page, line in named(r"make [a-z-]+") if line.split()[1] not in targets] == []


def test_every_file_of_the_rooms_is_there():
    """Every module and folder that CONTRIBUTING names."""
    names = re.findall(r"\b([a-z_]+\.py|[a-z_]+/)", ROOMS)
    rooms = {name for name in names if (ROOT / name).is_dir()}
    files = {path.name for room in rooms for path in (ROOT / room).rglob("*.py")}
    folders = {f"{path.name}/" for room in rooms for path in (ROOT / room).rglob("*/")}

    assert [name for name in names if name not in files | folders | rooms] == []


def test_a_check_in_a_test_of_yours_passes():
    """The one of the page, on an LSTM that is right, and on few cases."""
    [shown] = [text for page, text in list_blocks() if page == "docs/bring-your-own.md" and text.startswith("import")]
    without = ast.literal_eval(re.search(r"check\(MyLSTM, without=(.*)\)", shown)[1])

    assert lstm_parity.check(MyLSTM, without=without, cases=["I3-H4-T4-B2-float32-normal-1"])
