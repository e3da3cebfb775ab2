"""The pages of reports that are no certificates: what is identified, modes, other frameworks."""
