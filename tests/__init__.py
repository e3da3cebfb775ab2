"""Unit tests, one folder for each room of `lstm_parity`; `meta_tests` tests the tests themselves."""
