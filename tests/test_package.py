"""The distribution: one import name, everything in it that is needed, and nothing beside a user's files disturbs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
NOT_COPIED = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info", "__pycache__", "frameworks.json")
BUILD = "import sys; from setuptools import build_meta; print(getattr(build_meta, sys.argv[1])(sys.argv[2]))"
CELL = """
def cell(x, state, w_ih, w_hh, b_ih, b_hh):
    h, c = state
    i, f, g, o = (x @ w_ih.T + b_ih + h @ w_hh.T + {bias}).chunk(4, 1)
    c = f.sigmoid() * c + i.sigmoid() * g.tanh()
    return o.sigmoid() * c.tanh(), c
"""
KNOWN = """
[[deviation]]
command = "verify"
name = "cell:mine.py:cell"
verdict = "DEVIATES"
worst = 1e9
reason = "a bias is forgotten"
versions = "torch>=1.13"
expires = 2999-01-01
"""
HIDDEN = """
import sys
for name in {hidden!r}:
    sys.modules[name] = None
from lstm_parity.cli import main
main({arguments!r})
"""


def build(kind, tree, folder):
    """Build a wheel or an sdist of a tree; returns the file."""
    command = [sys.executable, "-c", BUILD, f"build_{kind}", str(folder)]
    done = subprocess.run(command, cwd=tree, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / done.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A wheel and an sdist, and the wheel unpacked into a folder of its own."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT, folder / "tree", symlinks=True, ignore=NOT_COPIED)
    wheel, sdist = (build(kind, folder / "tree", folder) for kind in ("wheel", "sdist"))
    zipfile.ZipFile(wheel).extractall(folder / "site")
    return {"wheel": wheel, "sdist": sdist, "site": folder / "site", "folder": folder}


def run(built, folder, *command):
    """Run a module, or code, with the unpacked wheel, in a folder; returns the exit status and what was printed."""
    environment = {**os.environ, "PYTHONPATH": str(built["site"]), "COLUMNS": "200"}
    words = ["-c", *command] if len(command) == 1 else ["-m", *command]
    done = subprocess.run([sys.executable, *words], cwd=folder, env=environment, capture_output=True, text=True)
    return done.returncode, done.stdout + done.stderr


def files_of(wheel):
    """What a wheel holds, without its own description."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_installs_one_name(built):
    """lstm_parity, and nothing else that could clash with a user's module."""
    assert {name.partition("/")[0] for name in files_of(built["wheel"])} == {"lstm_parity"}


@pytest.mark.parametrize(
    "name",
    [
        "reference/torch_lstm.py",
        "reference/noise/model.py",
        "parity_tests/test_layer.py",
        "parity_tests/conftest.py",
        "known_answers/vectors/saturated_gates.json",
        "audits/upgrade/measure/cases.txt",
        "examples/c/lstm.c",
        "examples/cell.py",
        "reports/schemas/certificate.json",
        "py.typed",
    ],
)
def test_the_wheel_holds_what_is_needed(built, name):
    """References, tests, known answers, fixed cases, examples, the mark of typed packages."""
    assert f"lstm_parity/{name}" in files_of(built["wheel"])


def test_the_links_of_a_checkout_show_what_the_wheel_holds(built):
    """Every module that a checkout has under lstm_parity is in the wheel, and no other."""
    here = {
        str(Path(folder, name).relative_to(ROOT))
        for folder, _, names in os.walk(ROOT / "lstm_parity", followlinks=True)
        for name in names
        if name.endswith(".py")
    }

    assert {name for name in files_of(built["wheel"]) if name.endswith(".py")} == here


@pytest.mark.parametrize("name", ["docs/bring-your-own.md", "examples/c/lstm.c", "tests/test_package.py", "Makefile"])
def test_the_sdist_holds_what_a_packager_needs(built, name):
    """Docs, examples, tests."""
    with tarfile.open(built["sdist"]) as stored:
        names = {member.partition("/")[2] for member in stored.getnames()}

    assert name in names


def test_a_wheel_from_the_sdist_is_the_wheel_from_the_checkout(built, tmp_path):
    """No file is lost on the way, and none is there twice."""
    with tarfile.open(built["sdist"]) as stored:
        stored.extractall(tmp_path, filter="data") if sys.version_info >= (3, 12) else stored.extractall(tmp_path)
    [tree] = tmp_path.glob("lstm_parity-*")

    assert files_of(build("wheel", tree, tmp_path)) == files_of(built["wheel"])


@pytest.mark.parametrize(("bias", "status"), [("b_hh", 0), ("0 * b_hh", 1)])
def test_our_property_tests_judge_from_an_empty_folder(built, tmp_path, bias, status):
    """`pytest --pyargs lstm_parity.parity_tests --impl ...`, with the wheel alone: a right cell, and a wrong one."""
    (tmp_path / "mine.py").write_text(CELL.format(bias=bias))
    options = ("-n0", "-q", "-p", "no:cacheprovider", "-k", "single_step")
    done, printed = run(
        built, tmp_path, "pytest", "--pyargs", "lstm_parity.parity_tests", "--impl", "cell:mine.py:cell", *options
    )

    assert (done, "deviates: " in printed) == (status, bool(status)), printed


def test_files_of_the_user_disturb_nothing(built, tmp_path):
    """Whatever they are called: our modules are found under our name alone."""
    for name in ("reference.py", "parity/__init__.py", "tests/__init__.py", "known_answers.py", "check.py"):
        file = tmp_path / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("raise ImportError('the module of the user was imported')\n")
    (tmp_path / "mine.py").write_text(CELL.format(bias="b_hh"))
    code = (
        "import lstm_parity, mine; print(lstm_parity.check(mine.cell, 'cell', cases=['I3-H4-T4-B2-float32-normal-1']))"
    )
    status, printed = run(built, tmp_path, code)

    assert status == 0, printed


def test_the_package_knows_its_version(built, tmp_path):
    """The one of the distribution."""
    status, printed = run(built, tmp_path, "import lstm_parity; print(lstm_parity.__version__)")

    assert (status, built["wheel"].name.split("-")[1]) == (0, printed.strip())


@pytest.mark.parametrize("name", ["check", "Case", "observe", "judge", "diagnose"])
def test_the_package_exports_the_nouns(name):
    """What a user composes is found under the package's own name."""
    import lstm_parity  # noqa: PLC0415

    assert callable(getattr(lstm_parity, name))


@pytest.mark.parametrize("arguments", [["--help"], ["example", "cell"], ["cases", "--help"], ["verify", "--help"]])
def test_commands_need_no_test_framework(built, tmp_path, arguments):
    """With the core dependencies alone a command runs: neither pytest nor hypothesis is imported."""
    hidden = ["pytest", "_pytest", "hypothesis", "xdist", "safetensors", "packaging"]
    status, printed = run(built, tmp_path, HIDDEN.format(hidden=hidden, arguments=arguments))

    assert status == 0, printed


def test_a_missing_extra_is_named(built, tmp_path):
    """The package that is missing, and the command that installs it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "weights.safetensors").write_bytes(b"")
    (folder / "setting.json").write_text('{"format": "lstm-parity folder, format 1"}')
    code = HIDDEN.format(hidden=["safetensors"], arguments=["judge", str(folder)])
    status, printed = run(built, tmp_path, code)

    assert (status, "pip install 'lstm-parity[weights]'" in printed) == (2, True), printed


@pytest.mark.parametrize("name", ["layer", "cell", "module", "function", "numpy", "c"])
def test_an_example_is_written_with_the_command_that_judges_it(built, tmp_path, name):
    """Into the folder of the user; the file is there, and the next command is printed."""
    status, printed = run(built, tmp_path, "lstm_parity", "example", name)
    [file] = tmp_path.iterdir()

    assert (status, file.name in printed, "lstm-parity " in printed) == (0, True, True)


def test_an_example_overwrites_nothing(built, tmp_path):
    """A file of that name stays as it is."""
    (tmp_path / "cell.py").write_text("mine")
    status, printed = run(built, tmp_path, "lstm_parity", "example", "cell")

    assert (status, (tmp_path / "cell.py").read_text(), "already there" in printed) == (2, "mine", True)


@pytest.fixture(scope="module")
def action(built):
    """The action with the wheel: its variables, in an environment that its first step made, and its second step."""
    folder = built["folder"] / "environment"
    venv.create(folder, symlinks=True)
    [site] = folder.glob("lib/python*/site-packages")
    (site / "beside.pth").write_text(sysconfig.get_path("purelib") + "\n")  # torch, pip and the rest
    first, second = (step["run"] for step in yaml.safe_load((ROOT / "action.yml").read_text())["runs"]["steps"])
    path = os.pathsep.join([str(folder / "bin"), os.environ["PATH"]])
    pip = dict.fromkeys(("PIP_NO_DEPS", "PIP_NO_INDEX", "PIP_NO_COMPILE", "PIP_FORCE_REINSTALL"), "1")
    env = {**os.environ, **pip, "PATH": path, "PACKAGE": str(built["wheel"]), "TORCH": "", "INDEX": "", "HERE": ""}
    env.pop("PYTHONPATH", None)
    done = subprocess.run(["bash", "-c", first], env=env, cwd=folder, capture_output=True, text=True)

    assert (done.returncode, (site / "lstm_parity").is_dir()) == (0, True), done.stderr
    return env, second


@pytest.mark.skipif(sys.platform == "win32", reason="there GitHub has a bash of its own")
@pytest.mark.parametrize(("name", "status"), [("cell", 0), ("no_such_cell", 2)])
def test_the_action_runs_from_an_empty_folder(action, tmp_path, name, status):
    """Both of its steps as GitHub runs them, with the wheel: a wrong cell that is known, and one that is not there."""
    (tmp_path / "mine.py").write_text(CELL.format(bias="0 * b_hh"))
    (tmp_path / "known.toml").write_text(KNOWN)
    inputs = {"IMPL": f"cell:mine.py:{name}", "KNOWN": "known.toml", "FOLDER": "report"}
    options = {"ARGUMENTS": "--case I3-H4-T4-B2-float32-normal-1"}
    files = {name: str(tmp_path / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    env = {**action[0], **inputs, **options, **files}
    done = subprocess.run(["bash", "-c", action[1]], cwd=tmp_path, env=env, capture_output=True, text=True)
    outputs = dict(line.split("=") for line in (tmp_path / "GITHUB_OUTPUT").read_text().splitlines())
    written = {file.name for file in (tmp_path / "report").iterdir()}
    shown = Path(files["GITHUB_STEP_SUMMARY"]).read_text() if status == 0 else ""

    assert (done.returncode, outputs["exit-code"]) == (status, str(status)), done.stderr
    assert outputs["verdict"] == ("" if status else "DEVIATES")
    assert written == (set() if status else {"badge.json", "certificate.html", "certificate.json", "junit.xml"})
    assert shown.startswith("" if status else "### NO PARITY, DEVIATES")
