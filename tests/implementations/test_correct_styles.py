"""Correct LSTMs are accepted, in whatever style they are written; a fault in a style is still seen."""

from __future__ import annotations

import pytest
import torch

from lstm_parity.implementations.from_layer import FromLayer
from lstm_parity.implementations.stack import FromCell
from specimens import correct_cells as lstms
from specimens import correct_layers as styles
from specimens.property_runs import examples_needed, widest

STYLES = (
    FromCell("fused", lstms.fused),
    FromCell("per gate", lstms.per_gate),
    FromCell("column-major", styles.column_major),
    FromCell("NumPy", styles.in_numpy(styles.numpy_loops)),
    FromLayer("TorchScript", styles.torchscript()),
)


@pytest.mark.parametrize("style", STYLES, ids=lambda style: style.name)
def test_the_widest_property_test_accepts_every_style(style):
    """With the examples that a plain `pytest` draws."""
    assert examples_needed(widest(), style) is None


def test_a_style_with_a_fault_is_not_accepted():
    """Without its biases a style is refuted: those above are not accepted for want of looking."""
    broken = FromCell("no biases", lambda x, state, w: lstms.fused(x, state, lstms.without_biases(w)))

    assert examples_needed(widest(), broken) is not None


def test_the_numpy_styles_refuse_what_numpy_cannot_sum():
    """They are judged where they compute, and nowhere else."""
    cell, narrow = styles.in_numpy(styles.numpy_einsum), torch.zeros(1, 1, dtype=torch.bfloat16)

    with pytest.raises(NotImplementedError, match="NumPy"):
        cell(narrow, (narrow, narrow), None)
