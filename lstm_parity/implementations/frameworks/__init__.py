"""Other people's frameworks as implementations: each is imported and run in a process of its own.

A module here imports its framework at its head, and may be imported in such a process alone (`implementations/remote`):
`registry.py` says which there are, and is the only one that the engine knows.
"""
