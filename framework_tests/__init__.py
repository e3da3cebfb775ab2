"""Other frameworks live: their traps, and the tutorials' rows that are about them; for `make frameworks` alone.

Every probe is a function that returns JSON, run in a process of its own that imports the framework: two of them in one
process may end it.
"""
