"""Runs the page docs/any-language.md: its Python is report.py, its commands are executed in order, their output put in.

Everything happens in one temporary folder. Run `python -m pages.any_language`; it needs gcc and safetensors.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "any-language.md"
SESSION = re.compile(r"(?<=```console\n).*?(?=```)", re.DOTALL)
SCRIPT = re.compile(r"```python\n(.*?)```", re.DOTALL)
SHELL = f'lstm-parity() {{ "{sys.executable}" -m lstm_parity "$@"; }}; python() {{ "{sys.executable}" "$@"; }}; '


def output(command: str, folder: str) -> str:
    """What a command prints, errors too, as a terminal of 120 columns shows it."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "EXAMPLES": str(ROOT / "examples"), "COLUMNS": "120"}
    run = subprocess.run(["bash", "-c", SHELL + command], cwd=folder, env=environment, capture_output=True, text=True)
    lines = (run.stdout + run.stderr).replace(str(ROOT), ".").splitlines()
    return "".join(f"{line.rstrip()}\n" for line in lines)


def main() -> None:
    """Write the page anew."""
    page = PAGE.read_text()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "report.py").write_text("\n".join(SCRIPT.findall(page)))

        def again(session: re.Match[str]) -> str:
            commands = [line for line in session[0].splitlines() if line.startswith("$ ")]
            return "".join(f"{command}\n{output(command[2:], folder)}" for command in commands)

        PAGE.write_text(SESSION.sub(again, page))
    print(PAGE.read_text())


if __name__ == "__main__":
    main()
