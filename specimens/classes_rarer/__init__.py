"""Classes in shapes that no other specimen has, and of each a faulty twin: `RARER` lists them.

They were written before it was built what judges them, by somebody who had read how classes are judged: tokens in,
weights made at the first call or by a parametrization, states in an attribute, relative imports, sizes that are fixed
or in `**kwargs`, scripted objects, functions that return a module. In the style of `specimens/classes`.
"""

from __future__ import annotations

from specimens.classes import Entry, read_entries

# kind | file | name | parts | offers, and below it the fault of the twin, which is named with Faulty.
_TABLE = """
class | relative.py | RelativeLSTM | o | its cell in another file, imported relatively, states, batch first
    the output gate is a hard sigmoid
class | given.py | TokenEncoder | i | token numbers in, an embedding before the LSTM, states, batch first
    the input gate is 1 - f
class | given.py | MaskKeywordLSTM | wiring | a mask by keyword alone that must be given, states, batch first
    where the mask is 0, h stands still and c does not
class | given.py | InitHiddenLSTM | wiring | states in self.hidden, which init_hidden makes, time first
    the cell state starts from h_0
class | given.py | MinCharLSTM | g | NumPy, a list of column vectors, states as two arguments, a list of outputs
    the candidate goes through a sigmoid
class | given.py | StatesOnlyEncoder | h' | states, batch first, returns the last states alone
    h' = tanh(o * c')
class | sized.py | KwargsLSTM | wiring | sizes in **kwargs, layers, states, time first
    the initial states are exchanged
class | sized.py | FixedSizesLSTM | c' | a constructor without arguments, states, batch first
    c' is rectified, max(c', 0)
class | sized.py | ScriptedLSTM | i | an object that torch.jit.script returned, states, time first
    the input gate is squared
class | sized.py | BuildLSTM | wiring | a function that returns a module, layers, states, batch first
    the states returned are exchanged
class | filled.py | FirstCallLSTM | f | parameters made in the first call, no input size, states, batch first
    1 is added to the forget gate's sum
class | filled.py | NormedLSTM | z | nn.Linear with torch.nn.utils.parametrizations.weight_norm, states, time first
    the recurrent bias is forgotten
class | filled.py | AliasLSTM | g | parameters of a cell that have a second name, states, batch first
    the candidate is halved
class | filled.py | ScaledLSTM | z | weights stored through a parametrization of its own, states, batch first
    the recurrent matrix is used as it is stored
"""


RARER: dict[str, Entry] = read_entries(_TABLE, "classes_rarer")
