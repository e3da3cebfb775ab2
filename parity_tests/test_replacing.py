"""A parameter that is replaced is seen, in whatever way people replace one: no stale copy is computed with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import pytest
import torch
from hypothesis import given, settings
from torch import Tensor, nn
from torch.nn.utils import prune

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.torch_modules import TorchLSTM
from lstm_parity.parity_tests.strategies import agrees, cases
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.protocol import LSTM


@pytest.fixture(scope="session", params=[TorchLSTM()], ids=lambda i: i.name)
def module(request):
    """The implementations that are modules with parameters."""
    return request.param


def by_setattr(module: nn.Module, values: dict[str, Tensor]) -> None:
    """`module.weight_ih_l0 = nn.Parameter(...)`."""
    for name, value in values.items():
        setattr(module, name, nn.Parameter(value))


def by_data(module: nn.Module, values: dict[str, Tensor]) -> None:
    """`parameter.data = ...`."""
    for name, value in values.items():
        module.get_parameter(name).data = value


def in_place(module: nn.Module, values: dict[str, Tensor]) -> None:
    """`parameter.copy_(...)`, as an optimiser writes."""
    with torch.no_grad():
        for name, value in values.items():
            module.get_parameter(name).copy_(value)


def by_load_state_dict(module: nn.Module, values: dict[str, Tensor]) -> None:
    """`module.load_state_dict(...)`."""
    module.load_state_dict(values)


def by_functional_call(module: nn.Module, values: dict[str, Tensor]) -> LSTM:
    """`torch.func.functional_call(module, values, ...)`."""
    home = torch.func if hasattr(torch, "func") else nn.utils.stateless  # before torch 2.0
    return lambda input, hx: home.functional_call(module, values, (input, hx))


def by_pruning(module: nn.Module, values: dict[str, Tensor]) -> None:
    """`prune.custom_from_mask(module, name, mask)`; the mask holds -1 where the sign is to change."""
    for name, value in values.items():
        before = module.get_parameter(name).detach()
        prune.custom_from_mask(module, name, torch.where(value == before, 1.0, -1.0).to(value.dtype))


def by_parametrization(module: nn.Module, values: dict[str, Tensor]) -> None:
    """`register_parametrization(module, name, ...)`."""
    for name, value in values.items():
        nn.utils.parametrize.register_parametrization(module, name, _Constant(value), unsafe=True)


class _Constant(nn.Module):
    def __init__(self, value: Tensor) -> None:
        super().__init__()
        self.value = value

    def forward(self, weight: Tensor) -> Tensor:
        """Whatever the weight was."""
        return self.value


@dataclass(frozen=True)
class Replaced:
    """A module that was called with the opposite of its weights, before they were replaced by the right ones."""

    implementation: TorchLSTM
    way: Callable[[nn.Module, dict[str, Tensor]], LSTM | None]
    name: str = "replaced"

    def unsupported_reason(self, setting: Setting) -> str | None:
        """What the module refuses, of the first call too; and inference tensors may not be replaced at all."""
        if setting.runtime.grad_mode == "inference":
            return "parameters of inference mode cannot be replaced"
        return self.implementation.unsupported_reason(setting) or self.implementation.unsupported_reason(
            setting.one_step()
        )

    def load(self, setting: Setting, weights: LSTMWeights) -> LSTM:
        """Called once, then replaced."""
        module = self.implementation.load(setting, weights.map(torch.neg))
        module(torch.zeros(1, weights.input_size, dtype=weights.cells[0][0].w_ih.dtype), None)
        return self.way(module, dict(weights.items())) or module


WAYS = [by_setattr, by_data, in_place, by_load_state_dict, by_functional_call, by_pruning, by_parametrization]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=10)  # of each way
@given(case=cases())
def test_a_replaced_parameter_is_seen(module, way, case):
    """A module that has been called computes with its parameters as they are now."""
    assert agrees(Replaced(module, way), case)
