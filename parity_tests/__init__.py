"""What must be true of any LSTM implementation.

The oracle is the exact answer: the LSTM's equations in float64, beside every number the rounding noise that a correct
implementation may be expected to show (`reference/noise/forward.py`). The judge (`judging/forward.py`) is the only
comparison: it looks at output, h_n and c_n, in shape, dtype and value, always, and demands that every step is a correct
LSTM step from where the implementation itself stood.

Each test is one sentence, a property of LSTMs; hypothesis draws the cases, which are numbered so that a failure names
the one that repeats it (`--case`). The tests of both references against torch, and of what they refuse, stand beside.

Names: T steps, B batch rows, I inputs, H hidden units, P outputs of a direction, L layers, D directions; case: setting,
weights, input and states; implementation: who is judged.
"""
