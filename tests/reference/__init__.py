"""Tests of `lstm_parity.reference`."""
