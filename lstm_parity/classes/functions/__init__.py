"""Functions of a layer or a step as they stand: made into classes that hold their weights, and found as these are."""
