"""Functions and classes of further kinds as strangers write them, and of each a faulty twin: `MORE` lists them.

They were written before it was built what judges them. In the style of `specimens/classes`.
"""

from __future__ import annotations

from specimens.classes import Entry, read_entries

# kind | file | name | parts | offers, and below it the fault of the twin, which is named with Faulty or _faulty.
_TABLE = """
layer | functions.py | params_first_layer | h' | weights before x, one bias, time first, results output, h, c
    h' = o * c', without tanh
layer | functions.py | course_forward | o | NumPy, float64 only, W transposed, gates i f o g, h0 alone, results h, cache
    the output gate reads the forget gate's sums
cell | functions.py | lua_cell | g | c before h, results c, h
    the candidate goes through a sigmoid, not tanh
cell | functions.py | twelve_cell | f | NumPy, twelve weights, results in a dict
    the forget gate is 1 - i
function | functions.py | flat_lstm | wiring | weights second, no dropout and no train, results in a dict
    every layer starts from the first layer's initial states
class | lengths.py | MaskedEncoder | wiring | lengths that must be given, no states, batch first
    the states are those after the padding
class | lengths.py | SeqLensLSTM | wiring | seq_lens in a list, states as two arguments, time first, results in a dict
    the states stop one step too early
class | lengths.py | ReversingBiLSTM | wiring | x_len, always bidirectional, batch first
    the backward direction starts in the padding
class | lengths.py | SortingEncoder | wiring | src_lengths, always two layers, an nn.LSTM inside that sorts the rows
    the states stay in sorted order
class | packed.py | PackedOnlyLSTM | wiring | a PackedSequence alone, states, results packed
    the initial states are not sorted
class | packed.py | EitherLSTM | wiring | a tensor or a PackedSequence, states, results as given
    a packed call ignores the initial states
class | packed.py | PackedInPaddedOut | wiring | a PackedSequence, no states, results padded, batch first
    h_n is the output at the last step of the longest row
class | projections.py | ProjectedLSTM | h' | always a projection, proj_size, time first
    the projection is followed by tanh
class | projections.py | LSTMPCell | f | cell, num_proj that may be None, states (c, m)
    1 is added to the forget gate's sum
class | projections.py | AcousticLSTM | c' | recurrent_size, no bias in the projection, batch first
    c' is clipped to [-1, 1]
class | backwards.py | CourseLayer | wiring | backward(dh), self.dWx, self.dWh, self.db; returns dx, dh0
    the gradient of Wh is of the new h (backward alone)
class | backwards.py | GradsDictLSTM | i | backward(dout, dh_n, dc_n), self.grads by name; returns dx, dh0, dc0
    the input gate goes through tanh
class | backwards.py | BpttLSTM | c' | bptt(dy), returns a dict with dx, dW, dU, db
    the derivative of tanh(c) is 1 - c^2 (backward alone)
class | backwards.py | AccumulatingLSTM | c' | backward(grad, grad_state), grad_W added to, zero_grad()
    c' = f * (c + i * g)
class | scripts.py | ScriptMethodLSTM | g | torch.jit.ScriptModule, states, batch first
    the candidate goes through a sigmoid, not tanh
"""


MORE: dict[str, Entry] = read_entries(_TABLE, "classes_more")
