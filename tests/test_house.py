"""What `experiments.house` counts, on houses of a few lines."""

from __future__ import annotations

import subprocess
from textwrap import dedent

import pytest

from experiments.house import count_arrows, describe, describe_offenders, lines_per_definition
from experiments.modules import NOW, House, is_participle, read_files


def build_house(**files):
    """Return a house of these files: `cases__setting` is `lstm_parity/cases/setting.py`, `top__x` is `x.py`."""
    return House({place(name): dedent(text) for name, text in files.items()})


def place(name):
    """Return the path that a name of `build_house` stands for."""
    path = name.replace("__", "/") + ".py"
    return path.removeprefix("top/") if path.startswith("top/") else f"lstm_parity/{path}"


def only(house):
    """Return the one module of a house."""
    [module] = house.modules
    return module


@pytest.mark.parametrize("name", ["judged", "_told", "run_padded", "found", "spoken"])
def test_a_participle_is_the_last_word_of_a_name(name):
    """Regular and irregular ones, with and without an underscore in front."""
    assert is_participle(name)


@pytest.mark.parametrize(
    "name", ["judge", "run", "read", "is_packed", "has_ended", "seed", "find_token", "judged_case"]
)
def test_verbs_predicates_and_nouns_are_no_participles(name):
    """`is_packed` asks a question, `run` and `read` are verbs too, and what only ends like a participle is none."""
    assert not is_participle(name)


def test_a_room_is_a_folder_of_the_package_or_a_folder_at_the_top():
    """Whatever lies deeper in it; a module directly in the package is a room of its own."""
    house = build_house(cli="", cases__setting="", cases__deep__down="", top__tests__cases__test_setting="")
    assert list(house.arrows) == ["lstm_parity.cases", "lstm_parity.cli", "tests"]


@pytest.mark.parametrize(
    "line",
    [
        "import lstm_parity.cases.setting",
        "from lstm_parity.cases import setting",
        "from lstm_parity.cases.setting import Setting",
        "from ..cases.setting import Setting",
        "def run():\n    from lstm_parity.cases import setting",
    ],
)
def test_an_import_is_an_arrow_however_it_is_written(line):
    """At the top of a module or in a function, of a module or of a name in it, absolute or relative."""
    house = build_house(cases__setting="class Setting: ...", judging__verdict=line)
    assert house.arrows == {"lstm_parity.cases": set(), "lstm_parity.judging": {"lstm_parity.cases"}}


def test_a_link_in_the_package_is_the_folder_that_it_leads_to():
    """`lstm_parity.reference` is `reference/`, which lies at the top."""
    house = build_house(cases__case="from lstm_parity.reference import weights", top__reference__weights="")
    assert house.arrows["lstm_parity.cases"] == {"reference"}


@pytest.mark.parametrize(
    ("arrows", "counted"),
    [
        ({"a": {"b"}, "b": {"c"}, "c": set()}, "3 / 3 / 2"),
        ({"a": {"b", "c"}, "b": set(), "c": set()}, "3 / 2 / 2"),
        ({"a": {"b"}, "b": {"a", "c"}, "c": set(), "d": {"a"}}, "4 / 3 / 4"),
    ],
)
def test_floors_are_the_longest_chain_and_a_circle_is_one(arrows, counted):
    """A chain, two rooms side by side, and a circle with a room above and one below it."""
    assert count_arrows(arrows) == counted


def test_public_names_are_bound_at_the_top_without_an_underscore():
    """Functions, classes and constants; neither methods, nor what is imported, nor several names in one assignment."""
    text = "import re\nLIMIT = 1\nA, B = 1, 2\nkind: int = 1\n_HIDDEN = 2\ndef run(): ...\nclass Case:\n    draw = 1\n"
    assert only(build_house(case=text)).public == ["LIMIT", "kind", "run", "Case"]


@pytest.mark.parametrize(
    "use",
    [
        "from lstm_parity.cases.case import draw",
        "from lstm_parity.cases import case as c\nc.draw()",
        "import lstm_parity.cases.case\nlstm_parity.cases.case.draw()",
        "TARGET = 'lstm_parity.cases.case:draw'",
    ],
)
def test_a_name_is_used_if_another_file_imports_reaches_or_names_it(use):
    """What is left has no user but its own module."""
    house = build_house(cases__case="def draw(): ...\ndef help_draw(): ...\nhelp_draw()", judging__run=use)
    assert house.unused_elsewhere(house.engine[0]) == ["help_draw"]


def test_archaic_words_are_those_of_docstrings_and_comments():
    """Code and strings are not read."""
    module = only(build_house(case='"""A case.\n\nWhat is told.\n"""\ntold = "ought"  # asked of it\n'))
    assert module.archaic == [("told", 3), ("asked", 5)]


def test_known_mistakes_are_no_definitions_to_divide_lines_by():
    """Neither their classes nor their lines."""
    house = build_house(
        case="def run():\n    pass\n\n\n_x = 1\n", catalogue__mistakes__gates="class A: ...\nclass B: ...\n"
    )
    assert lines_per_definition(house) == "5.0"


def test_offenders_are_listed_with_their_lines():
    """File by file, one line for each kind."""
    house = build_house(cases__case="# told\ndef judged(): ...\n")
    assert describe_offenders(house).splitlines() == [
        "lstm_parity/cases/case.py: participles: judged:2",
        "lstm_parity/cases/case.py: one word: judged:2",
        "lstm_parity/cases/case.py: archaic: told:1",
        "lstm_parity/cases/case.py: public, used by no other file: judged",
    ]


def test_the_page_has_a_column_for_each_house():
    """Beside the names of the figures and what the first survey found."""
    house = build_house(cases__case='"""A case."""\n\n\ndef draw_case():\n    """Draw it."""\n')
    assert "|  | first survey | before | now |" in describe({"before": house, "now": house}).splitlines()


def test_links_and_ignored_files_are_not_read(tmp_path):
    """What git ignores is no part of the house, and a linked folder would count twice."""
    subprocess.run(["git", "init", "--quiet"], cwd=tmp_path, check=True)
    for name, text in {"a.py": "x = 1\n", "b.py": "", ".gitignore": "b.py\n"}.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "c.py").symlink_to("a.py")
    assert dict(read_files(tmp_path, NOW).files) == {"a.py": "x = 1\n"}
