"""How data gets in: read, clean, match, check, load."""
