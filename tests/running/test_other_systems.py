"""Windows and macOS, shown on Linux: an interpreter without the modules and functions that only POSIX systems have."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# Every interpreter that finds it on its path reads it: the servers, and the processes that they start, too.
SITECUSTOMIZE = """
import os, socket, subprocess, sys, tempfile

for module in ("fcntl", "resource", "termios", "pwd", "grp", "pty", "syslog", "posix_ipc"):
    sys.modules[module] = None
for function in ("fork", "forkpty", "setpgid", "getpgid", "killpg", "setsid", "mkfifo", "nice", "posix_spawn"):
    if hasattr(os, function):
        delattr(os, function)
for family in ("AF_UNIX", "AF_NETLINK"):
    if hasattr(socket, family):
        delattr(socket, family)

def missing(_):
    raise AttributeError("not on this system")

socket.socket.sendmsg = socket.socket.recvmsg = property(missing)

def refused(*_, **__):
    raise OSError("symbolic links need a privilege")

os.symlink = refused
"""
WRONG = """
import os, time

def right(x, state, w_ih, w_hh, b_ih, b_hh):
    h, c = state
    i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + b_hh).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c

def wrong(x, state, w_ih, w_hh, b_ih, b_hh):
    return right(x, state, w_ih, w_hh, b_ih, 2 * b_hh)

def crashes(x, state, w_ih, w_hh, b_ih, b_hh):
    os.abort()

def exits(x, state, w_ih, w_hh, b_ih, b_hh):
    os._exit(7)

def hangs(x, state, w_ih, w_hh, b_ih, b_hh):
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A function that runs a command as on a system without POSIX, in a folder with a space and an umlaut."""
    hiding, folder = tmp_path_factory.mktemp("hiding"), tmp_path_factory.mktemp("a föld er")
    (hiding / "sitecustomize.py").write_text(SITECUSTOMIZE, encoding="utf-8")
    (folder / "mine.py").write_text(WRONG, encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(hiding), str(ROOT)]), "PYTHONUTF8": "0"}
    environment |= {"PYTHONIOENCODING": "cp1252", "LC_ALL": "C", "COLUMNS": "120"}

    def run(*command):
        words = ["-c", *command] if len(command) == 1 else ["-m", *command]
        done = subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, timeout=500)
        return done.returncode, (done.stdout + done.stderr).decode("cp1252", errors="replace")

    return run


def test_every_module_can_be_imported(elsewhere):
    """No module of the package imports, or uses at import, what only POSIX systems have."""
    names = [
        ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        for path in sorted((ROOT / "lstm_parity").rglob("*.py"))
        if not {"frameworks", "cluster", "known_answers"} & {*path.parts} and "__main__" not in path.name
    ]
    status, printed = elsewhere(f"import importlib\nfor name in {names!r}: importlib.import_module(name)")

    assert status == 0, printed


def test_our_own_implementations_are_judged(elsewhere):
    """`verify` of the NumPy reference in one dtype."""
    code = (
        "from lstm_parity.audits.verification.verify import OUR_IMPLEMENTATIONS, verify\n"
        "print(verify(OUR_IMPLEMENTATIONS[-1:], ['float32']).holds)"
    )

    assert elsewhere(code) == (0, "True\n".replace("\n", os.linesep))


@pytest.mark.parametrize(
    ("name", "status", "words"),
    [
        ("right", 0, "PARITY"),
        ("wrong", 1, "DEVIATES"),
        ("crashes", 1, "SIGABRT"),
        ("hangs", 1, "did not return within 2 seconds"),
    ],
)
def test_an_implementation_is_judged_in_a_process_of_its_own(elsewhere, name, status, words):
    """A right one, a wrong one, and those that end their process or never answer."""
    limit, case = "2" if name == "hangs" else "60", "I5-H7-T4-B3-float32-threads1-normal-0"
    command = ("lstm_parity", "verify", "--impl", f"cell:mine.py:{name}", "--time-limit", limit, "--case", case)
    got, printed = elsewhere(*command)

    assert (got, words in printed) == (status, True), printed


def test_a_folder_is_judged(elsewhere):
    """Written by one of our cases, answered by nobody."""
    status, printed = elsewhere("lstm_parity", "cases", "export", "cases", "--dtype", "float32")
    assert status == 0, printed

    status, printed = elsewhere("lstm_parity", "judge", "cases")
    assert (status, "Traceback" in printed) == (3, False), printed


def test_records_are_compared(elsewhere):
    """Two of those in the repository."""
    files = [str(ROOT / "records" / f"{version}.record") for version in ("2.12.1", "2.13.0")]
    status, printed = elsewhere("lstm_parity", "compare", *files)

    assert (status in (0, 1), "Traceback" in printed, "2.13.0" in printed) == (True, False, True), printed


def test_bad_calls_are_run_in_processes(elsewhere):
    """As `record` does: what is refused, what crashes, what hangs."""
    code = (
        "from lstm_parity.running.child_process import ProcessServer\n"
        "with ProcessServer('math') as server:\n"
        "    calls = [('math:hypot', 3, 4), ('math:sqrt', -1), ('os:abort',), ('os:_exit', 3), ('time:sleep', 60)]\n"
        "    print([server.run(*call, limit=5.0).how.value for call in calls])"
    )
    status, printed = elsewhere(code)

    assert (status, printed.strip()) == (0, "['returned', 'raised', 'crashed', 'exited', 'hung']"), printed


def test_a_target_on_another_drive_has_a_name(monkeypatch):
    """There is no relative path from one drive to another."""
    from lstm_parity.implementations.target import Target  # noqa: PLC0415

    def refuse(*_):
        raise ValueError("path is on mount 'D:', start on mount 'C:'")

    monkeypatch.setattr(os.path, "relpath", refuse)

    assert str(Target("cell", "D:/mine.py", "cell")) == "cell:D:/mine.py:cell"


def test_text_files_name_their_encoding():
    """Windows would read them in its own: every read_text, write_text and open of the package says utf-8, or bytes."""
    calls = re.compile(r"\.(?:read_text|write_text)\((?!.*encoding=)|\bopen\((?!.*(?:encoding=|\"[rw]b\"))")
    sources = [path for path in (ROOT / "lstm_parity").rglob("*.py") if "remote" not in path.parts]

    found = [
        f"{path.name}: {line}"
        for path in sources
        for line in path.read_text("utf-8").splitlines()
        if calls.search(line)
    ]
    assert [line for line in found if not re.search(r"safe_open|file\.open|lock\.open|Popen|\(\)", line)] == []
