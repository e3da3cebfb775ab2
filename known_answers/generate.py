"""Write all vectors, or with `--check` compare them: `python -m lstm_parity.known_answers.generate`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from lstm_parity.known_answers.catalogue import VECTORS
from lstm_parity.known_answers.exact import DIGITS, answers
from lstm_parity.known_answers.vector import Arrays, Vector

FOLDER = Path(__file__).parent
FORMAT = "lstm-parity known answer, format 1"
ABOUT = (
    "name", "purpose", "input_size", "hidden_size", "num_layers", "bias", "batch_first", "bidirectional", "proj_size",
    "time", "batch", "lengths", "enforce_sorted",
)  # fmt: skip


def hex_float(number: float) -> str:
    """A float64 number exactly, as C's `%a` writes it but without idle zeros: 0x1.8p-1, -0x1p+0, 0x0p+0."""
    mantissa, _, exponent = float(number).hex().partition("p")
    return f"{mantissa.rstrip('0').rstrip('.') if '.' in mantissa else mantissa}p{exponent}"


def files(digits: int = DIGITS) -> Iterator[tuple[Path, str]]:
    """Every file that is generated, with its contents."""
    for vector in VECTORS:
        yield FOLDER / "vectors" / f"{vector.name}.json", contents(vector, digits)
    lines = [
        "# The vectors",
        "",
        "Made by `python -m lstm_parity.known_answers.generate`. How to read them: [README.md](README.md).",
    ]
    lines += ["", "| vector | what it is for |", "|---|---|"]
    lines += [f"| [{vector.name}](vectors/{vector.name}.json) | {vector.purpose} |" for vector in VECTORS]
    yield FOLDER / "VECTORS.md", "\n".join(lines) + "\n"


def contents(vector: Vector, digits: int = DIGITS) -> str:
    """A vector as JSON, an array to a line."""
    arrays = vector.arrays()
    weights = {name: laid_out(vector, arrays, name) for name in arrays if name[:4] in ("weig", "bias")}
    entries = [("format", FORMAT), *((name, getattr(vector, name)) for name in ABOUT), ("weights", weights)]
    arrays |= {name: np.array(values) for name, values in answers(vector, arrays, digits).items()}
    entries += [(name, laid_out(vector, arrays, name)) for name in ("input", "h_0", "c_0", "output", "h_n", "c_n")]
    return "{\n" + ",\n".join(f'"{name}": {_json(value)}' for name, value in entries) + "\n}\n"


def laid_out(vector: Vector, arrays: Arrays, name: str) -> dict[str, Any] | None:
    """One array with its shape, as the call of `nn.LSTM` has it; None where the call has none."""
    if name not in arrays:
        return None
    array = arrays[name]
    if vector.batch is None and array.ndim == 3:
        array = array[:, 0]
    elif vector.batch_first and name in ("input", "output"):
        array = array.swapaxes(0, 1)
    return {"shape": list(array.shape), "values": [hex_float(number) for number in array.ravel()]}


def _json(value: Any) -> str:
    """An object of arrays has an array to a line, all else stands on one line."""
    if isinstance(value, dict) and "shape" not in value:
        return "{\n" + ",\n".join(f'  "{name}": {json.dumps(array)}' for name, array in value.items()) + "\n}"
    return json.dumps(value)


def stale() -> list[str]:
    """The files that are missing, differ from what is generated, or are no vector any more."""
    wanted = dict(files())
    differing = [path for path, text in wanted.items() if not path.exists() or path.read_bytes() != text.encode()]
    return [path.name for path in [*differing, *sorted(set((FOLDER / "vectors").iterdir()) - set(wanted))]]


def write() -> None:
    """Write every file, and remove vectors that are none any more."""
    wanted = dict(files())
    (FOLDER / "vectors").mkdir(exist_ok=True)
    for path in set((FOLDER / "vectors").glob("*.json")) - set(wanted):
        path.unlink()
    for path, text in wanted.items():
        path.write_bytes(text.encode())


def main() -> None:
    """Write, or compare and say what differs."""
    parser = argparse.ArgumentParser(prog="python -m lstm_parity.known_answers.generate", description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare the files with what is generated")
    if not parser.parse_args().check:
        write()
    elif names := stale():
        sys.exit(f"{', '.join(names)} differ from what is generated: run python -m lstm_parity.known_answers.generate")


if __name__ == "__main__":
    main()
