"""What each mode does not support, or does wrong, and why: asserted both ways, listed trials fail, all others pass.

As torch 2.13.0 and onnxruntime 1.31.1 are; the first line that fits a trial is what shows.
"""

from __future__ import annotations

import re

from lstm_parity.audits.modes import conditions as when
from lstm_parity.audits.modes.conditions import Lack, both, never
from lstm_parity.audits.modes.trials import Trial

GRAPHS = "compile with allow_rnn.*"
TRACED = r"compile with allow_rnn(|, aot_eager|, dynamic)"
CELLS = "compile of the cell.*|.* of the cell"
QUANTIZED = "quantize_dynamic.*"
QUANTIZABLE = "quantizable.*"
ONNX = "ONNX.*"

LACKS: tuple[Lack, ...] = (
    # dynamo and export
    Lack(
        f"{GRAPHS}|export.*",
        when.packed,
        "batch_sizes are data to guard on",
        "guard on data|no rows|packed",
        seen="#112044",
    ),
    Lack(
        TRACED, both(when.without_rows, when.floats, when.allowed), "an empty batch", "SIGFPE", seen="compiled-no-rows"
    ),
    Lack(
        "compile with allow_rnn",
        both(when.dtype("bfloat16"), when.allowed, when.biasless, when.lacking_here("bf16")),
        "without biases it answers in float32",
        "float32",
        wrong=True,
        seen="compiled-biasless",
    ),
    Lack(
        TRACED,
        both(when.dtype("bfloat16"), when.allowed, when.lacking_here("bf16")),
        "oneDNN is not asked whether it has bfloat16 here",
        "primitive",
        seen="compiled-bfloat16",
    ),
    Lack(
        TRACED,
        both(when.floats, when.allowed, when.in_grad_mode),
        "training with oneDNN",
        "tensors_saved_with_vc_check|expected Tensor|mkldnn_rnn_layer",
        seen="#158007",
    ),
    Lack(
        rf"{TRACED}|export.*, decomposed",
        both(when.training, never(when.without_rows), never(when.rowless_dynamic)),
        "no dropout",
        wrong=True,
        seen="compiled-dropout",
    ),
    Lack("vmap.*", when.rowless, "there is no batch axis", "no batch axis"),
    Lack(CELLS, when.projected, "a cell has no proj_size", "no.* proj_size|proj_size nor"),
    Lack(CELLS, when.training, "a cell has no dropout", "dropout"),
    Lack("export, dynamic batch.*", when.unbatched, "there is no batch", "no batch"),
    Lack("export, dynamic time", when.everything, "time is specialised", "[Cc]onstraints violated", seen="#115092"),
    # TorchScript
    Lack("jit.freeze.*", when.training, "only in eval mode", "eval mode"),
    # torch.func
    Lack("vmap.*", when.everything, "no batching rule", "Batching rule", seen="#105982"),
    Lack("jvp.*", when.packed, "batch_sizes have no storage", "data pointer", seen="functorch#629"),
    Lack(
        "jvp",
        both(when.floats, when.allowed, never(when.without_rows)),
        "oneDNN's operator has no forward derivative",
        "forward AD",
        seen="#111082",
    ),
    Lack(
        "torch.func.grad, row by row",
        both(when.in_grad_mode, never(when.without_rows), when.training),
        "every row by itself draws other masks",
        "other dropout masks",
    ),
    Lack(
        "torch.func.grad, row by row",
        lambda trial: trial.gradients and when.rowless(trial),
        "there is no batch axis",
        "no batch axis",
    ),
    # autocast
    *(
        Lack(
            f"autocast to {name}",
            both(
                when.floats, when.allowed, lambda trial: trial.form in ("batched", "unbatched", "packed equal"), absent
            ),
            "oneDNN has no such kernel on this processor",
            "primitive",
            seen="#187334",
        )
        for name, absent in (("bfloat16", when.lacking_here("bf16")), ("float16", when.lacking_here("fp16")))
    ),
    Lack(
        "autocast to bfloat16",
        both(lambda trial: trial.form == "packed", when.dtype("float16"), when.projected),
        "joins float16 and bfloat16",
        "prioritize",
    ),
    # quantisation
    Lack(QUANTIZED, when.biasless, "layers without bias", "mod.bias must be True"),
    Lack(QUANTIZED, when.unbatched, "unbatched input", "3 dimensions"),
    Lack(QUANTIZED, when.projected, "projections", "hidden.0. size|packB|packed_weight|expected scalar", seen="#74953"),
    Lack(QUANTIZED, never(when.floats), "float32 layers only", "expected scalar type Float"),
    Lack("quantizable.*constructed", when.projected, "projections", "no proj_size"),
    Lack("quantizable.*constructed", when.deep_both_ways, "built wrong", "size of tensor a", seen="#89357"),
    Lack(QUANTIZABLE, when.packed, "packed sequences", "PackedSequence"),
    Lack(QUANTIZABLE, when.projected, "drops the projection", "mat1|invalid for", seen="quantizable-projection"),
    Lack(QUANTIZABLE, when.without_rows, "an empty batch", "reshape|same dtype"),
    Lack(
        QUANTIZABLE,
        lambda trial: when.unbatched(trial) and when.stateless(trial) and not trial.setting.architecture.batch_first,
        "takes features for rows",
        "shape",
        wrong=True,
        seen="quantizable-unbatched",
    ),
    Lack(QUANTIZABLE, when.unbatched, "unbatched input", "invalid for|mat1", seen="quantizable-unbatched"),
    # forms
    Lack("fake tensors", both(when.packed, when.stateless), "batch_sizes are data", "DataDependent", seen="#112044"),
    # ONNX
    Lack("ONNX by.*", when.projected, "projections", "LSTMs with projections"),
    Lack(ONNX, when.packed, "packed outside of the model", "INVALID_GRAPH|[Ee]xport|guard on data", seen="#112044"),
    Lack(
        "ONNX, dynamic time.*",
        both(when.floats, never(when.projected), never(when.unbatched), never(when.without_rows)),
        "time is specialised: the answer has the shape of the exported length",
        "output has shape",
        wrong=True,
        seen="#191855",
    ),
    Lack(
        "ONNX, dynamic time.*",
        when.everything,
        "time is specialised",
        "[Ee]xport|[Cc]onstraints|ONNXRuntimeError",
        seen="#191855",
    ),
    Lack("ONNX, in.*", when.projected, "an invalid model is written", "ONNXRuntimeError|[Ee]xport", seen="A73"),
    Lack(ONNX, both(when.without_rows, when.floats), "an empty batch", "SIGABRT", seen="onnxruntime-no-rows"),
    Lack(ONNX, when.dtype("float64", "bfloat16"), "ONNX Runtime has no such kernel", "ONNXRuntimeError|numpy|BFloat16"),
)


def lack(trial: Trial) -> Lack | None:
    """Why a trial fails; None where it must not. The first that is listed is what shows."""
    return next((one for one in LACKS if re.fullmatch(one.modes, trial.mode) and one.when(trial)), None)
