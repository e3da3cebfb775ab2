"""Runs the programs of a folder, each in a fork of one process that has imported torch already.

`python tests/support/forked.py FOLDER` prints {name: what it printed, and how it ended} as JSON.
"""

from __future__ import annotations

import json
import os
import runpy
import signal
import sys
import warnings
from pathlib import Path


def run(program: Path, words: int) -> None:
    """Run one program, which prints into a pipe; an exception's last line is printed too."""
    os.dup2(words, 1)
    os.close(words)
    with open(1, "w", closefd=False) as sys.stdout:
        try:
            runpy.run_path(str(program), run_name="__main__")
        except Exception as error:
            sys.stdout.write(f"{type(error).__name__}: {error}\n".splitlines(keepends=True)[-1])
    os._exit(0)


def fork(program: Path) -> str:
    """Return what a program printed, as one line, and the signal that ended it."""
    read, write = os.pipe()
    if (child := os.fork()) == 0:
        os.close(read)
        run(program, write)
    os.close(write)
    with open(read) as pipe:
        printed = pipe.read().splitlines()
    _, status = os.waitpid(child, 0)
    ended = [f"**{signal.Signals(os.WTERMSIG(status)).name}**"] if os.WIFSIGNALED(status) else []
    return "; ".join([*printed, *ended])


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    import torch  # noqa: F401

    json.dump({program.stem: fork(program) for program in sorted(Path(sys.argv[1]).glob("*.py"))}, sys.stdout)
