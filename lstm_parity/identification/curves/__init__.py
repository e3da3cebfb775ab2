"""Functions of one number: by how they are written, as values, and recognised from values."""
