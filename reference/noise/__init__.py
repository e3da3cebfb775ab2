"""The rounding model: what noise a correct implementation shows, in which arithmetic, forward and backward."""
