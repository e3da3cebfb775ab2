"""The tests, tested: the judge cannot be ignored or fooled, cases are the same everywhere, and imports go one way."""
