"""A file of known deviations, `--known FILE.toml`: strict, each with a reason, a range of versions and an expiry."""
