"""Audits: a user's question answered whole: verify, modes, frameworks, folders, upgrade, known answers."""
