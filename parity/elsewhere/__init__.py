"""Implementations that run in a process of their own: whatever they do there, the run here goes on."""
