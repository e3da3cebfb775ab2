"""Finding LSTMs among arrays: by the names of each convention, and by shapes if no name is known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lstm_parity.files.lstms.found import Arrays, FoundLSTM
from lstm_parity.files.lstms.jax_names import find_flax
from lstm_parity.files.lstms.keras_names import find_haiku, find_keras, find_tensorflow
from lstm_parity.files.lstms.onnx_names import find_onnx
from lstm_parity.files.lstms.shapes import find_by_shapes
from lstm_parity.files.lstms.tflite_names import find_tflite
from lstm_parity.files.lstms.torch_names import find_cells, find_one_bias, find_paddle, find_torch
from lstm_parity.files.stored import FolderError

_Finder = Callable[[Arrays], list[FoundLSTM]]
_FINDERS: Mapping[str, Sequence[_Finder]] = {
    "paddle": (find_paddle, find_torch),
    "torch": (find_torch, find_cells),
    "keras": (find_keras,),
    "flax": (find_flax,),
    "haiku": (find_haiku,),
    "equinox": (find_one_bias,),
    "mlx": (find_one_bias,),
    "onnx": (find_onnx,),
    "tensorflow v1": (find_tensorflow,),
    "tflite": (find_tflite,),
}
_CONVENTIONS = tuple(_FINDERS)
_GUESSED = ("torch", "keras", "tensorflow v1")  # layouts that differ
_SHOWN = 20
_KNOWN = (
    "weight_ih_l0 (torch), kernel and recurrent_kernel (Keras), lstm_cell/kernel (TensorFlow v1), ii/kernel (Flax), "
    "W, R, B (ONNX), input_to_forget_weights (TensorFlow Lite)"
)


def find_lstms(arrays: Arrays, convention: str | None = None) -> list[FoundLSTM]:
    """Find all LSTMs among arrays, the likeliest first if one array belongs to several.

    convention: one of _CONVENTIONS, or None for any. Weights are those of `nn.LSTM`, in float64. Layers that fit into
    a stack are found as one, and then each by itself. Raises FolderError if there is none.
    """
    if convention is not None and convention not in _FINDERS:
        raise FolderError(f"the convention {convention!r} was given, but needed is one of {', '.join(_CONVENTIONS)}")
    chosen = _CONVENTIONS if convention is None else (convention,)
    finders = dict.fromkeys(finder for name in chosen for finder in _FINDERS[name])
    found: list[FoundLSTM] = []
    for finder in finders:  # the surest names first: an array has one convention
        taken = {name for lstm in found for name in lstm.used}
        found += [lstm for lstm in finder(arrays) if taken.isdisjoint(lstm.used)]
    found = found or find_by_shapes(arrays, _GUESSED if convention is None else (convention,))
    if not found:
        raise FolderError(_refuse(arrays, convention))
    return found


def _refuse(arrays: Arrays, convention: str | None) -> str:
    shapes = [f"{name} {stored.values.shape}" for name, stored in arrays.items()]
    more = f" and {len(shapes) - _SHOWN} more" if len(shapes) > _SHOWN else ""
    whose = "LSTM" if convention is None else f"LSTM by the convention {convention!r}"
    return (
        f"the arrays {', '.join(shapes[:_SHOWN]) or 'none'}{more} were given, but no {whose} is among them; "
        f"known names are {_KNOWN}: name the weights so, w_ih of shape (4 * hidden_size, input_size) or transposed"
    )
