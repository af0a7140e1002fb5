"""Entries, canonical form and hash chain, statements, verification. Pure; the store appends."""
