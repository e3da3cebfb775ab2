"""What layers, directions and steps are connected to, and what people connect otherwise."""
