"""Running the property tests on wrong LSTMs: which test notices, and after how many examples."""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from functools import wraps
from typing import Any

import hypothesis
from hypothesis import HealthCheck, Phase, given
from hypothesis.errors import Unsatisfiable, UnsatisfiedAssumption

import lstm_parity.parity_tests
from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import SettingError
from lstm_parity.catalogue.mistakes.mistake import Mistake
from lstm_parity.judging.forward import judge
from lstm_parity.parity_tests import test_together
from lstm_parity.parity_tests.strategies import frozen
from lstm_parity.running.observe import observe
from lstm_parity.running.protocol import Implementation

QUICK: dict[str, Any] = {
    "phases": [Phase.explicit, Phase.generate],
    "database": None,
    "deadline": None,
    "report_multiple_bugs": False,
    "suppress_health_check": list(HealthCheck),
}


EXAMPLES = 20  # of the profile that a plain `pytest` has


def by_default() -> None:
    """Let tests that are not run by pytest draw as many examples as a plain `pytest` does; before they are imported."""
    hypothesis.settings.register_profile("as pytest", max_examples=EXAMPLES, deadline=None, database=None)
    hypothesis.settings.load_profile("as pytest")


def property_tests() -> list[Callable[..., Any]]:
    """The tests of `parity_tests/` that take an implementation and draw a case, the widest first, then the cheapest."""
    modules = [
        module.name for module in pkgutil.iter_modules(lstm_parity.parity_tests.__path__) if module.name[:5] == "test_"
    ]
    members = [vars(importlib.import_module(f"lstm_parity.parity_tests.{name}")).values() for name in modules]
    tests = {member.__qualname__: member for module in members for member in module if _is_property(member)}
    return sorted(tests.values(), key=lambda test: (test is not widest(), not test.__module__.endswith("purity")))


def widest() -> Callable[..., Any]:
    """The test that has all axes, and sees the most."""
    return test_together.test_any_setting_is_computed_as_the_equations_say


def _is_property(member: Any) -> bool:
    return hasattr(member, "hypothesis") and _parameters(member) == {"implementation", "case"}


def asked_of(module: str, parameter: str) -> list[tuple[Callable[..., Any], dict[str, Any]]]:
    """The tests of a module of `parity_tests/` with that parameter, with what each is given by its `parametrize`.

    Those that draw nothing come first, for they are quick.
    """
    members = vars(importlib.import_module(f"lstm_parity.parity_tests.{module}")).items()
    tests = [member for name, member in members if name[:5] == "test_" and parameter in _parameters(member)]
    tests.sort(key=lambda test: hasattr(test, "hypothesis"))
    return [(test, arguments) for test in tests for arguments in _parametrised(test)]


def _parameters(test: Callable[..., Any]) -> set[str]:
    handle = getattr(test, "hypothesis", None)
    return set(inspect.signature(test if handle is None else handle.inner_test).parameters)


def _parametrised(test: Callable[..., Any]) -> list[dict[str, Any]]:
    """The arguments of the test's only `parametrize`; one empty set where it has none."""
    marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
    return [{name: value} for mark in marks for name, values in [mark.args] for value in values] or [{}]


def examples_needed(test: Callable[..., Any], implementation: Implementation, seed: int | None = None) -> int | None:
    """How many examples the test draws until it fails; None where it passes.

    Without a seed they are those that a plain `pytest` draws; with one, others, as many.
    """
    return examples_until_it_fails(test, {"implementation": implementation}, seed)


def examples_until_it_fails(test: Any, arguments: dict[str, Any], seed: int | None = None) -> int | None:
    """The same for a test with other arguments beside the case: those that pytest would give it."""
    drawn, failed = 0, None
    inner = test.hypothesis.inner_test

    @wraps(inner)
    def counted(**given_: Any) -> None:
        nonlocal drawn, failed
        drawn += 1
        try:
            inner(**given_)
        except UnsatisfiedAssumption:
            raise
        except Exception as error:
            failed = failed or drawn
            raise AssertionError(type(error).__name__) from None  # hypothesis would have the whole message told

    try:
        _again(test, counted, seed)(**arguments)
    except (Unsatisfiable, SettingError):
        return None  # with an axis frozen, nothing is left to draw
    except Exception:
        return failed
    return None


def examples_of(test: Any, seed: int | None = None) -> list[Any]:
    """The cases that the test draws in a plain `pytest`, or with a seed, if nothing fails."""
    drawn = []

    @wraps(test.hypothesis.inner_test)
    def collect(implementation: Implementation, case: Any) -> None:
        drawn.append(case)

    _again(test, collect, seed)(implementation=None)
    return drawn


@functools.cache
def drawn(dtype: str) -> list[Case]:
    """The cases of one dtype that the widest test draws in a plain `pytest`; which LSTM is asked changes none."""
    with frozen(dtype=dtype):
        return examples_of(widest())


def killed(wrong: Mistake, dtype: str) -> bool:
    """Whether the property tests notice a mistake, in one dtype, with the examples that a plain `pytest` draws.

    Of the widest test's only the cases are asked on which the mistake may show; that is quick, and says the same.
    """
    likely = (observe(wrong, case) for case in drawn(dtype) if wrong.may_show(case))
    if any(judge(one).outcome.is_wrong for one in likely):
        return True
    with frozen(dtype=dtype):
        return any(examples_needed(test, wrong) is not None for test in property_tests()[1:])


def _again(test: Any, body: Callable[..., None], seed: int | None) -> Callable[..., None]:
    """A hypothesis test of the same strategy, settings and, without a seed, examples, with another body."""
    run = given(case=test.hypothesis._given_kwargs["case"])(body)
    run = hypothesis.settings(test._hypothesis_internal_use_settings, **QUICK, derandomize=seed is None)(run)
    return run if seed is None else hypothesis.seed(seed)(run)


def killers(implementation: Implementation, seed: int | None = None) -> Iterator[tuple[str, int]]:
    """The tests that notice, one after the other, each with the examples that it needed."""
    for test in property_tests():
        if (needed := examples_needed(test, implementation, seed)) is not None:
            yield test.__name__, needed
