"""How other frameworks name, order and lay out the weights of an LSTM: pure functions to torch's convention and back.

Every module has a frozen dataclass of one layer in one direction, in its framework's names and shapes; `from_torch`
makes it of NumPy `CellWeights`, `to_torch` makes those of it. To torch and back nothing changes, not even a bit. From
torch and back nothing changes either where a framework has two biases; where it has one, b_ih becomes the sum of both,
rounded once, and b_hh zero. Where the states of a framework are not (h, c), `state` and `h_and_c` turn them round.
"""
