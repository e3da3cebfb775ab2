"""Ways in which a class may be called, tried in small calls."""
