"""Runs pages of sessions: their Python is report.py, their commands are executed in order, their output is put in.

Each page happens in a temporary folder of its own. Run `python -m pages.sessions [PAGE ...]`; it needs gcc and
safetensors.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = ("any-language", "answer-a-report")
SESSION = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)
SHELL = f'lstm-parity() {{ "{sys.executable}" -m lstm_parity "$@"; }}; python() {{ "{sys.executable}" "$@"; }}; '


def output(command: str, folder: str) -> str:
    """What a command prints, errors too, as a terminal of 120 columns shows it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "EXAMPLES": str(ROOT / "examples"), "COLUMNS": "120"}
    run = subprocess.run(["bash", "-c", SHELL + command], cwd=folder, env=environment, capture_output=True, text=True)
    lines = (run.stdout + run.stderr).replace(str(ROOT), ".").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def run_page(text: str) -> str:
    """Return a page with what its commands print now."""
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.py").write_text("\n".join(SCRIPT.findall(text)))

        def again(session: re.Match[str]) -> str:
            commands = [line for line in session[0].splitlines() if line.startswith("$ ")]
            return "".join(f"{command}\n{output(command[2:], folder)}" for command in commands)

        return SESSION.sub(again, text)


def main(names: list[str]) -> None:
    """Write the pages anew."""
    for name in names or PAGES:
        page = ROOT / "docs" / f"{name}.md"
        page.write_text(run_page(page.read_text()))


if __name__ == "__main__":
    main(sys.argv[1:])
