"""Certificates: what was judged, what held, in which arithmetic, and what was not judged; never more than that."""
