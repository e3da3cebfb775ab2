"""The figures of the house: rooms, names, words and sizes, of any revision, with one ruler.

How each figure is counted stands in `FIGURES`; which words are archaic, and which names participles, in `modules.py`.
Run `python -m experiments.house [REVISION ...]`: the tree before the rooms, or the given revisions, beside the work
tree. Result: house.md. `--names` prints instead, file by file, the names and words of the engine that could be better.
"""

from __future__ import annotations

import argparse
import ast
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from experiments.modules import NOW, House, Module, is_participle, read_files, run_git, words_of

BEFORE = "1196b92"  # the last commit before the rooms
ABOUT = """# The house, measured

Made by `python -m experiments.house`. The engine is the package and `reference/`; below the table stands how each
figure is counted. The first survey measured the tree of 1196b92 before its rooms were drawn.
"""


def floors(arrows: Mapping[str, set[str]]) -> int:
    """Return how many rooms the longest chain of arrows has; the rooms of a circle count as one."""
    below = {room: set(imported) for room, imported in arrows.items()}
    for middle, beyond in below.items():  # until `below` holds all that a room reaches
        for reached in below.values():
            reached |= beyond if middle in reached else set()
    height: dict[str, int] = {}
    for room in sorted(below, key=lambda room: (len(below[room]), room not in below[room])):
        height[room] = 1 + max((height[low] for low in below[room] if room not in below[low]), default=0)
    return max(height.values())


def share(part: Iterable[object], of: Iterable[object]) -> str:
    """Return a share in per cent."""
    return f"{100 * len(list(part)) / len(list(of)):.1f} %"


def count_arrows(arrows: Mapping[str, set[str]]) -> str:
    """Return rooms, floors and arrows."""
    return f"{len(arrows)} / {floors(arrows)} / {sum(map(len, arrows.values()))}"


def without_mistakes(house: House) -> list[Module]:
    """Return the modules of the engine that hold no known mistakes."""
    return [module for module in house.engine if "/mistakes/" not in module.path]


def lines_per_definition(house: House) -> str:
    """Return the lines for each public function or class; the known mistakes, a class each, are left out."""
    modules = without_mistakes(house)
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    defined = [name for m in modules for name in m.public if isinstance(m.definitions[name], kinds)]
    return f"{sum(module.lines for module in modules) / len(defined):.1f}"


def longest(house: House) -> str:
    """Return the most lines that one module has, and which."""
    module = max(house.engine, key=lambda module: module.lines)
    return f"{module.lines} ({module.path})"


def widest(house: House) -> str:
    """Return the most modules that lie side by side in one folder, and where."""
    (folder, count), *_ = Counter(module.folder for module in house.engine).most_common(1)
    return f"{count} ({folder})"


def bodies(house: House) -> list[int]:
    """Return the lines of each function's body, without its docstring."""
    starts = [
        (node, node.body[1:] if ast.get_docstring(node) else node.body) for m in house.engine for node in m.functions
    ]
    return [(node.end_lineno or 0) - body[0].lineno + 1 if body else 0 for node, body in starts]


def count_words(module: Module) -> int:
    """Return how many words the docstrings and comments of a module have."""
    return len(module.prose)


def docstring_share(house: House) -> str:
    """Return the share of docstrings in lines that are not blank."""
    said = sum((node.end_lineno or 0) - node.lineno + 1 for module in house.engine for node in module.docstrings)
    return f"{100 * said / sum(bool(line.strip()) for m in house.engine for line in m.text.splitlines()):.1f} %"


def names(house: House) -> list[str]:
    """Return the names of all functions and methods."""
    return [name for module in house.engine for name, _ in module.named_functions]


@dataclass(frozen=True)
class Figure:
    """One row of the table: how it is counted, what the first survey of `BEFORE` found, and what measures it."""

    name: str
    rule: str
    surveyed: str
    measure: Callable[[House], str]


FIGURES = (
    Figure(
        "rooms / floors / arrows",
        "of the whole repository. A room is a folder or a module of the package, with all in it, or a folder at the "
        "top; an arrow leads from a room to a room that it imports; the floors are the rooms of the longest chain of "
        "arrows, those of a circle counted as one. The survey's own rule is lost: its rooms are these, its floors "
        "those of the engine, its arrows neither's",
        "51 / 16 / 322",
        lambda house: count_arrows(house.arrows),
    ),
    Figure(
        "the same, engine alone", "its rooms, and the arrows between them", "", lambda h: count_arrows(h.engine_arrows)
    ),
    Figure("modules in the widest folder", "of the engine, `__init__.py` among them", "35", widest),
    Figure("modules", "of the engine", "166", lambda house: str(len(house.engine))),
    Figure(
        "lines",
        "of the engine's modules. The survey counted one more for each file, and no files of one line",
        "18.6k",
        lambda house: f"{sum(module.lines for module in house.engine):,}",
    ),
    Figure("lines of the longest module", "with its path", "302", longest),
    Figure(
        "public top-level names",
        "functions, classes and constants without an underscore; `A, B = ...` is left out",
        "1,125",
        lambda house: f"{sum(len(module.public) for module in house.engine):,}",
    ),
    Figure(
        "of these, outside known mistakes",
        "without `mistakes/`, where a class is a known mistake, found by introspection and named after its fault",
        "",
        lambda house: f"{sum(len(module.public) for module in without_mistakes(house)):,}",
    ),
    Figure(
        "of those, used by no other file",
        "neither imported, nor reached by a dot, nor named by a string or a page; the same, without `mistakes/`",
        "",
        lambda house: str(sum(len(house.unused_elsewhere(module)) for module in without_mistakes(house))),
    ),
    Figure("lines for each public function or class", "without the known mistakes", "26", lines_per_definition),
    Figure(
        "functions over 20 lines",
        "lines of the body, without docstring, of functions and methods",
        "1 %",
        lambda house: share([size for size in bodies(house) if size > 20], bodies(house)),
    ),
    Figure("lines of the longest function", "of its body", "28", lambda house: str(max(bodies(house)))),
    Figure(
        "function names of one word",
        "of functions and methods, properties among them, `__init__` and its like left out",
        "70 %",
        lambda house: share([name for name in names(house) if len(words_of(name)) == 1], names(house)),
    ),
    Figure(
        "function names that are participles",
        "whose last or only word ends in -ed or -en, or is irregular. Neither `is_packed` nor `run` and `read`, which "
        "are verbs too: with these two it was 20 %",
        "20 %",
        lambda house: share([name for name in names(house) if is_participle(name)], names(house)),
    ),
    Figure(
        "words of docstrings and comments", "of the engine", "27,000", lambda h: f"{sum(map(count_words, h.engine)):,}"
    ),
    Figure(
        "archaic words per 1000",
        "those of the list in `modules.py`. The survey's list was longer, and is lost",
        "10.8",
        lambda house: f"{1000 * sum(len(m.archaic) for m in house.engine) / sum(map(count_words, house.engine)):.1f}",
    ),
    Figure("docstrings, share of lines", "of lines that are not blank", "16 %", docstring_share),
)


def describe_offenders(house: House) -> str:
    """Return, for each file of the engine, the names and words that could be better, with their lines."""
    lines = []
    for module in house.engine:
        named = [
            (f"{name}:{line}", is_participle(name), len(words_of(name)) == 1) for name, line in module.named_functions
        ]
        found = {
            "participles": [name for name, participle, _ in named if participle],
            "one word": [name for name, _, one in named if one],
            "archaic": [f"{word}:{line}" for word, line in module.archaic],
            "public, used by no other file": house.unused_elsewhere(module),
        }
        lines += [f"{module.path}: {kind}: {' '.join(what)}" for kind, what in found.items() if what]
    return "\n".join(lines)


def describe(houses: Mapping[str, House]) -> str:
    """Return the page: the table, then how each figure is counted."""
    rows = [[figure.name, figure.surveyed, *map(figure.measure, houses.values())] for figure in FIGURES]
    table = [["", "first survey", *houses], ["---", *["---:"] * (1 + len(houses))], *rows]
    rules = [f"* **{figure.name}**: {figure.rule}." for figure in FIGURES]
    return "\n".join([ABOUT, *(f"| {' | '.join(row)} |" for row in table), "", *rules, ""])


def main() -> None:
    """Write the table, or print the offenders."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("revisions", nargs="*", metavar="REVISION", default=[BEFORE])
    parser.add_argument("--names", action="store_true", help="print names and words that could be better")
    options = parser.parse_args()
    root = Path(run_git(Path.cwd(), "rev-parse", "--show-toplevel").decode().strip())
    if options.names:
        print(describe_offenders(read_files(root, NOW)))
        return
    page = describe({revision: read_files(root, revision) for revision in [*options.revisions, NOW]})
    (root / "experiments" / "house.md").write_text(page, encoding="utf-8")
    print(page)


if __name__ == "__main__":
    main()
