"""How two correct LSTMs differ: from the noise model and from the kernels of the machine."""
