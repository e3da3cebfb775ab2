"""What the house looks like, measured: rooms, imports, names, words. Of a revision and of the work tree, by one ruler.

Rooms are the folders of the engine that hold modules, and every module directly in the package. An arrow is an import
from one room to another; the number of floors is the length of the longest chain of arrows. Lines, names and words are
those of the package and of `reference/`, without property tests and known answers. Public names are top-level
functions, classes and constants without an underscore, the known mistakes included. A participle names a function if it
begins with one (`judged`, `told`), or ends with one and has no verb; archaic words are those of ARCHAIC, in docstrings
and comments. Run `python -m experiments.house [REVISION ...]`, or with `--names` to list what could be better. Result:
house.md.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import sys
import tarfile
import tempfile
import tokenize
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[1]
RESULT = Path(__file__).with_suffix(".md")
BEFORE = "1196b92"
ARCHAIC = set(
    """
    told tell tells telling ought asked seen whatever stray strays strayed straying mended mend mends foreseen drowned
    drowns whence thereby therein hereby lest hence thus likewise wherein whereof whosoever anew beforehand amid alike
    """.split()
)
IRREGULAR = set(
    """
    told seen held made said found kept known drawn given taken written read sent built left lost met put set shown
    spent stood thrown torn worn broken chosen driven done grown hidden meant run begun gone
    """.split()
)
VERBS = {"is", "has", "describe", "compare", "require", "use", "make", "parse", "write", "observe", "diagnose", "see"}
NOT_PARTICIPLES = {"seed", "need", "feed", "speed", "embed", "exceed", "proceed", "read", "set", "put", "run", "hidden"}


def unpack(revision: str, folder: Path) -> Path:
    """Unpack a revision into a folder."""
    data = subprocess.run(["git", "archive", revision], cwd=ROOT, capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(data)) as stored:
        stored.extractall(folder)
    return folder


def sources(tree: Path) -> dict[str, Path]:
    """The modules of the engine and the references, by dotted name."""
    package = "lstm_parity" if (tree / "lstm_parity").is_dir() else "parity"
    found = {}
    for top in (package, "reference"):
        for path in sorted((tree / top).rglob("*.py")):
            parts = path.relative_to(tree).with_suffix("").parts
            linked = any((tree / Path(*parts[:k])).is_symlink() for k in range(1, len(parts)))
            if not linked and "__pycache__" not in parts:
                found[".".join(parts).removesuffix(".__init__")] = path
    return found


def room_of(name: str) -> str:
    """The room of a module: its folder, or itself if it lies directly in the package."""
    parts = name.split(".")
    if "mistakes" in parts:
        parts = parts[: parts.index("mistakes") + 1]
    return ".".join(parts if len(parts) <= 2 else parts[:-1])


def arrows(modules: dict[str, Path]) -> set[tuple[str, str]]:
    """Imports from room to room."""
    found = set()
    rooms = {room_of(name) for name in modules}
    for name, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module:
                full = node.module.removeprefix("lstm_parity.") if "reference" in node.module else node.module
                targets = [full, *(f"{full}.{alias.name}" for alias in node.names)]
                for target in targets:
                    if target in modules and room_of(target) != room_of(name) and room_of(target) in rooms:
                        found.add((room_of(name), room_of(target)))
    return found


def floors(edges: set[tuple[str, str]]) -> int:
    """The longest chain of arrows, in rooms; rooms of one circle count once."""
    below = defaultdict(set)
    for one, other in edges:
        below[one].add(other)
    known: dict[str, int] = {}

    def floor(room: str, above: tuple[str, ...]) -> int:
        if room in above:
            return 0
        if room not in known:
            known[room] = 1 + max((floor(other, (*above, room)) for other in below[room]), default=0)
        return known[room]

    return max((floor(room, ()) for room in list(below)), default=1)


def functions(tree: ast.Module) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Functions and methods, without magic ones."""
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)) and not node.name.startswith("__"):
            yield node


def is_property(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Whether it is called without brackets: a value, which may well be a noun."""
    words = {ast.unparse(d) for d in node.decorator_list}
    return bool(words & {"property", "cached_property", "pytest.fixture"})


def is_participle(name: str) -> bool:
    """Whether a name begins with a participle, as `judged` and `drawn_case` do, or ends with one and has no verb."""
    first, *rest = name.strip("_").split("_")
    words = [first, *([rest[-1]] if rest and first.endswith(("s", "e")) and first not in VERBS else [])]
    return any(w not in NOT_PARTICIPLES and (w in IRREGULAR or (w.endswith("ed") and len(w) > 3)) for w in words)


def public_names(tree: ast.Module) -> list[str]:
    """Top-level functions, classes and constants without an underscore."""
    found = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.append(node.name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found += [t.id for target in targets for t in ast.walk(target) if isinstance(t, ast.Name)]
    return [name for name in dict.fromkeys(found) if not name.startswith("_")]


def prose(path: Path) -> Iterator[tuple[int, str]]:
    """Docstrings and comments, with their lines."""
    text = path.read_text(encoding="utf-8")
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and (said := ast.get_docstring(node)):
            yield node.body[0].lineno, said
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def measure(tree: Path) -> dict[str, str]:
    """All figures of a tree."""
    modules = sources(tree)
    parsed = {name: ast.parse(path.read_text(encoding="utf-8")) for name, path in modules.items()}
    lines = {name: len(path.read_text(encoding="utf-8").splitlines()) for name, path in modules.items()}
    edges = arrows(modules)
    named = [node for tree in parsed.values() for node in functions(tree)]
    called = [node.name for node in named if not is_property(node)]
    one_word = [name for name in called if "_" not in name.strip("_")]
    lengths = sorted((node.end_lineno or 0) - node.lineno + 1 for node in named)
    folders = Counter(str(path.parent) for path in modules.values() if path.name != "__init__.py")
    words = [w for path in modules.values() for _, said in prose(path) for w in re.findall(r"[a-z]+", said.lower())]
    public = [n for tree in parsed.values() for n in public_names(tree)]
    calls = [
        node.name
        for name, tree in parsed.items()
        if ".mistakes" not in name
        for node in tree.body
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_")
    ]
    rest = sum(count for name, count in lines.items() if ".mistakes" not in name)
    return {
        "rooms": str(len({room_of(name) for name in modules})),
        "floors": str(floors(edges)),
        "arrows from room to room": str(len(edges)),
        "modules in the widest folder": str(max(folders.values())),
        "modules": str(len(modules)),
        "lines of the package and the references": f"{sum(lines.values()):,}",
        "longest module, lines": str(max(lines.values())),
        "public top-level names": f"{len(public):,}",
        "lines for each public function or class": f"{rest / len(calls):.0f}",
        "functions and methods": str(len(named)),
        "functions over 20 lines": f"{sum(n > 20 for n in lengths) / len(lengths):.1%}",
        "longest function, lines": str(lengths[-1]),
        "named by one word": f"{len(one_word) / len(called):.0%}",
        "named by a participle": f"{sum(map(is_participle, called)) / len(called):.1%}",
        "words of docstrings and comments": f"{len(words):,}",
        "archaic words in a thousand": f"{1000 * sum(w in ARCHAIC for w in words) / len(words):.1f}",
    }


def list_names() -> None:
    """Print what could be better."""
    for path in sources(ROOT).values():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        bad = [n.name for n in functions(tree) if not is_property(n) and is_participle(n.name)]
        old = [f"{line}:{w}" for line, said in prose(path) for w in re.findall(r"[a-z]+", said.lower()) if w in ARCHAIC]
        if bad or old:
            print(path.relative_to(ROOT), "|", " ".join(bad), "|", " ".join(old))


def main() -> None:
    """Measure, and write the page."""
    if "--names" in sys.argv:
        return list_names()
    revisions = sys.argv[1:] or [BEFORE]
    columns = {}
    for revision in revisions:
        with tempfile.TemporaryDirectory() as folder:
            columns[revision] = measure(unpack(revision, Path(folder)))
    columns["now"] = measure(ROOT)
    lines = ["# The house, measured", "", "Made by `python -m experiments.house`, which says what it measures.", ""]
    lines += [f"| | {' | '.join(columns)} |", "|---|" + "---:|" * len(columns)]
    lines += [f"| {name} | {' | '.join(column[name] for column in columns.values())} |" for name in columns["now"]]
    RESULT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(RESULT.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
