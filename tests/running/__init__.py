"""Tests of `lstm_parity.running`."""
