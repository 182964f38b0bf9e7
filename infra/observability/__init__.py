"""Logs and metrics. Neither ever carries personal data."""
