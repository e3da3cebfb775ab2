"""A newcomer's path: from an empty folder with the wheel to the page of a failure, by the commands of a page.

Run `python -m benchmarks.newcomer`. It builds the wheel, runs each command of docs/start-here.md in one shell, opens
the page that they write, in a Chromium too if there is one, and writes what was printed into both pages and
newcomer.json, and how long each took into newcomer.md: by the clock, and of processors, which is what is limited.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from html.parser import HTMLParser
from pathlib import Path

from specimens.browser import find_chromium

ROOT = Path(__file__).parents[1]
PAGES = ROOT / "docs" / "start-here.md", ROOT / "README.md"  # the second has commands of the first alone
RECORD, RESULT = Path(__file__).with_suffix(".json"), Path(__file__).with_suffix(".md")
SESSION = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
LIMIT = 180.0
MISTAKE = "bias-hh-dropped"
_NOT_COPIED = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "frameworks.json")
_MARK = "@@ end of a command"
_HEAD = """\
# A newcomer's path

Made by `python -m benchmarks.newcomer`: every command of [docs/start-here.md](../docs/start-here.md) in an empty
folder, with a wheel that was built before. {machine}; load when it began {load:.1f}.

| step | s by the clock | s of processors |
|---|--:|--:|
"""


@dataclass(frozen=True)
class Done:
    """A command, what it printed, and its seconds: by the clock, and of processors."""

    command: str
    printed: str
    seconds: float
    machine: float


def list_commands(page: str) -> list[str]:
    """Return the commands of a page's sessions, in order."""
    return [line[2:] for session in SESSION.findall(page) for line in session.splitlines() if line.startswith("$ ")]


def build_wheel(folder: Path) -> Path:
    """Build the wheel of this checkout."""
    shutil.copytree(ROOT, folder / "tree", symlinks=True, ignore=_NOT_COPIED)
    pip = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "--wheel-dir",
        str(folder),
        str(folder / "tree"),
    ]
    subprocess.run(pip, check=True)
    return next(folder.glob("*.whl"))


def run_commands(commands: list[str], folder: Path, wheel: Path) -> list[Done]:
    """Run commands in one shell, in a folder, as in a terminal of 120 columns."""
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "VIRTUAL_ENV")}
    environment |= {"CHECKOUT": str(wheel), "COLUMNS": "120", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    shell = subprocess.Popen(
        ["bash"], cwd=folder, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert shell.stdin is not None
    assert shell.stdout is not None
    done, used = list[Done](), 0.0
    for command in commands:
        start, lines = time.perf_counter(), list[str]()
        print(f"{command}\necho '{_MARK}'; times", file=shell.stdin, flush=True)
        while (line := shell.stdout.readline()) not in (f"{_MARK}\n", ""):
            lines.append(f"{line.rstrip()}\n")
        seconds = time.perf_counter() - start
        before, used = used, sum(map(read_time, f"{shell.stdout.readline()} {shell.stdout.readline()}".split()))
        done.append(Done(command, "".join(lines), seconds, used - before))
    shell.communicate()
    return done


def read_time(words: str) -> float:
    """Return the seconds of a time as bash prints it, 1m2.345s."""
    minutes, _, seconds = words.rstrip("s").partition("m")
    return 60.0 * float(minutes) + float(seconds)


class Reading(HTMLParser):
    """The words of a page, and the JSON in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.feed(page)

    def handle_data(self, data: str) -> None:
        """Keep all of them."""
        self.words.append(data)


def open_page(page: Path) -> list[Done]:
    """Open a page by Python's parser, and in a Chromium if there is one; each must find the name of the mistake."""
    found = [time_step("parse page.html", lambda: " ".join(Reading(page.read_text(encoding="utf-8")).words))]
    if chromium := find_chromium():
        command = [chromium, "--headless", "--no-sandbox", "--dump-dom", page.as_uri()]
        show = partial(subprocess.run, command, capture_output=True, text=True, check=True)
        found.append(time_step("chromium page.html", lambda: show().stdout))
    for one in found:
        if MISTAKE not in one.printed:
            raise RuntimeError(f"{one.command}: {MISTAKE} is not in it")
    return found


def time_step(name: str, work: Callable[[], str]) -> Done:
    """Return what a step found, and its seconds."""
    start, before = time.perf_counter(), sum(os.times()[:4])
    return Done(name, work(), time.perf_counter() - start, sum(os.times()[:4]) - before)


def fill_page(page: str, done: list[Done]) -> str:
    """Return a page whose sessions show what was printed."""
    printed = {one.command: one.printed for one in done}
    commands = re.compile(r"^\$ (.*)\n(?:(?!\$ ).*\n)*", re.MULTILINE)

    def show(session: re.Match[str]) -> str:
        return commands.sub(lambda line: f"$ {line[1]}\n{printed[line[1]]}", session[0])

    return SESSION.sub(show, page)


def main() -> None:
    """Go the way, and write the page, the record and the seconds."""
    text, load = PAGES[0].read_text(encoding="utf-8"), os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve() / "empty"
        folder.mkdir()
        done = run_commands(list_commands(text), folder, build_wheel(folder.parent))
        opened = open_page(folder / "page.html")
    for page in PAGES:
        page.write_text(fill_page(page.read_text(encoding="utf-8"), done), encoding="utf-8")
    RECORD.write_text(json.dumps({one.command: one.printed for one in done}, indent=1) + "\n", encoding="utf-8")
    RESULT.write_text(describe((*done, *opened), load), encoding="utf-8")
    if (total := sum(one.machine for one in (*done, *opened))) > LIMIT:
        raise RuntimeError(f"{total:.0f} s of processors, but it must take less than {LIMIT:.0f} s")


def describe(done: Sequence[Done], load: float) -> str:
    """Return the table of all steps."""
    machine = f"{platform.machine()}, {os.cpu_count()} processors, Python {platform.python_version()}"
    rows = [(f"`{one.command}`", f"{one.seconds:.1f}", f"{one.machine:.1f}") for one in done]
    seconds, machines = sum(one.seconds for one in done), sum(one.machine for one in done)
    rows.append(("**all**", f"**{seconds:.0f}**", f"**{machines:.0f}**"))
    return _HEAD.format(machine=machine, load=load) + "".join(f"| {' | '.join(row)} |\n" for row in rows)


if __name__ == "__main__":
    main()
