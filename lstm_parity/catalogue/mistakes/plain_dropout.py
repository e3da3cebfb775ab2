"""The plain LSTM with dropout as `nn.LSTM` has it, and the module that it is in: where mistakes of dropout sit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import dropout

from lstm_parity.cases.setting import Architecture, Call, Setting
from lstm_parity.catalogue.mistakes.plain import PlainLSTM
from lstm_parity.reference.weights import LSTMWeights, named_weights


class DroppingLSTM(PlainLSTM):
    """In training, every layer's output but the last's is multiplied by a mask of torch's generator.

    `p` and `training` are set by the module. A packed batch has masks for its data only, drawn in their order.
    """

    p = 0.0
    training = False
    only_in_order = False  # whether it is right, but for the order in which torch draws its masks

    def run_padded(
        self, x: Tensor, lengths: Tensor | None, hx: Sequence[Tensor] | None
    ) -> tuple[Tensor, Sequence[Tensor]]:
        """Remember which steps are data."""
        ends = torch.full((x.shape[1],), len(x)) if lengths is None else lengths
        self.valid = (torch.arange(len(x))[:, None] < ends).to(x.device)
        return super().run_padded(self.enter(x), lengths, hx)

    def enter(self, x: Tensor) -> Tensor:
        """What the first layer reads."""
        return x

    def between_layers(self, output: Tensor, below: Tensor, layer: int) -> Tensor:
        """Dropped, but for the last layer's output."""
        return self.drop(output, layer) if self.training and layer < self.layers - 1 else output

    def drop(self, output: Tensor, layer: int) -> Tensor:
        """(T, B, D*P) times its mask."""
        return output * self.mask(output, layer)

    def mask(self, output: Tensor, layer: int) -> Tensor:
        """(T, B, D*P), 0 where there is no data."""
        data = self.draw_mask(output.detach()[self.valid])
        return torch.zeros_like(output).masked_scatter(self.valid.unsqueeze(-1).expand_as(output), data)

    def draw_mask(self, like: Tensor) -> Tensor:
        """0 and 1/(1-p), of that shape."""
        return dropout(torch.ones_like(like), self.p)


class DroppingModule(nn.LSTM):
    """Constructed and called like `nn.LSTM`, with its parameters, computing as a `DroppingLSTM` does."""

    def __init__(self, written: type[DroppingLSTM], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        architecture = Architecture(**{name: getattr(self, name) for name in Architecture.__dataclass_fields__})
        self.lstm = written(Setting(architecture, Call(1)), self._weights())

    def _weights(self) -> LSTMWeights:
        """The parameters themselves."""
        return named_weights(dict(self.named_parameters()), self.num_layers, 1 + self.bidirectional)

    def forward(self, input: Any, hx: Any = None) -> Any:
        """As `nn.LSTM`."""
        self.lstm.p, self.lstm.training = self.dropout, self.training
        return self.lstm(input, hx)


def make_module(written: type[DroppingLSTM]) -> Callable[..., nn.LSTM]:
    """What is constructed like `nn.LSTM`, and drops as that class does."""
    return partial(DroppingModule, written)
