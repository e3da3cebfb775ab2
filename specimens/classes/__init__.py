"""Classes that implement an LSTM as strangers write them, and of each a faulty twin: `CLASSES` lists them."""

from __future__ import annotations

from dataclasses import dataclass

# kind | file | name | parts | offers, and below it the fault of the twin, which is named with -Faulty.
_TABLE = """
class | matrices.py | NaiveLSTM | g | states, batch first
    the candidate goes through a sigmoid, not tanh
class | matrices.py | ConcatLSTM | h' | states, time first
    h' = o * c', without tanh
class | matrices.py | EinsumLSTM | h' | states, time first, a config dataclass
    h' = o * sigmoid(c')
class | matrices.py | NoBiasLSTM | z | states in a list, no bias, batch first
    the output gate uses the forget gate's recurrent matrix
class | matrices.py | ScratchLSTM | c' | states, time first, a list of outputs
    c' = tanh(f * c + i * g)
class | matrices.py | ForgetBiasLSTM | z | states, batch first, results out, h, c
    the bias is added at the first step only
class | linears.py | HiddenFirstLSTM | i | states as two arguments, time first, results out, h, c
    the input gate is 1 - f
class | linears.py | FourGatesLSTM | wiring | no states, batch first, output alone
    the sequence is read from its end, the output in the order of reading
class | linears.py | TwoLinearLSTM | h' | states of rank 3, bias as an argument, time first
    h' = o * tanh(c), of the old c
class | linears.py | SequentialGatesLSTM | i | no states, batch first, results last output, (h, c)
    the input gate goes through tanh
class | linears.py | OneBiasLSTM | o | states as (c, h), time_major, device, dtype
    the output gate's sum has the new cell state added
class | stacks.py | StackedLSTM | wiring | layers, states, batch first
    every layer starts from the first layer's initial states
class | stacks.py | BiLSTM | wiring | always bidirectional, no states, batch first, output alone
    the backward direction's output is not turned round again
class | stacks.py | DeepLSTM | wiring | layers, bidirectional, bias, batch_first, states
    the output has the backward direction before the forward one
class | stacks.py | LanguageModelLSTM | wiring | layers, states, time first
    a layer reads the layer below as it was at the step before
class | stacks.py | VectorisedBiLSTM | wiring | always bidirectional, states as two arguments, time first
    the backward direction's h_n is its output at the last step, not at the first
class | stacks.py | ThreeLayerLSTM | wiring | always three layers, states in a list of (h, c), batch first
    the layers above the first have a residual connection
class | cells.py | TFStyleCell | c' | cell, states as (c, h), results h, (c, h)
    c' is clipped to [-1, 1]
class | cells.py | LuaCell | f | cell, c and h as two arguments, results c, h
    the forget gate is a hard sigmoid
class | cells.py | ParamDictCell | z | cell, keywords only, states and results as [h, c]
    the output gate's bias is forgotten
class | cells.py | PackedStateCell | wiring | cell, both states in one tensor
    the cell state is returned as it was given
class | cells.py | InterleavedCell | c' | cell, states in a dict
    c' = f * (c + i * g)
class | cells.py | StackedCell | wiring | cell, layers, states, results out, (h, c)
    the new cell states of the layers are in reverse order
class | numpy_classes.py | CaptioningLSTM | g | NumPy, h as the only state, batch first, output alone
    the candidate is rectified, max(z, 0)
class | numpy_classes.py | CharLSTM | c' | NumPy, step by step, unbatched, keeps its states, no states
    the cell state is zero at the beginning of each step
class | numpy_classes.py | CourseraLSTM | o | NumPy, a0 as the only state, (feature, batch, time), results all h, all c
    the output gate goes through tanh
class | numpy_classes.py | KerasLSTM | i f o | NumPy, no states, batch first, the last output or all
    the three gates are hard sigmoids
class | numpy_classes.py | NumpyCell | z | NumPy, cell
    the input gate has the forget gate's bias
class | numpy_classes.py | TheanoLSTM | z | NumPy, one size, no states, a mask, time first, output alone
    the recurrent product is of the cell state, not the hidden state
class | numpy_classes.py | OnnxLSTM | h' | NumPy, bidirectional, states as two arguments, output of rank 4
    h' = o * 1.7159 tanh(2/3 c')
class | numpy_classes.py | BatchGistLSTM | wiring | NumPy, states as c0, h0, time first, results out, c, h
    the initial cell state is ignored
class | odd_calls.py | LengthsLSTM | wiring | states, lengths, batch first, results out, lengths, (h, c)
    the output of a step is the hidden state before it
class | odd_calls.py | NamedTupleLSTM | wiring | states as two arguments, time first, a dict of sizes, a named tuple
    the hidden state returned is that after the first step
class | odd_calls.py | DictOutLSTM | wiring | states of rank 3, batch first, a namespace of sizes, results in a dict
    c_n is h_n
class | odd_calls.py | UnbatchedLSTM | f | states, unbatched only
    the forget gate is a softmax over the units
class | odd_calls.py | StatefulLSTM | wiring | no states, time first, output alone
    a call starts from the states in which the last call ended (to be seen at the second call)
class | odd_calls.py | ConvGatesLSTM | g | no states, (batch, feature, time), output alone
    the candidate has no activation
class | scripted.py | ScriptLSTMCell | z | cell, TorchScript, states, results h, (h, c)
    the sums of the gates are normalised as by LayerNorm
class | scripted.py | ScriptableLSTM | wiring | layers, TorchScript, states, time first
    the output is the first layer's
class | scripted.py | HandUnrolledLSTM | z | layers, bidirectional, bias, batch_first, states, a subclass of nn.LSTM
    bias_hh is forgotten
"""


@dataclass(frozen=True)
class Entry:
    """A correct class or function, and where and what its twin's fault is."""

    kind: str  # as `--impl` names it
    file: str  # in the folder specimens
    faulty: str
    fault: str
    parts: tuple[str, ...]  # of "i", "f", "g", "o", "c'", "h'", "z" and "wiring"
    offers: str


def read_entries(table: str, folder: str) -> dict[str, Entry]:
    """Return the entries of a table by name: kind | file | name | parts | offers, and a line with the fault."""
    lines = table.strip().splitlines()
    entries = {}
    for line, fault in zip(lines[::2], lines[1::2], strict=True):
        kind, file, name, parts, offers = line.split(" | ")
        faulty = f"{name}Faulty" if kind == "class" else f"{name}_faulty"
        entries[name] = Entry(kind, f"{folder}/{file}", faulty, fault.strip(), tuple(parts.split()), offers)
    return entries


CLASSES: dict[str, Entry] = read_entries(_TABLE, "classes")
