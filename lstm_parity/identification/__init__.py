"""What an implementation computes, recovered from outside: its equations and its wiring."""
