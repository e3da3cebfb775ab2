"""The pytest plugin: what is judged in the header, the whole story of a failure, and `--case` to repeat one exactly."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--case ID`."""
    group = parser.getgroup("lstm-parity")
    group.addoption(
        "--case",
        metavar="ID",
        help="repeat exactly this case, as a failure names it, in the chosen tests that take a case, and nothing else",
    )


def pytest_report_header(config: pytest.Config) -> list[str]:
    """The versions, kernels, threads and dtypes that the results hold for."""
    from parity.certificate.provenance import provenance
    from parity.settings import DTYPES

    told = provenance()
    first = f"lstm-parity: torch {told['torch']}, numpy {told['numpy']}, {told['kernels']}"
    second = f"lstm-parity: {told['threads']} threads, {told['processor']}, dtypes {', '.join(DTYPES)}"
    return [first, second] + ([f"lstm-parity: only case {config.option.case}"] if config.option.case else [])


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With `--case`, keep the tests that take a case, and give them that one."""
    if not config.option.case:
        return
    from parity.cases import case
    from parity.settings import SettingError

    try:
        repeated = case(config.option.case)
    except SettingError as error:
        raise pytest.UsageError(f"--case: {error}") from error
    taking = [item for item in items if _takes_case(item)]
    for function in {getattr(item, "obj", None) for item in taking}:
        _repeat(function, repeated)
    config.hook.pytest_deselected(items=[item for item in items if item not in taking])
    items[:] = taking


def _takes_case(item: pytest.Item) -> bool:
    handle = getattr(getattr(item, "obj", None), "hypothesis", None)
    return handle is not None and "case" in handle.inner_test.__code__.co_varnames


def _repeat(function: Any, repeated: Any) -> None:
    """Make a hypothesis test run one explicit example and draw none."""
    from hypothesis import Phase, example, settings

    function.hypothesis_explicit_examples = []
    example(case=repeated)(function)
    settings(phases=[Phase.explicit], deadline=None)(function)


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
