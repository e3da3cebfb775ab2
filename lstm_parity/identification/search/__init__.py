"""What computes numbers: models of which one after the other is tried."""
