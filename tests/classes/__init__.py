"""Tests of the room `lstm_parity/classes`."""
