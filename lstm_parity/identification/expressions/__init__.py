"""Sums of products of functions: as values, and found by what moves with what."""
