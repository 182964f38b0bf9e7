"""Owners for leads: which team, then whose turn it is."""
