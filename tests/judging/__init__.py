"""Tests of `lstm_parity.judging`."""
