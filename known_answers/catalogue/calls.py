"""Vectors of how an LSTM is called: layouts, packed sequences, sizes that coincide, and everything at once."""

from __future__ import annotations

from lstm_parity.known_answers.vector import Vector

_LAYOUTS = (
    Vector("batch_first", "Input and output have the batch axis first, the states do not.", batch_first=True),
    Vector("batch_first_without_states", "The zeros have the right batch size.", batch_first=True, states=False),
    Vector(
        "batch_first_square",
        "As many rows as steps: no shape tells the axes apart.",
        batch_first=True, time=3, batch=3,
    ),
    Vector(
        "batch_first_bidirectional_two_layers",
        "batch_first through two layers of two directions.",
        num_layers=2, bidirectional=True, batch_first=True, batch=3,
    ),
    Vector("batch_first_projection", "batch_first with proj_size.", batch_first=True, proj_size=2),
    Vector("unbatched", "Input of two axes, states of two axes, output of two axes.", batch=None),
    Vector("unbatched_without_states", "Input of two axes and hx None.", batch=None, states=False),
    Vector("unbatched_batch_first", "batch_first means nothing to an unbatched input.", batch=None, batch_first=True),
    Vector(
        "unbatched_bidirectional_two_layers",
        "Unbatched through two layers of two directions.",
        num_layers=2, bidirectional=True, batch=None,
    ),
    Vector("unbatched_projection", "Unbatched with proj_size.", batch=None, proj_size=2),
    Vector("unbatched_one_step", "One row of features that is a sequence of one step.", batch=None, time=1),
)  # fmt: skip

_PACKED = (
    Vector(
        "packed_sorted",
        "Lengths that fall, promised to be sorted.",
        time=5, batch=3, lengths=(5, 3, 2), enforce_sorted=True,
    ),
    Vector(
        "packed_unsorted",
        "Lengths in any order, states given: row b of h_0, c_0, h_n and c_n is row b of the batch before sorting.",
        time=5, batch=3, lengths=(2, 5, 3),
    ),
    Vector(
        "packed_without_states", "Lengths in any order, hx None.", time=5, batch=3, lengths=(3, 2, 5), states=False
    ),
    Vector("packed_with_length_one", "A row of one step among longer ones.", time=4, batch=3, lengths=(3, 1, 4)),
    Vector("packed_lengths_one", "Every row has one step.", time=1, batch=3, lengths=(1, 1, 1)),
    Vector("packed_ties", "Equal lengths among others, unsorted.", time=4, batch=5, lengths=(2, 4, 2, 4, 3)),
    Vector("packed_equal", "All lengths are equal: nothing is padded.", time=4, batch=3, lengths=(4, 4, 4)),
    Vector("packed_single_row", "A packed batch of one row.", time=4, batch=1, lengths=(4,)),
    Vector(
        "packed_rotated",
        "Sorting the lengths moves every row by one place, and back by another permutation.",
        time=4, batch=4, lengths=(1, 4, 3, 2),
    ),
    Vector(
        "packed_two_layers",
        "The padding stays invisible to the second layer.",
        num_layers=2, time=5, batch=3, lengths=(2, 5, 3),
    ),
    Vector(
        "packed_bidirectional",
        "The reverse direction begins at a row's own last step, not at the padding.",
        bidirectional=True, time=5, batch=3, lengths=(2, 5, 3),
    ),
    Vector(
        "packed_bidirectional_sorted",
        "The same with sorted lengths and hx None.",
        bidirectional=True, time=5, batch=3, lengths=(5, 3, 1), enforce_sorted=True, states=False,
    ),
    Vector(
        "packed_bidirectional_two_layers",
        "The second layer reads both directions of each row at its own length.",
        num_layers=2, bidirectional=True, time=4, batch=3, lengths=(1, 4, 3),
    ),
    Vector("packed_projection", "Packed with proj_size.", proj_size=2, time=4, batch=3, lengths=(3, 1, 4)),
)  # fmt: skip

_COINCIDENCES = (
    Vector("input_as_wide_as_hidden", "I = H: w_ih and w_hh have one shape.", 4, 4),
    Vector("as_many_rows_as_steps", "B = T, time first.", time=3, batch=3),
    Vector("as_many_rows_as_units", "B = H.", hidden_size=3, batch=3),
    Vector(
        "as_many_rows_as_states",
        "B = layers times directions: the first axes of the states look alike.",
        num_layers=2, bidirectional=True, batch=4,
    ),
    Vector("all_sizes_equal", "I = H = T = B = 3: no shape tells anything apart.", 3, 3, time=3, batch=3),
    Vector("square_w_ih", "I = 4H: all of w_ih is a square.", 8, 2),
    Vector(
        "input_as_wide_as_projection",
        "I = proj_size, in two directions and two layers.",
        2, 3, num_layers=2, bidirectional=True, proj_size=2,
    ),
)  # fmt: skip

_EVERYTHING = (
    Vector(
        "everything_at_once",
        "Two layers, two directions, projection, batch_first, unsorted lengths with a tie and a one, states.",
        3, 4, num_layers=2, bidirectional=True, proj_size=2, batch_first=True, time=4, batch=5, lengths=(2, 4, 1, 3, 3),
    ),
    Vector(
        "everything_unbatched",
        "Three layers, two directions, projection, no bias, one sequence, states.",
        3, 4, num_layers=3, bias=False, bidirectional=True, proj_size=3, batch=None,
    ),
)  # fmt: skip

VECTORS = (*_LAYOUTS, *_PACKED, *_COINCIDENCES, *_EVERYTHING)
