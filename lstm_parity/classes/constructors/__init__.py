"""How a class is constructed: what its arguments are, and what it reads of a configuration."""
