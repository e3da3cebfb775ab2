"""A report read in one way or another: what it leaves open, where its numbers belong, each call as an observation."""
