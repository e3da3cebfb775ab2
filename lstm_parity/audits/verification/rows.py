"""The rows of a verification that is not finished, in a file: for `--resume`, and for a second process."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

from lstm_parity.audits.upgrade.environments import cache_folder
from lstm_parity.audits.verification.options import VerifyOptions
from lstm_parity.implementations.target import Target
from lstm_parity.reports.certificate import Row
from lstm_parity.reports.certificate_json import row_fields, row_of
from lstm_parity.version import find_version


@dataclass(frozen=True)
class WorkFile:
    """The rows of a verification that is not finished, one JSON line each."""

    path: Path

    @classmethod
    def of(cls, target: Target, device: str, options: VerifyOptions) -> WorkFile:
        """Return the file of this target as it is now: another version of its source has another file."""
        source = Path(target.place)
        content = source.read_bytes() if source.is_file() else b""
        described = json.dumps([find_version(), target.fields, device, vars(options)], sort_keys=True).encode()
        name = hashlib.sha256(described + content).hexdigest()[:16]
        return cls(cache_folder() / "verify" / f"{name}.jsonl")

    def rows_of(self, dtype: str) -> list[Row]:
        """Return the rows of a dtype that are there; a line that was cut off by a kill is left out."""
        if not self.path.is_file():
            return []
        lines = self.path.read_text(encoding="utf-8").splitlines(keepends=True)
        rows = [row_of(json.loads(line)) for line in lines if line.endswith("\n")]
        return [row for row in rows if row.dtype == dtype]

    def append(self, row: Row) -> None:
        """Write one more row."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row_fields(row)) + "\n")

    def remove(self) -> None:
        """Forget the rows."""
        self.path.unlink(missing_ok=True)
