"""Arrays in files of any format, as bug reports bring them: read with limits, never executed; LSTMs among them."""
