"""Verification: an implementation judged on a whole plan, half of it in a second process, resumed after Ctrl-C."""
