"""The tests, tested: no known mistake passes the property tests, and every axis is needed."""
