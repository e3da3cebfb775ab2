"""Reports as one HTML file that needs nothing else: no request leaves it, and it can be read without JavaScript."""
