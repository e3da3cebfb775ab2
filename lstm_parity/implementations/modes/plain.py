"""Modes that run torch's own kernels: the module itself, copied, saved, called functionally, reparametrised."""

from __future__ import annotations

import copy
import io
import warnings
from collections.abc import Callable
from typing import Any

import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from lstm_parity.cases.setting import Setting
from lstm_parity.implementations.modes.mode import Make, Mode, RunningModule


def _copy_module(copy_of: Callable[[nn.LSTM], nn.Module]) -> Make:
    """Run what a function makes of the module, not the module."""

    def make(module: nn.LSTM, setting: Setting) -> RunningModule:
        other = copy_of(module)
        return RunningModule(other, other)

    return make


def _save_and_load(module: nn.LSTM) -> nn.Module:
    """Save and load the whole module by `torch.save`, which pickles it."""
    file = io.BytesIO()
    torch.save(module, file)
    file.seek(0)
    loaded = torch.load(file, weights_only=False)
    assert isinstance(loaded, nn.LSTM)
    return loaded


def _state_dict(module: nn.LSTM, assign: bool = False) -> nn.Module:
    """Load the saved state_dict into another module; with `assign`, into one that had no memory before."""
    file = io.BytesIO()
    torch.save(module.state_dict(), file)
    file.seek(0)
    names = ("num_layers", "bias", "batch_first", "dropout", "bidirectional", "proj_size")
    arguments: dict[str, Any] = {name: getattr(module, name) for name in names}
    device, dtype = "meta" if assign else "cpu", module.weight_ih_l0.dtype
    other = nn.LSTM(module.input_size, module.hidden_size, **arguments, device=device, dtype=dtype)
    other.load_state_dict(torch.load(file, weights_only=True), assign=assign)
    return other.train(module.training)


def _functional(module: nn.LSTM, setting: Setting) -> RunningModule:
    """Call a module whose own parameters are noise with the parameters of another."""
    blank = copy.deepcopy(module)
    for parameter in blank.parameters():
        parameter.data.fill_(float("nan"))
    given: dict[str, torch.Tensor] = dict(module.named_parameters())
    return RunningModule(lambda input, hx: torch.func.functional_call(blank, given, (input, hx)), module)


def _weight_norm(module: nn.LSTM) -> nn.Module:
    for name in dict(module.named_parameters()):
        if name.startswith("weight"):
            parametrizations.weight_norm(module, name)
    return module


def _old_weight_norm(module: nn.LSTM) -> nn.Module:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it is deprecated
        for name in dict(module.named_parameters()):
            if name.startswith("weight"):
                nn.utils.weight_norm(module, name)
    return module


def _prune(module: nn.LSTM) -> nn.Module:
    """Prune by masks that keep everything: the weights are computed again before each call."""
    for name in dict(module.named_parameters()):
        prune.identity(module, name)  # type: ignore[no-untyped-call]
    return module


_OTHERS = "its parameters have other names: only its answers are judged"

MODES = (
    Mode("eager", lambda module, setting: RunningModule(module, module)),
    Mode("deepcopy", _copy_module(copy.deepcopy)),
    Mode("torch.save of the module", _copy_module(_save_and_load)),
    Mode("state_dict, saved and loaded", _copy_module(_state_dict)),
    Mode("load_state_dict(assign=True)", _copy_module(lambda module: _state_dict(module, assign=True))),
    Mode("functional_call", _functional),
    Mode("weight_norm", _copy_module(_weight_norm), gradients=False, note=_OTHERS),
    Mode("weight_norm, deprecated", _copy_module(_old_weight_norm), gradients=False, note=_OTHERS),
    Mode("prune", _copy_module(_prune), gradients=False, note=_OTHERS),
)
