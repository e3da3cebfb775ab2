"""Tests of `lstm_parity.implementations`."""
