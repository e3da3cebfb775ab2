"""Implementations to be judged, one for each kind of target: what a user writes."""
