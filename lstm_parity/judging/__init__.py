"""From an exact answer and its rounding noise to a verdict: forward, gradients, pairs of runs, arithmetics."""
