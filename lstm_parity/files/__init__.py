"""Arrays in files of any format, as bug reports bring them: read with limits, never executed; and the LSTMs among them."""
