"""What given numbers say: equations, ends and dropout that explain results of which nothing can be asked again."""
