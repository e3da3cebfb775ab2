"""Kinds of files, each read by the library that keeps its format."""
