"""A hundred and two bug reports about LSTMs, as newcomers would have them in a folder, and the truth about each.

`REPORTS` are the first forty; `LATER_REPORTS`, thirty of other kinds, `MORE_REPORTS`, twelve with what stands between
and around LSTMs, and `FOREIGN_REPORTS`, twenty in forms of elsewhere, were written afterwards. A report is a function
that writes its files and returns the truth.
`python -m specimens.bug_reports DEST` writes them as DEST/NAME/ and the truths as DEST/truth.json;
`python -m specimens.bug_reports` compares the LSTM of `lstm.py` with one of 50 digits.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from specimens.bug_reports.arithmetics import (
    autocast_to_float16,
    bfloat16_layer_of_torch,
    bfloat16_weights,
    float16_states,
    input_kept_in_float16,
    int8_dynamic_quantisation,
    long_sequence_in_double,
    raw_counts_go_in,
    tf32_products,
    two_sides_differ_by_rounding,
    weights_in_eight_bit_floats,
)
from specimens.bug_reports.beyond import (
    decoder_starts_from_zeros,
    dropout_between_two_directions,
    dropout_between_two_layers,
    encoder_and_decoder,
    forecast_in_degrees,
    forecast_of_raw_measurements,
    keras_config_goes_backwards,
    keras_config_has_relu,
    layer_norm_behind,
    layer_norm_divides_by_one_less,
    layers_of_different_sizes,
    second_layer_forgets_less,
)
from specimens.bug_reports.calls import (
    beam_search_steps,
    carried_h_and_forgotten_c,
    chunks_carried,
    chunks_forgotten,
    chunks_with_lengths_and_projection,
    row_alone_and_in_a_batch,
    same_input_twice,
    same_input_twice_remembers,
)
from specimens.bug_reports.equations import (
    backward_half_not_turned_back,
    cell_state_in_place_of_h_n,
    coupled_gates,
    first_side_has_a_hard_sigmoid,
    no_tanh_behind_the_cell,
    second_side_forgets_a_bias,
    theirs_is_one_step_late,
)
from specimens.bug_reports.files import (
    csv_with_transposed_blocks,
    gru_in_place_of_lstm,
    no_input,
    only_a_loss,
    pasted_four_decimals,
    pasted_layers_exchanged,
    printed_in_scientific_notation,
    pruned_weights,
    rounding_hides_narrow_products,
    some_steps_of_some_rows,
    tokens_without_a_table,
    weight_norm_with_only_c_n,
    weights_are_a_pointer,
)
from specimens.bug_reports.foreign import (
    checkpoint_of_a_trainer,
    datasets_of_hdf5,
    decimal_commas,
    directions_on_an_axis,
    dots_in_results_without_a_bias,
    dots_in_the_input,
    everything_in_one_file_of_tuples,
    features_first,
    flat_arrays_of_c,
    haiku_linear,
    header_of_c,
    onnx_clips_the_sums,
    printed_on_a_gpu,
    printed_with_dots,
    states_batch_first,
    tables_of_pandas,
    tflite_cell_and_forget_exchanged,
    tflite_matrices,
    thread_in_markdown,
    zipped_attachment,
)
from specimens.bug_reports.frameworks import (
    backward_bias_not_converted,
    exported_two_layers_in_onnx,
    flax_cell,
    forget_bias_added,
    keras_file_of_two_layers,
    keras_gates_in_wrong_order,
    keras_weights_in_npz,
    onnx_arrays_of_a_reverse_direction,
    onnx_model_with_exchanged_directions,
    paddle_directions_multiplied,
    tf1_kernel,
)
from specimens.bug_reports.making import Truth
from specimens.bug_reports.models import (
    classifier_takes_padding,
    dropout_left_on,
    h_n_of_the_first_layer,
    linear_before_and_behind,
    old_dropout_scales_in_eval,
    sentences_pooled_by_max,
    softmax_over_the_batch,
    sum_called_mean,
    tagger_in_eval,
    tokens_shifted_by_one,
)
from specimens.bug_reports.rows import (
    batch_read_as_time,
    first_row_gives_all_states,
    left_padding_processed,
    lengths_with_an_empty_row,
    mask_of_ones_and_zeros,
    nan_goes_in_and_comes_out,
    nan_in_the_padding,
    only_output_in_a_square,
    reverse_reads_padding,
    sorted_rows_not_put_back,
)

REPORTS: tuple[Callable[[Path], Truth], ...] = (
    only_output_in_a_square, h_n_of_the_first_layer, weight_norm_with_only_c_n, second_side_forgets_a_bias,
    some_steps_of_some_rows, cell_state_in_place_of_h_n, keras_weights_in_npz, keras_gates_in_wrong_order, tf1_kernel,
    forget_bias_added, paddle_directions_multiplied, flax_cell, onnx_arrays_of_a_reverse_direction,
    onnx_model_with_exchanged_directions, csv_with_transposed_blocks, pasted_layers_exchanged, pasted_four_decimals,
    rounding_hides_narrow_products, lengths_with_an_empty_row, left_padding_processed, mask_of_ones_and_zeros,
    reverse_reads_padding, sum_called_mean, classifier_takes_padding, tagger_in_eval, dropout_left_on, chunks_carried,
    chunks_forgotten, same_input_twice, same_input_twice_remembers, row_alone_and_in_a_batch, batch_read_as_time,
    first_side_has_a_hard_sigmoid, two_sides_differ_by_rounding, tf32_products, bfloat16_weights,
    int8_dynamic_quantisation, float16_states, no_input, only_a_loss,
)  # fmt: skip


LATER_REPORTS: tuple[Callable[[Path], Truth], ...] = (
    keras_file_of_two_layers, sorted_rows_not_put_back, sentences_pooled_by_max, autocast_to_float16,
    backward_half_not_turned_back, linear_before_and_behind, gru_in_place_of_lstm, coupled_gates,
    bfloat16_layer_of_torch, no_tanh_behind_the_cell, raw_counts_go_in, first_row_gives_all_states,
    input_kept_in_float16, softmax_over_the_batch, long_sequence_in_double, weights_are_a_pointer,
    tokens_shifted_by_one, beam_search_steps, nan_in_the_padding, pruned_weights, old_dropout_scales_in_eval,
    weights_in_eight_bit_floats, printed_in_scientific_notation, carried_h_and_forgotten_c,
    chunks_with_lengths_and_projection, tokens_without_a_table, backward_bias_not_converted,
    exported_two_layers_in_onnx, theirs_is_one_step_late, nan_goes_in_and_comes_out,
)  # fmt: skip


MORE_REPORTS: tuple[Callable[[Path], Truth], ...] = (
    dropout_between_two_layers, dropout_between_two_directions, encoder_and_decoder, decoder_starts_from_zeros,
    layers_of_different_sizes, second_layer_forgets_less, layer_norm_behind, layer_norm_divides_by_one_less,
    forecast_in_degrees, forecast_of_raw_measurements, keras_config_goes_backwards, keras_config_has_relu,
)  # fmt: skip


FOREIGN_REPORTS: tuple[Callable[[Path], Truth], ...] = (
    tflite_matrices, tflite_cell_and_forget_exchanged, haiku_linear, features_first, states_batch_first,
    directions_on_an_axis, checkpoint_of_a_trainer, everything_in_one_file_of_tuples, zipped_attachment,
    header_of_c, flat_arrays_of_c, tables_of_pandas, decimal_commas, printed_with_dots,
    dots_in_results_without_a_bias, dots_in_the_input, printed_on_a_gpu, onnx_clips_the_sums,
    datasets_of_hdf5, thread_in_markdown,
)  # fmt: skip


ALL_REPORTS = (*REPORTS, *LATER_REPORTS, *MORE_REPORTS, *FOREIGN_REPORTS)
