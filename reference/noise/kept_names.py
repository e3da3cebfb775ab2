"""The names of the ways in which weights are kept in fewer bits: a command reads them before it imports NumPy."""

OF_MATRICES = (  # in the order of the functions in kept_weights.py
    "float16 weights",
    "bfloat16 weights",
    "float8 e4m3 weights",
    "float8 e5m2 weights",
    "int8 weights, a scale for each tensor of max / 127",
    "int8 weights, a scale for each tensor of max / 127.5",
    "int8 weights, a scale for each row of max / 127",
    "int8 weights, a scale for each row of max / 127.5",
    "int8 weights, a scale and a zero point for each tensor",
)
OF_ALL = {f"{name} and biases": name for name in ("float16 weights", "bfloat16 weights")}
KEPT = (*OF_MATRICES, *OF_ALL)
INTEGERS = tuple(name for name in OF_MATRICES if "tensor" in name)  # with which factors of 8 bits are usual
