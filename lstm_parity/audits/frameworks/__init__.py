"""Judging other frameworks: which cases they are asked, what is stated of them beforehand, and what came of it."""
