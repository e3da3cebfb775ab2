"""The arithmetic of a step, measured from outside: the data sheet."""
