"""A terminal's width and colours are respected; into a pipe a report is plain, and the same whatever the terminal."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest

from lstm_parity.audits.verification.report import certificate_report
from lstm_parity.reports.certificate_text import certificate_text
from lstm_parity.reports.formats.terminal import PIPED_WIDTH, echo_report, fit_line
from lstm_parity.reports.lines import REPEAT
from lstm_parity.reports.page import make_table, render_page, render_text
from tests.support.format_cases import HOSTILE_WORDS, WIDTHS
from tests.support.hostile_reports import make_certificate, make_reports

LONG = "class:packages/of_somebody/with_a_long_name.py:BidirectionalLSTMWithProjection"
ESCAPE = re.compile(r"\x1b\[[0-9;]*m")
PROGRAM = """
import sys
from pathlib import Path
from lstm_parity.reports.formats.terminal import echo_report
echo_report(Path(sys.argv[1]).read_text(encoding="utf-8"))
"""


def show(folder, columns=None, **environment):
    """Return what a certificate looks like on a terminal of so many columns, or in a pipe."""
    report = certificate_report(make_certificate(LONG), ["one two " * 30])
    (folder / "text").write_text(report.text(columns or PIPED_WIDTH), encoding="utf-8")
    known = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    env = {**known, "PYTHONPATH": os.pathsep.join(sys.path), "TERM": "xterm-256color", **environment}
    command = [sys.executable, "-c", PROGRAM, str(folder / "text")]
    if columns is None:
        return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    pty = pytest.importorskip("pty")  # not on Windows
    ours, theirs = pty.openpty()
    set_columns(theirs, columns)
    with subprocess.Popen(command, env=env, stdout=theirs, stderr=theirs, stdin=theirs) as process:
        os.close(theirs)
        shown = b"".join(read_all(ours))
    os.close(ours)
    assert process.returncode == 0, shown.decode()
    return shown.decode().replace("\r\n", "\n")


def set_columns(terminal, columns):
    """Set the size of a terminal."""
    import fcntl  # noqa: PLC0415 -- not on Windows
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))


def read_all(terminal):
    """Yield what is written until the other end is closed."""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # as Linux says that it is closed
            return
        if not part:
            return
        yield part


def too_long(text, columns):
    """Return the lines that are too long, but for single words and commands to be copied."""
    lines = ESCAPE.sub("", text).split("\n")
    return [line for line in lines if len(line) > columns and " " in line.strip() and not line.startswith(REPEAT)]


@pytest.mark.parametrize("columns", WIDTHS)
def test_a_terminal_is_respected(columns, tmp_path):
    """No line is longer, no word is divided, and verdicts are in colour."""
    text = show(tmp_path, columns)

    assert too_long(text, columns) == []
    assert (LONG in ESCAPE.sub("", text), "\x1b[" in text) == (True, True)


def test_no_color_is_respected(tmp_path):
    """NO_COLOR, as https://no-color.org says: no colours, all else as before."""
    assert "\x1b[3" not in show(tmp_path, 80, NO_COLOR="1")


def test_a_pipe_gets_plain_text_whatever_the_terminal(tmp_path):
    """Of 120 columns, without colours."""
    narrow, wide = (show(tmp_path, COLUMNS=columns) for columns in ("40", "200"))

    assert (narrow == wide, "\x1b" in narrow) == (True, False)


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("kind", ["certificate", "answer", "comparison"])
def test_every_report_fits(kind, columns):
    """Whatever is wrapped on a terminal is wrapped between words."""
    text = make_reports("some words and a_long_name_that_is_not_divided_by_any_terminal", 7.0)[kind].text(columns)
    fitted = "\n".join(fit_line(line, columns) for line in text.split("\n"))

    assert (too_long(fitted, columns), fitted.split() == text.split()) == ([], True)


@pytest.mark.parametrize("words", HOSTILE_WORDS.values(), ids=HOSTILE_WORDS)
def test_no_report_commands_the_terminal(words, capsys):
    """Control characters of somebody else's are shown, not sent."""
    echo_report(make_reports(words)["certificate"].text(PIPED_WIDTH))

    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", capsys.readouterr().out)


def test_a_narrow_table_has_its_values_below_one_another():
    """A cell on each line, with its name; a wide one is a table."""
    row, texts = ["a_name_of_thirty_four_characters__", "PARITY", "1.25"], list[str]()
    for columns in (40, 80):
        console = render_page("title", {}, columns)
        console.print(make_table(("implementation", "verdict"), ("worst",), [row]))
        texts.append(render_text(console).splitlines()[-1].split())

    assert texts == [["worst", "1.25"], row]


@pytest.mark.parametrize("columns", range(40, 80))
def test_a_table_of_any_width_loses_no_letter(columns):
    """A column of numbers is as wide as its numbers, whatever is wrapped for that."""
    row = ["module:wrong.py:MyLSTM", "none that is known", "10", "1.9e+35", "5.0e+17"]
    console = render_page("", {}, columns)
    console.print(make_table(("name", "in arithmetic"), ("not judged", "worst", "RMS"), [row]), highlight=False)

    assert set(" ".join(row).split()) <= set(render_text(console).split())


def test_a_certificate_of_nothing_is_text_too():
    """A table without rows is none."""
    assert "NOT ENOUGH" in certificate_text(make_certificate("x", outcomes=()), 40)


@pytest.mark.parametrize("width", range(40, 140))
def test_no_number_of_a_table_is_cut(width):
    """Words are broken into lines, or rows into a line for each cell, until all fit."""
    console = render_page("TITLE", {}, width)
    row = ("cell:cell.py:lstm_cell", "float64", "DEVIATES", "none that is known", "1", "0", "9.3e+14", "3.9e+14")
    names = ("implementation", "layer dtype", "verdict", "in arithmetic"), ("judged", "not judged", "worst", "RMS")
    console.print(make_table(*names, [row]))

    assert {"3.9e+14", "RMS"} <= {*render_text(console).split()}
