"""Which few cases tell all known mistakes apart: chosen greedily from a pool, and the pairs that nothing there tells.

The pool: every mistake's witness, short and long calls, cases of the lattice, and drawn ones; each read at once, and
some of them from two calls. Two mistakes differ on a case where each is more than `CLEAR` noises away from the other.
Run `python -m experiments.probes [DRAWN]`; it prints the list of `parity/probing.py`, and writes probes.md.
"""

from __future__ import annotations

import itertools
import sys
import warnings
from collections import defaultdict
from pathlib import Path
from random import Random

import numpy as np

from parity.calling import TENSORS, Outputs
from parity.cases import Case, case, draw
from parity.lattice import cover, setting_at
from parity.likeness import UNREPEATABLE, Behaviour, plain_noise
from parity.mistakes import MISTAKES
from parity.mistakes.mistake import Written
from parity.mistakes.plain import PlainLSTM
from parity.observing import LATE, TWICE, WHOLE
from parity.settings import Architecture, Call, Runtime, Setting

CLEAR = 30.0
ALL = (Written(PlainLSTM), *MISTAKES)
STEPS = (
    "I3-H4-T1-B2-float32-normal-1",
    "I3-H4-T1-B2-nostates-float32-normal-1",
    "I3-H4-T3-B2-float32-normal-1",
    "I3-H4-T3-B2-native-float32-normal-1",
    "I3-H4-T18-B2-float64-normal-1",
)
TWICE_CALLED = ("I3-H4-T3-B2-float32-normal-1", "I3-H4-T3-B2-nostates-float32-normal-1")

Probe = tuple[str, str]


def pool(drawn: int) -> list[tuple[str, Case]]:
    """Ways and cases, the simplest first."""
    names = dict.fromkeys([*STEPS, *(wrong.witness for wrong in MISTAKES if wrong.witness)])
    found = [(WHOLE, case(name)) for name in names]
    found += [(way, case(name)) for name in TWICE_CALLED for way in (TWICE, LATE)]
    found += [(WHOLE, draw(setting_at(point), "normal", 1)) for point in cover(profile="normal", sizes="distinct")]
    found += [(WHOLE, random_case(Random(seed))) for seed in range(drawn)]
    return sorted(found, key=lambda probe: (probe[1].input.size * len(probe[1].weights.cells), probe[1].id))


def random_case(coins: Random) -> Case:
    """Any setting with small sizes."""
    time, batch, hidden = coins.randint(1, 6), coins.randint(1, 5), coins.randint(2, 6)
    lengths = tuple([time, *(coins.randint(1, time) for _ in range(batch - 1))][::-1]) if coins.random() < 0.4 else None
    rows = None if coins.random() < 0.15 and lengths is None else batch
    flags = [coins.random() < 0.5 for _ in range(4)]
    size = hidden if coins.random() < 0.3 else coins.randint(1, 6)
    projected = coins.choice([0, 0, coins.randint(1, hidden - 1)])
    architecture = Architecture(size, hidden, coins.choice([1, 2, 3]), coins.random() < 0.7, *flags[:2], projected)
    call = Call(time, rows, lengths, states=coins.random() < 0.7, strided=flags[2])
    grad_mode = coins.choice(["no_grad", "grad", "inference"])
    dtype = coins.choice(["float32", "float32", "float32", "float64", "bfloat16"])
    runtime = Runtime(dtype, "cpu", grad_mode, flags[3], coins.choice([1, 1, 1, 2]), coins.random() < 0.3)
    return draw(Setting(architecture, call, runtime), coins.choice(["normal", "trained", "non_finite", "one_hot"]), 1)


def different(way: str, probed: Case) -> np.ndarray:
    """Which pairs of ALL differ on a probe: (n, n) of bool."""
    plain = plain_noise(probed)
    if not plain:
        return np.zeros((len(ALL), len(ALL)), bool)
    groups: dict[object, list[int]] = defaultdict(list)
    behaviours = [Behaviour(wrong, probed, way, plain) for wrong in ALL]
    for k, behaviour in enumerate(behaviours):
        own = behaviour.mistake.name in UNREPEATABLE
        groups[k if own else _bits(behaviour.outputs)].append(k)
    apart = np.zeros((len(ALL), len(ALL)), bool)
    for ours, theirs in itertools.combinations(groups.values(), 2):
        one, other = behaviours[ours[0]], behaviours[theirs[0]]
        if _unlike(one, other) > CLEAR and _unlike(other, one) > CLEAR:
            apart[np.ix_(ours, theirs)] = apart[np.ix_(theirs, ours)] = True
    return apart


def _bits(outputs: Outputs | None) -> object:
    """The same for the same numbers and faults."""
    return None if outputs is None else (outputs.faults, *(array.tobytes() for array in _arrays(outputs)))


def _unlike(one: Behaviour, other: Behaviour) -> float:
    return np.inf if other.outputs is None else one.unlike(other.outputs)


def _plainness(probed: Case) -> float:
    """What makes a case dear: words that an implementation may not support, and size."""
    return 4.0 + probed.setting.name.count("-") + probed.input.size / 50.0


def _arrays(outputs: Outputs) -> list[np.ndarray]:
    arrays = [getattr(outputs, name) for name in TENSORS]
    return [np.empty(0) if array is None else array for array in arrays]


def chosen(told: list[np.ndarray], dear: list[float], times: int) -> list[int]:
    """Few of the probes by which every pair that can be told apart is, `times` times where that many probes do."""
    wanted = np.minimum(np.sum(told, 0), times)
    picked: list[int] = []
    while wanted.any():
        gains = [0 if k in picked else int((apart & (wanted > 0)).sum()) / dear[k] for k, apart in enumerate(told)]
        picked.append(int(np.argmax(gains)))
        wanted = np.maximum(wanted - told[picked[-1]], 0)
    return picked


def main() -> None:
    """Find out, print and write."""
    warnings.simplefilter("ignore")
    probes = pool(int(sys.argv[1]) if len(sys.argv) > 1 else 400)
    told = [different(way, probed) for way, probed in probes]
    picked = sorted(chosen(told, [_plainness(probed) for _, probed in probes], 2))
    never = [
        (ALL[i].name, ALL[j].name)
        for i, j in itertools.combinations(range(len(ALL)), 2)
        if not any(apart[i, j] for apart in told)
    ]
    for k in picked:
        print(f'    ({probes[k][0].upper()!r}, "{probes[k][1].id}"),')
    lines = [
        "# Which cases tell known mistakes apart",
        "",
        "Made by `python -m experiments.probes`; what it does stands at the top of that file.",
        "",
        f"Of {len(probes)} cases, {len(picked)} tell apart all pairs of {len(MISTAKES)} mistakes and a right LSTM",
        "that any of them tells apart, and each twice where two cases do. They are `PROBES` of `parity/probing.py`.",
        "",
        f"Pairs that none tells apart: {len(never)}." + "".join(f"\n* `{one}` and `{other}`" for one, other in never),
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
