"""Classes that have dropout, as strangers write them: of each a faulty twin; and some that drop where nn.LSTM does not.

They were written before any class as it stands was asked for dropout, by somebody who knew that none was. All of them
are right in eval mode without dropout, the faulty twins and those that drop elsewhere too. In the style of
`specimens/classes`; the files say of each what is wrong.
"""

from __future__ import annotations

from specimens.classes import Entry, read_entries

# kind | file | name | parts | offers, and below it the fault of the twin, which is named with Faulty.
_TABLE = """
class | between.py | DropRateLSTM | dropout | drop_rate, layers, states, batch first
    not inverted: training does not divide by 1-p, eval mode multiplies by it
class | between.py | KeepProbLSTM | dropout | keep_prob, layers, states in a list of (h, c), time first
    the probability to be kept is taken for that to be dropped
class | between.py | PModuleLSTM | dropout | p, 0.5 by default, layers, states as two arguments, time first
    what is dropped is also what is carried to the next step
class | between.py | AttributeLSTM | dropout | nn.Dropout(0.3), no argument for it, layers, states, batch first
    masks are drawn in the first call and kept
class | between.py | BiDropLSTM | dropout | dropout, layers, bidirectional, batch_first, states
    each direction reads what was dropped by a mask of its own
class | between.py | MonteCarloLSTM | dropout | a dict of settings with p_drop, layers, states, time first
    eval mode drops too, as for Monte Carlo estimates
class | wrapping.py | ModuleListLSTM | dropout | a dataclass, nn.LSTMs in a list, layers, states, batch first
    dropout is handed to nn.LSTMs of one layer each, which drop nothing
class | wrapping.py | OutputOnlyLSTM | dropout | dropout, layers, no states, batch first, output alone
    the output of the last layer is dropped too
class | wrapping.py | DropListLSTM | dropout | drop_prob, modules in a list, always three layers, states, time first
    the last of the two modules is never used
class | wrapping.py | HardCodedLSTM | dropout | functional.dropout(x, 0.25), layers, states, time first
    it drops in eval mode too
class | wrapping.py | TrainingFlagLSTM | dropout | dropout, training as a call argument, layers, states, batch first
    what the first layer reads is dropped as well
class | wrapping.py | NumpyDropLSTM | dropout | NumPy, dropout, is_training as an attribute, layers, states, time first
    what is kept is not divided by 1-p
"""

DROPPING: dict[str, Entry] = read_entries(_TABLE, "classes_dropping")
ELSEWHERE = {  # the file, and where it drops
    "GalLSTM": ("elsewhere.py", "between layers, one mask for all steps"),
    "RecurrentDropoutLSTM": ("elsewhere.py", "h before the recurrent product, one mask for all steps"),
    "EmbeddingDropLSTM": ("elsewhere.py", "what an embedding returns, and between layers"),
    "TaggerLSTM": ("elsewhere.py", "the output of its one layer"),
    "ZoneoutCell": ("elsewhere.py", "units keep their old state"),
    "WeightDropLSTM": ("elsewhere.py", "numbers of the recurrent matrix"),
    "InputDropoutLSTM": ("elsewhere.py", "the input, by an argument of its own"),
    "CandidateDropLSTM": ("elsewhere.py", "the candidate of each step"),
}
