"""Every cell of the lattice judged: the plan, the workers, the store, and what many cells say together."""
