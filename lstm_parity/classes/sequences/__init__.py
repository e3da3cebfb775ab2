"""Rows of a batch that are not equally long: how a class is given them, as lengths or packed, and returns them."""
