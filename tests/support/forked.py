"""Runs programs that import torch, each in a fork of one process that has it already: read from a JSON file, {name: program}.

`python tests/support/forked.py FILE` prints {name: what it printed, and how it ended} as JSON.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import warnings


def run(program: str, words: int) -> None:
    """Run one program, which prints into a pipe; an exception's last line is printed too."""
    os.dup2(words, 1)
    os.close(words)
    with open(1, "w", closefd=False) as sys.stdout:
        try:
            exec(compile(program, "program", "exec"), {"__name__": "__main__"})
        except Exception as error:
            print(f"{type(error).__name__}: {error}".splitlines()[-1])
    os._exit(0)


def fork(program: str) -> str:
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

    with open(sys.argv[1], encoding="utf-8") as file:
        print(json.dumps({name: fork(program) for name, program in json.load(file).items()}))
