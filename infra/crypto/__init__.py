"""Personal data is sealed with a key per lead (or per day, at intake); destroying the key erases the person."""
