"""Classes that implement an LSTM as strangers write them, and of each a faulty twin: `CLASSES` lists them."""

from __future__ import annotations

from dataclasses import dataclass

# file | name | parts | offers, and below it the fault of the twin, which is named with -Faulty.
_TABLE = """
matrices.py | NaiveLSTM | g | states, batch first
    the candidate goes through a sigmoid, not tanh
matrices.py | ConcatLSTM | h' | states, time first
    h' = o * c', without tanh
matrices.py | EinsumLSTM | h' | states, time first, a config dataclass
    h' = o * sigmoid(c')
matrices.py | NoBiasLSTM | z | states in a list, no bias, batch first
    the output gate uses the forget gate's recurrent matrix
matrices.py | ScratchLSTM | c' | states, time first, a list of outputs
    c' = tanh(f * c + i * g)
matrices.py | ForgetBiasLSTM | z | states, batch first, results out, h, c
    the bias is added at the first step only
linears.py | HiddenFirstLSTM | i | states as two arguments, time first, results out, h, c
    the input gate is 1 - f
linears.py | FourGatesLSTM | wiring | no states, batch first, output alone
    the sequence is read from its end, the output in the order of reading
linears.py | TwoLinearLSTM | h' | states of rank 3, bias as an argument, time first
    h' = o * tanh(c), of the old c
linears.py | SequentialGatesLSTM | i | no states, batch first, results last output, (h, c)
    the input gate goes through tanh
linears.py | OneBiasLSTM | o | states as (c, h), time_major, device, dtype
    the output gate's sum has the new cell state added
stacks.py | StackedLSTM | wiring | layers, states, batch first
    every layer starts from the first layer's initial states
stacks.py | BiLSTM | wiring | always bidirectional, no states, batch first, output alone
    the backward direction's output is not turned round again
stacks.py | DeepLSTM | wiring | layers, bidirectional, bias, batch_first, states
    the output has the backward direction before the forward one
stacks.py | LanguageModelLSTM | wiring | layers, states, time first
    a layer reads the layer below as it was at the step before
stacks.py | VectorisedBiLSTM | wiring | always bidirectional, states as two arguments, time first
    the backward direction's h_n is its output at the last step, not at the first
stacks.py | ThreeLayerLSTM | wiring | always three layers, states in a list of (h, c), batch first
    the layers above the first have a residual connection
cells.py | TFStyleCell | c' | cell, states as (c, h), results h, (c, h)
    c' is clipped to [-1, 1]
cells.py | LuaCell | f | cell, c and h as two arguments, results c, h
    the forget gate is a hard sigmoid
cells.py | ParamDictCell | z | cell, keywords only, states and results as [h, c]
    the output gate's bias is forgotten
cells.py | PackedStateCell | wiring | cell, both states in one tensor
    the cell state is returned as it was given
cells.py | InterleavedCell | c' | cell, states in a dict
    c' = f * (c + i * g)
cells.py | StackedCell | wiring | cell, layers, states, results out, (h, c)
    the new cell states of the layers are in reverse order
numpy_classes.py | CaptioningLSTM | g | NumPy, h as the only state, batch first, output alone
    the candidate is rectified, max(z, 0)
numpy_classes.py | CharLSTM | c' | NumPy, step by step, unbatched, keeps its states, no states
    the cell state is zero at the beginning of each step
numpy_classes.py | CourseraLSTM | o | NumPy, a0 as the only state, (feature, batch, time), results all h, all c
    the output gate goes through tanh
numpy_classes.py | KerasLSTM | i f o | NumPy, no states, batch first, the last output or all
    the three gates are hard sigmoids
numpy_classes.py | NumpyCell | z | NumPy, cell
    the input gate has the forget gate's bias
numpy_classes.py | TheanoLSTM | z | NumPy, one size, no states, a mask, time first, output alone
    the recurrent product is of the cell state, not the hidden state
numpy_classes.py | OnnxLSTM | h' | NumPy, bidirectional, states as two arguments, output of rank 4
    h' = o * 1.7159 tanh(2/3 c')
numpy_classes.py | BatchGistLSTM | wiring | NumPy, states as c0, h0, time first, results out, c, h
    the initial cell state is ignored
odd_calls.py | LengthsLSTM | wiring | states, lengths, batch first, results out, lengths, (h, c)
    the output of a step is the hidden state before it
odd_calls.py | NamedTupleLSTM | wiring | states as two arguments, time first, a dict of sizes, a named tuple
    the hidden state returned is that after the first step
odd_calls.py | DictOutLSTM | wiring | states of rank 3, batch first, a namespace of sizes, results in a dict
    c_n is h_n
odd_calls.py | UnbatchedLSTM | f | states, unbatched only
    the forget gate is a softmax over the units
odd_calls.py | StatefulLSTM | wiring | no states, time first, output alone
    a call starts from the states in which the last call ended (to be seen at the second call)
odd_calls.py | ConvGatesLSTM | g | no states, (batch, feature, time), output alone
    the candidate has no activation
scripted.py | ScriptLSTMCell | z | cell, TorchScript, states, results h, (h, c)
    the sums of the gates are normalised as by LayerNorm
scripted.py | ScriptableLSTM | wiring | layers, TorchScript, states, time first
    the output is the first layer's
scripted.py | HandUnrolledLSTM | z | layers, bidirectional, bias, batch_first, states, a subclass of nn.LSTM
    bias_hh is forgotten
"""


@dataclass(frozen=True)
class Entry:
    """A correct class, and where and what its twin's fault is."""

    file: str
    faulty: str
    fault: str
    parts: tuple[str, ...]  # of "i", "f", "g", "o", "c'", "h'", "z" and "wiring"
    offers: str


def _read(table: str) -> dict[str, Entry]:
    lines = table.strip().splitlines()
    entries = {}
    for line, fault in zip(lines[::2], lines[1::2], strict=True):
        file, name, parts, offers = line.split(" | ")
        entries[name] = Entry(file, f"{name}Faulty", fault.strip(), tuple(parts.split()), offers)
    return entries


CLASSES: dict[str, Entry] = _read(_TABLE)
