"""A tree of files as `house.py` measures it: modules, their names, words and imports. Nothing is imported.

Of the work tree are read the files that git does not ignore; links are left out, so that no folder counts twice.
"""

from __future__ import annotations

import ast
import io
import re
import subprocess
import tarfile
import tokenize
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

NOW = "work tree"
PACKAGES = ("parity", "lstm_parity")  # the package, before and now
ENGINE = (*PACKAGES, "reference")  # what is measured; the links in lstm_parity lead to folders that are read once
SUFFIXES = (".py", ".md", ".toml", ".txt", ".yml", ".yaml", ".j2")
OUTSIDE = ("examples", "conftest", "setup")  # at the top, and no rooms

ARCHAIC = re.compile(
    r"(un)?told|tell(s|ing)?|ought|ask(s|ed|ing)?|seen|whatever|whichever|stray(s|ed|ings?)?|mend(s|"
    r"ed|ing)?|foreseen?|drown(s|ed)?|lack(s|ing)?|alike|anew|n[ao]ught|aright|lest|(wh|th|h)ence|"
    r"(where|there|here)(by|in|of)|likeness|heed|deem(ed)?|beheld|befalls?|bidden|shall|unto"
)
PARTICIPLES = re.compile(
    r"told|seen|held|made|said|found|kept|known|drawn|done|meant|left|lost|bound|built|sent|led|"
    r"shown|understood|heard|felt|fed|paid|brought|thought|caught|sought|taught|gone|laid|born|worn|"
    r"torn|won|met|begun|sworn|grown|thrown|flown|stood|dealt|spent|lent|bent|slept|swept|wept|"
    r"sold|stuck|struck|stung|hung|swung|dug|sung|rung|sunk|drunk"
)
NO_PARTICIPLES = re.compile(
    r"when|then|ten|often|seven|open|token|screen|green|linen|listen|happen|widen|len|gen|need|"
    r"seed|speed|feed|embed|exceed|proceed|indeed|bed|red|shed|sped"
)
PREDICATES = ("is", "are", "has", "have", "can", "must", "needs", "was")  # `is_packed` is a question, not a participle


def is_participle(name: str) -> bool:
    """Return whether a function's name ends in a participle, or is one; `is_...` and its like are predicates."""
    words = words_of(name)
    last = words[-1]
    if len(words) > 1 and words[0] in PREDICATES:
        return False
    return bool(
        PARTICIPLES.fullmatch(last) or (re.fullmatch(r"\w\w+e[dn]", last) and not NO_PARTICIPLES.fullmatch(last))
    )


def words_of(name: str) -> list[str]:
    """Return the words of a name, without underscores at its ends."""
    return name.strip("_").lower().split("_")


@dataclass(frozen=True)
class Module:
    """One Python file, parsed."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """Return the syntax tree."""
        return ast.parse(self.text)

    @property
    def name(self) -> str:
        """Return the dotted name; `lstm_parity.reference.x` is `reference.x`, the file's own place."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")

    @property
    def folder(self) -> str:
        """Return the folder's path."""
        return self.path.rpartition("/")[0]

    @property
    def room(self) -> str:
        """Return the room: a folder or module of the package, and elsewhere the folder at the top."""
        top, *rest = self.name.split(".")
        return f"{top}.{rest[0]}" if top in PACKAGES and rest else top

    @cached_property
    def lines(self) -> int:
        """Return how many lines the file has."""
        return len(self.text.splitlines())

    @cached_property
    def functions(self) -> list[ast.FunctionDef | ast.AsyncFunctionDef]:
        """Return all functions and methods, nested ones too."""
        return [node for node in ast.walk(self.tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]

    @cached_property
    def named_functions(self) -> list[tuple[str, int]]:
        """Return names and lines of functions that somebody had to name: not `__init__` and its like."""
        return [(node.name, node.lineno) for node in self.functions if not node.name.startswith("__")]

    @cached_property
    def definitions(self) -> dict[str, ast.stmt]:
        """Return the functions, classes and constants at the top level; `A, B = ...` is left out."""
        bound: dict[str, ast.stmt] = {}
        for node in self.tree.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                bound[node.name] = node
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                bound |= {target.id: node for target in targets if isinstance(target, ast.Name)}
        return bound

    @cached_property
    def public(self) -> list[str]:
        """Return the public names among them."""
        return [name for name in self.definitions if not name.startswith("_")]

    @cached_property
    def docstrings(self) -> list[ast.Constant]:
        """Return the docstrings of the module, its classes and functions."""
        owners = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
        bodies = [node.body for node in ast.walk(self.tree) if isinstance(node, owners) and ast.get_docstring(node)]
        return [body[0].value for body in bodies if isinstance(body[0], ast.Expr)]  # type: ignore[misc]

    @cached_property
    def comments(self) -> list[tuple[str, int]]:
        """Return text and line of each comment."""
        tokens = tokenize.generate_tokens(io.StringIO(self.text).readline)
        return [(token.string, token.start[0]) for token in tokens if token.type == tokenize.COMMENT]

    @cached_property
    def prose(self) -> list[tuple[str, int]]:
        """Return the words of docstrings and comments, each with its line."""
        lines = [
            (line, node.lineno + k) for node in self.docstrings for k, line in enumerate(str(node.value).splitlines())
        ]
        return [
            (word, number)
            for line, number in [*lines, *self.comments]
            for word in re.findall(r"[A-Za-z][A-Za-z'-]*", line)
        ]

    @cached_property
    def archaic(self) -> list[tuple[str, int]]:
        """Return the archaic words of the prose."""
        return [(word, line) for word, line in self.prose if ARCHAIC.fullmatch(word.lower())]

    @cached_property
    def imported(self) -> set[str]:
        """Return the dotted names of imports, wherever in the file: `from a.b import c` gives `a.b` and `a.b.c`."""
        found: set[str] = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found |= {own_name(alias.name) for alias in node.names}
            elif isinstance(node, ast.ImportFrom):
                found |= {own_name(f"{self._source(node)}.{alias.name}") for alias in node.names}
        return found

    @cached_property
    def strings(self) -> list[str]:
        """Return the strings, docstrings among them."""
        return [
            node.value for node in ast.walk(self.tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]

    @cached_property
    def reached(self) -> set[str]:
        """Return the dotted names that the code reads, imported names written in full."""
        chains = {ast.unparse(node) for node in ast.walk(self.tree) if isinstance(node, ast.Attribute)}
        full: dict[str, str] = {}
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                source = f"{self._source(node)}." if isinstance(node, ast.ImportFrom) else ""
                full |= {alias.asname or alias.name: own_name(source + alias.name) for alias in node.names}
        return {
            full[start] + chain[len(start) :]
            for chain in chains
            for k in range(chain.count(".") + 1)
            if (start := chain.rsplit(".", k)[0]) in full
        }

    def _source(self, node: ast.ImportFrom) -> str:
        """Return the module that a `from` statement names, relative ones made absolute."""
        above = self.path.split("/")[: -node.level] if node.level else []
        return ".".join([*above, *([node.module] if node.module else [])])


def own_name(name: str) -> str:
    """Return a dotted name without the package's links to folders at the top."""
    return re.sub(r"^lstm_parity\.(?=(reference|parity_tests|known_answers|examples)\b)", "", name)


@dataclass(frozen=True)
class House:
    """A tree of files, as path and text."""

    files: Mapping[str, str]

    @cached_property
    def modules(self) -> list[Module]:
        """Return all Python files."""
        return [Module(path, text) for path, text in sorted(self.files.items()) if path.endswith(".py")]

    @cached_property
    def engine(self) -> list[Module]:
        """Return the modules of the package and of the references."""
        return [module for module in self.modules if module.path.startswith(tuple(f"{name}/" for name in ENGINE))]

    @cached_property
    def arrows(self) -> dict[str, set[str]]:
        """Return, for each room, the other rooms that its modules import, wherever in the file."""
        rooms = {module.name: module.room for module in self.modules if module.room not in OUTSIDE}
        graph: dict[str, set[str]] = {room: set() for room in sorted(rooms.values())}
        for module in self.modules:
            for name in module.imported if module.room in graph else ():
                graph[module.room] |= {rooms.get(name) or rooms.get(name.rpartition(".")[0]) or module.room}
        return {room: imported - {room} for room, imported in graph.items()}

    @cached_property
    def engine_arrows(self) -> dict[str, set[str]]:
        """Return the arrows between rooms of the engine alone."""
        rooms = {module.room for module in self.engine}
        return {room: imported & rooms for room, imported in self.arrows.items() if room in rooms}

    def unused_elsewhere(self, module: Module) -> list[str]:
        """Return the public names of a module that no other file imports, reaches by a dot, or names in text."""
        stem = module.name.rpartition(".")[2]
        said = self.named_in_strings | set(re.findall(rf"\b{stem}\.(\w+)", self.pages))
        kept = [name for name in module.public if name in said or name.startswith("pytest_")]
        return [name for name in module.public if name not in kept and not self._used_elsewhere(module, name)]

    def _used_elsewhere(self, module: Module, name: str) -> bool:
        """Whether another module imports a name of this one, or reaches it by a dot."""
        return bool(self._users[f"{module.name}.{name}"] - {module.path})

    @cached_property
    def _users(self) -> defaultdict[str, set[str]]:
        """Map each dotted name to the paths of the modules that import or reach it."""
        users: defaultdict[str, set[str]] = defaultdict(set)
        for module in self.modules:
            for name in module.imported | module.reached:
                users[name].add(module.path)
        return users

    @cached_property
    def named_in_strings(self) -> set[str]:
        """Return the names that a string of code may mean: `name`, `module:name`, `module.name`."""
        paths = (text for module in self.modules for text in module.strings if re.fullmatch(r"[\w.:]+", text))
        return {name for path in paths for name in re.split("[.:]", path)}

    @cached_property
    def pages(self) -> str:
        """Return the text of all files that are no Python."""
        return "\n".join(text for path, text in self.files.items() if not path.endswith(".py"))


def read_files(root: Path, revision: str) -> House:
    """Read a revision, or the files of the work tree that git does not ignore; links are left out.

    Raises CalledProcessError if there is no such revision.
    """
    if revision == NOW:
        listed = run_git(root, "ls-files", "-z", "--cached", "--others", "--exclude-standard").decode().split("\0")
        paths = [root / name for name in listed if name.endswith(SUFFIXES)]
        found = [path for path in paths if path.is_file() and not path.is_symlink()]
        return House({path.relative_to(root).as_posix(): path.read_text(encoding="utf-8") for path in found})
    with tarfile.open(fileobj=io.BytesIO(run_git(root, "archive", revision))) as archive:
        stored = [member for member in archive if member.isfile() and member.name.endswith(SUFFIXES)]
        files = [(member.name, archive.extractfile(member)) for member in stored]
        return House({name: file.read().decode() for name, file in files if file})


def run_git(root: Path, *arguments: str) -> bytes:
    """Return what a git command prints."""
    return subprocess.run(["git", *arguments], cwd=root, capture_output=True, check=True).stdout
