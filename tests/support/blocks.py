"""Every fenced block of the pages, and for each page which test compares it, or why none does.

A block is known by its page and the first words in it. `TESTED` names the test; `NOT_RUN` gives the reason, and what is
checked of it all the same. What is in neither fails tests/pages/test_blocks.py.
"""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE = ("README.md", "CONTRIBUTING.md", "reference/README.md", "known_answers/README.md", "records/README.md")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.DOTALL | re.MULTILINE)

_NEWCOMER = "tests/pages/test_readme.py::test_what_a_newcomer_is_shown_was_printed"
_SESSIONS = "tests/pages/test_sessions_page.py::test_every_answer_on_the_page_is_what_the_command_says"
_TUTORIALS = "tests/pages/test_tutorial_pages.py::test_a_page_shows_what_the_suite_says"
_FAILURE = "tests/pages/test_readme.py::test_the_example_fails_with_the_words_that_the_page_shows"
_VECTORS = "tests/cases/test_known_answers.py::test_a_wrong_gate_order_fails_as_the_documentation_shows"
_CI = "tests/pages/test_ci_pages.py::test_every_input_that_a_snippet_gives_is_one"
_OF_REPORTS = "tests/pages/test_sweep_page.py::test_the_page_shows_lines_of_a_report"
_FINDINGS = "tests/pages/test_findings_pages.py::test_a_program_ends_as_its_page_says"

# of a page: the first words of a block, or "" for all blocks of it, and the test
TESTED = {
    "README.md": {"$ ": _NEWCOMER},
    "CONTRIBUTING.md": {"reference/  ": "tests/pages/test_blocks.py::test_every_file_of_the_rooms_is_there"},
    "known_answers/README.md": {"": _VECTORS},
    "docs/answer-a-report.md": {"": _SESSIONS},
    "docs/bring-your-own.md": {
        "$ pytest": "tests/plugin/test_impl_option.py::test_a_wrong_lstm_is_named_as_the_page_shows",
        "import lstm_parity": "tests/pages/test_blocks.py::test_a_check_in_a_test_of_yours_passes",
        "lstm-parity verify --impl layer:": "tests/plugin/test_impl_option.py::test_a_correct_lstm_passes",
    },
    "docs/ci.md": {
        "name: LSTM": _CI,
        "steps:": _CI,
        "lstm-parity:": "tests/pages/test_ci_pages.py::test_options_of_snippets_are_those_of_the_command",
        "repos:": "tests/pages/test_ci_pages.py::test_options_of_snippets_are_those_of_the_command",
        "[[deviation]]": "tests/pages/test_ci_pages.py::test_the_example_of_known_deviations_is_read",
    },
    "docs/cluster.md": {
        "x-node:": "tests/pages/test_cluster_page.py::test_the_compose_file_has_three_nodes_of_one_cluster",
        "lstm-parity sweep --ray auto": "tests/pages/test_cluster_page.py::test_its_commands_are_understood",
        "pip install 'lstm-parity[ray]'": "tests/pages/test_cluster_page.py::test_its_commands_are_understood",
        "  machine 1": _OF_REPORTS,
    },
    "docs/expect.md": {
        "lstm-parity expect --hidden": "tests/pages/test_expect_page.py::test_the_page_shows_what_its_command_prints",
        "How far apart": "tests/pages/test_expect_page.py::test_the_page_shows_what_its_command_prints",
    },
    "docs/identify.md": {
        "lstm-parity identify": "tests/pages/test_identify_page.py::test_the_page_shows_what_the_command_prints",
        "module:mine.py": "tests/pages/test_identify_page.py::test_the_page_shows_what_the_command_prints",
        "  arithmetic in": "tests/pages/test_identify_page.py::test_the_page_shows_the_arithmetic_of_torch",
    },
    "docs/my-class.md": {
        "lstm-parity identify": "tests/pages/test_my_class_page.py::test_the_page_shows_what_the_command_prints",
        "found of the class": "tests/pages/test_my_class_page.py::test_the_page_shows_what_the_command_prints",
        "[": "tests/pages/test_my_class_page.py::test_the_files_of_the_page_can_be_read",
    },
    "docs/reading-a-failure.md": {"": _FAILURE},
    "docs/report-format.md": {
        "input = ": "tests/pages/test_folder_pages.py::test_the_text_of_the_page_is_read_as_two_arrays"
    },
    "docs/start-here.md": {"": _NEWCOMER},
    "docs/sweep.md": {"The wrong cells": _OF_REPORTS},
    "docs/tutorials": {"": _TUTORIALS},
    "docs/findings": {"": _FINDINGS},
}

_EQUATIONS = "equations, which the code beside them is tested to compute"
_LONG = "minutes or hours; that they are understood, values too, is checked by tests/pages/test_blocks.py"
NOT_RUN = {
    "README.md": {"pip install .": ".ci/run runs both make commands; `pip install` is that of tests/test_package.py"},
    "CONTRIBUTING.md": {"make lint": ".ci/run runs all three"},
    "reference/README.md": {"": _EQUATIONS},
    "records/README.md": {"python -m": "once under each release of torch; that the modules are there is checked"},
    "docs/any-language.md": {
        "": "20 s of a processor, 2 of them its report: `python -m pages.sessions any-language` runs and writes it"
    },
    "docs/certificate-page.md": {"lstm-parity verify": "its pages are tested by tests/pages/test_certificate_page.py"},
    "docs/ci.md": {"![LSTM parity]": "an image of another site"},
    "docs/cluster.md": {
        "export RAY": "settings of a shell",
        "ray start": "starts a cluster; tests/audits/test_sweep_on_ray.py does where Ray is installed",
    },
    "docs/devices.md": {"pytest --lstm-device": "needs a GPU; that they are understood is checked"},
    "docs/expect.md": {"lstm-parity expect --weights": "the file is the reader's; that it is understood is checked"},
    "docs/folder-format.md": {"I5-H7": "the drawing of a folder; its fields are tested by test_folder_pages.py"},
    "docs/frameworks.md": {"make frameworks": ".ci/run runs three of its groups"},
    "docs/modes.md": {"lstm-parity modes": _LONG},
    "docs/noise-model.md": {"": _EQUATIONS},
    "docs/style-guide.md": {"def compare_gradients": "a docstring as an example"},
    "docs/sweep.md": {"lstm-parity sweep": _LONG},
    "docs/upgrades.md": {"lstm-parity": _LONG},
}


def list_pages() -> list[Path]:
    """Return every page whose blocks are to be known."""
    return [*(ROOT / name for name in OUTSIDE), *sorted((ROOT / "docs").rglob("*.md"))]


def list_blocks() -> list[tuple[str, str]]:
    """Return the page and the text of every fenced block."""
    pages = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in list_pages()}
    return [(name, body) for name, text in pages.items() for _, body in FENCE.findall(text)]


def entries_of(page: str, text: str) -> list[tuple[str, str]]:
    """Return the entries of TESTED and NOT_RUN, as pages and first words, that a block falls under."""
    places = (page, str(Path(page).parent.as_posix()))
    return [
        (place, words)
        for table in (TESTED, NOT_RUN)
        for place in places
        for words in table.get(place, {})
        if text.startswith(words)
    ]
