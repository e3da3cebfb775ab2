"""The pytest plugin: what is judged in the header, the whole story of a failure, and `--case` to repeat one exactly."""

from __future__ import annotations

from collections.abc import Callable, Generator
from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest

from parity.threads import share_cores

if TYPE_CHECKING:
    from parity.cases import Case

share_cores()


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--case ID`, `--references`."""
    group = parser.getgroup("lstm-parity")
    group.addoption(
        "--case",
        metavar="ID",
        help="repeat exactly this case, as a failure names it, in the chosen tests that take a case, and nothing else",
    )
    group.addoption(
        "--references",
        action="store_true",
        help="judge the references in torch and NumPy too, not only torch's own modules",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Hypothesis profiles for whoever asks for one by name, before hypothesis looks for it.

    lstm-parity-repeatable: the same examples for the same version of the tests, so that a red run is red again; as many
    as kill every known mistake, twice over (experiments/detection.md).
    lstm-parity-exploring: new examples in every run, and a database of those that failed; hypothesis's own profile for
    CI never explores. No deadline in either: the first call of a kernel takes long.
    """
    if not str(config.getoption("hypothesis_profile", "")).startswith("lstm-parity-"):
        return
    from hypothesis import HealthCheck, settings

    common = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
    settings.register_profile("lstm-parity-repeatable", common, max_examples=20, derandomize=True, database=None)
    settings.register_profile("lstm-parity-exploring", common, max_examples=200, derandomize=False, print_blob=True)


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The versions, kernels, threads and dtypes that the results hold for."""
    from parity.certificate.provenance import provenance
    from parity.settings import DTYPES

    told = provenance()
    first = f"lstm-parity: torch {told['torch']}, numpy {told['numpy']}, {told['kernels']}"
    second = f"lstm-parity: {told['threads']} threads, {told['processor']}, dtypes {', '.join(DTYPES)}"
    return [first, second] + ([f"lstm-parity: only case {config.option.case}"] if config.option.case else [])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--case`, keep the tests that take a case, and give them that one; without `--references`, drop theirs."""
    if not config.option.references:
        _deselect(config, items, [item for item in items if _judges_a_reference(item)])
    if not config.option.case:
        return
    from parity.cases import case
    from parity.settings import SettingError

    try:
        repeated = case(config.option.case)
    except SettingError as error:
        raise pytest.UsageError(f"--case: {error}") from error
    taking = [item for item in items if isinstance(item, pytest.Function) and _takes_case(item)]
    for item in taking:
        item.obj = _repeating(item.obj.hypothesis.inner_test, repeated)
    _deselect(config, items, [item for item in items if item not in taking])


def _deselect(config: pytest.Config, items: list[pytest.Item], unwanted: list[pytest.Item]) -> None:
    config.hook.pytest_deselected(items=unwanted)
    items[:] = [item for item in items if item not in unwanted]


def _judges_a_reference(item: pytest.Item) -> bool:
    """Whether the implementation that a test is given is one of our own."""
    given = getattr(getattr(item, "callspec", None), "params", {}).get("implementation")
    return type(given).__module__ == "parity.implementations.references"


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
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[Any]) -> Generator[None, Any, None]:
    """A verdict's story stands for itself: no traceback, and the command that repeats it."""
    outcome = yield
    from parity.message import NoParityError

    if call.excinfo is not None and call.excinfo.errisinstance(NoParityError):
        test = item.nodeid.partition("[")[0]
        outcome.get_result().longrepr = str(call.excinfo.value).replace(
            "repeat: --case", f"repeat: pytest {test} --case"
        )
