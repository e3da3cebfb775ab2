"""Dropout of a class: how it is put into train mode, and where the probability is set."""
