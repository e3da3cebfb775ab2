"""Tests of `lstm_parity.reports`."""
