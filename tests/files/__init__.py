"""Unit tests of `lstm_parity.files`."""
