"""The pytest plugin: who is judged (`--impl`), the story of a failure, and `--case` to repeat one exactly."""

from __future__ import annotations

from collections.abc import Callable, Generator
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from lstm_parity.implementations.target import Target, TargetError, parse_target
from lstm_parity.plugin.options import pytest_addoption
from lstm_parity.running.threads import share_cores

if TYPE_CHECKING:
    from lstm_parity.cases.case import Case
    from lstm_parity.reports.failure import ParityError
    from lstm_parity.running.child_process import ProcessServer
    from lstm_parity.running.protocol import Implementation

__all__ = ["pytest_addoption"]  # a hook of pytest, as all the functions here that are named so
share_cores()
JUDGED: pytest.StashKey[Implementation] = pytest.StashKey()
TARGET: pytest.StashKey[Target] = pytest.StashKey()
SERVER: pytest.StashKey[ProcessServer] = pytest.StashKey()
DIAGNOSED: pytest.StashKey[bool] = pytest.StashKey()


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """With `--impl`, start the server of the implementation's process, which imports torch while pytest does."""
    named = early_config.known_args_namespace
    if getattr(named, "impl", None) is None:
        return
    early_config.stash[TARGET] = _target(named)
    if not named.in_process:
        from lstm_parity.implementations.remote import make_worker_server

        early_config.stash[SERVER] = make_worker_server()
        early_config.stash[SERVER].start()


def _target(option: Any) -> Target:
    try:
        return parse_target(option.impl, option.arrays, option.without, option.arithmetic)
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> None:
    """With `--impl`, what one process finds first is the verdict, unless `-n` or `--maxfail` asks for more."""
    if config.option.impl is None:
        return
    if TARGET not in config.stash:
        config.stash[TARGET] = _target(config.option)
    given = [word.partition("=")[0] for word in config.invocation_params.args]
    if not any(word.startswith("-n") or word in ("--numprocesses", "-d", "--tx") for word in given):
        config.option.numprocesses, config.option.dist = None, "no"
    if "--maxfail" not in given:
        config.option.maxfail = 1


def judged(config: pytest.Config) -> Implementation | None:
    """The implementation that `--impl` names, if one was given; it is started when it is first asked for."""
    if config.option.impl is None or JUDGED in config.stash:
        return config.stash.get(JUDGED, None)
    from lstm_parity.implementations.load import load_target
    from lstm_parity.implementations.remote.client import RemoteImplementation

    option, target = config.option, config.stash[TARGET]
    if option.in_process:
        try:
            config.stash[JUDGED] = load_target(target)
        except TargetError as error:
            raise pytest.UsageError(str(error)) from error
    else:
        server = config.stash.get(SERVER, None)
        config.stash[JUDGED] = found = RemoteImplementation(
            target, option.time_limit, option.memory_limit, server, option.device
        )
        config.add_cleanup(found.close)
    return config.stash[JUDGED]


def pytest_collection_finish(session: pytest.Session) -> None:
    """With `--impl`, ask first whether the adapter is right: if not, nothing else is worth asking."""
    config = session.config
    if config.option.impl is None or config.option.collectonly or config.option.numprocesses:
        return
    from lstm_parity.diagnosis.smoke import check_adapter
    from lstm_parity.implementations.remote.client import RemoteImplementation

    implementation = judged(config)
    assert implementation is not None
    try:
        if isinstance(implementation, RemoteImplementation):
            implementation.start()
    except TargetError as error:
        raise pytest.UsageError(str(error)) from error
    if (problem := check_adapter(implementation, config.option.device)) is not None:
        pytest.exit(f"{implementation.name} cannot be judged: {problem}", returncode=1)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis profiles for whoever asks for one by name, before hypothesis looks for it.

    lstm-parity-repeatable: the same examples for the same version of the tests, so that a red run is red again; as many
    as kill every known mistake, twice over (experiments/detection.md).
    lstm-parity-exploring: new examples in every run, and a database of those that failed; hypothesis's own profile for
    CI never explores. No deadline in either: the first call of a kernel takes long.
    """
    if config.option.device != "cpu":
        _demand(config.option.device)
    if config.option.against is not None and not hasattr(config, "workerinput"):
        from lstm_parity.plugin.against import Against

        config.pluginmanager.register(Against(config.option.against, config.option.device))
    if config.option.impl is not None and not config.getoption("hypothesis_profile", None):
        config.option.hypothesis_profile = "lstm-parity-repeatable"  # where our pyproject.toml is not read
    if not str(config.getoption("hypothesis_profile", "")).startswith("lstm-parity-"):
        return
    from hypothesis import HealthCheck, Phase, settings

    phases = [phase for phase in Phase if phase is not Phase.explain]  # a story of ours says more
    common = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], phases=phases)
    settings.register_profile("lstm-parity-repeatable", common, max_examples=20, derandomize=True, database=None)
    settings.register_profile("lstm-parity-exploring", common, max_examples=200, derandomize=False, print_blob=True)


def _demand(device: str) -> None:
    from lstm_parity.running.devices import DeviceMissingError, require_device

    try:
        require_device(device)
    except DeviceMissingError as error:
        raise pytest.UsageError(str(error)) from error


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The versions, kernels, threads and dtypes that the results hold for."""
    from lstm_parity.cases.setting import DTYPES
    from lstm_parity.reports.provenance import collect_provenance

    told = collect_provenance(config.option.device)
    first = f"lstm-parity: torch {told['torch']}, numpy {told['numpy']}, {told['kernels']}"
    second = f"lstm-parity: {told['threads']} threads, {told['processor']}, dtypes {', '.join(DTYPES)}"
    if config.option.impl is not None:
        where = "in this process" if config.option.in_process else "in a process of its own"
        second += f"\nlstm-parity: judging {config.option.impl} {where}"
        second += "".join(f", without {feature}" for feature in config.option.without)
        second += f", in {config.option.arithmetic}" * bool(config.option.arithmetic)
    second += "".join(f"\nlstm-parity: {name} {told[name]}" for name in ("device", "cuDNN", "TF32") if name in told)
    return [first, second] + ([f"lstm-parity: only case {config.option.case}"] if config.option.case else [])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--case`, keep the tests that take a case, and give them that one; without `--references`, drop theirs.

    With `--impl`, keep the tests of an implementation, those first that see most.
    """
    if config.option.impl is not None:
        _deselect(config, items, [item for item in items if _given_implementation(item) is not judged(config)])
        items.sort(key=lambda item: "test_any_setting" not in item.name)
    if not config.option.references:
        _deselect(config, items, [item for item in items if _judges_a_reference(item)])
    if not config.option.case:
        return
    from lstm_parity.cases.case import parse_case
    from lstm_parity.cases.setting import SettingError

    try:
        repeated = parse_case(config.option.case)
    except SettingError as error:
        raise pytest.UsageError(f"--case: {error}") from error
    taking = [item for item in items if isinstance(item, pytest.Function) and _takes_case(item)]
    for item in taking:
        item.obj = _repeating(item.obj.hypothesis.inner_test, repeated)
    _deselect(config, items, [item for item in items if item not in taking])


def _deselect(config: pytest.Config, items: list[pytest.Item], unwanted: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """With `--impl`, leave out files of tests that never name an implementation: importing them takes time."""
    if config.option.impl is None or not collection_path.name.startswith("test_") or collection_path.suffix != ".py":
        return None
    return True if "(implementation" not in collection_path.read_text(encoding="utf-8") else None


def _given_implementation(item: pytest.Item) -> Any:
    """The implementation that a test is given, if any."""
    return getattr(getattr(item, "callspec", None), "params", {}).get("implementation")


def _judges_a_reference(item: pytest.Item) -> bool:
    """Whether the implementation that a test is given is one of our own."""
    return type(_given_implementation(item)).__module__ == "lstm_parity.implementations.references"


def _takes_case(item: pytest.Function) -> bool:
    """Whether it is a hypothesis test that draws a case, and nothing else."""
    handle = getattr(item.obj, "hypothesis", None)
    return handle is not None and set(signature(handle.inner_test).parameters) - set(item.fixturenames) == {"case"}


def _repeating(test: Callable[..., None], case: Case) -> Callable[..., None]:
    """The test without hypothesis around it, on that case alone."""

    def repeat(**fixtures: Any) -> None:
        from hypothesis.errors import UnsatisfiedAssumption

        try:
            test(case=case, **fixtures)
        except UnsatisfiedAssumption:
            pytest.skip(f"{case.id} is refused by the implementation, or not of the kind that the test is about")

    return repeat


@pytest.hookimpl(hookwrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, None]:
    """A test whose every case the implementation refuses is skipped, with the reason."""
    outcome = yield
    if "implementation" in pyfuncitem.fixturenames and outcome.excinfo and (reason := _refusal(outcome.excinfo[1])):
        outcome.force_exception(pytest.skip.Exception(f"refused: {reason}"))


def _refusal(error: BaseException) -> str | None:
    """Why there was nothing to judge: said by the implementation, or found by hypothesis, which drew in vain."""
    from hypothesis.errors import FailedHealthCheck, Unsatisfiable

    if isinstance(error, NotImplementedError):
        return str(error) or "NotImplementedError"
    in_vain = isinstance(error, Unsatisfiable) or (isinstance(error, FailedHealthCheck) and "filter" in str(error))
    return "every case of this test" if in_vain else None


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """A verdict's story stands for itself: no traceback, and the command that repeats it.

    With `--impl`, the first is followed by the diagnosis.
    """
    outcome = yield
    from lstm_parity.reports.failure import ParityError

    error = None if call.excinfo is None else call.excinfo.value
    if isinstance(error, ParityError):
        test = item.nodeid.partition("[")[0]
        given = f" --impl {item.config.option.impl}" if item.config.option.impl else ""
        story = str(error).replace("repeat: --case", f"repeat: pytest {test}{given} --case")
        outcome.get_result().longrepr = story + _diagnosis(item, error, story.splitlines()[0])


def _diagnosis(item: pytest.Item, error: ParityError, told: str) -> str:
    """What explains the first failure of the implementation that `--impl` names, told at once; nothing for others."""
    implementation = judged(item.config)
    if implementation is None or DIAGNOSED in item.config.stash:
        return ""
    from lstm_parity.diagnosis.forward import diagnose
    from lstm_parity.diagnosis.probes import run_probes
    from lstm_parity.judging.forward import Outcome
    from lstm_parity.reports.gradient_failure import WrongGradientsError

    item.config.stash[DIAGNOSED] = True
    if (terminal := item.config.pluginmanager.get_plugin("terminalreporter")) is not None:
        terminal.ensure_newline()
        terminal.write_line(f"{told}; looking for what explains it", flush=True)
    device = item.config.option.device
    probed = run_probes(implementation, device=device)
    if not isinstance(error, WrongGradientsError):
        return "\n\n" + diagnose([error.verdict, *probed]).text
    if any(verdict.outcome in (Outcome.DEVIATES, Outcome.FAILED) for verdict in probed):
        return "\n\n" + diagnose(probed).text
    from lstm_parity.diagnosis.gradients import diagnose_gradients

    return "\n\n" + diagnose_gradients(implementation, device)
