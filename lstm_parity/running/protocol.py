"""The protocols of an implementation: a name, what it does not support, and how to load an LSTM; and optional ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeGuard

from torch import Tensor

from lstm_parity.cases.case import Case
from lstm_parity.cases.features import NON_FINITE
from lstm_parity.cases.setting import Setting
from lstm_parity.reference.noise.arithmetics import NATIVE, Arithmetic
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import Adjoints, Evidence, Found

NO_DROPOUT = "it has no dropout that is known"

# (input, hx) -> (output, (h_n, c_n)), all in the layout of `nn.LSTM`'s documentation; hx is (h_0, c_0) or None
LSTM = Callable[[Any, Any], Any]


class Implementation(Protocol):
    """Anything that computes an LSTM and is judged."""

    @property
    def name(self) -> str:
        """Return the name that the certificate uses."""

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Return why this setting is not supported, in words; None if it is."""

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Return an LSTM of this architecture with these weights (torch tensors of the setting's dtype), in eval mode.

        The same LSTM is called more than once, with different numbers of steps too; raising is a verdict.
        """


class HasArithmetic(Protocol):
    """An implementation that is expected to compute in another arithmetic than its dtype's own."""

    def arithmetic(self, setting: Setting) -> Arithmetic | None:
        """Return that arithmetic; None for the dtype's own."""


def own_arithmetic(implementation: Implementation, setting: Setting) -> Arithmetic | None:
    """Return the arithmetic that an implementation declares for a setting; None for the dtype's own."""
    declare = getattr(implementation, "arithmetic", None)
    return None if declare is None else declare(setting)


def expected_arithmetic(implementation: Implementation, setting: Setting) -> Arithmetic:
    """Return the arithmetic that an implementation is expected to compute a setting in."""
    return own_arithmetic(implementation, setting) or NATIVE[setting.runtime.dtype]


def declined_reason(implementation: Implementation, case: Case) -> str | None:
    """Return why the numbers of a case are not judged: they are not finite, and those are declared away, or changed."""
    if case.is_finite:
        return None
    declared = NON_FINITE in getattr(implementation, "without", ())
    return f"declared: --without {NON_FINITE}" if declared else unjudged_non_finite(implementation) or None


def refusal_reason(implementation: Implementation, case: Case) -> str | None:
    """Return why an implementation is not judged on a case; None if it is."""
    return declined_reason(implementation, case) or implementation.unsupported_reason(case.setting)


def is_lenient(implementation: Implementation) -> bool:
    """Whether an implementation is judged by the default rules, which accuse no style of a correct LSTM."""
    return bool(getattr(implementation, "is_lenient", False))


def stands_in(implementation: Implementation) -> bool:
    """Whether a state that is returned is not the implementation's own, so that no step can be judged from it."""
    return bool(getattr(implementation, "stands_in", False))


def unjudged_dropout(implementation: Implementation) -> str:
    """Say why dropout that an implementation has cannot be judged; empty if it can, or there is none that is known."""
    return str(getattr(implementation, "unjudged_dropout", ""))


def unjudged_non_finite(implementation: Implementation) -> str:
    """Say why what becomes of NaN and infinities is not the implementation's own; empty if it is."""
    return str(getattr(implementation, "unjudged_non_finite", ""))


class HasParameters(Implementation, Protocol):
    """An implementation whose LSTM is not an `nn.Module`, and whose tensors differ from those passed to `load`."""

    def parameters(self, lstm: Any) -> dict[str, Tensor]:
        """Return the tensors that a loaded LSTM computes with, by the names of `nn.LSTM`'s parameters."""


class DropsOut(Implementation, Protocol):
    """An implementation with dropout between its layers, as `nn.LSTM` has it."""

    def load_dropping(self, setting: Setting, weights: LSTMWeights, p: float, *, training: bool) -> LSTM:
        """Return what `load` does, with dropout of probability p, in train or in eval mode.

        Raises NotImplementedError if it has no such argument.
        """


class KeepsLoaded(Implementation, Protocol):
    """An implementation that keeps what it loaded, for further cases with the same weights."""

    def find_loaded(self, setting: Setting) -> LSTM | None:
        """Return the LSTM that was loaded for a setting's arguments; None if there is none."""


class RunsCases(Protocol):
    """An implementation in another process: it runs a whole case there, in one message and one answer."""

    def evidence(self, case: Case, chain: bool) -> tuple[Evidence, ...]:
        """Do what the function of that name in `running` does."""


class FindsGradients(Protocol):
    """An implementation that is differentiated where it runs."""

    def found_by_autograd(self, case: Case, d: Adjoints) -> Found:
        """Do what the function of that name in `running` does."""


# isinstance would not see the methods that a wrapper has from its inner implementation (Python 3.12)
def keeps_loaded(implementation: Implementation) -> TypeGuard[KeepsLoaded]:
    """Whether an implementation keeps what it loaded."""
    return getattr(implementation, "find_loaded", None) is not None


def drops_out(implementation: Implementation) -> TypeGuard[DropsOut]:
    """Whether an implementation may have dropout; one that knows that it has none says so by `has_dropout`."""
    may_have = getattr(implementation, "load_dropping", None) is not None
    return may_have and bool(getattr(implementation, "has_dropout", True))


def load_dropping(
    implementation: Implementation, setting: Setting, weights: LSTMWeights, p: float, *, training: bool
) -> LSTM:
    """Load an LSTM with dropout, as `DropsOut` says. Raises NotImplementedError if the implementation has none."""
    if not drops_out(implementation):
        raise NotImplementedError(NO_DROPOUT)
    return implementation.load_dropping(setting, weights, p, training=training)


def runs_cases(implementation: Implementation) -> TypeGuard[RunsCases]:
    """Whether an implementation runs whole cases by itself, in another process."""
    return getattr(implementation, "evidence", None) is not None


def finds_gradients(implementation: Implementation) -> TypeGuard[FindsGradients]:
    """Whether an implementation is differentiated where it runs."""
    return getattr(implementation, "found_by_autograd", None) is not None
