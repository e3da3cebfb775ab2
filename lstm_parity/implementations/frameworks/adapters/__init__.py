"""One adapter for each framework; each is imported only where its framework is installed."""
