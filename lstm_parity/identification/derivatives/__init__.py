"""Which derivative of a step is wrong, where its values are right."""
