"""Records that could not be handled: kept 90 days with their reason, erasable, to be repaired and re-driven."""
