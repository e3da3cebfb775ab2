"""The report of `make frameworks` as a page: run in its environment, `python -m pages.frameworks`."""

from __future__ import annotations

from pathlib import Path

from lstm_parity.audits.frameworks.report import frameworks_json, frameworks_text
from lstm_parity.audits.frameworks.run import judge_frameworks

HERE = Path(__file__).parent


def main() -> None:
    """Judge all that are installed and write it down."""
    report = judge_frameworks(progress=print)
    text = "\n".join(line.rstrip() for line in frameworks_text(report).splitlines())
    (HERE / "frameworks.json").write_text(frameworks_json(report))
    (HERE / "frameworks.md").write_text(f"# Other frameworks\n\n`python -m pages.frameworks`\n\n```\n{text}\n```\n")


if __name__ == "__main__":
    main()
