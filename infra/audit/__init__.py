"""Who did what, from where, and what came of it: written once, never changed."""
