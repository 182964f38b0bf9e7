"""Files about a lead: sealed with its key, and gone with it."""
