"""Experiments: each a script with its result beside it, run as `python -m experiments.NAME`."""
