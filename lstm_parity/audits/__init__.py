"""Audits: a question that a user asks, answered whole: verify, modes, frameworks, folders, upgrade, known answers."""
