"""Which few cases tell all known mistakes apart: chosen greedily from a pool, and the pairs that nothing there tells.

The pool: every mistake's witness, short and long calls, cases of the lattice, and drawn ones; each read at once, and
some of them from two calls. Two mistakes differ on a case where each is more than `CLEAR` noises away from the other.
Run `python -m experiments.probes [--work FILE]`: it takes some minutes, or reads the file where that is there, and
prints the list of `lstm_parity/diagnosis/probes.py`. Result: probes.md.
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from collections import defaultdict
from pathlib import Path
from random import Random

import numpy as np

from lstm_parity.cases.case import Case, draw_case, parse_case
from lstm_parity.cases.covering import cover_pairs, setting_at
from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting
from lstm_parity.catalogue.mistakes import MISTAKES
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.diagnosis.similarity import MistakeRun, plain_noise
from lstm_parity.running.calls import TENSORS, Outputs
from lstm_parity.running.observe import LATE, TWICE, WHOLE

CLEAR = 30.0
ALL = (Mistake(PlainLSTM), *MISTAKES)
STEPS = (
    "I3-H4-T1-B2-float32-normal-1",
    "I3-H4-T1-B2-nostates-float32-normal-1",
    "I3-H4-T3-B2-float32-normal-1",
    "I3-H4-T3-B2-native-float32-normal-1",
    "I3-H4-T18-B2-float64-normal-1",
)
PLAIN = (  # whatever an implementation refuses, these tell something
    *STEPS[:4],
    "I3-H4-T3-B2-float64-normal-1",
    "I32-H32-T3-B2-float64-normal-1",  # wide enough to tell coarse products from coarse functions
    "I3-H4-T4-B3-packed2.4.1-float32-normal-1",
    "I4-H4-L3-T3-B2-float32-normal-1",
)
TWICE_CALLED = ("I3-H4-T3-B2-float32-normal-1", "I3-H4-T3-B2-nostates-float32-normal-1")

Probe = tuple[str, str]


def pool(drawn: int) -> list[tuple[str, Case]]:
    """Ways and cases, the simplest first."""
    names = dict.fromkeys([*STEPS, *PLAIN, *(wrong.witness for wrong in MISTAKES if wrong.witness)])
    found = [(WHOLE, parse_case(name)) for name in names]
    found += [(way, parse_case(name)) for name in TWICE_CALLED for way in (TWICE, LATE)]
    found += [
        (WHOLE, draw_case(setting_at(point), "normal", 1)) for point in cover_pairs(profile="normal", sizes="distinct")
    ]
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
    return draw_case(
        Setting(architecture, call, runtime), coins.choice(["normal", "trained", "non_finite", "one_hot"]), 1
    )


def different(way: str, probed: Case) -> np.ndarray:
    """Which pairs of ALL differ on a probe: (n, n) of bool."""
    plain = plain_noise(probed)
    if not plain:
        return np.zeros((len(ALL), len(ALL)), bool)
    groups: dict[object, list[int]] = defaultdict(list)
    behaviours = [MistakeRun(wrong, probed, way, plain) for wrong in ALL]
    for k, behaviour in enumerate(behaviours):
        own = not behaviour.mistake.is_deterministic
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


def _unlike(one: MistakeRun, other: MistakeRun) -> float:
    return np.inf if other.outputs is None else one.distance_to(other.outputs)


def _plainness(probed: Case) -> float:
    """What makes a case dear: words that an implementation may not support, and size."""
    return 4.0 + probed.setting.name.count("-") + probed.input.size / 50.0


def _arrays(outputs: Outputs) -> list[np.ndarray]:
    arrays = [getattr(outputs, name) for name in TENSORS]
    return [np.empty(0) if array is None else array for array in arrays]


def chosen(told: list[np.ndarray], dear: list[float], times: int, picked: list[int]) -> list[int]:
    """More of the probes than are picked already, until they tell apart every pair that can be, if they can `times`."""
    wanted = np.minimum(np.sum(told, 0), times) - sum((told[k] for k in picked), np.zeros(told[0].shape, int))
    while (wanted > 0).any():
        gains = [0 if k in picked else int((apart & (wanted > 0)).sum()) / dear[k] for k, apart in enumerate(told)]
        picked = [*picked, int(np.argmax(gains))]
        wanted = wanted - told[picked[-1]]
    return sorted(picked)


def main() -> None:
    """Find out, or read what was found out, print and write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--drawn", type=int, default=200)
    parser.add_argument("--work", type=Path, default=Path("/tmp/probes.npy"))
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    probes = pool(arguments.drawn)
    if not arguments.work.exists():
        np.save(arguments.work, np.array([different(way, probed) for way, probed in probes]))
    told = list(np.load(arguments.work))
    always = [k for k, (way, probed) in enumerate(probes) if way == WHOLE and probed.id in _always(told)]
    report(probes, told, chosen(told, [_plainness(probed) for _, probed in probes], 2, always))


def _always(told: list[np.ndarray]) -> set[str]:
    """The plain calls, and the witness of what nothing tells clearly from a right LSTM."""
    unclear = [wrong for k, wrong in enumerate(ALL) if k and not any(apart[0, k] for apart in told)]
    return {parse_case(name).id for name in PLAIN} | {wrong.witness for wrong in unclear}


def report(probes: list[tuple[str, Case]], told: list[np.ndarray], picked: list[int]) -> None:
    """The list, and what no case tells."""
    pairs = list(itertools.combinations(range(len(ALL)), 2))
    counts, known = np.sum(told, 0), np.sum([told[k] for k in picked], 0)
    lines = [
        "# Which cases tell known mistakes apart",
        "",
        "Made by `python -m experiments.probes`; what it does stands at the top of that file.",
        "",
        f"{len(MISTAKES)} mistakes and a right LSTM are {len(pairs)} pairs. Of {len(probes)} cases {len(picked)} were",
        f"chosen; they tell apart {sum(known[i, j] > 0 for i, j in pairs)} pairs,",
        f"and {sum(known[i, j] > 1 for i, j in pairs)} of them twice.",
        "",
        *_pairs("Pairs that one case of all tells apart", [p for p in pairs if counts[p] == 1]),
        *_pairs(f"Pairs that none tells apart by more than {CLEAR:g} noises", [p for p in pairs if counts[p] == 0]),
        "The chosen ones, `PROBES` of `lstm_parity/diagnosis/probes.py`:",
        "",
        *(f"* {probes[k][0]}: `{probes[k][1].id}`" for k in picked),
    ]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    names = {WHOLE: "WHOLE", TWICE: "TWICE", LATE: "LATE"}
    print("\n".join(f'    ({names[probes[k][0]]}, "{probes[k][1].id}"),' for k in picked))


def _pairs(title: str, pairs: list[tuple[int, int]]) -> list[str]:
    return [f"{title}: {len(pairs)}", "", *(f"* `{ALL[i].name}` and `{ALL[j].name}`" for i, j in pairs), ""]


if __name__ == "__main__":
    main()
