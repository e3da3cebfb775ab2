"""Judging other frameworks: the cases they run, the disagreements known in advance, and the results."""
