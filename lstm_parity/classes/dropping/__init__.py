"""How a class is told that it is trained, and how probable it is that a number is dropped then."""
