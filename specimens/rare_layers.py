"""What an LSTM with a rare fault is made of: nn.LSTM itself, bit for bit, except in one corner of the lattice.

A layer reads the setting back from how it is called, so that one predicate, `RareFault.where`, says both when the layer
is wrong and what a report about it is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pad_packed_sequence

from lstm_parity.cases.setting import Architecture, Call, Runtime, Setting

Act = Callable[["RareLayer", Setting, Any, Any], Any]
Three = tuple[Tensor, Tensor, Tensor]


@dataclass(frozen=True)
class RareFault:
    """A fault, and the truth about where it is.

    where: whether the fault acts at a setting with numbers of a profile, in one call from the first step to the last.
    (A judge that also calls single steps or shorter prefixes of a case sees more of the lattice than the case itself.)
    Where it acts, numbers that are 0, NaN, or all at the ends of their gates may still hide it; where it does not, the
    bits are nn.LSTM's, except that equal rows of the profile `constant` may change places.
    corner: what a report should name, by the names of a setting's fields. act: (layer, setting, input, hx) -> result.
    kind: "numbers" are wrong, "gradients" alone are, it "raises", or it is a "bias" far below one element's noise.
    certain: False if `where` says only where the fault may act, since the values or the calls before decide.
    """

    name: str
    sentence: str
    where: Callable[[Setting, str], bool]
    corner: dict[str, str]
    act: Act
    kind: str = "numbers"
    certain: bool = True


class RareLayer(nn.LSTM):
    """nn.LSTM with a rare fault."""

    fault: RareFault

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Called like nn.LSTM."""
        setting = read_setting(self, input, hx)
        if self.fault.kind == "gradients" and not torch.is_grad_enabled():
            return nn.LSTM.forward(self, input, hx)
        if setting is None or not self.fault.where(setting, recognize_profile(input)):
            return nn.LSTM.forward(self, input, hx)
        return self.fault.act(self, setting, input, hx)


def make_class(fault: RareFault, module: str) -> type[RareLayer]:
    """Make the class of a fault."""
    return type(fault.name, (RareLayer,), {"fault": fault, "__module__": module, "__doc__": fault.sentence})


def read_setting(lstm: nn.LSTM, input: Any, hx: Any) -> Setting | None:
    """Return the setting of a call; None if it is no call of a setting, such as one with an empty input."""
    x = input.data if isinstance(input, PackedSequence) else input
    if x.numel() == 0 or (not isinstance(input, PackedSequence) and x.dim() not in (2, 3)):
        return None
    return Setting(
        Architecture(**{name: getattr(lstm, name) for name in Architecture.__dataclass_fields__}),
        _read_call(lstm, input, hx is not None, x.stride(-1) != 1),
        _read_runtime(x),
    )


def _read_call(lstm: nn.LSTM, input: Any, states: bool, strided: bool) -> Call:
    if isinstance(input, PackedSequence):
        rows = torch.arange(int(input.batch_sizes[0]))
        lengths = (input.batch_sizes[:, None] > rows).sum(0)
        if (back := input.unsorted_indices) is not None:
            lengths = lengths[back]
        own = tuple(int(n) for n in lengths)
        return Call(len(input.batch_sizes), len(rows), own, input.sorted_indices is None, states, strided)
    if input.dim() == 2:
        return Call(len(input), None, states=states, strided=strided)
    time, batch = input.shape[:2] if not lstm.batch_first else input.shape[1::-1]
    return Call(time, batch, states=states, strided=strided)


def _read_runtime(x: Tensor) -> Runtime:
    mode = "inference" if torch.is_inference_mode_enabled() else "grad" if torch.is_grad_enabled() else "no_grad"
    kernels = torch.backends.mkldnn.enabled if x.device.type == "cpu" else torch.backends.cudnn.enabled
    threads, strict = torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    return Runtime(str(x.dtype).removeprefix("torch."), x.device.type, mode, bool(kernels), threads, strict)


def recognize_profile(input: Any) -> str:
    """Return the profile that the input's numbers show, of those that a fault depends on; "normal" for all others."""
    x = (input.data if isinstance(input, PackedSequence) else input).detach()
    if not bool(x.isfinite().all()):
        return "non_finite"
    if 0.0 < float(x.abs().max()) < 1e-30:
        return "denormal"
    if x.shape[-1] > 1 and bool((((x == 1.0).sum(-1) == 1) & ((x != 0.0).sum(-1) == 1)).all()):
        return "one_hot"
    return "memory" if not isinstance(input, PackedSequence) and x.dim() == 3 and _repeats(x) else "normal"


def _repeats(x: Tensor) -> bool:
    """Whether all steps are equal, in either layout, and nothing in them is 0."""
    along = [x.shape[axis] > 1 and bool((x == x.narrow(axis, 0, 1)).all()) for axis in (0, 1)]
    return any(along) and bool((x != 0.0).all())


# ---------------------------------------------------------------- layouts: canonical is (T, B, .), rows as given


def to_canonical(lstm: nn.LSTM, x: Any) -> Tensor:
    """Return an input or output as (T, B, .), padded with zeros."""
    if isinstance(x, PackedSequence):
        return pad_packed_sequence(x)[0]
    return x[:, None] if x.dim() == 2 else x.transpose(0, 1) if lstm.batch_first else x


def from_canonical(lstm: nn.LSTM, x: Tensor, like: Any) -> Any:
    """Return (T, B, .) in the layout of another input or output."""
    if isinstance(like, PackedSequence):
        rows = x if like.sorted_indices is None else x[:, like.sorted_indices]
        return like._replace(data=torch.cat([rows[t, :n] for t, n in enumerate(like.batch_sizes.tolist())]))
    return x[:, 0] if like.dim() == 2 else x.transpose(0, 1) if lstm.batch_first else x


def _canonical_states(hx: Any) -> Any:
    return None if hx is None else tuple(s[:, None] if s.dim() == 2 else s for s in hx)


def change_result(change: Callable[[Setting, Three], Three]) -> Act:
    """Change what nn.LSTM returns, as canonical (output, h_n, c_n)."""

    def act(lstm: RareLayer, s: Setting, input: Any, hx: Any) -> Any:
        output, last = nn.LSTM.forward(lstm, input, hx)
        y, h, c = change(s, (to_canonical(lstm, output), *_canonical_states(last)))
        h, c = (h[:, 0], c[:, 0]) if s.call.batch is None else (h, c)
        return from_canonical(lstm, y, output), (h, c)

    return act


def change_output(change: Callable[[Setting, Tensor], Tensor]) -> Act:
    """Change the output alone, (T, B, D*P)."""
    return change_result(lambda s, r: (change(s, r[0]), r[1], r[2]))


def change_h(change: Callable[[Setting, Tensor], Tensor]) -> Act:
    """Change h_n alone, (L*D, B, P)."""
    return change_result(lambda s, r: (r[0], change(s, r[1]), r[2]))


def change_c(change: Callable[[Setting, Tensor], Tensor]) -> Act:
    """Change c_n alone, (L*D, B, H)."""
    return change_result(lambda s, r: (r[0], r[1], change(s, r[2])))


def change_input(change: Callable[[Setting, Tensor], Tensor]) -> Act:
    """Change the input that is read, (T, B, I)."""

    def act(lstm: RareLayer, s: Setting, input: Any, hx: Any) -> Any:
        x = change(s, to_canonical(lstm, input))
        return nn.LSTM.forward(lstm, from_canonical(lstm, x, input), hx)

    return act


def change_c_0(change: Callable[[Setting, Tensor], Tensor]) -> Act:
    """Change c_0 as it is read, in the layout of the call; nothing happens without states."""
    return lambda lstm, s, input, hx: nn.LSTM.forward(lstm, input, None if hx is None else (hx[0], change(s, hx[1])))


def run_with_weights(lstm: nn.LSTM, weights: list[Any], input: Any, hx: Any) -> Any:
    """Call nn.LSTM with other tensors in place of its parameters, in the order of `_flat_weights_names`."""
    kept = lstm._flat_weights
    lstm._flat_weights = weights
    try:
        return nn.LSTM.forward(lstm, input, hx)
    finally:
        lstm._flat_weights = kept


def change_weights(change: Callable[[Setting, dict[str, Tensor]], dict[str, Tensor]]) -> Act:
    """Change the weights that are computed with, by torch's names."""

    def act(lstm: RareLayer, s: Setting, input: Any, hx: Any) -> Any:
        given = {n: w for n, w in zip(lstm._flat_weights_names, lstm._flat_weights, strict=True) if w is not None}
        return run_with_weights(lstm, list(change(s, given).values()), input, hx)

    return act


def replace_at(x: Tensor, index: Any, values: Any) -> Tensor:
    """Return a copy with other values at an index."""
    copy = x.clone()
    copy[index] = values
    return copy
