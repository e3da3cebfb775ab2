"""What given numbers say: equations, ends and dropout that explain results that cannot be computed again."""
