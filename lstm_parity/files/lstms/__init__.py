"""The LSTMs among arrays: whose names and shapes they have, and their weights by torch's names."""
