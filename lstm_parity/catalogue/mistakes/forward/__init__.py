"""Mistakes of the forward pass, by the part of an LSTM that is wrong."""
