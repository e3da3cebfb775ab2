"""Tests of `lstm_parity.diagnosis`."""
