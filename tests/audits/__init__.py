"""Tests of `lstm_parity.audits`."""
