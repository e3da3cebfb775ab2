"""How the tensors of a class are shared out to its layers and directions, by their names and shapes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_DIRECTIONS = re.compile(r"(^|[._])(fw|bw|fwd|bwd|forward|backward|reverse|rev|l2r|r2l)(?=[._\d]|$)")
Slot = list[tuple[str, "int | None", tuple[int, ...]]]  # name, index along the axis of directions, shape without ones


def split_slots(shapes: Mapping[str, tuple[int, ...]], count: int, directions: int) -> Iterator[list[Slot]]:
    """Yield how the tensors may be shared out to layers and directions."""
    squeezed = {name: tuple(n for n in shape if n != 1) for name, shape in shapes.items()}
    if count == 1:
        yield [[(name, None, shape) for name, shape in squeezed.items()]]
    if count == directions == 2 and all(shape[:1] == (2,) for shape in squeezed.values()):
        yield [[(name, k, shape[1:]) for name, shape in squeezed.items()] for k in range(2)]
    if count == 1 and all(shape[:1] == (1,) for shape in shapes.values()):
        yield [[(name, 0, shape) for name, shape in squeezed.items()]]
    if count > 1:
        for key in (_numbers_and_direction, _first_number, _last_number, _direction, _last_letter, _owner):
            groups: dict[Any, Slot] = {}
            for name, shape in squeezed.items():
                groups.setdefault(key(name), []).append((name, None, shape))
            if len(groups) == count and len({len(slot) for slot in groups.values()}) == 1:
                found = list(groups.values())
                yield found
                if 1 < directions < count:  # they may go by direction first
                    half = count // 2
                    yield [found[k // 2 + half * (k % 2)] for k in range(count)]


def _numbers_and_direction(name: str) -> tuple[Any, ...]:
    return (*re.findall(r"\d+", name), _direction(name))


def _first_number(name: str) -> Any:
    return next(iter(re.findall(r"\d+", name)), None)


def _last_number(name: str) -> Any:
    return next(reversed(re.findall(r"\d+", name)), None)


def _direction(name: str) -> Any:
    found = _DIRECTIONS.search(name.lower())
    return found[2] if found else None


def _owner(name: str) -> str:
    return name.rpartition(".")[0]


def _last_letter(name: str) -> Any:
    """Two directions may be Wf and Wb."""
    return name[-1] if name[-1] in "fb" else None
