"""Classes in shapes that no other specimen has, and of each a faulty twin: `FURTHER` lists them.

They were written before it was built what judges them, by somebody who knew how classes are judged, as public
repositories have them: weights in heads, in one vector, in lists; sizes in `args`; scripted parts; states in an object
or side by side; a mask; a decoder behind the LSTM. In the style of `specimens/classes`.
"""

from __future__ import annotations

from specimens.classes import Entry, read_entries

# kind | file | name | parts | offers, and below it the fault of the twin, which is named with Faulty.
_TABLE = """
class | held.py | HeadsLSTM | o | weights (input, head, unit, gate) by einsum, num_heads, states, batch first
    the output gate reads a clipped sum, in [-1, 1]
class | held.py | FlatStackLSTM | wiring | layers, bidirectional, all weights in one vector, states, time first
    the reverse direction has the forward one's biases
class | held.py | KernelSlicesLSTM | g | always a projection, a slice of the recurrent matrix, states, batch first
    the candidate is softsign(z)
class | held.py | ParameterListLSTM | f | twelve parameters in a list without names, no states, batch first
    1 is added to the forget gate's sum
class | made.py | ArgsLSTM | h' | args.rnn_size and args.n_features, states as a tuple, time first
    h' = o * sigmoid(c')
class | made.py | JitCellLSTM | c' | layers, a torch.jit.script'd cell in each, states of rank 3, batch first
    c' is clipped to [-1, 1]
class | made.py | StateObjectLSTM | wiring | states in and out as a dataclass with h and c, time first
    the state returned is that before the last step
class | made.py | NestedNumpyLSTM | i | NumPy, layers that are objects, states as a list of (h, c), time first
    the input gate is a hard sigmoid
class | called.py | SideBySideCell | z | cell, c and h side by side in one tensor, as TensorFlow's state_is_tuple=False
    the recurrent product is of c, not h
class | called.py | MaskedStepLSTM | wiring | a mask that must be given, states stand still where it is 0, batch first
    the states are zero where the mask is 0
class | called.py | SplitDirectionsLSTM | wiring | layers, bidirectional, f_cells and b_cells, states, time first
    the upper layers read the sum of both directions twice
class | called.py | DecoderLSTM | c' | a decoder behind the LSTM, output_size, states, batch first
    c' = f * (c + i * g)
"""


FURTHER: dict[str, Entry] = read_entries(_TABLE, "classes_further")
