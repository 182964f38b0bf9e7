"""Who asks, and what they may do: users, passwords, access and refresh tokens, API keys, roles as data."""
