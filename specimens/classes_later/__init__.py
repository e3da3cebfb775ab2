"""Classes of further kinds as strangers write them, and of each a faulty twin: `LATER` lists them.

Half of them take no states. They were written before it was built what judges them, by somebody who knew which kinds
were missing, and not how classes are judged. In the style of `specimens/classes`.
"""

from __future__ import annotations

from specimens.classes import Entry, read_entries

# kind | file | name | parts | offers, and below it the fault of the twin, which is named with Faulty.
_TABLE = """
class | stateless.py | LastOnlyLSTM | f | no states, batch first, the last output alone
    the forget gate goes through tanh
class | stateless.py | LazyLSTM | g | no states, one size, lazy nn.Linear, time first
    the candidate is softsign(z)
class | stateless.py | CellLoopLSTM | wiring | no states, nn.LSTMCell inside, batch first
    h and c are exchanged between the steps
class | stateless.py | CellStackLSTM | wiring | no states, layers of nn.LSTMCell, time first, output alone
    a layer starts from the states in which the layer below ended
class | stateless.py | CoupledNamesLSTM | i | no states, a dict of parameters by gate, a list of outputs
    the input gate is 1 - f
class | stateless.py | RankThreeLSTM | h' | no states, weights (gate, unit, source), batch first
    h' = o * relu(c')
class | stateless.py | FeatureFirstLSTM | f | no states, unbatched, (feature, time)
    1 is added to the forget gate's sum
class | stateless.py | NumpyBiLSTM | wiring | NumPy, no states, always bidirectional, output and c of every step
    both directions use the forward one's recurrent matrix
class | fixed.py | BufferProjectionLSTM | f | states, always a projection by a buffer, batch first
    the forget gate is a hard sigmoid
class | fixed.py | SlicedProjectionLSTM | h' | states, h is the first units of o * tanh(c'), proj_size, time first
    h' has a second tanh
class | fixed.py | FlatThetaLSTM | z | states, all weights in one vector, time first
    the bias of the candidate is forgotten
class | fixed.py | DimsLSTM | o | states, sizes in one tuple, batch first
    the output gate's sum is halved
class | fixed.py | CarryFirstCell | wiring | cell, (carry, x) to (carry, y), carry (c, h)
    the carry is returned as (h, c)
class | numpy_cells.py | CourseCell | c' | NumPy cell with backward(dh, dc), gradients in attributes
    the gradient of c misses what comes through h (backward alone)
class | numpy_cells.py | CacheCell | f | NumPy cell with backward(dh, dc, cache), a dict of gradients
    the derivative of the forget gate is 1 - f^2 (backward alone)
class | numpy_cells.py | GatesCell | g | NumPy cell, four matrices, backward(grad_h, grad_c) returns gradients of all
    the candidate goes through a sigmoid
"""


LATER: dict[str, Entry] = read_entries(_TABLE, "classes_later")
