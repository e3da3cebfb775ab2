"""Tests of `lstm_parity.cases`, and of the strategies that draw them."""
