"""Small records made for tests: what an implementation answers to some of the fixed cases, and modules with a fault."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from lstm_parity.audits.upgrade.measure.answers import answer_forward, answer_gradients, fixed_cases
from lstm_parity.audits.upgrade.record import Record
from lstm_parity.cases.case import parse_case
from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM, Implementation

CONDITIONS = {"torch": "1.2.3", "git": "abc", "threads": "2", "capability": "AVX2"}


def record_of(implementation: Implementation, ids: Iterable[str], **parts: Any) -> Record:
    """A record of the answers, with gradients where a case has them, of "torch.nn.LSTM", whoever gave them."""
    named, answers = [parse_case(name) for name in ids], []
    for one in named:
        answers.append(answer_forward(implementation, one))
        if one.setting.runtime.grad_mode == "grad" and one.profile != "non_finite":
            answers.append(answer_gradients(implementation, one))
    subject = tuple(replace(answer, subject="torch.nn.LSTM") for answer in answers)
    return Record(
        **({"conditions": CONDITIONS, "answers": subject, "cases": {c.id: c.checksum for c in named}} | parts)
    )


def chosen(*words: str, count: int = 24) -> list[str]:
    """The first of the fixed cases whose ids have all these words."""
    return [name for name in fixed_cases() if set(words) <= set(name.split("-"))][:count]


@dataclass(frozen=True)
class OneBiasDropped:
    """nn.LSTM that forgets b_hh of its first layer, where it has a projection."""

    name: str = "torch.nn.LSTM"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module, with a bias of zero where the fault is."""
        module: Any = TorchLSTM().load(setting, weights)
        if setting.architecture.proj_size and setting.architecture.bias:
            module.bias_hh_l0.data.zero_()
        return module


@dataclass(frozen=True)
class Detour:
    """nn.LSTM that computes float64 in float32."""

    name: str = "torch.nn.LSTM"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """Nothing."""
        return None

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """The module, its results rounded to float32 where they are float64."""
        module = TorchLSTM().load(setting, weights)

        def rounded(value: Any) -> Any:
            return (
                value._replace(data=rounded(value.data)) if hasattr(value, "batch_sizes") else value.float().to(value)
            )

        def lstm(input: Any, hx: Any) -> Any:
            output, states = module(input, hx)
            if setting.runtime.dtype != "float64":
                return output, states
            return rounded(output), tuple(map(rounded, states))

        return lstm


PLAIN = TorchLSTM()
