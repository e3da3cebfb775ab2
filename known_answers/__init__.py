"""Known answers: small LSTMs with their exact results, for a program in any language to read (see README.md)."""
