"""What to change, in an imperative sentence for each known mistake of the forward pass: what a diagnosis ends with."""

from __future__ import annotations

CHANGES: dict[str, str] = {
    "gates-ifog": "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o: the third is g, the last o",
    "gates-igfo": "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o: the second is f, the third g",
    "gates-iofg": (
        "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o; reorder weights that come from ONNX"
    ),
    "gates-figo": "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o: the first is i, the second f",
    "gates-interleaved": (
        "split the 4H rows into four blocks of H, one for each gate: z.chunk(4, -1), not z.view(..., H, 4)"
    ),
    "recurrent-weights-transposed": "multiply h by the transpose of w_hh, whose shape is (4H, H): h @ w_hh.T",
    "input-features-reversed": (
        "keep the columns of w_ih in the order of the input's features; flip no weight and no feature axis"
    ),
    "recurrent-weights-ignored": "add h @ w_hh.T to the gate sums, with the h of the step before",
    "bias-hh-dropped": "add b_hh to the gate sums, beside b_ih",
    "bias-ih-dropped": "add b_ih to the gate sums, beside b_hh",
    "bias-doubled": "load b_ih and b_hh each from its own array; where there is one bias only, set the other to zero",
    "bias-of-one-gate-for-all": "take all 4H entries of b_ih, each gate its own quarter",
    "forget-bias-one": "drop the constant 1 in the forget gate; if training needs it, put it into b_ih once",
    "forget-bias-one-without-bias": "with bias=False add no bias at all, in the forget gate neither",
    "hard-sigmoid": "use the logistic sigmoid, 1 / (1 + exp(-z)), for i, f and o",
    "cell-gate-sigmoid": "activate g with tanh; only i, f and o take a sigmoid",
    "cell-gate-linear": "activate g with tanh",
    "input-gate-added": "multiply i with g: c = f * c + i * g",
    "cell-not-squashed": "take the tanh of c: h = o * tanh(c)",
    "hidden-from-old-cell": "compute c first, and h from the new c: h = o * tanh(c)",
    "hidden-never-updated": "carry h on from step to step: h, c = cell(x[t], (h, c))",
    "cell-clipped": "do not clip c",
    "nan-hidden": "let NaN pass: remove nan_to_num and the like",
    "states-ignored": "start from the h_0 and c_0 that are given in hx",
    "hidden-state-ignored": "start from the h_0 that is given, hx[0]",
    "cell-state-ignored": "start from the c_0 that is given, hx[1]",
    "states-swapped": "unpack hx as (h_0, c_0), h first",
    "last-states-swapped": "return (output, (h_n, c_n)), h first",
    "last-cell-is-hidden": "return the last c as c_n",
    "last-cell-of-the-step-before": "return c after the last step has updated it",
    "state-kept-between-calls": "without hx start every call from zeros; keep no state in the object",
    "no-states-are-ones": "without hx start from zeros",
    "states-of-the-first-row-for-all": "start each row b of the batch from its own h_0[:, b] and c_0[:, b]",
    "initial-states-overwritten": (
        "write nothing into hx: compute new tensors (no in-place operation on h_0 or c_0), or clone first"
    ),
    "last-states-share-memory-with-the-first": "return new tensors for h_n and c_n, not the memory of h_0 and c_0",
    "input-normalised-in-place": "write nothing into the input, and let NaN pass",
    "states-of-the-first-layer-for-all": (
        "start layer k from its own states: h_0[k * num_directions + direction], and so c_0"
    ),
    "states-of-layers-reversed": "count the states of h_0 and c_0 from the first layer up",
    "weights-shared": (
        "make a cell of its own for each layer: [Cell() for _ in range(num_layers)], not [cell] * num_layers"
    ),
    "residual-where-sizes-agree": "pass a layer's output on as it is; add no input to it",
    "last-states-of-the-last-layer": "collect h and c of every layer, and stack them in order for h_n and c_n",
    "layers-read-the-cell-state": "feed layer k + 1 with the h of layer k, not with its c",
    "output-of-the-first-layer": "return the last layer's output",
    "layers-normalised": "apply nothing between layers: a layer's input is the output of the one below",
    "reverse-not-reversed": "run the reverse direction from the last step to the first",
    "reverse-output-not-flipped-back": "flip the reverse direction's outputs along time before concatenating",
    "reverse-uses-forward-weights": "give the reverse direction its own weights, those named *_reverse",
    "reverse-uses-forward-bias": "give the reverse direction its own biases, b_ih_l*_reverse and b_hh_l*_reverse",
    "reverse-starts-from-forward-states": (
        "start the reverse direction of layer k from h_0[2 * k + 1] and c_0[2 * k + 1]"
    ),
    "forward-state-returned-twice": (
        "put the reverse direction's own last states into h_n[2 * k + 1] and c_n[2 * k + 1]"
    ),
    "directions-joined-backwards": "concatenate the forward output first: cat([forward, reverse], -1)",
    "directions-interleaved": (
        "concatenate the directions' outputs, cat([forward, reverse], -1), instead of stacking them unit by unit"
    ),
    "last-states-direction-major": "order h_n and c_n layer by layer, forward before reverse within each",
    "states-direction-major": "read h_0 and c_0 layer by layer, forward before reverse within each",
    "reverse-state-of-the-last-step": (
        "take the reverse direction's h_n from where it ends, the first step: output[0], not output[-1]"
    ),
    "projection-not-fed-back": "feed the projected h back into the next step: h = w_hr @ (o * tanh(c)) inside the loop",
    "projection-cut-off": "multiply with w_hr: h = w_hr @ (o * tanh(c)), instead of cutting off units",
    "projection-shared-between-directions": "give the reverse direction its own w_hr, weight_hr_l*_reverse",
    "projection-shared-between-layers": "give each layer its own w_hr, weight_hr_l0, weight_hr_l1 and so on",
    "projection-before-the-output-gate": "multiply with the output gate first, then project: h = w_hr @ (o * tanh(c))",
    "projection-squashed": "return the projection as it is, without a second tanh",
    "projected-state-read-as-hidden": (
        "with a projection too, start from the h_0 that is given; its last axis is proj_size"
    ),
    "padding-not-masked": "stop each row's state at its own length: keep h and c where t >= length",
    "padding-not-masked-in-reverse": (
        "start the reverse direction of each row at its own last step, with h_0 and c_0 untouched by padding"
    ),
    "last-states-at-the-longest-length": (
        "take each row's h_n at its own last step, length - 1, not at the longest row's"
    ),
    "initial-states-not-sorted": "sort the rows of h_0 and c_0 like the packed rows: h_0[:, sorted_indices]",
    "last-states-left-sorted": "bring h_n and c_n back into the caller's order: h_n[:, unsorted_indices]",
    "states-sorted-the-wrong-way": (
        "permute h_0 and c_0 by sorted_indices on the way in, h_n and c_n by unsorted_indices on the way out"
    ),
    "lengths-one-step-short": "run each row through its step length - 1, that is while t < length",
    "rows-of-one-step-skipped": "run rows of length 1 too: one step",
    "batch-first-ignored": "with batch_first=True transpose input and output: axis 0 is the batch, axis 1 is time",
    "batch-first-reshaped": "exchange batch and time by transpose(0, 1), not by reshape or view",
    "batch-first-output-left-time-major": "with batch_first=True transpose the output back to (B, T, ...)",
    "batch-first-states": (
        "leave h_n and c_n as (num_layers * num_directions, B, ...): batch_first does not apply to them"
    ),
    "states-read-batch-first-where-it-fits": (
        "read h_0 and c_0 as (num_layers * num_directions, B, ...) always; guess nothing from their shape"
    ),
    "unbatched-states-keep-a-batch-axis": (
        "for an unbatched input take the batch axis out of h_n and c_n too: squeeze(1)"
    ),
    "strides-ignored": "read the input by its strides, or make it contiguous first",
    "state-strides-ignored": "read h_0 and c_0 by their strides, or make them contiguous first",
    "double-computed-in-single": "compute in float64 where the layer is float64: remove .float() and float32 buffers",
    "states-stored-in-half": "keep c between steps in the layer's own dtype",
    "output-in-single-precision": "allocate the output with the input's dtype: new_empty, or dtype=x.dtype",
    "tanh-of-a-few-bits": "use the library's tanh, not a table",
    "tail-of-wide-layers-left-out": "let the block loop over h do what is left over beyond the last whole block of 128",
    "long-sequences-truncated": "carry h and c through all steps, beyond the 16th too",
    "weights-rounded": "keep the weights in the layer's own dtype; do not store them in bfloat16",
    "bias-dropped-under-grad": "add b_hh while gradients are recorded too",
    "cell-state-ignored-by-onednn": "pass c_0 to the oneDNN kernel",
    "last-row-lost-between-threads": (
        "split the batch so that the last rows keep their h_0 and c_0, with several threads too"
    ),
    "states-in-fresh-memory": "without hx allocate h_0 and c_0 with zeros, not with empty",
    "deterministic-kernel-drops-the-bias": "add b_ih under deterministic algorithms too",
    "half-types-accumulated-in-half": "sum the products of bfloat16 and float16 layers in float32, and round once",
    "gates-gfoi": (
        "read the four row blocks of w_ih, w_hh and the biases as i, f, g, o; reorder weights that come from "
        "Deeplearning4j"
    ),
    "forget-bias-after-the-sigmoid": (
        "drop the 1 that is added to f; a forget bias belongs into b_ih, before the sigmoid"
    ),
    "input-and-forget-gate-coupled": "compute the forget gate from its own rows of the weights, not as 1 - i",
    "hard-sigmoid-of-torch": "use torch.sigmoid for i, f and o, not hardsigmoid",
    "cell-gate-relu": "activate g with tanh",
    "output-is-the-output-gate": "give out h = o * tanh(c), not o",
    "no-states-are-random": "without hx start from zeros",
    "biases-folded-in-place": "write nothing into the parameters: add b_ih and b_hh up in a new tensor",
    "layers-read-the-input": "feed layer k + 1 with the output of layer k",
    "layers-start-from-the-last-state-below": (
        "start layer k from h_0[k] and c_0[k], not from where the layer below has ended"
    ),
    "last-states-reshaped": "bring the layers to the front of h_n and c_n by transpose or stack, not by reshape",
    "last-states-reverse-first": "within each layer put the forward state first into h_n and c_n",
    "directions-added": "concatenate the directions' outputs, cat([forward, reverse], -1), instead of adding them up",
    "upper-layers-read-one-direction": "feed upper layers with both directions of the layer below, 2 * H features",
    "output-left-sorted": "return the packed output with the sorted_indices and unsorted_indices of the input",
    "last-states-at-the-shortest-length": "take each row's h_n and c_n at its own last step, not at the shortest row's",
    "unbatched-steps-read-as-rows": "read an unbatched input (T, I) as one sequence: unsqueeze(1), not unsqueeze(0)",
}
