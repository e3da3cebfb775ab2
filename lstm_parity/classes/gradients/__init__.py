"""A class with a backward pass of its own: which method it is, and where it leaves the gradients."""
