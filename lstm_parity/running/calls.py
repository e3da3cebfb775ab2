"""Calling an implementation as `nn.LSTM` is called, and reading what it returned: shapes, dtypes and numbers.

Cases hold canonical arrays, time first and padded; here they are laid out as the setting's call wants them
(batch_first, unbatched, packed), and what comes back is laid out canonically again.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import torch
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from lstm_parity.cases.case import Case
from lstm_parity.cases.setting import Runtime, Setting
from lstm_parity.reference.noise.model import Array
from lstm_parity.reference.weights import LSTMWeights
from lstm_parity.running.evidence import TENSORS, Outputs
from lstm_parity.running.protocol import LSTM


@contextmanager
def use_threads(count: int) -> Iterator[None]:
    """Let torch use so many threads for the time of a `with` block: one for small products, since two would wait."""
    before = torch.get_num_threads()
    if count != before:
        torch.set_num_threads(count)
    try:
        yield
    finally:
        if count != before:
            torch.set_num_threads(before)


@contextmanager
def runtime_flags(runtime: Runtime) -> Iterator[None]:
    """Set gradient mode, kernels, threads and determinism as the runtime says, for the time of a `with` block."""
    with ExitStack() as stack:
        if runtime.grad_mode == "no_grad":
            stack.enter_context(torch.no_grad())
        elif runtime.grad_mode == "inference":
            stack.enter_context(torch.inference_mode())
        stack.callback(setattr, torch.backends.mkldnn, "enabled", torch.backends.mkldnn.enabled)
        # (mkldnn.flags sets TF32 too, and warns of that)
        torch.backends.mkldnn.enabled = runtime.mkldnn  # type: ignore[assignment]
        if runtime.device != "cpu":
            stack.callback(setattr, torch.backends.cudnn, "enabled", torch.backends.cudnn.enabled)
            torch.backends.cudnn.enabled = torch.backends.cudnn.enabled and runtime.mkldnn
            if runtime.deterministic:  # without it torch refuses products on CUDA
                os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")
        if runtime.threads is not None:
            stack.enter_context(use_threads(runtime.threads))
        if runtime.deterministic:  # (use_deterministic_algorithms does the same, after importing inductor)
            stack.callback(torch.set_deterministic_debug_mode, torch.get_deterministic_debug_mode())
            torch.set_deterministic_debug_mode("error")
        yield


def make_tensor(array: Array, runtime: Runtime) -> torch.Tensor:
    """Return a new tensor of the runtime's dtype, on its device; the array's values are held exactly."""
    tensor = torch.from_numpy(array.copy()).to(getattr(torch, runtime.dtype))
    return tensor if runtime.device == "cpu" else tensor.to(runtime.device)  # (mps has no float64)


def weight_tensors(case: Case) -> LSTMWeights:
    """Return the case's weights as tensors of its runtime."""
    return case.weights.map(lambda w: make_tensor(w, case.setting.runtime))


def call_lstm(lstm: LSTM, setting: Setting, x: Array, h_0: Array, c_0: Array) -> Outputs:
    """Call an LSTM on canonical arrays x (T, B, I), h_0 (L*D, B, P), c_0 (L*D, B, H), laid out as the setting says."""
    return _read_outputs(lstm(*call_arguments(setting, x, h_0, c_0)), setting)


def call_arguments(setting: Setting, x: Array, h_0: Array, c_0: Array) -> tuple[Any, Any]:
    """Return what `nn.LSTM` is called with: the input, and (h_0, c_0) or None, as new tensors in the call's layout."""
    states = None
    if setting.call.states:
        states = (_state(h_0, setting), _state(c_0, setting))
    return _input(x, setting), states


def _state(state: Array, setting: Setting) -> torch.Tensor:
    return _lay_out(make_tensor(state[:, 0] if setting.call.batch is None else state, setting.runtime), setting)


def _input(x: Array, setting: Setting) -> Any:
    if setting.call.batch is None:
        return _lay_out(make_tensor(x[:, 0], setting.runtime), setting)
    if setting.call.lengths is not None:
        lengths = torch.tensor(setting.call.lengths)
        packed = pack_padded_sequence(
            make_tensor(x, setting.runtime), lengths, enforce_sorted=setting.call.enforce_sorted
        )
        return packed._replace(data=_lay_out(packed.data, setting))
    return _lay_out(make_tensor(x.swapaxes(0, 1) if setting.architecture.batch_first else x, setting.runtime), setting)


def _lay_out(values: torch.Tensor, setting: Setting) -> torch.Tensor:
    """Return the tensor, or for a strided call a view of the same values: axes in reverse order, NaN in the gaps."""
    if not setting.call.strided:
        return values
    memory = values.new_full((*reversed(values.shape), 2), float("nan"))
    view = memory[..., 0].permute(*reversed(range(values.dim())))
    return view.copy_(values)


def _read_outputs(returned: Any, setting: Setting) -> Outputs:
    try:
        output, (h_n, c_n) = returned
    except (TypeError, ValueError):
        given = f"a {type(returned).__name__}" + (f" of {len(returned)}" if isinstance(returned, tuple | list) else "")
        return Outputs(None, None, None, (f"the call returned {given}, but must return (output, (h_n, c_n))",))
    if setting.call.lengths is not None:
        if not isinstance(output, PackedSequence):
            return Outputs(None, None, None, (f"output is a {type(output).__name__}, but must be a PackedSequence",))
        output, _ = pad_packed_sequence(output, total_length=setting.call.time)
    faults: list[str] = []
    arrays = [
        _array(name, value, shape, setting, faults)
        for name, value, shape in zip(TENSORS, (output, h_n, c_n), _output_shapes(setting), strict=True)
    ]
    h_n, c_n = (_canonical_state(array, setting) for array in arrays[1:])
    return Outputs(_canonical_output(arrays[0], setting), h_n, c_n, tuple(faults))


def _output_shapes(setting: Setting) -> list[tuple[int, ...]]:
    """Return the shapes of output, h_n and c_n in the call's layout; a packed output is read as padded, time first."""
    a, c = setting.architecture, setting.call
    batch = () if c.batch is None else (c.batch,)
    steps = (*batch, c.time) if a.batch_first and c.batch is not None and c.lengths is None else (c.time, *batch)
    states = a.num_layers * a.num_directions
    return [
        (*steps, a.num_directions * a.output_size),
        (states, *batch, a.output_size),
        (states, *batch, a.hidden_size),
    ]


def _array(name: str, value: Any, shape: tuple[int, ...], setting: Setting, faults: list[str]) -> Array | None:
    """Return a returned tensor's numbers; what is wrong with its form is added to the faults."""
    if not isinstance(value, torch.Tensor):
        faults.append(f"{name} is a {type(value).__name__}, but must be a torch.Tensor")
        return None
    if tuple(value.shape) != shape:
        faults.append(f"{name} has shape {tuple(value.shape)}, but must have {shape}")
        return None
    dtype, device = setting.runtime.dtype, setting.runtime.device.partition(":")[0]
    if value.dtype is not getattr(torch, dtype):
        faults.append(f"{name} has dtype {str(value.dtype).removeprefix('torch.')}, but must have {dtype}")
    if value.device.type != device:
        faults.append(f"{name} has device {value.device.type}, but must have {device}")
    return value.detach().cpu().to(torch.float64).numpy()


def _canonical_output(output: Array | None, setting: Setting) -> Array | None:
    if output is None:
        return None
    if setting.call.batch is None:
        return output[:, None]
    return output.swapaxes(0, 1) if setting.architecture.batch_first and setting.call.lengths is None else output


def _canonical_state(state: Array | None, setting: Setting) -> Array | None:
    return state[:, None] if state is not None and setting.call.batch is None else state


def flatten_tensors(value: Any) -> list[torch.Tensor]:
    """Return all tensors in a nest of tuples, lists and packed sequences, of the latter the data alone."""
    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, PackedSequence):
        return [value.data]
    return [tensor for part in value for tensor in flatten_tensors(part)] if isinstance(value, tuple | list) else []


def read_bits(tensor: torch.Tensor) -> bytes:
    """Return a copy of its bytes, so that NaN is compared too."""
    here = tensor.detach().cpu()
    if here.dtype in (torch.float64, torch.float32, torch.float16):
        return here.numpy().tobytes()
    return here.clone(memory_format=torch.contiguous_format).reshape(-1).view(torch.uint8).numpy().tobytes()
