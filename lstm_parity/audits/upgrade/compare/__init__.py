"""What changed between two records of torch."""
