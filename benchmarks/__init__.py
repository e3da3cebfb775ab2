"""Benchmarks: ratios measured side by side in one run, each script with its result beside it."""
