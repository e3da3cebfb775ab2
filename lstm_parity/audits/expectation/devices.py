"""Where an arithmetic is met: kinds of devices, and the settings by which they compute in it.

Sources: torch's notes on CUDA and on numerical accuracy, `torch.set_float32_matmul_precision`, JAX's page on matmul
precision, and what `lstm-parity modes` and `frameworks` measured.
"""

from __future__ import annotations

_FOUND_ON = {  # the end of an arithmetic's name, or a part of it: the first that fits
    "8-bit factors": "CPUs, by torch's dynamic quantisation or ONNX Runtime's",
    "int8 weights": "any device that stores weights as int8 and multiplies them in the layer's dtype",
    "float8": "any device that stores weights as float8",
    "weights and biases": "any device to which a model was sent in a half type and widened again",
    "weights": "any device that stores weights in a half type, as torch's dynamic quantisation to float16 on CPUs",
    "TF32 products": "NVIDIA GPUs since Ampere: cuDNN's LSTM unless torch.backends.cudnn.allow_tf32 is off; JAX there",
    "bfloat16 products": "TPUs; CPUs with AMX and GPUs where torch.set_float32_matmul_precision is 'medium'",
    "float16 accumulation": "GPUs where torch.backends.cuda.matmul.allow_fp16_accumulation is on",
    "bfloat16 accumulation": "kernels that keep sums in the type of their factors, on any device",
    "float16 states": "any device that keeps h and c in half between steps",
    "bfloat16 states": "any device that keeps h and c in half between steps",
    "float16 inside a": "GPUs under torch.autocast to float16",
    "bfloat16 inside a": "GPUs and CPUs under torch.autocast to bfloat16",
    "activations accurate to 1e-02": "small devices, whose functions are tables or straight lines",
    "activations accurate to 1e-03": "GPUs with hardware functions, as tanh.approx.f32 of NVIDIA's; tables",
    "activations accurate to 1e-04": "GPUs with hardware functions, as tanh.approx.f32 of NVIDIA's; tables",
    "activations accurate to": "kernels with fast exponentials",
    "absolute-accuracy activations": "kernels whose sigmoid is 1 / (1 + exp(-z)) or half a tanh",
    "inside, rounded to": "references in a wider type; CPUs that widen half types, as oneDNN's LSTM in bfloat16",
}
_NATIVE = "CPUs; GPUs where narrower products are off"


def find_devices(arithmetic: str) -> str:
    """Say which kinds of devices compute in an arithmetic, by its name."""
    return next((words for part, words in _FOUND_ON.items() if part in arithmetic), _NATIVE)
