"""Tests of `lstm_parity/identification`."""
