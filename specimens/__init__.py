"""LSTMs to try the suite on: correct ones in other styles, disguised and misbehaving ones."""
