"""Forms and webhooks: whatever a form tool sends becomes a submission."""
