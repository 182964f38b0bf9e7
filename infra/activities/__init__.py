"""The way in for activity: sealed with the day's intake key, keyed by HMAC, onto leads.activities. For every producer of it."""
