"""What the tables share: the right case as it is, and as files of each format."""

from __future__ import annotations

import numpy as np
import torch

from specimens.hostile_files.encoding import Pwned, npy, saved, zipped
from specimens.hostile_files.writing import Write, small_case

Rows = tuple[tuple[str, str, Write], ...]
CASE = small_case()
HALF = {name: value for name, value in CASE.items() if name.startswith(("weight", "bias"))}
W = CASE["weight_ih_l0"]
NPY = npy(W)
NPZ = zipped(**{f"{name}.npy": npy(value) for name, value in HALF.items()})
PT = saved({name: torch.tensor(value) for name, value in HALF.items()})
OBJECTS = npy(np.array([Pwned()], object))
