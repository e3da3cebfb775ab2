"""From a failing run to its cause: which known mistake it is, where it shows, or what is wrong with the adapter."""
