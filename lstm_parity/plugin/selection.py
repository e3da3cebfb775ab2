"""Which tests run: those of an implementation (`--impl`), of one case (`--case`), of the references or not."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any

import pytest

from lstm_parity.plugin import option
from lstm_parity.plugin.implementation import find_judged

if TYPE_CHECKING:
    from lstm_parity.cases.case import Case


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Keep the tests that the options choose.

    With `--impl`, those of that implementation, the most sensitive first; without `--references`, none of ours; with
    `--case`, those that take a case, on that case alone.
    """
    if option(config, "impl") is not None:
        _deselect(config, items, [item for item in items if _find_given(item) is not find_judged(config)])
        items.sort(key=lambda item: item.get_closest_marker("most_sensitive") is None)
    if not option(config, "references"):
        _deselect(config, items, [item for item in items if _judges_a_reference(item)])
    if not option(config, "case"):
        return
    repeated = _parse(option(config, "case"))
    taking = [item for item in items if takes_case(item)]
    for item in taking:
        assert isinstance(item, pytest.Function)
        item.obj = _repeat(item.obj.hypothesis.inner_test, repeated)
    _deselect(config, items, [item for item in items if item not in taking])


def _parse(name: str) -> Case:
    from lstm_parity.cases.case import parse_case
    from lstm_parity.cases.setting import SettingError

    try:
        return parse_case(name)
    except SettingError as error:
        raise pytest.UsageError(f"--case: {error}") from error


def _deselect(config: pytest.Config, items: list[pytest.Item], unwanted: list[pytest.Item]) -> None:
    if unwanted:
        config.hook.pytest_deselected(items=unwanted)
        items[:] = [item for item in items if item not in unwanted]


def _find_given(item: pytest.Item) -> Any:
    """Return the implementation that a test is given, if any."""
    return getattr(getattr(item, "callspec", None), "params", {}).get("implementation")


def _judges_a_reference(item: pytest.Item) -> bool:
    """Whether the implementation that a test is given is one of our own."""
    return type(_find_given(item)).__module__ == "lstm_parity.implementations.references"


def takes_case(item: pytest.Item) -> bool:
    """Whether it is a hypothesis test that draws a case, and nothing else."""
    if not isinstance(item, pytest.Function):
        return False
    handle = getattr(item.obj, "hypothesis", None)
    return handle is not None and set(signature(handle.inner_test).parameters) - set(item.fixturenames) == {"case"}


def _repeat(test: Callable[..., None], case: Case) -> Callable[..., None]:
    """Return the test without hypothesis around it, on that case alone."""

    def repeat(**fixtures: Any) -> None:
        from hypothesis.errors import UnsatisfiedAssumption

        try:
            test(case=case, **fixtures)
        except UnsatisfiedAssumption:
            pytest.skip(f"{case.id} is refused by the implementation, or not of the kind that the test is about")

    return repeat
