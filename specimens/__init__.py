"""LSTMs to try the suite on: correct, disguised and misbehaving ones; and the property tests run on wrong ones."""
