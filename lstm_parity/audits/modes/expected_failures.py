"""What each mode does not support, or does wrong, and why: asserted both ways, listed trials fail, all others pass.

As torch 2.13.0 and onnxruntime 1.31.1 are; the first line that fits a trial is what shows.
"""

from __future__ import annotations

from lstm_parity.audits.modes import conditions as when
from lstm_parity.audits.modes.conditions import ExpectedFailure, both_hold, never_holds
from lstm_parity.audits.modes.trials import Trial

_GRAPHS = "compile with allow_rnn.*"
_TRACED = r"compile with allow_rnn(|, aot_eager|, dynamic)"
_CELLS = "compile of the cell.*|.* of the cell"
_QUANTIZED = "quantize_dynamic.*"
_QUANTIZABLE = "quantizable.*"
ONNX = "ONNX.*"

EXPECTED_FAILURES: tuple[ExpectedFailure, ...] = (
    # dynamo and export
    ExpectedFailure(
        f"{_GRAPHS}|export.*",
        when.is_packed,
        "batch_sizes are data to guard on",
        "guard on data|no rows|packed",
        reported_at="#112044",
    ),
    ExpectedFailure(
        _TRACED,
        both_hold(when.has_no_rows, when.floats, when.is_allowed),
        "an empty batch",
        "SIGFPE",
        reported_at="compiled-no-rows",
    ),
    ExpectedFailure(
        "compile with allow_rnn",
        both_hold(when.has_dtype("bfloat16"), when.is_allowed, when.has_no_biases),
        "without biases it answers in float32",
        "float32",
        wrong=True,
        reported_at="compiled-biasless",
        lacking="bf16",
    ),
    ExpectedFailure(
        _TRACED,
        both_hold(when.has_dtype("bfloat16"), when.is_allowed),
        "bfloat16 without asking whether oneDNN has it here",
        "primitive",
        reported_at="compiled-bfloat16",
        lacking="bf16",
    ),
    ExpectedFailure(
        _TRACED,
        both_hold(when.floats, when.is_allowed, when.is_in_grad_mode),
        "training with oneDNN",
        "tensors_saved_with_vc_check|expected Tensor|mkldnn_rnn_layer",
        reported_at="#158007",
    ),
    ExpectedFailure(
        rf"{_TRACED}|export.*, decomposed",
        both_hold(when.is_training, never_holds(when.has_no_rows), never_holds(when.is_rowless_and_dynamic)),
        "no dropout",
        wrong=True,
        reported_at="compiled-dropout",
    ),
    ExpectedFailure("vmap.*", when.is_rowless, "there is no batch axis", "no batch axis"),
    ExpectedFailure(_CELLS, when.is_projected, "a cell has no proj_size", "no.* proj_size|proj_size nor"),
    ExpectedFailure(_CELLS, when.is_training, "a cell has no dropout", "dropout"),
    ExpectedFailure("export, dynamic batch.*", when.is_unbatched, "there is no batch", "no batch"),
    ExpectedFailure(
        "export, dynamic time",
        when.always_holds,
        "time is specialised",
        "[Cc]onstraints violated",
        reported_at="#115092",
    ),
    # TorchScript
    ExpectedFailure("jit.freeze.*", when.is_training, "only in eval mode", "eval mode"),
    # torch.func
    ExpectedFailure("vmap.*", when.always_holds, "no batching rule", "Batching rule", reported_at="#105982"),
    ExpectedFailure(
        "jvp.*", when.is_packed, "batch_sizes have no storage", "data pointer", reported_at="functorch#629"
    ),
    ExpectedFailure(
        "jvp",
        both_hold(when.floats, when.is_allowed, never_holds(when.has_no_rows)),
        "oneDNN's operator has no forward derivative",
        "forward AD",
        reported_at="#111082",
    ),
    ExpectedFailure(
        "torch.func.grad, row by row",
        both_hold(when.is_in_grad_mode, never_holds(when.has_no_rows), when.is_training),
        "every row by itself draws other masks",
        "other dropout masks",
    ),
    ExpectedFailure(
        "torch.func.grad, row by row",
        lambda trial: trial.gradients and when.is_rowless(trial),
        "there is no batch axis",
        "no batch axis",
    ),
    # autocast
    *(
        ExpectedFailure(
            f"autocast to {name}",
            both_hold(
                when.floats,
                when.is_allowed,
                lambda trial: trial.form in ("batched", "unbatched", "packed equal"),
            ),
            "oneDNN has no such kernel on this processor",
            "primitive",
            reported_at="#187334",
            lacking=lacking,
        )
        for name, lacking in (("bfloat16", "bf16"), ("float16", "fp16"))
    ),
    ExpectedFailure(
        "autocast to bfloat16",
        both_hold(lambda trial: trial.form == "packed", when.has_dtype("float16"), when.is_projected),
        "joins float16 and bfloat16",
        "prioritize",
    ),
    # quantisation
    ExpectedFailure(_QUANTIZED, when.has_no_biases, "layers without bias", "mod.bias must be True"),
    ExpectedFailure(_QUANTIZED, when.is_unbatched, "unbatched input", "3 dimensions"),
    ExpectedFailure(
        _QUANTIZED,
        when.is_projected,
        "projections",
        "hidden.0. size|packB|packed_weight|expected scalar",
        reported_at="#74953",
    ),
    ExpectedFailure(_QUANTIZED, never_holds(when.floats), "float32 layers only", "expected scalar type Float"),
    ExpectedFailure("quantizable.*constructed", when.is_projected, "projections", "no proj_size"),
    ExpectedFailure(
        "quantizable.*constructed",
        when.is_deep_and_bidirectional,
        "built wrong",
        "size of tensor a",
        reported_at="#89357",
    ),
    ExpectedFailure(_QUANTIZABLE, when.is_packed, "packed sequences", "PackedSequence"),
    ExpectedFailure(
        _QUANTIZABLE,
        when.is_projected,
        "drops the projection",
        "mat1|invalid for",
        reported_at="quantizable-projection",
    ),
    ExpectedFailure(_QUANTIZABLE, when.has_no_rows, "an empty batch", "reshape|same dtype"),
    ExpectedFailure(
        _QUANTIZABLE,
        lambda trial: (
            when.is_unbatched(trial) and when.has_no_states(trial) and not trial.setting.architecture.batch_first
        ),
        "takes features for rows",
        "shape",
        wrong=True,
        reported_at="quantizable-unbatched",
    ),
    ExpectedFailure(
        _QUANTIZABLE, when.is_unbatched, "unbatched input", "invalid for|mat1", reported_at="quantizable-unbatched"
    ),
    # forms
    ExpectedFailure(
        "fake tensors",
        both_hold(when.is_packed, when.has_no_states),
        "batch_sizes are data",
        "DataDependent",
        reported_at="#112044",
    ),
    # ONNX
    ExpectedFailure("ONNX by.*", when.is_projected, "projections", "LSTMs with projections"),
    ExpectedFailure(
        ONNX,
        when.is_packed,
        "packed outside of the model",
        "INVALID_GRAPH|[Ee]xport|guard on data",
        reported_at="#112044",
    ),
    ExpectedFailure(
        "ONNX, dynamic time.*",
        both_hold(
            when.floats, never_holds(when.is_projected), never_holds(when.is_unbatched), never_holds(when.has_no_rows)
        ),
        "time is specialised: the answer has the shape of the exported length",
        "output has shape",
        wrong=True,
        reported_at="#191855",
    ),
    ExpectedFailure(
        "ONNX, dynamic time.*",
        when.always_holds,
        "time is specialised",
        "[Ee]xport|[Cc]onstraints|ONNXRuntimeError",
        reported_at="#191855",
    ),
    ExpectedFailure(
        "ONNX, in.*", when.is_projected, "an invalid model is written", "ONNXRuntimeError|[Ee]xport", reported_at="A73"
    ),
    ExpectedFailure(
        ONNX, both_hold(when.has_no_rows, when.floats), "an empty batch", "SIGABRT", reported_at="onnxruntime-no-rows"
    ),
    ExpectedFailure(
        ONNX,
        when.has_dtype("float64", "bfloat16"),
        "ONNX Runtime has no such kernel",
        "ONNXRuntimeError|numpy|BFloat16",
    ),
)


def find_expected_failure(trial: Trial) -> ExpectedFailure | None:
    """Return the first expected failure that covers a trial, or None if the trial must pass."""
    return next((one for one in EXPECTED_FAILURES if one.covers(trial)), None)
